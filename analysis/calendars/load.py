"""Load: the published holiday lists of exchanges, repeatedly, into their special days."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from django.utils import timezone

from analysis.calendars.current import SPECIAL_DAYS
from analysis.db import transactional
from analysis.models import SpecialDay
from analysis.models.special_days import exchange_choices
from analysis.prices.delimited_text import TableError
from analysis.prices.exchanges import EXCHANGE_BY_CODE, Exchange
from analysis.prices.holiday_lists import HolidayList, ListedDay, read_holiday_list, reason_against
from analysis.prices.sessions import calendar_end
from analysis.prices.special_days import DaySource
from analysis.rejections import RequestRejected

DEFAULT_EXCHANGE = "NSE"
LARGEST = 1_000_000  # bytes; a list of a year has about one thousand
COLUMNS = "A list has the columns date and description, holidays or name."
SHOWN = 10  # problems of one file
FIELDS = ("is_session", "opens_at", "closes_at", "name", "source")


@dataclass(slots=True)
class HolidayImport:
    """The numbers of days that the import of a list changed.

    `kept` were set by an administrator, `weekend` are no session anyway; `unscheduled` are holidays to come with a
    Muhurat session whose hours the list does not have. `known_until` is the last day whose holidays are known now.
    """

    exchange: Exchange
    years: list[int]
    added: int = 0
    updated: int = 0
    removed: int = 0
    kept: int = 0
    weekend: int = 0
    unscheduled: list[date] = field(default_factory=list)
    known_until: date | None = None


def load_holidays(file: Path, code: str = "") -> HolidayImport:
    """Replace what lists say of an exchange in the years of a file; all of it or nothing.

    Days that an administrator has set stay, learned ones are replaced. Raise RequestRejected, with the lines, for a
    file that is not a complete list of this exchange.
    """
    try:
        listed = read_holiday_list(_read_file(file))
    except TableError as error:
        columns = f" {COLUMNS}" if error.headings else ""
        raise RequestRejected(f"{file.name}: {error.message}{columns}") from None
    exchange = _exchange_of(file, listed, code)
    problems = listed.problems or tuple(filter(None, [reason_against(listed, exchange)]))
    if problems:
        more = f" … and {len(problems) - SHOWN} more." if len(problems) > SHOWN else ""
        raise RequestRejected(f"{file.name}: {' '.join(problems[:SHOWN])}{more} Nothing was loaded.")
    _reject_without_close(file, listed, exchange)
    done = _store_list(exchange, listed)
    SPECIAL_DAYS.forget()
    done.known_until = calendar_end(exchange)
    return done


def _read_file(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST:
            raise RequestRejected(f"{file.name} is larger than {LARGEST // 1_000_000} MB, and so no list of holidays.")
        return file.read_bytes()
    except OSError as error:
        raise RequestRejected(f"{file} cannot be read: {error.strerror}.") from None


def _exchange_of(file: Path, listed: HolidayList, code: str) -> Exchange:
    """Return the exchange that was asked for, or that the list names, else NSE. Raise RequestRejected for another."""
    named = {name.strip().upper() for name in listed.exchanges if name.strip()}
    code = code.strip().upper() or (min(named) if len(named) == 1 else DEFAULT_EXCHANGE)
    if code not in dict(exchange_choices()):
        known = ", ".join(sorted(dict(exchange_choices())))
        raise RequestRejected(f"“{code}” is no exchange with a calendar of its own. Choose one of: {known}.")
    if named - {code}:
        raise RequestRejected(f"{file.name} is a list of {', '.join(sorted(named - {code}))}, not of {code} alone.")
    return EXCHANGE_BY_CODE[code]


def _reject_without_close(file: Path, listed: HolidayList, exchange: Exchange) -> None:
    for day in listed.days:
        if day.is_session and not day.closes_at and not exchange.calendar:
            raise RequestRejected(
                f"{file.name}: Line {day.line}: the session of {day.day} needs a close, because the usual one of "
                f"{exchange.name} is not known. Nothing was loaded."
            )


@transactional
def _store_list(exchange: Exchange, listed: HolidayList) -> HolidayImport:
    done = HolidayImport(exchange, listed.years)
    days = {each.day: each for each in listed.days if each.is_session or each.day.isoweekday() <= 5}
    done.weekend = len(listed.days) - len(days)
    stored = SpecialDay.objects.filter(exchange=exchange.code, day__year__in=done.years).select_for_update()
    before = {row.day: row for row in stored.order_by("day")}
    by_admin = {day for day, row in before.items() if row.source == DaySource.ADMIN}
    done.unscheduled = [
        each.day
        for each in listed.days
        if each.has_evening_session and each.day not in by_admin and each.day >= timezone.localdate()
    ]
    for day, row in before.items():
        if row.source == DaySource.LIST and day not in days:
            row.delete()
            done.removed += 1
    for day, each in days.items():
        found = before.get(day)
        if day in by_admin:
            done.kept += 1
        elif found:
            done.updated += _update_day(found, each)
        else:
            SpecialDay.objects.create(exchange=exchange.code, day=day, **_fields_of(each))
            done.added += 1
    return done


def _update_day(row: SpecialDay, listed: ListedDay) -> bool:
    """Give a stored day the list's values. Return whether it had others."""
    values = _fields_of(listed)
    if all(getattr(row, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=FIELDS)
    return True


def _fields_of(listed: ListedDay) -> dict[str, object]:
    values = (listed.is_session, listed.opens_at, listed.closes_at, listed.name, DaySource.LIST.value)
    return dict(zip(FIELDS, values, strict=True))
