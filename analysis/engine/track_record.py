"""The track record: what became of a strategy's signals on past bars, beside what became of every other session.

A record of one stock is made of counts, sums and the signals' returns, so that the record of many stocks is their
`merged`. Only trades whose longest holding is over are counted: one that is quickly stopped is no better known than
its neighbours, and no number changes when later bars are added, but for the new ones.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import add
from typing import Any, NamedTuple, Self

import numpy as np

from analysis.engine.bars import Bars, Floats, Indices
from analysis.engine.exits import Exit, Exits, exits
from analysis.engine.indicators import Indicators
from analysis.engine.rating import rate
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import JSON, Strategy
from analysis.engine.tally import Tally, worst_drawdown
from analysis.engine.verdict import UNRATED, Codes, Side

HORIZONS = (5, 10, 20)
"""After how many sessions returns are compared by verdict."""


class Trade(NamedTuple):
    """One signal that was traded: prices in the stock's currency, the return as a part of the entry after costs."""

    side: Side
    signal: date
    entered: date
    exited: date
    entry: float
    stop: float
    target: float
    exit: float
    reason: Exit
    result: float


@dataclass(frozen=True, slots=True, eq=False)
class SideRecord:
    """One side's signals, their `returns` in order, the worst drawdown of a stock, and every rated session's trade."""

    signals: Tally
    returns: Floats
    drawdown: float
    baseline: Tally


@dataclass(frozen=True, slots=True, eq=False)
class TrackRecord:
    """The record of a strategy over some stocks, for longs and for shorts.

    `forward_counts` and `forward_sums`, shape (3, 5), hold the returns of rated sessions after each of `HORIZONS` by
    steady verdict, from Strong Sell on.
    """

    stocks: int
    long: SideRecord
    short: SideRecord
    forward_counts: Indices
    forward_sums: Floats

    def side(self, side: Side) -> SideRecord:
        return self.long if side is Side.LONG else self.short

    @classmethod
    def merged(cls, records: Iterable[Self]) -> Self:
        """The record of several records' stocks together, at least one."""
        records = tuple(records)
        return cls(
            stocks=sum(record.stocks for record in records),
            long=_merged([record.long for record in records]),
            short=_merged([record.short for record in records]),
            forward_counts=reduce(add, (record.forward_counts for record in records)),
            forward_sums=reduce(add, (record.forward_sums for record in records)),
        )

    def as_dict(self) -> dict[str, JSON]:
        """Everything, fit for strict JSON."""
        return {
            "stocks": self.stocks,
            **{
                side.value: {
                    "signals": self.side(side).signals.as_dict(),
                    "returns": self.side(side).returns.tolist(),
                    "drawdown": self.side(side).drawdown,
                    "baseline": self.side(side).baseline.as_dict(),
                }
                for side in Side
            },
            "forward_counts": self.forward_counts.tolist(),
            "forward_sums": self.forward_sums.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """The record that `as_dict` was called on."""
        sides = {
            side.value: SideRecord(
                signals=Tally(**stored[side]["signals"]),
                returns=np.array(stored[side]["returns"], dtype=np.float64),
                drawdown=stored[side]["drawdown"],
                baseline=Tally(**stored[side]["baseline"]),
            )
            for side in Side
        }
        return cls(
            stocks=stored["stocks"],
            **sides,
            forward_counts=np.array(stored["forward_counts"], dtype=np.int64),
            forward_sums=np.array(stored["forward_sums"], dtype=np.float64),
        )


def track_record(bars: Bars | Indicators, strategy: Strategy = TECHNICAL_RATING) -> TrackRecord:
    """The record of one stock. A side's signals and its baseline are traded alike, see `exits`."""
    indicators = Indicators.of(bars)
    steady = rate(indicators, strategy).steady
    counts, sums = _forward(indicators.bars.close, steady)
    return TrackRecord(
        stocks=1,
        long=_side_record(indicators, strategy, Side.LONG, steady),
        short=_side_record(indicators, strategy, Side.SHORT, steady),
        forward_counts=counts,
        forward_sums=sums,
    )


def trades(bars: Bars | Indicators, strategy: Strategy = TECHNICAL_RATING) -> tuple[Trade, ...]:
    """The trades behind a stock's record, longs before shorts, oldest first."""
    indicators = Indicators.of(bars)
    steady = rate(indicators, strategy).steady
    days = indicators.bars.session.astype(object)
    return tuple(
        Trade(
            side=side,
            signal=days[signal],
            entered=days[signal + 1],
            exited=days[ends.session[signal]],
            entry=float(ends.entry[signal]),
            stop=float(ends.stop[signal]),
            target=float(ends.target[signal]),
            exit=float(ends.price[signal]),
            reason=Exit(ends.reason[signal]),
            result=float(ends.returns[signal]),
        )
        for side in Side
        for ends in (exits(indicators, strategy, side),)
        for signal in taken(ends, signals(steady, side)).tolist()
    )


def signals(steady: Codes, side: Side) -> Indices:
    """The sessions in which the steady verdict came to a side from outside it; a first verdict came from nowhere."""
    on_side = steady > 0 if side is Side.LONG else (steady < 0) & (steady != UNRATED)
    came = on_side[1:] & ~on_side[:-1] & (steady[:-1] != UNRATED)
    return np.flatnonzero(came) + 1


def taken(ends: Exits, candidates: Indices) -> Indices:
    """The signals that are traded: planned, over, and with no trade of this side open at their close."""
    free, chosen = 0, []
    for session in candidates[candidates < len(ends.session)].tolist():
        if session >= free and ends.is_planned[session]:
            free = ends.session[session]
            chosen.append(session)
    return np.array(chosen, dtype=np.int64)


def _side_record(indicators: Indicators, strategy: Strategy, side: Side, steady: Codes) -> SideRecord:
    ends = exits(indicators, strategy, side)
    chosen = taken(ends, signals(steady, side))
    every = np.flatnonzero(ends.is_planned & (steady[: len(ends.session)] != UNRATED))
    return SideRecord(
        signals=Tally.of(ends, chosen),
        returns=np.round(ends.returns[chosen], 6),
        drawdown=worst_drawdown(ends.returns[chosen]),
        baseline=Tally.of(ends, every),
    )


def _merged(records: list[SideRecord]) -> SideRecord:
    return SideRecord(
        signals=reduce(add, (record.signals for record in records)),
        returns=np.concatenate([record.returns for record in records]),
        drawdown=max(record.drawdown for record in records),
        baseline=reduce(add, (record.baseline for record in records)),
    )


def _forward(close: Floats, steady: Codes) -> tuple[Indices, Floats]:
    """Counts and sums of the returns after each horizon by verdict, shape (3, 5)."""
    counts, sums = [], []
    for sessions in HORIZONS:
        rated = np.flatnonzero(steady[:-sessions] != UNRATED)
        verdicts = steady[rated].astype(np.int64) + 2
        counts.append(np.bincount(verdicts, minlength=5))
        sums.append(np.bincount(verdicts, close[rated + sessions] / close[rated] - 1, minlength=5))
    return np.array(counts), np.array(sums)
