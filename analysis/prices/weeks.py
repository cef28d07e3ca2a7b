"""Weeks: the completed weeks of a stock's bars, by the calendar of its exchange."""

import numpy as np

from analysis.engine.bars import Indices
from analysis.engine.periods import combine_series
from analysis.engine.series import SeriesCache
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.exchanges import Exchange
from analysis.prices.trading_calendar import trading_calendar_of

WEEKS = 260
"""The latest weeks that a verdict rests on: as many as five years have, whatever weekday they begin on."""


def completed_weeks(checked: CheckedBars, exchange: Exchange) -> SeriesCache:
    """Return a cache over the latest WEEKS weeks that were complete at the close of the last bar.

    A week is complete when the exchange has no later session in it; a first week that began before the first bar is
    left out. So all sessions of a week until its last one have the same completed weeks: those up to the week before.
    """
    bars, calendar = checked.bars, trading_calendar_of(exchange)
    weeks = calendar.weeks_of(bars.session)
    last = weeks[-1] if calendar.ends_week(bars.last_session) else weeks[-1] - 1
    first = weeks[0] if calendar.begins_week(bars.first_session) else weeks[0] + 1
    rows = slice(*np.searchsorted(weeks, [max(first, last - WEEKS + 1), last + 1]))
    return combine_series(bars[rows], find_starts(weeks[rows]), checked.doubtful[rows])


def find_starts(periods: Indices) -> Indices:
    """Return the rows at which another period begins, of periods in order, shape (n,)."""
    return np.flatnonzero(np.diff(periods, prepend=periods[:1] - 1))
