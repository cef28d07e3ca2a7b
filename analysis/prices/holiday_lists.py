"""Holiday lists: an exchange's published list of a year, read from its file and checked for being that."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, time
from zoneinfo import ZoneInfo

from analysis.prices.cell_dates import read_stamps
from analysis.prices.delimited_text import TableError, TableRow, decode, split_lines
from analysis.prices.exchanges import Exchange
from analysis.prices.sessions import library_holidays
from analysis.prices.tables import Table, read_table
from analysis.prices.trading_calendar import END, FIRST_DAY, library_calendar_of

DATE = ("date", "trading date", "holiday date")
NAME = ("description", "holidays", "holiday", "name", "holiday name", "occasion", "festival", "event")
WEEKDAY = ("day", "weekday", "week day")
KIND = ("kind", "status", "type", "closed")
OPENS, CLOSES = ("open", "opens", "opening time", "start"), ("close", "closes", "closing time", "end")
EXCHANGE = ("exchange", "market")
OF_COMMODITIES = ("morning session", "evening session", "session i", "session ii")
CLOSED_WORDS = {"closed", "holiday", "trading holiday", "full holiday", "full day"}
SESSION_WORDS = {"session", "special session", "special", "open", "trading"}
MUHURAT = ("muhurat", "laxmi puj", "lakshmi puj")
REMARKS = ("*", "#", "note", "remark", "disclaimer")

YEARS_COMPARED = 10
SEEN = 4  # years in which a day of the month was a holiday, of a holiday with a fixed date
FEWEST, USUAL = 3, 6  # holidays on weekdays of a complete list
MOST = 80
AGREEING = 3  # a third of a list may differ from what is known
_TIME = re.compile(r"(\d{1,2})[:.](\d{2})(?:[:.]\d{2})?\s*([ap]\.?m\.?)?", re.IGNORECASE | re.ASCII)
_SHORT_DATE = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{2})", re.ASCII)
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class ListedDay:
    """A row of a list: a holiday, or a session with its local hours as far as they are given."""

    line: int
    day: date
    name: str
    is_session: bool = False
    opens_at: time | None = None
    closes_at: time | None = None

    @property
    def has_evening_session(self) -> bool:
        """Return whether the exchange holds its Muhurat session on this holiday, at hours that are announced later."""
        return not self.is_session and any(word in self.name.lower() for word in MUHURAT)


@dataclass(frozen=True, slots=True)
class HolidayList:
    """The days of a list, each once, by day; `exchanges` are those that it names, as written.

    `problems` are sentences about rows that could not be read, with their lines.
    """

    days: tuple[ListedDay, ...]
    exchanges: frozenset[str]
    problems: tuple[str, ...]

    @property
    def years(self) -> list[int]:
        return sorted({listed.day.year for listed in self.days})


class _BadRow(ValueError):
    """Refusal of a row; its text is the reason."""


def read_holiday_list(content: bytes) -> HolidayList:
    """Return the list in a file as NSE, BSE or a spreadsheet write it. Raise TableError if it is none.

    Columns: date, and a description, holidays or name; optionally day (its weekday), kind (closed or session), open and
    close, exchange.
    """
    text = decode(content)
    table = read_table(text, (*DATE, *NAME, *WEEKDAY, *KIND, *OPENS, *CLOSES, *EXCHANGE), enough=2)
    if table.find_column(*OF_COMMODITIES) is not None:
        raise TableError("This list has two sessions a day, as that of commodities: load the list of equities.")
    if table.find_column(*DATE) is None or table.find_column(*NAME) is None:
        raise TableError("The list needs a column with dates and one with the names of the holidays.")
    rows = [row for row in table.rows if not _is_remark(row.cells)]
    problems: list[tuple[int, str]] = []
    days: dict[date, ListedDay] = {}
    for row, found in _read_rows(table, rows):
        if reason := found if isinstance(found, str) else _add_day(days, found):
            problems.append((row.line, reason))
    lines = split_lines(text)
    problems += [(line, why) for line, why in table.broken if not _is_remark([lines[line - 1].strip('" \t,;')])]
    exchanges = table.find_column(*EXCHANGE)
    return HolidayList(
        days=tuple(days[day] for day in sorted(days)),
        exchanges=frozenset(row.cells[exchanges] for row in rows) if exchanges is not None else frozenset(),
        problems=tuple(f"Line {line}: {why}." for line, why in sorted(problems)),
    )


def reason_against(listed: HolidayList, exchange: Exchange) -> str:
    """Return in a sentence why a list cannot be a complete one of this exchange; empty if it can."""
    reasons = (_reason_against_year(listed, exchange, year) for year in listed.years)
    return next(filter(None, reasons), "" if listed.days else "The list has no days.")


def _reason_against_year(listed: HolidayList, exchange: Exchange, year: int) -> str:
    """Return why the list cannot be complete for a year, or be this exchange's: by the holidays that the library knows.

    A year that it knows has to agree with the list for the most part; a later one has to have the holidays with a fixed
    date of the years before.
    """
    holidays = {each.day for each in listed.days if each.day.year == year and not each.is_session}
    weekdays = {day for day in holidays if day.isoweekday() <= 5}
    before = _holidays_before(exchange, year)
    usual = min(Counter(day.year for day in before).values(), default=0) // 2
    if not max(FEWEST, min(USUAL, usual)) <= len(weekdays) <= MOST:
        return f"{_count(len(weekdays), 'holiday')} on weekdays of {year} are no complete list of {exchange.name}."
    calendar = library_calendar_of(exchange)
    traded = [day for day in weekdays if calendar.knows(day) and calendar.is_session(day)]
    if AGREEING * len(traded) > len(weekdays):
        known = f"{len(traded)} of its {len(weekdays)} days are sessions there"
        return f"The list of {year} is not that of {exchange.name}: {known}."
    fixed = _fixed_holidays(before, year)
    missing = sorted(fixed - holidays)
    if AGREEING * len(missing) > len(fixed):
        named = " and ".join(f"{day.day} {day:%B}" for day in missing[:3])
        are = "is a usual holiday" if len(missing) == 1 else "are usual holidays"
        return f"The list of {year} is not that of {exchange.name}: {named} {are} there and not in it."
    return ""


def _read_rows(table: Table, rows: list[TableRow]) -> Iterator[tuple[TableRow, ListedDay | str]]:
    """Yield each row with its day, or with the reason why it has none."""
    dates = table.find_column(*DATE)
    assert dates is not None  # noqa: S101
    broken: dict[int, str] = {}
    stamps = read_stamps(_write_years_out([row.cells[dates] for row in rows]), ZoneInfo("UTC"), broken)
    for index, row in enumerate(rows):
        if index in broken:
            yield row, broken[index]
            continue
        try:
            yield row, _read_day(table, row, stamps.day[index].astype(object))
        except _BadRow as error:
            yield row, str(error)


def _write_years_out(cells: list[str]) -> list[str]:
    """Return dates like 26/01/27 with four digits of the year, which is the number that all of them have in common."""
    matches = [_SHORT_DATE.fullmatch(cell) for cell in cells]
    parts = [match.group(1, 3, 4) for match in matches if match]
    first, last = ({each[place] for each in parts} for place in (0, 2))
    if len(parts) < len(cells) or (len(first) == 1) == (len(last) == 1):
        return cells
    year_first = len(first) == 1
    return [f"20{cell}" if year_first else f"{cell[:-2]}20{cell[-2:]}" for cell in cells]


def _read_day(table: Table, row: TableRow, day: date) -> ListedDay:
    if not FIRST_DAY <= day < END:
        raise _BadRow(f"{day} is before {FIRST_DAY} or after {END.year - 1}")
    weekday = _cell(table, row, WEEKDAY).lower()[:3]
    if weekday in _WEEKDAYS and weekday != _WEEKDAYS[day.weekday()]:
        raise _BadRow(f"{day} is a {day:%A}, not a {_cell(table, row, WEEKDAY)}")
    opens, closes = _read_time(_cell(table, row, OPENS)), _read_time(_cell(table, row, CLOSES))
    if opens and (closes is None or closes <= opens):
        raise _BadRow(f"the session of {day} has to close after it opens, on the same day")
    is_session = _read_kind(_cell(table, row, KIND), has_hours=closes is not None)
    if closes and not is_session:
        raise _BadRow(f"{day} is closed and has hours")
    name = " ".join(_cell(table, row, NAME).strip("* ").split())[:200]
    return ListedDay(row.line, day, name, is_session, opens, closes)


def _add_day(days: dict[date, ListedDay], listed: ListedDay) -> str:
    """Add a day; a second holiday on the same day adds its name. Return why it contradicts another row, or nothing."""
    other = days.setdefault(listed.day, listed)
    if other is listed:
        return ""
    if other.is_session or listed.is_session:
        return f"{listed.day} is in line {other.line} already"
    name = other.name if listed.name in other.name else f"{other.name}, {listed.name}"[:200]
    days[listed.day] = ListedDay(other.line, other.day, name)
    return ""


def _is_remark(cells: Sequence[str]) -> bool:
    """Return whether a line is a remark below the table, as on the hours of the Muhurat session."""
    return next((cell for cell in cells if cell), "").lower().startswith(REMARKS)


def _cell(table: Table, row: TableRow, names: tuple[str, ...]) -> str:
    column = table.find_column(*names)
    return "" if column is None else row.cells[column]


def _read_kind(text: str, *, has_hours: bool) -> bool:
    """Return whether a row is a session. Raise _BadRow for a word that is not known."""
    word = " ".join(text.lower().split())
    if not word:
        return has_hours
    if word in CLOSED_WORDS or word in SESSION_WORDS:
        return word in SESSION_WORDS
    raise _BadRow(f"“{text[:30]}” is neither closed nor session")


def _read_time(text: str) -> time | None:
    if text in ("", "-", "–"):
        return None
    match = _TIME.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2])) if match else (99, 0)
    if match and match[3] and 1 <= hour <= 12:
        hour = hour % 12 + (12 if match[3].lower().startswith("p") else 0)
    if hour > 23 or minute > 59:
        raise _BadRow(f"“{text[:30]}” is no time like 18:15")
    return time(hour, minute)


def _holidays_before(exchange: Exchange, year: int) -> list[date]:
    """Return the library's holidays of the latest complete years that it knows before `year`, on weekdays."""
    known = library_holidays(exchange, date(max(year - YEARS_COMPARED, FIRST_DAY.year), 1, 1), date(year - 1, 12, 31))
    return [day for day in known if day.year > known[0].year]


def _fixed_holidays(before: list[date], year: int) -> set[date]:
    """Return the weekdays of `year` that have the date of a holiday of each earlier year in which it was a weekday."""
    closed, years = set(before), {day.year for day in before}
    fixed = set()
    for (month, day), count in Counter((each.month, each.day) for each in before).items():
        if (month, day) == (2, 29) or count < SEEN:
            continue
        same = [date(each, month, day) for each in years]
        if all(each in closed for each in same if each.isoweekday() <= 5) and date(year, month, day).isoweekday() <= 5:
            fixed.add(date(year, month, day))
    return fixed


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
