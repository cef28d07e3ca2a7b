"""Trading calendars: the sessions of an exchange and when each closes, by its calendar and its special days.

The calendar is that of the library exchange-calendars; before it begins, and after it and the loaded lists end,
weekdays are sessions.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
from exchange_calendars import ExchangeCalendar, get_calendar
from numpy.typing import NDArray

from analysis.prices.exchanges import WEEKDAYS, Exchange
from analysis.prices.special_days import CalendarEntry, DaySource, SpecialDays, current_special_days

CLOSING_DELAY = np.timedelta64(30, "m")  # after its close a session counts as closed
EARLY_BY = 75  # minutes, more than the hour of daylight saving
FRIDAY, SUNDAY = 4, 6
FIRST_DAY = date(1997, 1, 1)
END = date(2060, 1, 1)  # the first day that is in no calendar


@dataclass(frozen=True, slots=True, eq=False)
class TradingCalendar:
    """Sessions as datetime64[D], their closes as datetime64[m] in UTC; outside the known days every weekday is one.

    `usual_close` is counted from the local midnight. `closed` are the special days, datetime64[D], that are no session.
    """

    sessions: NDArray[np.datetime64]
    closes: NDArray[np.datetime64]
    known_from: date | None
    known_until: date | None
    usual_close: timedelta
    closed: NDArray[np.datetime64] = field(default_factory=lambda: np.array([], dtype="datetime64[D]"))
    week_begins_on_sunday: bool = False

    def knows(self, day: date) -> bool:
        """Return whether the holidays around a day are known."""
        known_from, known_until = self.known_from, self.known_until
        return known_from is not None and known_until is not None and known_from <= day <= known_until

    def is_session(self, day: date) -> bool:
        """Return whether a day is a session."""
        return self.count_until(day) > self.count_until(day - timedelta(days=1))

    def closes_early(self, day: date) -> bool:
        """Return whether a session is much shorter than those around it."""
        row = self.count_until(day) - 1
        near = slice(max(row - 10, 0), row + 11)
        usual = np.median((self.closes[near] - self.sessions[near]).astype(np.int64))
        return bool((self.closes[row] - self.sessions[row]).astype(np.int64) < usual - EARLY_BY)

    def weeks_of(self, days: NDArray[np.datetime64]) -> NDArray[np.int64]:
        """Return the number of the week of each day; weeks follow one another.

        A week begins on Monday, or on Sunday where the exchange trades on Sundays and not on Fridays, or may do so.
        """
        first_day = np.datetime64("1969-12-28" if self.week_begins_on_sunday else "1969-12-29", "D")
        numbers: NDArray[np.int64] = (days - first_day).astype(np.int64) // 7
        return numbers

    def count_until(self, day: date) -> int:
        """Return the number of sessions up to and including `day`."""
        return int(np.searchsorted(self.sessions, np.datetime64(day, "D"), side="right"))

    def count_closed(self, now: datetime, delay: np.timedelta64 = CLOSING_DELAY) -> int:
        """Return the number of sessions that have been closed for `delay` at `now`."""
        if now.tzinfo is None:
            raise ValueError("now must know its time zone")
        moment = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "m") - delay
        return int(np.searchsorted(self.closes, moment, side="right"))


def trading_calendar_of(exchange: Exchange) -> TradingCalendar:
    """Return the calendar of an exchange with the special days that count now."""
    return calendar_with(exchange, current_special_days())


@lru_cache(maxsize=64)
def calendar_with(exchange: Exchange, special_days: SpecialDays) -> TradingCalendar:
    """Return the calendar of an exchange with these special days.

    Administrators and lists count more than the library's calendar, and the years of which there is a list are known.
    A learned holiday counts only where nothing else is known, because a source that lacks a session of a known calendar
    is late or wrong; a learned session counts everywhere, because its bars were traded.
    """
    plain = library_calendar_of(exchange)
    entries = special_days.entries_of(exchange)
    if not entries:
        return plain
    known = _extend_known_days(plain, {entry.day.year for entry in entries if entry.source is DaySource.LIST})
    counted = [
        entry
        for entry in entries
        if FIRST_DAY <= entry.day < END and (entry.is_session or not entry.is_learned or not known.knows(entry.day))
    ]
    return _add_sessions(known, counted, exchange.timezone)


def _extend_known_days(calendar: TradingCalendar, listed_years: set[int]) -> TradingCalendar:
    """Return the calendar with its known days extended by the years of lists that follow them without a gap."""
    if not listed_years:
        return calendar
    known_from, known_until = calendar.known_from, calendar.known_until
    if known_from is None or known_until is None:
        last = max(listed_years)
        first = next(year for year in range(last, 0, -1) if year - 1 not in listed_years)
        return replace(calendar, known_from=date(first, 1, 1), known_until=date(last, 12, 31))
    while (known_until + timedelta(days=1)).year in listed_years:
        known_until = date((known_until + timedelta(days=1)).year, 12, 31)
    return replace(calendar, known_until=known_until)


def _add_sessions(calendar: TradingCalendar, entries: list[CalendarEntry], timezone: str) -> TradingCalendar:
    """Return the calendar without the days on which these entries are closed, and with the sessions among them.

    A learned entry says nothing of the close of a session that the calendar has.
    """
    closed = np.array([entry.day for entry in entries if not entry.is_session], dtype="datetime64[D]")
    opened = [
        entry
        for entry in entries
        if entry.is_session and not (entry.is_learned and np.datetime64(entry.day) in calendar.sessions)
    ]
    added = np.array([entry.day for entry in opened], dtype="datetime64[D]")
    kept = ~np.isin(calendar.sessions, np.concatenate([closed, added]))
    closes = np.array([_close_of(entry, calendar) for entry in opened], dtype="timedelta64[m]")
    sessions = np.concatenate([calendar.sessions[kept], added])
    order = np.argsort(sessions, kind="stable")
    moments = np.concatenate([calendar.closes[kept], _closes(added, closes, timezone)])
    return replace(calendar, sessions=sessions[order], closes=moments[order], closed=closed)


def _close_of(entry: CalendarEntry, calendar: TradingCalendar) -> timedelta:
    at = entry.closes_at
    return calendar.usual_close if at is None else timedelta(hours=at.hour, minutes=at.minute)


def library_calendar_of(exchange: Exchange) -> TradingCalendar:
    """Return the calendar of an exchange without special days."""
    if exchange.calendar is None:
        return _weekly_calendar(exchange.week, exchange.timezone, exchange.has_holidays)
    return _calendar_in_library(exchange.calendar, exchange.timezone, exchange.trades_on)


@lru_cache
def _weekly_calendar(week: str, timezone: str, has_holidays: bool) -> TradingCalendar:
    """Return the days of a week from 1997 to 2060 as sessions that close at midnight; its holidays are not known.

    Where there are any, the days may be other ones, too: some of these exchanges trade from Sunday to Thursday.
    """
    sessions, midnight = _days_of(week, FIRST_DAY), timedelta(days=1)
    known_from, known_until = (None, None) if has_holidays else (FIRST_DAY, END)
    closes = _closes(sessions, midnight, timezone)
    return TradingCalendar(sessions, closes, known_from, known_until, midnight, week_begins_on_sunday=has_holidays)


def has_fixed_end(exchange: Exchange) -> bool:
    """Return whether the library knows the exchange's holidays up to a certain year only, and has come to its end.

    Other calendars follow rules, and are read for a year ahead.
    """
    if exchange.calendar is None:
        return exchange.has_holidays
    library = _read_library(exchange.calendar)
    bound = type(library).bound_max()
    return bound is not None and bound.year == library.sessions[-1].year


@lru_cache
def _calendar_in_library(calendar_code: str, timezone: str, trades_on: timedelta) -> TradingCalendar:
    """Return the sessions of a calendar from 1997 to 2060; weekdays before it begins and after it ends."""
    library = _read_library(calendar_code)
    closes = library.closes + trades_on
    known_from, known_until = library.sessions[0].date(), library.sessions[-1].date()
    usual_close = closes.iloc[-1].tz_convert(timezone).tz_localize(None) - library.sessions[-1]
    earlier = _days_of(WEEKDAYS, FIRST_DAY, known_from)
    later = _days_of(WEEKDAYS, known_until + timedelta(days=1))
    return TradingCalendar(
        np.concatenate([earlier, library.sessions.to_numpy().astype("datetime64[D]"), later]),
        np.concatenate(
            [
                _closes(earlier, usual_close, timezone),
                closes.dt.tz_localize(None).to_numpy().astype("datetime64[m]"),
                _closes(later, usual_close, timezone),
            ]
        ),
        known_from,
        known_until,
        usual_close,
        week_begins_on_sunday=_trades_from_sunday(library),
    )


def _trades_from_sunday(library: ExchangeCalendar) -> bool:
    count = np.bincount(library.sessions.weekday, minlength=7)
    return bool(count[SUNDAY] > count[FRIDAY])


def _read_library(code: str) -> ExchangeCalendar:
    try:
        return get_calendar(code, start=FIRST_DAY.isoformat())
    except ValueError:  # some calendars begin later than 1997: take their own first day
        return get_calendar(code)


def _days_of(week: str, first: date, end: date = END) -> NDArray[np.datetime64]:
    """Return the days of the week (`Mon Tue …`) from `first` on, before `end`."""
    days = np.arange(first, end, dtype="datetime64[D]")
    return days[np.is_busday(days, weekmask=week)]


def _closes(
    sessions: NDArray[np.datetime64], close: timedelta | NDArray[np.timedelta64], timezone: str
) -> NDArray[np.datetime64]:
    """Return the moments in UTC at which sessions close whose market closes `close` after the local midnight."""
    local = pd.DatetimeIndex(sessions) + close
    moments = local.tz_localize(timezone, ambiguous=False, nonexistent="shift_forward")
    return moments.tz_convert(UTC).tz_localize(None).to_numpy().astype("datetime64[m]")
