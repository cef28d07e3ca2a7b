"""Outcomes of one stock: the return of a trade planned in each session, and the sessions whose trades are signals.

An evening adds one session to each, that of the maximum holding period before the latest: `stock_outcomes` with
`since`. Earlier ones never change as long as the bars are only continued; after a repair all are computed anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats, Sessions
from analysis.engine.exits import simulate_exits
from analysis.engine.rating import rate_all
from analysis.engine.series import SeriesCache
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import find_entries, select_traded, spans_break
from analysis.engine.verdict import UNRATED, Codes, Side

HIGHER, NOT_HIGHER, UNKNOWN = 1, 0, -1
"""Codes of whether a price stood higher some sessions later."""


class SignalKind(NamedTuple):
    """A kind of signals: those of one strategy for one side."""

    strategy: str
    side: Side


@dataclass(frozen=True, slots=True, eq=False)
class StockOutcomes:
    """One stock's outcomes of one kind, shape (n,) each, of n of its sessions in a row.

    `outcome` is the return after costs, as a share of the entry price, of a trade planned in the session; NaN where the
    session is not rated, has no plan, or spans a break; `reason` is the `ExitReason` of those that have one. `is_entry`
    marks the signals, which all have an outcome, and `is_left_out` those that span a break. The last sessions, fewer
    than the maximum holding period ago, are not among them.
    """

    session: Sessions
    outcome: Floats
    reason: Codes
    is_entry: Booleans
    is_left_out: Booleans

    @property
    def left_out(self) -> int:
        """Return the number of signals that span a break."""
        return int(np.count_nonzero(self.is_left_out))


def stock_outcomes(
    series: SeriesCache,
    strategy: Strategy,
    side: Side,
    steady: Codes,
    *,
    breaks: Booleans | None = None,
    since: int = 0,
) -> StockOutcomes:
    """Return the outcomes of one side: those of the track record's trades and of its baseline.

    `steady` are the verdicts of the strategy and `breaks` the sessions whose prices cannot be compared with those
    before, shape (n,) each. With `since` there are only the outcomes from that session on. No trade may be open at its
    close: it is a signal itself, or the last signal was at least the maximum holding period before.
    """
    ends = simulate_exits(series, strategy, side, since=since)
    count = len(ends.session)
    is_whole: Booleans = np.ones(count, dtype=np.bool_)
    if breaks is not None:
        is_whole = ~spans_break(breaks[since:], strategy.holding)
    starts = find_entries(steady[max(since - 1, 0) :], side) - min(since, 1)
    is_left_out = np.zeros(count, dtype=np.bool_)
    is_left_out[starts[starts < count]] = True
    is_left_out &= ends.is_planned & ~is_whole
    is_counted = ends.is_planned & is_whole & (steady[since : since + count] != UNRATED)
    is_entry = np.zeros(count, dtype=np.bool_)
    counted = replace(ends, is_planned=ends.is_planned & is_whole, session=ends.session - since)
    is_entry[select_traded(counted, starts)] = True
    return StockOutcomes(
        session=series.bars.session[since : since + count],
        outcome=np.where(is_counted, ends.returns, np.nan),
        reason=ends.reason,
        is_entry=is_entry,
        is_left_out=is_left_out,
    )


def all_outcomes(
    bars: Bars | SeriesCache, strategies: Sequence[Strategy], *, breaks: Booleans | None = None
) -> Iterator[tuple[SignalKind, StockOutcomes]]:
    """Yield the outcomes of one stock by every strategy and side, rated together."""
    series = SeriesCache.of(bars)
    for strategy, rating in zip(strategies, rate_all(series, strategies), strict=True):
        for side in Side:
            kind = SignalKind(strategy.key, side)
            yield kind, stock_outcomes(series, strategy, side, rating.steady, breaks=breaks)


def closes_higher(close: Floats, steady: Codes, sessions: int, *, breaks: Booleans | None = None) -> Codes:
    """Return for each session whether the close stood higher `sessions` sessions later, shape (n,).

    `HIGHER`, `NOT_HIGHER`, or `UNKNOWN`: not rated, too recent, or across a break.
    """
    higher = np.full(close.shape, UNKNOWN, dtype=np.int8)
    count = max(len(close) - sessions, 0)
    is_known = steady[:count] != UNRATED
    if breaks is not None:
        is_known &= ~spans_break(breaks, sessions)
    higher[:count][is_known] = (close[sessions:] > close[:count])[is_known]
    return higher
