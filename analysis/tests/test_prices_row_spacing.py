"""The spacing of rows: daily in every stretch of a file, or refused; gaps and thin trading are said."""

from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest

from analysis.prices.instruments import exchange_of
from analysis.prices.trading_calendar import library_calendar_of
from analysis.tests.price_files import HEADER, read_error_of, read_history_of, write_file

CALENDAR = library_calendar_of(exchange_of("TCS.NS"))
SESSIONS: list[date] = CALENDAR.sessions[: CALENDAR.count_until(date(2026, 4, 24))][-300:].tolist()
WEEKS = [date(2023, 1, 6) + timedelta(days=7 * week) for week in range(55)]
MONTHS = [date(2022 + month // 12, month % 12 + 1, 1) for month in range(24)]


def rows_of(days: list[date], *times: str) -> list[str]:
    """Return rows of these days; for each time of the day, one with another close."""
    return [
        f"{day}{f' {time}' if time else ''},100,110,90,{95 + place + number % 7},1000"
        for number, day in enumerate(days)
        for place, time in enumerate(times or [""])
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (rows_of(WEEKS + SESSIONS), "Its rows are weekly from 2023-01-06 to"),
        (rows_of(MONTHS + SESSIONS), "Its rows are monthly from 2022-01-01 to 2023-12-01"),
        (rows_of(SESSIONS[::2]), "Its rows are of every second session from"),
        (rows_of(SESSIONS[:-60] + SESSIONS[-60::3]), "Its rows are of every third session from"),
        (
            rows_of(SESSIONS[:-10], "00:00:00") + rows_of(SESSIONS[-10:], "09:15:00", "10:15:00", "11:15:00"),
            f"It has several bars a day on 10 days, the last {SESSIONS[-1]}",
        ),
        (rows_of(SESSIONS[:-10]) + rows_of(SESSIONS[-10:], "", "", "", "", ""), "It has several bars a day on 10 days"),
        (rows_of(SESSIONS[:-9], "15:30") + rows_of(SESSIONS[-9:], "12:00", "15:30"), "several bars a day on 9 days"),
    ],
)
def test_a_stretch_of_another_frequency_is_refused(rows: list[str], words: str, tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *rows)
    assert words in read_error_of(tmp_path).message


@pytest.mark.parametrize(
    "days",
    [
        SESSIONS[:150] + SESSIONS[200:],
        SESSIONS[:100] + SESSIONS[260:],
        *(
            [day for day in SESSIONS if Random(f"{seed} {day}").random() < share]
            for seed in range(5)
            for share in (0.2, 0.5, 0.9)
        ),
    ],
)
def test_suspensions_and_thin_trading_are_no_other_frequency(days: list[date], tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *rows_of(days))
    assert read_history_of(tmp_path).bars.session.tolist() == days


def test_a_day_given_twice_is_still_a_correction(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *rows_of(SESSIONS), *rows_of(SESSIONS[-2:], "", ""))
    assert [finding.code for finding in read_history_of(tmp_path).findings] == ["conflicting_rows"]
