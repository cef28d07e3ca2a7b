"""Dates in tables: the order of day and month in a whole column, and the local day and time of each cell."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

YEARS = range(1900, 2100)
CENTURY_FROM = 70  # 70 is 1970, 69 is 2069
LIKELY_DATES = 5  # from which the spacing of dates may tell day and month apart
LIKELY_SPACING = 4  # days, at most, between most sessions
RARE = 10  # dates in the other order to which one may be a slip

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH_BY_NAME = {name: number for number, name in enumerate(_MONTHS, start=1)}
_MONTH_BY_NAME |= {
    name: number
    for number, names in enumerate(
        (
            *("ene gen", "fév fev", "mär mrz mrt", "avr abr", "mai mag mei", "giu", "lug", "aoû aou ago", "set"),
            *("okt ott out", "", "déc dic dez"),
        ),
        start=1,
    )
    for name in names.split()
}  # of Germany, France, Spain, Italy, Portugal and the Netherlands
_MONTH_BY_NAME |= {"juin": 6, "juil": 7}
_MONTH_BY_NAME |= {
    name: number for number, name in enumerate("sty lut mar kwi maj cze lip sie wrz paź lis gru".split(), 1)
}
_MONTH_BY_NAME |= {"paz": 10}
_NO_DATE, _OTHER_DATE = "is not a date like 2026-04-24 or 24-Apr-2026", "is written in another way than most dates"
_TIME = re.compile(
    r"(?P<day>.+?)(?:T|,? +)(?:(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?: ?(?P<half>[ap]m))?|(?P<compact>\d{6})) ?(?P<zone>Z|(?:UTC|GMT)?[+-]\d{2}:?\d{2}|UTC|GMT)?(?: \([A-Z ]+\))?",
    re.IGNORECASE | re.ASCII,
)
_MIDNIGHT = re.compile(r"(?:[T ]00:00(?::00(?:\.0+)?)? ?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})", re.ASCII)
_WEEKDAY = re.compile(r"(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? +", re.IGNORECASE)
_MONTH_SECOND = re.compile(r"(\d{1,2}|\d{4})\.?[-/, ]*([^\W\d_]{3,9})\.?[-/, ]*(\d{4}|\d{1,2})")
_MONTH_FIRST = re.compile(r"([^\W\d_]{3,9})\.?[- ]*(\d{1,2})[-, ]+(\d{4})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ])(\d{1,2})\2(\d{4}|\d{2})", re.ASCII)
_UNIX = re.compile(r"(\d{9,10}|\d{12,13})(?:\.\d+)?", re.ASCII)  # seconds or milliseconds


@dataclass(frozen=True, slots=True)
class Stamps:
    """The stamps of a column's cells, in the exchange's time.

    `day` is datetime64[D], NaT where the cell is no date; `minute` is the local minute of the day, int64, 0 for a date
    without a time. Both have the shape (n,).
    """

    day: NDArray[np.datetime64]
    minute: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Reading:
    """A cell's date and time as written; `offset` is None for a time without a zone."""

    day: date
    at: time = time()
    offset: timedelta | None = None


type _Parts = tuple[int, int, int]


def read_stamps(
    cells: Sequence[str], zone: ZoneInfo, broken: dict[int, str], opens_early: timedelta = timedelta(0)
) -> Stamps:
    """Return the stamps of a column of dates; an index whose cell is none gets its reason in `broken`.

    Stamps with an offset, and those in UNIX time, become local in `zone`, the exchange's, unless each is at midnight as
    written: then its date is the session. Day and month of 04/05/2026 are told apart by the whole column.
    `opens_early` is how long before its day a session opens at the latest, of markets that trade round the clock.
    """
    if (days := _parse_plain(cells)) is not None:
        return Stamps(days, np.zeros(len(cells), dtype=np.int64))
    readings = _parse_cells(cells, broken)
    moments = [None if reading is None else datetime.combine(reading.day, reading.at) for reading in readings]
    aware = [index for index, reading in enumerate(readings) if reading is not None and reading.offset is not None]
    if any(readings[index].at != time() for index in aware):  # type: ignore[union-attr]
        for index, moment in zip(aware, _localise([readings[index] for index in aware], zone), strict=True):  # type: ignore[misc]
            moments[index] = moment + opens_early
    return Stamps(
        np.array([moment and moment.date() for moment in moments], dtype="datetime64[D]"),
        np.array([moment.hour * 60 + moment.minute if moment else 0 for moment in moments], dtype=np.int64),
    )


def _parse_plain(cells: Sequence[str]) -> NDArray[np.datetime64] | None:
    """Return the days of a column that has only dates like 2026-04-24, at midnight or without a time; else None."""
    ends = {cell[10:] for cell in cells}
    if any(cell[4:5] != "-" for cell in cells) or not all(map(_MIDNIGHT.fullmatch, ends)):
        return None
    try:
        return np.array([date.fromisoformat(cell[:10]) for cell in cells], dtype="datetime64[D]")
    except ValueError:
        return None


def _parse_cells(cells: Sequence[str], broken: dict[int, str]) -> list[_Reading | None]:
    """Return the readings of all cells. Those in UNIX time, or with the year last, count if most cells are so."""
    readings = {index: reading for index, cell in enumerate(cells) if (reading := _read_iso(cell))}
    split = {index: _split_time(cells[index]) for index in range(len(cells)) if index not in readings}
    days = {index: day for index, (text, _, _) in split.items() if (day := _parse_certain(text))}
    with_year_last = {index: match for index, (text, _, _) in split.items() if (match := _YEAR_LAST.fullmatch(text))}
    if 2 * len(with_year_last) > len(cells):
        days |= _order_dates(with_year_last, broken)
    readings |= {index: _Reading(day, *split[index][1:]) for index, day in days.items()}
    if any(index not in days and _YEAR_FIRST.fullmatch(text) for index, (text, _, _) in split.items()):
        readings = _order_after_year(cells, readings, broken)
    in_unix_time = {index: match for index, cell in enumerate(cells) if (match := _UNIX.fullmatch(cell))}
    if 2 * len(in_unix_time) > len(cells):
        readings |= {index: _read_unix_time(match) for index, match in in_unix_time.items()}
    for index in set(range(len(cells))) - set(readings):
        broken.setdefault(index, _describe_broken(cells[index], are_most_dates=2 * len(readings) > len(cells)))
    return [readings.get(index) for index in range(len(cells))]


def _describe_broken(cell: str, *, are_most_dates: bool) -> str:
    is_date = are_most_dates and _YEAR_LAST.fullmatch(_split_time(cell)[0])
    return f"{cell[:30]!r} {_OTHER_DATE if is_date else _NO_DATE}"


def _read_iso(cell: str) -> _Reading | None:
    """Return the reading of a stamp like 2026-04-24T09:15:00+05:30; None for another, which `_split_time` may know."""
    if cell[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return None
    if moment.year not in YEARS:
        return None
    return _Reading(moment.date(), moment.time().replace(microsecond=0), moment.utcoffset())


def _read_unix_time(match: re.Match[str]) -> _Reading:
    moment = datetime.fromtimestamp(float(match[0]) / (1 if len(match[1]) < 12 else 1000), UTC)
    return _Reading(moment.date(), moment.time().replace(microsecond=0), timedelta(0))


def _split_time(cell: str) -> tuple[str, time, timedelta | None]:
    """Return a cell's date, its time, midnight if it has none or a wrong one, and its offset from UTC."""
    match = _TIME.fullmatch(cell)
    if match is None:
        return cell, time(), None
    compact = match["compact"] or ""
    hour, minute = int(match["hour"] or compact[:2]), int(match["minute"] or compact[2:4])
    second = int(match["second"] or compact[4:] or 0)
    if match["half"]:
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    try:
        return match["day"], time(hour, minute, second), _parse_offset(match["zone"])
    except ValueError:
        return cell, time(), None


def _parse_offset(zone: str | None) -> timedelta | None:
    zone = zone and zone.upper().removeprefix("GMT").removeprefix("UTC").removeprefix("Z")
    if not zone:
        return None if zone is None else timedelta(0)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    if offset >= timedelta(hours=24):
        raise ValueError(f"{zone} is no offset from UTC")
    return -offset if zone[0] == "-" else offset


def _parse_certain(text: str) -> date | None:
    """Return the date of a text with the year first or the month's name; None for another."""
    if match := _YEAR_FIRST.fullmatch(text):
        is_compact = not match[2] and len(text) != 8
        return None if is_compact else _read_month_second(match)
    text = _WEEKDAY.sub("", text)
    if match := _MONTH_FIRST.fullmatch(text):
        return _make_date(int(match[3]), _month_named(match[1]), int(match[2]))
    if match := _MONTH_SECOND.fullmatch(text):
        year, day = (match[1], match[3]) if len(match[1]) == 4 else (match[3], match[1])
        return _make_date(_full_year(year), _month_named(match[2]), int(day)) if len(year) in (2, 4) else None
    return None


def _month_named(name: str) -> int:
    name = name.lower()
    return _MONTH_BY_NAME.get(name[:4]) or _MONTH_BY_NAME.get(name[:3], 0)


def _order_dates(matches: dict[int, re.Match[str]], broken: dict[int, str]) -> dict[int, date]:
    """Return the dates of cells with the year last, or of two digits; none, but reasons, if their order stays open."""
    readings = {order: {index: read(match) for index, match in matches.items()} for order, read in _ORDERS.items()}
    if all(match[2] == "." for match in matches.values()):
        readings = {"day first": readings["day first"]}
    if any(len(match[4]) == 4 for match in matches.values()):
        readings.pop("year first", None)
    wrong = {order: sum(day is None for day in days.values()) for order, days in readings.items()}
    fewest = min(wrong.values())
    possible = [order for order in readings if wrong[order] == fewest]
    if any(fewest < count < RARE * fewest for count in wrong.values()):
        possible = []
    if len(possible) > 1:
        possible = [order for order in possible if _is_likely(list(readings[order].values()))]
    if len(possible) != 1:
        for index, match in matches.items():
            broken[index] = f"day and month of {match[0]!r} cannot be told apart"
        return {}
    return {index: day for index, day in readings[possible[0]].items() if day is not None}


def _is_likely(days: list[date | None]) -> bool:
    """Return whether dates, in the file's order, are sessions of a usual market: in order, on weekdays and close."""
    found = [day for day in days if day is not None]
    steps = [(later - earlier).days for earlier, later in pairwise(found) if later != earlier]
    if len(steps) < LIKELY_DATES - 1 or not (max(steps) < 0 or min(steps) > 0):
        return False
    sizes = [abs(step) for step in steps]
    weekends = sum(day.weekday() > 4 for day in found)
    skips_weekends = max(sizes) > 2 and weekends * RARE <= len(found)  # unlike months read as days
    return skips_weekends and median(sizes) <= LIKELY_SPACING


def _order_after_year(
    cells: Sequence[str], readings: dict[int, _Reading], broken: dict[int, str]
) -> dict[int, _Reading]:
    """Return the readings where some dates with the year first are none as month and day.

    Those count as slips if they are few, and all such dates have the day first if that alone is possible. Else nothing
    is certain, and each gets its reason.
    """
    split = {index: _split_time(cell) for index, cell in enumerate(cells)}
    matches = {index: match for index, (text, _, _) in split.items() if (match := _YEAR_FIRST.fullmatch(text))}
    iso, swapped = (
        {index: day for index, match in matches.items() if (day := read(match))}
        for read in (_read_month_second, _read_month_last)
    )
    only_iso, only_swapped = iso.keys() - swapped.keys(), swapped.keys() - iso.keys()
    if len(only_swapped) * RARE <= len(only_iso):
        return readings
    others = {index: reading for index, reading in readings.items() if index not in matches}
    if not only_iso and len(only_swapped) >= LIKELY_DATES:
        return others | {index: _Reading(day, *split[index][1:]) for index, day in swapped.items()}
    for index, match in matches.items():
        broken[index] = f"day and month of {match[0]!r} cannot be told apart"
    return others


def _read_month_second(match: re.Match[str]) -> date | None:
    return _make_date(int(match[1]), int(match[3]), int(match[4]))


def _read_month_last(match: re.Match[str]) -> date | None:
    return _make_date(int(match[1]), int(match[4]), int(match[3]))


def _full_year(text: str) -> int:
    year = int(text)
    return year if len(text) > 2 else year + (1900 if year >= CENTURY_FROM else 2000)


def _make_date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None


_ORDERS: dict[str, Callable[[re.Match[str]], date | None]] = {
    "day first": lambda match: _make_date(_full_year(match[4]), int(match[3]), int(match[1])),
    "month first": lambda match: _make_date(_full_year(match[4]), int(match[1]), int(match[3])),
    "year first": lambda match: _make_date(_full_year(match[1]), int(match[3]), int(match[4])),
}


def _localise(readings: Sequence[_Reading], zone: ZoneInfo) -> list[datetime]:
    """Return the exchange's local time of stamps with an offset.

    Where an exchange's midnight was written without its daylight saving, some are an hour off: the nearest midnight.
    """
    local = [
        datetime.combine(reading.day, reading.at, timezone(reading.offset or timedelta(0))).astimezone(zone)
        for reading in readings
    ]
    times = {(moment.hour, moment.minute, moment.second) for moment in local}
    if (0, 0, 0) in times and times <= {(23, 0, 0), (0, 0, 0), (1, 0, 0)}:
        local = [
            (moment + timedelta(hours=2)).replace(hour=0) if moment.hour == 23 else moment.replace(hour=0)
            for moment in local
        ]
    return [moment.replace(tzinfo=None) for moment in local]
