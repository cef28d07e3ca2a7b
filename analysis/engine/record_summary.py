"""What is said of a track record: rates and returns with their interval and their baseline, or too few cases."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from analysis.engine.strategy import JSON
from analysis.engine.tally import Tally, wilson
from analysis.engine.track_record import HORIZONS, SideRecord, TrackRecord
from analysis.engine.verdict import Side, Verdict

CASES_NEEDED = 20
"""Signals from which rates are shown; with fewer an interval spans what anybody might hope for."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The same exits entered at every rated session. They overlap, so this has no interval; None without a session."""

    count: int
    hit_rate: float | None
    win_rate: float | None
    mean_return: float | None
    profit_factor: float | None

    @classmethod
    def of(cls, tally: Tally) -> Self:
        return cls(tally.count, tally.hit_rate, tally.win_rate, tally.mean_return, tally.profit_factor)


@dataclass(frozen=True, slots=True)
class NotEnoughCases:
    """Too few signals to speak of; `message` says how many."""

    count: int
    needed: int
    message: str
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class Performance:
    """How a side's signals fared: returns as parts of the entry after costs, `hit_interval` the 95 % Wilson interval.

    `hit_rate` is the part that reached the target before the stop and in time. `worst_drawdown` is that of the stock
    with the worst, its trades made one after the other. `profit_factor` is None where nothing was lost.
    """

    count: int
    hit_rate: float
    hit_interval: tuple[float, float]
    win_rate: float
    mean_return: float
    median_return: float
    profit_factor: float | None
    worst_drawdown: float
    baseline: Baseline

    @property
    def is_baseline_within(self) -> bool:
        """Whether the interval holds the baseline's hit rate, so that the signals cannot be told from chance."""
        low, high = self.hit_interval
        return self.baseline.hit_rate is not None and low <= self.baseline.hit_rate <= high

    def in_words(self, side: Side) -> str:
        """What the numbers say, and what they do not."""
        low, high = (f"{100 * edge:.1f}%" for edge in self.hit_interval)
        hits = f"{100 * self.hit_rate:.1f}% of {self.count:,} {side.value} signals reached their target in time"
        if self.baseline.hit_rate is None:
            return f"{hits} ({low} to {high} with 95% confidence)."
        every = f"entering at every session did so in {100 * self.baseline.hit_rate:.1f}%"
        said = f"{hits} ({low} to {high} with 95% confidence); {every}."
        if self.is_baseline_within:
            return f"{said} That is within the interval: the signals cannot be told from chance."
        where = "less" if self.baseline.hit_rate < self.hit_interval[0] else "more"
        return (
            f"{said} That is {where} than the interval holds; but signals of the same weeks are no independent cases, "
            "so the true interval is wider, and nothing follows for the next signal."
        )


@dataclass(frozen=True, slots=True)
class Forward:
    """The mean return so many sessions after those of a verdict, or of any where `verdict` is None."""

    sessions: int
    verdict: Verdict | None
    count: int
    mean_return: float | None


@dataclass(frozen=True, slots=True)
class RecordSummary:
    """A record in numbers to show; `forward` has, for each horizon, all sessions first and then each verdict."""

    stocks: int
    long: Performance | NotEnoughCases
    short: Performance | NotEnoughCases
    forward: tuple[Forward, ...]

    def as_dict(self) -> dict[str, JSON]:
        """Everything, fit for strict JSON; which of the two a side is, is told by its keys."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The summary that `as_dict` was called on."""
        forward = (
            Forward(row["sessions"], row["verdict"] and Verdict(row["verdict"]), row["count"], row["mean_return"])
            for row in stored["forward"]
        )
        return cls(stored["stocks"], _side(stored["long"]), _side(stored["short"]), tuple(forward))


def _side(stored: Mapping[str, Any]) -> Performance | NotEnoughCases:
    baseline = Baseline(**stored["baseline"])
    if "message" in stored:
        return NotEnoughCases(**{**stored, "baseline": baseline})
    return Performance(**{**stored, "baseline": baseline, "hit_interval": tuple(stored["hit_interval"])})


def summarize(record: TrackRecord) -> RecordSummary:
    return RecordSummary(
        stocks=record.stocks,
        long=_performance(record.long, Side.LONG),
        short=_performance(record.short, Side.SHORT),
        forward=_forward(record),
    )


def _performance(record: SideRecord, side: Side) -> Performance | NotEnoughCases:
    tally, baseline = record.signals, Baseline.of(record.baseline)
    if tally.count < CASES_NEEDED:
        message = f"not enough cases: {tally.count} {side.value} signals, {CASES_NEEDED} needed"
        return NotEnoughCases(tally.count, CASES_NEEDED, message, baseline)
    return Performance(
        count=tally.count,
        hit_rate=tally.targets / tally.count,
        hit_interval=wilson(tally.targets, tally.count),
        win_rate=tally.wins / tally.count,
        mean_return=(tally.gains - tally.losses) / tally.count,
        median_return=float(np.median(record.returns)),
        profit_factor=tally.profit_factor,
        worst_drawdown=record.drawdown,
        baseline=baseline,
    )


def _forward(record: TrackRecord) -> tuple[Forward, ...]:
    means = []
    for sessions, counts, sums in zip(HORIZONS, record.forward_counts, record.forward_sums, strict=True):
        verdicts = [None, *Verdict]
        for verdict in verdicts:
            rows = slice(None) if verdict is None else slice(verdict.code + 2, verdict.code + 3)
            count = int(counts[rows].sum())
            means.append(Forward(sessions, verdict, count, float(sums[rows].sum()) / count if count else None))
    return tuple(means)
