"""Record summary: the rates and returns of a track record beside its baseline, or too few trades for them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from analysis.engine.strategy import JSON
from analysis.engine.track_record import HORIZONS, SideRecord, TrackRecord
from analysis.engine.trade_stats import TradeStats
from analysis.engine.verdict import Side, Verdict

TRADES_NEEDED = 20
"""Trades from which rates are shown; with fewer they say nothing."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The same trades entered on every rated session. They overlap, so there is no interval; None without a session."""

    count: int
    hit_rate: float | None
    win_rate: float | None
    mean_return: float | None
    profit_factor: float | None

    @classmethod
    def of(cls, stats: TradeStats) -> Self:
        """Return the baseline with these statistics."""
        return cls(stats.count, stats.hit_rate, stats.win_rate, stats.mean_return, stats.profit_factor)


@dataclass(frozen=True, slots=True)
class NotEnoughTrades:
    """Too few trades for rates; `message` says how many."""

    count: int
    needed: int
    message: str
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class Performance:
    """A side's performance: returns as shares of the entry after costs. It is described, not judged.

    `hit_rate` is the share that reached the target before the stop and in time. `worst_drawdown` is the largest of any
    stock, its trades made one after another. `profit_factor` is None without losses.
    """

    count: int
    hit_rate: float
    win_rate: float
    mean_return: float
    median_return: float
    profit_factor: float | None
    worst_drawdown: float
    baseline: Baseline


@dataclass(frozen=True, slots=True)
class ForwardReturn:
    """The mean return `sessions` sessions after those with a verdict, or after all where `verdict` is None."""

    sessions: int
    verdict: Verdict | None
    count: int
    mean_return: float | None


@dataclass(frozen=True, slots=True)
class RecordSummary:
    """A record in numbers to show; `forward` has, for each horizon, all sessions first and then each verdict.

    `left_out_trades` and `left_out_days` were left out because their prices cannot be compared.
    """

    stocks: int
    long: Performance | NotEnoughTrades
    short: Performance | NotEnoughTrades
    forward: tuple[ForwardReturn, ...]
    left_out_trades: int = 0
    left_out_days: int = 0

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON; only a side without enough trades has the key `message`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the summary of which `as_dict` made this."""
        forward = (
            ForwardReturn(row["sessions"], row["verdict"] and Verdict(row["verdict"]), row["count"], row["mean_return"])
            for row in stored["forward"]
        )
        return cls(
            stored["stocks"],
            _side_from(stored["long"]),
            _side_from(stored["short"]),
            tuple(forward),
            left_out_trades=stored.get("left_out_trades", 0),  # earlier versions left out none
            left_out_days=stored.get("left_out_days", 0),
        )


def _side_from(stored: Mapping[str, Any]) -> Performance | NotEnoughTrades:
    baseline = Baseline(**stored["baseline"])
    if "message" in stored:
        return NotEnoughTrades(**{**stored, "baseline": baseline})
    described = {name: value for name, value in stored.items() if name != "hit_interval"}  # of earlier versions
    return Performance(**{**described, "baseline": baseline})


def summarize(record: TrackRecord) -> RecordSummary:
    """Return the rates and returns of a record."""
    return RecordSummary(
        stocks=record.stocks,
        long=_performance(record.long, Side.LONG),
        short=_performance(record.short, Side.SHORT),
        forward=_forward_returns(record),
        left_out_trades=record.left_out_trades,
        left_out_days=record.left_out_days,
    )


def _performance(record: SideRecord, side: Side) -> Performance | NotEnoughTrades:
    stats, baseline = record.trades, Baseline.of(record.baseline)
    if stats.count < TRADES_NEEDED:
        message = f"not enough trades: {stats.count} {side.value}, {TRADES_NEEDED} needed"
        return NotEnoughTrades(stats.count, TRADES_NEEDED, message, baseline)
    return Performance(
        count=stats.count,
        hit_rate=stats.targets / stats.count,
        win_rate=stats.wins / stats.count,
        mean_return=(stats.gains - stats.losses) / stats.count,
        median_return=float(np.median(record.returns)),
        profit_factor=stats.profit_factor,
        worst_drawdown=record.drawdown,
        baseline=baseline,
    )


def _forward_returns(record: TrackRecord) -> tuple[ForwardReturn, ...]:
    means = []
    for sessions, counts, sums in zip(HORIZONS, record.forward_counts, record.forward_sums, strict=True):
        verdicts = [None, *Verdict]
        for verdict in verdicts:
            rows = slice(None) if verdict is None else slice(verdict.code + 2, verdict.code + 3)
            count = int(counts[rows].sum())
            means.append(ForwardReturn(sessions, verdict, count, float(sums[rows].sum()) / count if count else None))
    return tuple(means)
