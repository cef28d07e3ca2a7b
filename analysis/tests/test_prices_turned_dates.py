"""Turned dates: a column in which some dates have day and month exchanged is refused, never read in part."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from random import Random

import pytest

from analysis.prices.instruments import exchange_of
from analysis.prices.trading_calendar import library_calendar_of
from analysis.tests.price_files import HEADER, read_error_of, read_history_of, write_file

CALENDAR = library_calendar_of(exchange_of("TCS.NS"))
SESSIONS: list[date] = CALENDAR.sessions[: CALENDAR.count_until(date(2026, 4, 24))][-300:].tolist()


def rows_of(days: list[str]) -> list[str]:
    return [f"{day},100,110,90,{100 + number % 7},1000" for number, day in enumerate(days)]


def turned(day: date) -> date:
    return date(day.year, day.day, day.month) if day.day <= 12 else day


HALF_TURNED: dict[str, Callable[[date], str]] = {
    "with slashes": lambda day: f"{turned(day):%d/%m/%Y}",
    "ISO beside slashes": lambda day: turned(day).isoformat() if day.day <= 12 else f"{day:%d/%m/%Y}",
    "ISO beside dashes": lambda day: turned(day).isoformat() if day.day <= 12 else f"{day:%d-%m-%Y}",
    "ISO beside names": lambda day: f"{turned(day)} 00:00:00" if day.day <= 12 else f"{day:%d-%b-%Y}",
    "ISO throughout": lambda day: turned(day).isoformat(),
    "appended the other way": lambda day: f"{day:%d/%m/%Y}" if day < date(2026, 4, 1) else f"{day:%m/%d/%Y}",
}


@pytest.mark.parametrize("kind", HALF_TURNED)
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_a_column_with_turned_dates_is_refused(kind: str, is_newest_first: bool, tmp_path: Path) -> None:
    days = [HALF_TURNED[kind](day) for day in SESSIONS]
    write_file(tmp_path, HEADER, *rows_of(days[::-1] if is_newest_first else days))
    assert "Day and month are exchanged in" in read_error_of(tmp_path).message


def shuffled(days: list[date]) -> list[date]:
    return Random(1).sample(days, len(days))


@pytest.mark.parametrize(
    "arrange",
    [
        shuffled,
        lambda days: days[::-1],
        lambda days: days[150:] + days[:150],
        lambda days: days[200:] + days[100:200] + days[:100],
        lambda days: days[:50] + days[120:] + days[50:120],
        lambda days: [*days[:-20], *days[-10:], *days[-20:-10]],
        lambda days: [*days, *days[-14:-8]],  # corrections
        lambda days: [day for start in range(10) for day in days[start::10]],
    ],
)
def test_rows_in_another_order_have_no_turned_dates(
    arrange: Callable[[list[date]], list[date]], tmp_path: Path
) -> None:
    days = arrange(SESSIONS)
    write_file(tmp_path, HEADER, *rows_of([day.isoformat() for day in days]))
    assert read_history_of(tmp_path).bars.session[-1] == SESSIONS[-1]


def test_dates_in_another_form_than_most_are_said_to_be_that(tmp_path: Path) -> None:
    days = [f"{day:%d-%m-%Y}" if day.day > 20 and day.month == 4 else day.isoformat() for day in SESSIONS]
    write_file(tmp_path, HEADER, *rows_of(days))
    (finding,) = read_history_of(tmp_path).findings
    assert "('22-04-2025' is written in another way than most dates)" in finding.message
