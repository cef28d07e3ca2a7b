"""Special days: holidays and sessions that an exchange's calendar does not have, from lists, administrators or bars."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from functools import cached_property

from analysis.prices.exchanges import DEMO_INDIA, DEMO_US, EXCHANGE_BY_CODE, UNKNOWN_EXCHANGE, Exchange


class DaySource(StrEnum):
    """The origin of a special day; the first of two origins that concern the same day counts."""

    ADMIN = "admin"
    LIST = "list"
    LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A day on which an exchange departs from its calendar: closed, or a session.

    `closes_at` is the local time of a session's close, None for the usual one.
    """

    exchange: str
    day: date
    is_session: bool
    source: DaySource
    closes_at: time | None = None

    @property
    def is_learned(self) -> bool:
        return self.source is DaySource.LEARNED


class SpecialDays:
    """All special days at one moment; equal to another only if it is the same object, so that it can be a cache key."""

    def __init__(self, entries: Iterable[CalendarEntry] = ()) -> None:
        self.entries = tuple(entries)

    def entries_of(self, exchange: Exchange) -> tuple[CalendarEntry, ...]:
        """Return the entries that count for an exchange, by day, one a day.

        Exchanges with the same calendar, as NSE and BSE, share what administrators and lists say; an exchange's own
        entry counts more. What was learned concerns one exchange only.
        """
        if not has_special_days(exchange):
            return ()
        entries = self._by_exchange.get(exchange.code, ())
        ranked = sorted(entries, key=lambda entry: (entry.is_learned, entry.source, entry.exchange != exchange.code))
        first: dict[date, CalendarEntry] = {}
        for entry in ranked:
            first.setdefault(entry.day, entry)
        return tuple(sorted(first.values(), key=lambda entry: entry.day))

    @cached_property
    def _by_exchange(self) -> dict[str, list[CalendarEntry]]:
        found: dict[str, list[CalendarEntry]] = {}
        for entry in self.entries:
            codes = {entry.exchange} if entry.is_learned else {entry.exchange, *_sharing_calendar(entry.exchange)}
            for code in codes:
                found.setdefault(code, []).append(entry)
        return found


NO_SPECIAL_DAYS = SpecialDays()


def no_special_days() -> SpecialDays:
    """Return no special day."""
    return NO_SPECIAL_DAYS


class _Provider:
    """The function of this process that returns the special days."""

    current: Callable[[], SpecialDays] = staticmethod(no_special_days)


def use_special_days(provide: Callable[[], SpecialDays]) -> None:
    """Take the special days of this process from a function.

    It is called for every question about a session, so it has to be quick, and to return the same object as long as
    nothing has changed.
    """
    _Provider.current = staticmethod(provide)


def current_special_days() -> SpecialDays:
    """Return the special days that count now."""
    return _Provider.current()


def has_special_days(exchange: Exchange) -> bool:
    """Return whether an exchange can have special days: it is known, has holidays, and is not the demo market.

    A session of the demo market that has once been generated never changes.
    """
    return exchange.has_holidays and exchange not in (DEMO_INDIA, DEMO_US, UNKNOWN_EXCHANGE)


def _sharing_calendar(code: str) -> set[str]:
    """Return the codes of the exchanges with the same calendar; none for an exchange without one."""
    own = EXCHANGE_BY_CODE.get(code)
    if own is None or own.calendar is None:
        return set()
    return {other.code for other in EXCHANGE_BY_CODE.values() if other.calendar == own.calendar}
