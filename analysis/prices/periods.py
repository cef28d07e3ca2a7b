"""Weeks and months: the periods of a stock's bars, by the calendar of its exchange."""

from datetime import date, timedelta
from enum import StrEnum

import numpy as np

from analysis.engine.bars import Indices, Sessions
from analysis.engine.periods import combine_series
from analysis.engine.series import SeriesCache
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.exchanges import Exchange
from analysis.prices.trading_calendar import TradingCalendar, trading_calendar_of

DAYS = "datetime64[D]"
WEEKS = 260
"""The latest weeks that a verdict rests on: as many as five years have, whatever weekday they begin on."""


class Period(StrEnum):
    """The time that one bar covers."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    def number(self, days: Sessions, calendar: TradingCalendar) -> Indices:
        """Return the number of the period of each day, shape (n,); periods follow one another."""
        if self is Period.WEEK:
            return calendar.weeks_of(days)
        unit = "datetime64[M]" if self is Period.MONTH else "datetime64[D]"
        return days.astype(unit).astype(np.int64)


def is_running(period: Period, day: date, exchange: Exchange) -> bool:
    """Return whether the exchange has a session after `day` in the same period."""
    calendar = trading_calendar_of(exchange)
    this, following = period.number(np.array([day, calendar.sessions[calendar.count_until(day)]], DAYS), calendar)
    return bool(this == following)


def completed_weeks(checked: CheckedBars, exchange: Exchange) -> SeriesCache:
    """Return a cache over the latest WEEKS weeks that were complete at the close of the last bar."""
    return completed_periods(Period.WEEK, checked, exchange)


def completed_periods(period: Period, checked: CheckedBars, exchange: Exchange) -> SeriesCache:
    """Return a cache over the periods that were complete at the close of the last bar; of weeks the latest WEEKS.

    A period is complete when the exchange has no later session in it; a first one that began before the first bar is
    left out. So all sessions of a week until its last one have the same completed weeks: those up to the week before.
    """
    bars, calendar = checked.bars, trading_calendar_of(exchange)
    numbers = period.number(bars.session, calendar)
    session_before = calendar.sessions[calendar.count_until(bars.first_session - timedelta(days=1)) - 1 :][:1]
    first = numbers[0] + (period.number(session_before, calendar)[0] == numbers[0])
    last = numbers[-1] - is_running(period, bars.last_session, exchange)
    if period is Period.WEEK:
        first = max(first, last - WEEKS + 1)
    rows = slice(*np.searchsorted(numbers, [first, last + 1]))
    return combine_series(bars[rows], find_starts(numbers[rows]), checked.doubtful[rows])


def find_starts(periods: Indices) -> Indices:
    """Return the rows at which another period begins, of periods in order, shape (n,)."""
    return np.flatnonzero(np.diff(periods, prepend=periods[:1] - 1))
