"""Sessions: the days on which a stock trades, and whether they have closed."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.prices.exchanges import UNKNOWN_EXCHANGE, Exchange
from analysis.prices.port import Finding
from analysis.prices.trading_calendar import (
    TradingCalendar,
    has_fixed_end,
    library_calendar_of,
    trading_calendar_of,
)

_EARLIEST_ZONE = ZoneInfo("Pacific/Kiritimati")  # where each day begins first


def last_closed_session(exchange: Exchange, now: datetime) -> date:
    """Return the latest session of an exchange that closed at least 30 minutes before `now` (aware)."""
    calendar = trading_calendar_of(exchange)
    return calendar.sessions[calendar.count_closed(now) - 1].astype(object)  # type: ignore[no-any-return]


def latest_due_session(exchange: Exchange, now: datetime, delay: timedelta) -> date:
    """Return the latest session of an exchange that closed at least `delay` before `now` (aware)."""
    calendar = trading_calendar_of(exchange)
    return calendar.sessions[calendar.count_closed(now, np.timedelta64(delay)) - 1].astype(object)  # type: ignore[no-any-return]


def due_at(exchange: Exchange, session: date, delay: timedelta) -> datetime:
    """Return the moment, in UTC, at which a session of an exchange has been closed for `delay`."""
    calendar = trading_calendar_of(exchange)
    close: datetime = calendar.closes[calendar.count_until(session) - 1].astype(object)
    return close.replace(tzinfo=UTC) + delay


def session_after(exchange: Exchange, session: date) -> date:
    """Return the first session of an exchange after a day."""
    calendar = trading_calendar_of(exchange)
    return calendar.sessions[calendar.count_until(session)].astype(object)  # type: ignore[no-any-return]


def sessions_between(exchange: Exchange, first: date, last: date) -> list[date]:
    """Return the sessions of an exchange from `first` to `last`, both included."""
    calendar = trading_calendar_of(exchange)
    start = int(np.searchsorted(calendar.sessions, np.datetime64(first, "D")))
    days: list[date] = calendar.sessions[start : calendar.count_until(last)].tolist()
    return days


def sessions_late(exchange: Exchange, last_session: date, now: datetime) -> int:
    """Return the number of closed sessions after `last_session`: 0 if bars up to it are fresh at `now` (aware)."""
    return _count_late(trading_calendar_of(exchange), last_session, now)


def earliest_session_within(exchange: Exchange, late: int, now: datetime) -> date:
    """Return the earliest session after which fewer than `late` sessions have closed at `now` (aware)."""
    calendar = trading_calendar_of(exchange)
    return calendar.sessions[max(calendar.count_closed(now) - late, 0)].astype(object)  # type: ignore[no-any-return]


@lru_cache(maxsize=64)  # most rows of a list have the same arguments
def _count_late(calendar: TradingCalendar, last_session: date, now: datetime) -> int:
    return max(calendar.count_closed(now) - calendar.count_until(last_session), 0)


def are_sessions(exchange: Exchange, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return which of `days` (datetime64[D]) are sessions.

    Days outside the calendar all count as sessions, but for special days on which the exchange was closed.
    """
    calendar = trading_calendar_of(exchange)
    unknown = np.ones(days.shape, dtype=np.bool_)
    if calendar.known_from is not None and calendar.known_until is not None:
        unknown = (days < np.datetime64(calendar.known_from)) | (days > np.datetime64(calendar.known_until))
    expected: NDArray[np.bool_] = (unknown & ~np.isin(days, calendar.closed)) | np.isin(days, calendar.sessions)
    return expected


def local_time(exchange: Exchange, now: datetime) -> datetime:
    """Return the moment `now` (aware) in the exchange's time zone."""
    return now.astimezone(ZoneInfo(exchange.timezone))


def today(exchange: Exchange, now: datetime) -> date:
    """Return the exchange's local date at `now` (aware); `latest_today` for an unknown exchange."""
    return latest_today(now) if exchange is UNKNOWN_EXCHANGE else local_time(exchange, now).date()


def latest_today(now: datetime) -> date:
    """Return the latest local date anywhere at `now` (aware); a later date is in the future everywhere."""
    return now.astimezone(_EARLIEST_ZONE).date()


def calendar_end(exchange: Exchange) -> date | None:
    """Return the last day for which the exchange's holidays are known; None if none are known."""
    return trading_calendar_of(exchange).known_until


def ends_until_listed(exchange: Exchange) -> date | None:
    """Return the day after which holidays are known only once a list of them is loaded; None if they follow rules.

    It is None, too, for an exchange whose holidays have never been known.
    """
    return calendar_end(exchange) if has_fixed_end(exchange) else None


def library_holidays(exchange: Exchange, first: date, last: date) -> list[date]:
    """Return the weekdays from `first` to `last` that are no session, by the library's calendar alone."""
    calendar = library_calendar_of(exchange)
    if calendar.known_from is None or calendar.known_until is None:
        return []
    first, last = max(first, calendar.known_from), min(last, calendar.known_until)
    days = np.arange(first, last + timedelta(days=1), dtype="datetime64[D]")
    holidays: list[date] = days[np.is_busday(days) & ~np.isin(days, calendar.sessions)].tolist()
    return holidays


def find_assumed_weekdays(exchange: Exchange, day: date) -> Finding | None:
    """Return the finding that sessions around `day` are assumed Monday to Friday; None if the calendar has them.

    A calendar that has ended is no matter of one stock: it is reported once, to administrators.
    """
    known_from = trading_calendar_of(exchange).known_from
    if exchange is UNKNOWN_EXCHANGE:
        reason = "The exchange is not known"
    elif known_from is None:
        reason = f"The holidays of {exchange.name} are not known"
    elif day < known_from:
        reason = f"The holidays of {exchange.name} are known since {known_from} only"
    else:
        return None
    return Finding("weekdays_assumed", f"{reason}: every weekday counts as a session.", "info", day)
