"""The track record: the trades of a strategy on past bars, beside a baseline that enters on every rated session.

An entry is a session in which the steady verdict comes to a side. A record of one stock consists of counts, sums and
the trades' returns, so that `merged` makes the record of many stocks. A trade counts once its maximum holding period
is over, even if it was stopped earlier: later bars then add trades and change none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from operator import add
from typing import Any, NamedTuple, Self

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats, Indices
from analysis.engine.exits import ExitReason, Exits, simulate_exits
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import JSON, Strategy
from analysis.engine.trade_stats import TradeStats, worst_drawdown
from analysis.engine.verdict import UNRATED, Codes, Side

HORIZONS = (5, 10, 20)
"""Sessions after which returns are compared by verdict."""


class Trade(NamedTuple):
    """One trade: prices in the stock's currency, the return as a share of the entry after costs.

    It was `planned` at the close of one session and `entered` at the open of the next.
    """

    side: Side
    planned: date
    entered: date
    exited: date
    entry: float
    stop: float
    target: float
    exit: float
    reason: ExitReason
    result: float


@dataclass(frozen=True, slots=True, eq=False)
class SideRecord:
    """One side's trades, their `returns` in order, the worst drawdown of a stock, and the trades of the baseline."""

    trades: TradeStats
    returns: Floats
    drawdown: float
    baseline: TradeStats


@dataclass(frozen=True, slots=True, eq=False)
class TrackRecord:
    """The record of a strategy over some stocks, for longs and for shorts.

    `forward_counts` and `forward_sums`, shape (3, 5), hold the returns of rated sessions after each of `HORIZONS` by
    steady verdict, from Strong Sell on. Trades, and days of the shortest horizon, whose prices cannot be compared are
    left out and counted.
    """

    stocks: int
    long: SideRecord
    short: SideRecord
    forward_counts: Indices
    forward_sums: Floats
    left_out_trades: int = 0
    left_out_days: int = 0

    def side(self, side: Side) -> SideRecord:
        """Return the record of longs or of shorts."""
        return self.long if side is Side.LONG else self.short

    @classmethod
    def merged(cls, records: Iterable[Self]) -> Self:
        """Return one record of the stocks of several records, at least one."""
        records = tuple(records)
        return cls(
            stocks=sum(record.stocks for record in records),
            long=_merge_sides([record.long for record in records]),
            short=_merge_sides([record.short for record in records]),
            forward_counts=reduce(add, (record.forward_counts for record in records)),
            forward_sums=reduce(add, (record.forward_sums for record in records)),
            left_out_trades=sum(record.left_out_trades for record in records),
            left_out_days=sum(record.left_out_days for record in records),
        )

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON; stored while a record is in progress, where `signals` are the trades."""
        return {
            "stocks": self.stocks,
            **{
                side.value: {
                    "signals": self.side(side).trades.as_dict(),
                    "returns": self.side(side).returns.tolist(),
                    "drawdown": self.side(side).drawdown,
                    "baseline": self.side(side).baseline.as_dict(),
                }
                for side in Side
            },
            "forward_counts": self.forward_counts.tolist(),
            "forward_sums": self.forward_sums.tolist(),
            "left_out_trades": self.left_out_trades,
            "left_out_days": self.left_out_days,
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the record of which `as_dict` made this."""
        sides = {
            side.value: SideRecord(
                trades=TradeStats(**stored[side]["signals"]),
                returns=np.array(stored[side]["returns"], dtype=np.float64),
                drawdown=stored[side]["drawdown"],
                baseline=TradeStats(**stored[side]["baseline"]),
            )
            for side in Side
        }
        return cls(
            stocks=stored["stocks"],
            **sides,
            forward_counts=np.array(stored["forward_counts"], dtype=np.int64),
            forward_sums=np.array(stored["forward_sums"], dtype=np.float64),
            left_out_trades=stored["left_out_trades"],
            left_out_days=stored["left_out_days"],
        )


def track_record(
    bars: Bars | SeriesCache, strategy: Strategy = TECHNICAL_RATING, *, breaks: Booleans | None = None
) -> TrackRecord:
    """Return the record of one stock. Trades and baseline follow the same rules, see `simulate_exits`.

    What spans one of the `breaks`, shape (n,), sessions whose prices cannot be compared with those before, is left out.
    """
    series = SeriesCache.of(bars)
    steady = rate(series, strategy).steady
    breaks = np.zeros(len(series.bars), dtype=np.bool_) if breaks is None else breaks
    counts, sums = _forward_returns(series.bars.close, steady, breaks)
    sides = {side: simulate_exits(series, strategy, side) for side in Side}
    is_whole = ~spans_break(breaks, strategy.holding)
    return TrackRecord(
        stocks=1,
        long=_side_record(_without(sides[Side.LONG], is_whole), Side.LONG, steady),
        short=_side_record(_without(sides[Side.SHORT], is_whole), Side.SHORT, steady),
        forward_counts=counts,
        forward_sums=sums,
        left_out_trades=sum(
            _count_left_out(ends, find_entries(steady, side), is_whole) for side, ends in sides.items()
        ),
        left_out_days=int(np.count_nonzero(spans_break(breaks, HORIZONS[0]) & (steady[: -HORIZONS[0]] != UNRATED))),
    )


def spans_break(breaks: Booleans, sessions: int) -> Booleans:
    """Return for each session that at least `sessions` follow whether one of those is a break."""
    count = max(len(breaks) - sessions, 0)
    passed = np.concatenate(([0], np.cumsum(breaks)))
    spans: Booleans = passed[len(passed) - count :] > passed[1 : count + 1]
    return spans


def trades(bars: Bars | SeriesCache, strategy: Strategy = TECHNICAL_RATING) -> tuple[Trade, ...]:
    """Return the trades of a stock's record, longs before shorts, oldest first."""
    series = SeriesCache.of(bars)
    steady = rate(series, strategy).steady
    days = series.bars.session.astype(object)
    return tuple(
        Trade(
            side=side,
            planned=days[entry],
            entered=days[entry + 1],
            exited=days[ends.session[entry]],
            entry=float(ends.entry[entry]),
            stop=float(ends.stop[entry]),
            target=float(ends.target[entry]),
            exit=float(ends.price[entry]),
            reason=ExitReason(ends.reason[entry]),
            result=float(ends.returns[entry]),
        )
        for side in Side
        for ends in (simulate_exits(series, strategy, side),)
        for entry in select_traded(ends, find_entries(steady, side)).tolist()
    )


def find_entries(steady: Codes, side: Side) -> Indices:
    """Return the sessions in which the steady verdict comes to a side from another verdict; a first verdict is none."""
    on_side = steady > 0 if side is Side.LONG else (steady < 0) & (steady != UNRATED)
    is_entry = on_side[1:] & ~on_side[:-1] & (steady[:-1] != UNRATED)
    return np.flatnonzero(is_entry) + 1


def select_traded(ends: Exits, entries: Indices) -> Indices:
    """Return the entries that are traded: planned, over, and with no trade of this side open at their close."""
    free_from, traded = 0, []
    for session in entries[entries < len(ends.session)].tolist():
        if session >= free_from and ends.is_planned[session]:
            free_from = ends.session[session]
            traded.append(session)
    return np.array(traded, dtype=np.int64)


def _without(ends: Exits, is_whole: Booleans) -> Exits:
    return replace(ends, is_planned=ends.is_planned & is_whole)


def _count_left_out(ends: Exits, entries: Indices, is_whole: Booleans) -> int:
    entries = entries[entries < len(is_whole)]
    return int(np.count_nonzero(ends.is_planned[entries] & ~is_whole[entries]))


def _side_record(ends: Exits, side: Side, steady: Codes) -> SideRecord:
    traded = select_traded(ends, find_entries(steady, side))
    every_rated = np.flatnonzero(ends.is_planned & (steady[: len(ends.session)] != UNRATED))
    return SideRecord(
        trades=TradeStats.of(ends, traded),
        returns=np.round(ends.returns[traded], 6),
        drawdown=worst_drawdown(ends.returns[traded]),
        baseline=TradeStats.of(ends, every_rated),
    )


def _merge_sides(records: list[SideRecord]) -> SideRecord:
    return SideRecord(
        trades=reduce(add, (record.trades for record in records)),
        returns=np.concatenate([record.returns for record in records]),
        drawdown=max(record.drawdown for record in records),
        baseline=reduce(add, (record.baseline for record in records)),
    )


def _forward_returns(close: Floats, steady: Codes, breaks: Booleans) -> tuple[Indices, Floats]:
    """Return counts and sums of the returns after each horizon by verdict, shape (3, 5)."""
    counts, sums = [], []
    for sessions in HORIZONS:
        rated = np.flatnonzero((steady[:-sessions] != UNRATED) & ~spans_break(breaks, sessions))
        verdicts = steady[rated].astype(np.int64) + 2
        counts.append(np.bincount(verdicts, minlength=5))
        sums.append(np.bincount(verdicts, close[rated + sessions] / close[rated] - 1, minlength=5))
    return np.array(counts), np.array(sums)
