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


def parts_of(day: date, count: int, *times: str) -> list[str]:
    """Return the rows of parts of a day, each of which opens where the one before closed."""
    edges = [100 + part / 2 + day.day % 5 / 4 for part in range(count + 1)]
    stamps = [f"{day} {time}" for time in times] or [str(day)] * count
    return [
        f"{stamp},{first},{last + 0.1},{first - 0.1},{last},500"
        for stamp, first, last in zip(stamps, edges, edges[1:], strict=False)
    ]


@pytest.mark.parametrize("count", [3, 40, 100])
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_halves_of_days_are_no_corrections(count: int, is_newest_first: bool, tmp_path: Path) -> None:
    halves = [row for day in SESSIONS[-count:] for row in parts_of(day, 2)]
    rows = [*rows_of(SESSIONS[:-count]), *halves]
    write_file(tmp_path, HEADER, *(rows[::-1] if is_newest_first else rows))
    assert f"several bars a day on {count} days" in read_error_of(tmp_path).message


def test_of_two_states_of_the_newest_day_the_later_counts(tmp_path: Path) -> None:
    states = [f"{SESSIONS[-1]} 10:15,100,101,99,99.5,400", f"{SESSIONS[-1]} 15:35,100,103,98,102,1000"]
    write_file(tmp_path, HEADER, *rows_of(SESSIONS[:-1]), *states)
    assert read_history_of(tmp_path).bars.close[-1] == 102.0


@pytest.mark.parametrize("days", [1, 2])
@pytest.mark.parametrize("times", [[], ["09:15", "10:15", "11:15", "12:15", "13:15", "14:15", "15:15"]])
def test_hours_of_the_newest_days_are_not_taken_for_the_day(days: int, times: list[str], tmp_path: Path) -> None:
    hours = [row for day in SESSIONS[-days:] for row in parts_of(day, 7, *times)]
    write_file(tmp_path, HEADER, *rows_of(SESSIONS[:-days]), *hours)
    assert f"several bars of parts of {SESSIONS[-1]}" in read_error_of(tmp_path).message


def test_rows_of_two_sources_for_many_days_correct_each_other(tmp_path: Path) -> None:
    again = [row.replace(",100,110,", ",100.02,110,").replace(",1000", ".05,1000") for row in rows_of(SESSIONS[-100:])]
    write_file(tmp_path, HEADER, *rows_of(SESSIONS), *again)
    assert [finding.code for finding in read_history_of(tmp_path).findings] == ["conflicting_rows"]


@pytest.mark.parametrize(
    ("stamp", "is_kept"),
    [("10:15", False), ("T10:15:00+05:30", False), ("15:29", False), ("15:30", True), ("18:00", True), ("", True)],
)
def test_a_row_that_was_written_before_the_close_is_not_the_day(stamp: str, is_kept: bool, tmp_path: Path) -> None:
    row = rows_of(SESSIONS[-1:])[0]
    stamped = f"{SESSIONS[-1]}{'' if stamp[:1] == 'T' else ' '}{stamp},".replace(" ,", ",") + row.split(",", 1)[1]
    write_file(tmp_path, HEADER, *rows_of(SESSIONS[:-1]), stamped)
    read = read_history_of(tmp_path)
    assert (read.bars.session[-1] == SESSIONS[-1]) is is_kept
    messages = [finding.message for finding in read.findings]
    assert messages == (
        []
        if is_kept
        else [
            f"1 row written before the close of the session left out, the last of {SESSIONS[-1]} at "
            f"{stamp.removeprefix('T')[:5]}."
        ]
    )


def test_times_that_a_few_rows_share_are_labels(tmp_path: Path) -> None:
    rows = [*rows_of(SESSIONS[:-4]), *rows_of(SESSIONS[-4:-1], "09:15")]
    write_file(tmp_path, HEADER, *rows, *rows_of(SESSIONS[-1:], "09:15"))
    read = read_history_of(tmp_path)
    assert (read.bars.session[-1], read.findings) == (SESSIONS[-1], ())
    write_file(tmp_path, HEADER, *rows, *rows_of(SESSIONS[-1:], "10:15"))
    assert read_history_of(tmp_path).bars.session[-1] == SESSIONS[-2]
