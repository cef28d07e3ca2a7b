"""Sessions: the days on which a stock trades, and whether they have closed."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from exchange_calendars import ExchangeCalendar, get_calendar
from numpy.typing import NDArray

from analysis.prices.exchanges import UNKNOWN_EXCHANGE, WEEKDAYS, Exchange
from analysis.prices.port import Finding

CLOSING_DELAY = np.timedelta64(30, "m")  # after its close a session counts as closed
_EARLIEST_ZONE = ZoneInfo("Pacific/Kiritimati")  # where each day begins first
_FIRST_DAY = date(1997, 1, 1)
_LAST_DAY = date(2060, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class _Schedule:
    """Sessions as datetime64[D], their closes as datetime64[m] in UTC; outside the known days every weekday is one."""

    sessions: NDArray[np.datetime64]
    closes: NDArray[np.datetime64]
    known_from: date | None
    known_until: date | None

    def count_until(self, day: date) -> int:
        """Return the number of sessions up to and including `day`."""
        return int(np.searchsorted(self.sessions, np.datetime64(day, "D"), side="right"))

    def count_closed(self, now: datetime, delay: np.timedelta64 = CLOSING_DELAY) -> int:
        """Return the number of sessions that have been closed for `delay` at `now`."""
        if now.tzinfo is None:
            raise ValueError("now must know its time zone")
        moment = np.datetime64(now.astimezone(UTC).replace(tzinfo=None), "m") - delay
        return int(np.searchsorted(self.closes, moment, side="right"))


def last_closed_session(exchange: Exchange, now: datetime) -> date:
    """Return the latest session of an exchange that closed at least 30 minutes before `now` (aware)."""
    schedule = _schedule_at(exchange)
    return schedule.sessions[schedule.count_closed(now) - 1].astype(object)  # type: ignore[no-any-return]


def latest_due_session(exchange: Exchange, now: datetime, delay: timedelta) -> date:
    """Return the latest session of an exchange that closed at least `delay` before `now` (aware)."""
    schedule = _schedule_at(exchange)
    return schedule.sessions[schedule.count_closed(now, np.timedelta64(delay)) - 1].astype(object)  # type: ignore[no-any-return]


def due_at(exchange: Exchange, session: date, delay: timedelta) -> datetime:
    """Return the moment, in UTC, at which a session of an exchange has been closed for `delay`."""
    schedule = _schedule_at(exchange)
    close: datetime = schedule.closes[schedule.count_until(session) - 1].astype(object)
    return close.replace(tzinfo=UTC) + delay


def session_after(exchange: Exchange, session: date) -> date:
    """Return the first session of an exchange after a day."""
    schedule = _schedule_at(exchange)
    return schedule.sessions[schedule.count_until(session)].astype(object)  # type: ignore[no-any-return]


def sessions_between(exchange: Exchange, first: date, last: date) -> list[date]:
    """Return the sessions of an exchange from `first` to `last`, both included."""
    schedule = _schedule_at(exchange)
    start = int(np.searchsorted(schedule.sessions, np.datetime64(first, "D")))
    days: list[date] = schedule.sessions[start : schedule.count_until(last)].tolist()
    return days


@lru_cache(maxsize=64)  # most rows of a list have the same arguments
def sessions_late(exchange: Exchange, last_session: date, now: datetime) -> int:
    """Return the number of closed sessions after `last_session`: 0 if bars up to it are fresh at `now` (aware)."""
    schedule = _schedule_at(exchange)
    return max(schedule.count_closed(now) - schedule.count_until(last_session), 0)


def are_sessions(exchange: Exchange, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return which of `days` (datetime64[D]) are sessions; days outside the calendar all count as sessions."""
    schedule = _schedule_at(exchange)
    if schedule.known_from is None or schedule.known_until is None:
        return np.ones(days.shape, dtype=np.bool_)
    unknown = (days < np.datetime64(schedule.known_from)) | (days > np.datetime64(schedule.known_until))
    expected: NDArray[np.bool_] = unknown | np.isin(days, schedule.sessions)
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
    return _schedule_at(exchange).known_until


def find_assumed_weekdays(exchange: Exchange, day: date) -> Finding | None:
    """Return the finding that sessions around `day` are assumed Monday to Friday; None if the calendar has them."""
    schedule = _schedule_at(exchange)
    known_from, known_until = schedule.known_from, schedule.known_until
    if known_from is not None and known_until is not None and known_from <= day <= known_until:
        return None
    if exchange is UNKNOWN_EXCHANGE:
        reason = "The exchange is not known"
    elif known_until is None:
        reason = f"The holidays of {exchange.name} are not known"
    elif known_from is not None and day < known_from:
        reason = f"The holidays of {exchange.name} are known since {known_from} only"
    else:
        reason = f"The holidays of {exchange.name} are known until {known_until} only"
    return Finding("weekdays_assumed", f"{reason}: every weekday counts as a session.", "info", day)


def _schedule_at(exchange: Exchange) -> _Schedule:
    if exchange.calendar is None:
        return _regular_schedule(exchange.week, exchange.timezone, exchange.has_holidays)
    return _schedule_of_calendar(exchange.calendar, exchange.timezone, exchange.trades_on)


@lru_cache
def _regular_schedule(week: str, timezone: str, has_holidays: bool) -> _Schedule:
    """Return the days of a week from 1997 to 2060 as sessions that close at midnight; its holidays are not known."""
    sessions = _days_of(week, _FIRST_DAY)
    known = (None, None) if has_holidays else (_FIRST_DAY, _LAST_DAY)
    return _Schedule(sessions, _closes(sessions, timedelta(days=1), timezone), *known)


@lru_cache
def _schedule_of_calendar(calendar_code: str, timezone: str, trades_on: timedelta) -> _Schedule:
    """Return the sessions of a calendar from 1997 to 2060; weekdays before it begins and after it ends."""
    calendar = _calendar(calendar_code)
    closes = calendar.closes + trades_on
    known_from, known_until = calendar.sessions[0].date(), calendar.sessions[-1].date()
    usual_close = closes.iloc[-1].tz_convert(timezone).tz_localize(None) - calendar.sessions[-1]
    earlier = _days_of(WEEKDAYS, _FIRST_DAY, known_from)
    later = _days_of(WEEKDAYS, known_until + timedelta(days=1))
    return _Schedule(
        np.concatenate([earlier, calendar.sessions.to_numpy().astype("datetime64[D]"), later]),
        np.concatenate(
            [
                _closes(earlier, usual_close, timezone),
                closes.dt.tz_localize(None).to_numpy().astype("datetime64[m]"),
                _closes(later, usual_close, timezone),
            ]
        ),
        known_from,
        known_until,
    )


def _calendar(code: str) -> ExchangeCalendar:
    try:
        return get_calendar(code, start=_FIRST_DAY.isoformat())
    except ValueError:  # some calendars begin later than 1997: take their own first day
        return get_calendar(code)


def _days_of(week: str, first: date, end: date = _LAST_DAY) -> NDArray[np.datetime64]:
    """Return the days of the week (`Mon Tue …`) from `first` on, before `end`."""
    days = np.arange(first, end, dtype="datetime64[D]")
    return days[np.is_busday(days, weekmask=week)]


def _closes(sessions: NDArray[np.datetime64], close: timedelta, timezone: str) -> NDArray[np.datetime64]:
    """Return the moments in UTC at which sessions close whose market closes `close` after the local midnight."""
    local = pd.DatetimeIndex(sessions) + close
    moments = local.tz_localize(timezone, ambiguous=False, nonexistent="shift_forward")
    return moments.tz_convert(UTC).tz_localize(None).to_numpy().astype("datetime64[m]")
