"""Cells of tables: the numbers and dates that a whole column of them decides."""

import math
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.prices.cell_dates import read_stamps
from analysis.prices.cell_numbers import find_decimal_sign, parse_number, parse_numbers
from analysis.prices.delimited_text import TableError

INDIA = ZoneInfo("Asia/Kolkata")


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1,23,456.00", "5"], [123456.0, 5.0]),
        (["1.234,56", "1.300"], [1234.56, 1300.0]),
        (["1'234.50", "2’300.10"], [1234.5, 2300.1]),
        (["1 234,50", "1\u00a0234,50", "1\u202f234"], [1234.5, 1234.5, 1234.0]),
        (["$270.10", "₹1,00,000.5", "Rs. 5", "5.5 EUR"], [270.1, 100000.5, 5.0, 5.5]),
        (["(1,234.5)", "−5", "-$5", "+5"], [-1234.5, -5.0, -5.0, 5.0]),
        (["1.23M", "5.2K", "2B", "1.5 Cr", "4.37 L", "2.5 crores"], [1.23e6, 5200.0, 2e9, 1.5e7, 437_000.0, 2.5e7]),
        (["12,34,567"], [1234567.0]),
        (["1.234.567", "2.345"], [1234567.0, 2345.0]),
        (["0,123"], [0.123]),
        (["900", "1,200"], [900.0, 1200.0]),
        (["2.5E+06", "1e5"], [2.5e6, 1e5]),
    ],
)
def test_the_whole_column_decides_how_its_numbers_are_read(cells: list[str], numbers: list[float]) -> None:
    broken: dict[int, str] = {}
    assert parse_numbers(cells, find_decimal_sign([cells]), broken, may_be_rounded=True) == numbers
    assert broken == {}


def test_another_column_decides_where_the_first_leaves_it_open() -> None:
    assert find_decimal_sign([["1.234", "1.235"]], [], [["Total, Ltd."], ["0,10%"]]) == ","
    assert find_decimal_sign([["1,234", "1,235"]], [], [["-0.13%"]]) == "."
    assert find_decimal_sign([["1.234", "1.235"]], [["1,234,567"]]) == "."
    assert find_decimal_sign([["1.234", "1.235"]], [["1.234.567"]]) == ","
    assert find_decimal_sign([["1.234", "1.235"]], is_point_usual=True) == "."


@pytest.mark.parametrize(
    "columns", [[["1,234", "1,235"]], [["1.234"], ["437.172"]], [["1.234"], ["437172"]], [["1,234", "1.234"]]]
)
def test_numbers_that_no_other_decides_are_refused(columns: list[list[str]]) -> None:
    with pytest.raises(TableError, match="may have a thousand or three decimals"):
        find_decimal_sign(columns)


@pytest.mark.parametrize(("amount", "other"), [("0.44M", ""), ("5", "2.5"), ("5", "-0.13%"), ("0.5", "0.1")])
def test_a_decimal_point_elsewhere_does_not_make_decimals_of_prices_like_thousands(amount: str, other: str) -> None:
    for sign in ".,":
        columns = [[cell.replace(".", sign) for cell in cells] for cells in (["4.113", "4.135"], [amount], [other])]
        with pytest.raises(TableError, match="may have a thousand or three decimals"):
            find_decimal_sign(columns[:1], columns[1:2], columns[2:])


@pytest.mark.parametrize("columns", [[["1,234", "1,235"]], [["999", "1.005"]], [["1,234", "1.234"]]])
def test_a_usual_decimal_point_does_not_decide_against_the_numbers(columns: list[list[str]]) -> None:
    with pytest.raises(TableError, match=r"\(line [34]\) may have a thousand or three decimals"):
        find_decimal_sign(columns, is_point_usual=True, lines=[3, 4])


def test_numbers_in_two_styles_are_refused_but_a_slip_is_one_broken_row() -> None:
    with pytest.raises(TableError, match="Write all in one way"):
        find_decimal_sign([["1,5", "1.5", "1,6"]])
    assert find_decimal_sign([["1.5"] * 20 + ["1,5"]]) == "."


@pytest.mark.parametrize("text", ["x", "1_000", "inf", "1,23", "12,345,6", "5%", "1.2.3", "--1", "1 2", "0x10", "٣"])
def test_no_number_is_made_up(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        parse_number(text, ".")


@pytest.mark.parametrize("text", ["", "-", "NaN", "null", "N/A", "—"])
def test_a_cell_without_a_value_is_nan(text: str) -> None:
    assert math.isnan(parse_number(text, "."))


@pytest.mark.parametrize(
    "text",
    [
        *[
            "2026-04-24",
            "20260424",
            "2026/4/24",
            "2026.04.24",
            "24-Apr-2026",
            "24-APR-26",
            "24 April 2026",
            "24Apr2026",
        ],
        *["Apr 24, 2026", "Friday, April 24, 2026", "24. April 2026", "2026-Apr-24", "24.04.2026", "24/04/2026"],
        *[
            "04/24/2026",
            "04-24-26",
            "2026-04-24 00:00:00+05:30",
            "2026-04-23T18:30:00.000Z",
            "2026-04-24T09:15:00+0530",
        ],
        *["24.04.2026 00:00:00.000 GMT+0530", "Fri Apr 24 2026 00:00:00 GMT+0530 (India Standard Time)"],
        *["4/24/2026 4:00:00 PM", "24.04.2026 00:00:00.000", "20260424 091500", "1777000000", "1777000000000"],
    ],
)
def test_a_date_is_read_in_each_of_its_forms(text: str) -> None:
    broken: dict[int, str] = {}
    assert read_stamps([text], INDIA, broken).day.tolist() == [date(2026, 4, 24)]
    assert broken == {}


@pytest.mark.parametrize(
    "text", ["04/05/2026", "04-05-26", "2026-13-01", "2026-04-31", "46136", "April", "", "1712", "24:00"]
)
def test_a_date_that_is_open_or_none_is_broken(text: str) -> None:
    broken: dict[int, str] = {}
    assert np.isnat(read_stamps([text], INDIA, broken).day).all()
    assert set(broken) == {0}


WEEKDAYS = [date(2026, 2, 2) + timedelta(days=day) for day in (0, 1, 2, 3, 4, 7, 8, 9, 10)]  # no day above 12
MONTHS = [date(2026, month, 1) for month in range(1, 13)]


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d/%m/%y", "%m-%d-%y", "%y/%m/%d"])
@pytest.mark.parametrize("is_newest_first", [False, True])
def test_day_and_month_are_told_apart_by_the_spacing_of_sessions(form: str, is_newest_first: bool) -> None:
    days = WEEKDAYS[::-1] if is_newest_first else WEEKDAYS
    assert read_stamps([f"{day:{form}}" for day in days], INDIA, {}).day.tolist() == days


def test_months_are_not_taken_for_days() -> None:
    broken: dict[int, str] = {}
    read_stamps([f"{day:%d/%m/%Y}" for day in MONTHS], INDIA, broken)
    assert len(broken) == len(MONTHS)
    assert broken[1] == "day and month of '01/02/2026' cannot be told apart"


def test_both_orders_in_one_column_are_refused_but_a_slip_is_one_broken_row() -> None:
    broken: dict[int, str] = {}
    read_stamps(["13/01/2026", "14/01/2026", "01/15/2026"], INDIA, broken)
    assert len(broken) == 3
    broken = {}
    read_stamps([f"{day}/01/2026" for day in range(13, 31)] + ["01/15/2026"], INDIA, broken)
    assert set(broken) == {18}


def test_a_midnight_written_without_summer_time_is_still_its_day() -> None:
    cells = ["2026-01-05 04:00:00+00:00", "2026-01-06 04:00:00+00:00", "2026-07-06 04:00:00+00:00"]
    days = read_stamps(cells, ZoneInfo("America/New_York"), {}).day.tolist()
    assert days == [date(2026, 1, 5), date(2026, 1, 6), date(2026, 7, 6)]


def test_the_last_millisecond_of_a_day_is_that_day() -> None:
    stamps = read_stamps(["2026-04-24T23:59:59.999Z", "2026-04-25T23:59:59.999Z"], ZoneInfo("UTC"), {})
    assert stamps.day.tolist() == [date(2026, 4, 24), date(2026, 4, 25)]
    assert stamps.minute.tolist() == [1439, 1439]


FORTNIGHT = [date(2026, 4, day) for day in (1, 2, 6, 7, 8, 9, 13, 15, 16, 17, 20, 21, 22, 23, 24)]


@pytest.mark.parametrize("form", ["%Y-%d-%m", "%Y/%d/%m", "%Y.%d.%m", "%Y%d%m", "%Y-%d-%m 00:00:00"])
def test_a_day_between_year_and_month_is_read_where_the_whole_column_has_it_so(form: str) -> None:
    broken: dict[int, str] = {}
    assert read_stamps([f"{day:{form}}" for day in FORTNIGHT], INDIA, broken).day.tolist() == FORTNIGHT
    assert broken == {}


def test_both_orders_after_the_year_are_refused_but_a_slip_is_one_broken_row() -> None:
    for cells in ([f"{day:%Y-%d-%m}" for day in FORTNIGHT[:8]] + [str(day) for day in FORTNIGHT[8:]], ["2026-13-01"]):
        broken: dict[int, str] = {}
        read_stamps(cells, INDIA, broken)
        assert set(broken) == set(range(len(cells)))
        assert "cannot be told apart" in broken[0]
    days = [date(2026, 4, 13) + timedelta(days=day) for day in range(18)]
    broken = {}
    assert np.isnat(read_stamps([*map(str, days), "2026-24-04"], INDIA, broken).day).sum() == 1
    assert set(broken) == {18}


@pytest.mark.parametrize(
    ("text", "month"),
    [
        *[("24 avr. 2026", 4), ("24 févr. 2026", 2), ("24 juin 2026", 6), ("24 juil. 2026", 7), ("24 août 2026", 8)],
        *[("24 abr 2026", 4), ("24 ene 2026", 1), ("24 gen 2026", 1), ("24 ott 2026", 10), ("24 dez 2026", 12)],
        *[("24 mrt 2026", 3), ("24 sept. 2026", 9), ("24 déc. 2026", 12), ("24 mag 2026", 5)],
    ],
)
def test_months_may_be_named_in_other_languages(text: str, month: int) -> None:
    assert read_stamps([text], INDIA, {}).day.tolist() == [date(2026, month, 24)]
