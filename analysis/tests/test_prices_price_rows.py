"""Price files with more than the daily bars of one stock: what is left out, kept, or refused."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analysis.prices.csv_folder import LARGEST_FILE
from analysis.tests.price_files import HEADER, ROWS, read_error_of, read_history_of, write_file


@pytest.mark.parametrize(
    ("file_ticker", "name"),
    [
        *[("M&M.NS", "M_M"), ("M&M.NS", "M&M"), ("TCS.NS", "NSE:TCS"), ("TCS.NS", "TCS-EQ"), ("TCS.NS", "tcs.ns")],
        *[
            ("500325.BO", "500325"),
            ("BRK-B", "BRK.B"),
            ("TCS.NS", "TCS.IN"),
            ("EURUSD=X", "EURUSD"),
            ("BTC-USD", "BTC"),
        ],
    ],
)
def test_rows_that_name_the_ticker_are_its_own(file_ticker: str, name: str, tmp_path: Path) -> None:
    rows = [f"{name},{row}" for row in ROWS] + [f"OTHER,{row}" for row in ROWS[:2]]
    write_file(tmp_path, f"Symbol,{HEADER}", *rows, ticker=file_ticker)
    read = read_history_of(tmp_path, file_ticker)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert [finding.message for finding in read.findings] == ["2 rows of other securities left out: OTHER."]


@pytest.mark.parametrize("names", [["ZZZ"], ["BBB", "ZZZ"], ["TCS.BO"], ["TCSX", "XTCS"]])
def test_a_file_that_never_names_its_ticker_is_refused(names: list[str], tmp_path: Path) -> None:
    write_file(tmp_path, f"Symbol,{HEADER}", *(f"{name},{row}" for name in names for row in ROWS))
    assert all(name in read_error_of(tmp_path).message for name in [*names, "TCS.NS"])


@pytest.mark.parametrize("name", ["X", "Tata Consultancy Services", "532540"])
def test_a_name_that_cannot_be_compared_is_taken_for_the_tickers_and_said(name: str, tmp_path: Path) -> None:
    write_file(tmp_path, f"Symbol,{HEADER}", *(f"{name},{row}" for row in ROWS))
    read = read_history_of(tmp_path)
    assert len(read.bars) == 3
    assert name in read.findings[0].message


def test_rows_with_the_same_isin_are_the_stock_under_its_earlier_name(tmp_path: Path) -> None:
    names = [("INE758T01015", "ZOMATO"), ("INE758T01015", "ETERNAL"), ("INE467B01029", "TCS")]
    rows = (f"{isin},{name},{row}" for (isin, name), row in zip(names, ROWS, strict=True))
    write_file(tmp_path, f"ISIN,Symbol,{HEADER}", *rows, ticker="ETERNAL.NS")
    read = read_history_of(tmp_path, "ETERNAL.NS")
    assert read.bars.close.tolist() == [102.0, 104.0]
    assert [finding.code for finding in read.findings] == ["renamed_rows", "other_securities"]


@pytest.mark.parametrize("series", ["RR", "IV", "E1", "BE", "A", "XT", "N1"])
def test_a_single_series_is_the_security_whichever_it_is(series: str, tmp_path: Path) -> None:
    write_file(tmp_path, f"{HEADER},series", *(f"{row},{series}" for row in ROWS))
    read = read_history_of(tmp_path)
    assert (len(read.bars), read.findings) == (3, ())


def test_beside_shares_other_series_are_left_out_and_counted(tmp_path: Path) -> None:
    shares = [f"{row},{series}" for row, series in zip(ROWS, ("EQ", "BE", "eq"), strict=True)]
    others = [
        "2026-04-22,1,1,1,1,9,BL",
        "2026-04-23,9,9,9,9,9,N1",
        "2026-04-24,9,9,9,9,9,BE",
        "2026-04-25,9,9,9,9,9,N1",
    ]
    write_file(tmp_path, f"{HEADER},series", *shares, *others)
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    (finding,) = read.findings
    assert finding.message == "1 row of series BL, 2 rows of series N1, 1 row of series BE left out."


def test_a_share_that_changes_its_group_keeps_all_its_rows(tmp_path: Path) -> None:
    write_file(tmp_path, f"{HEADER},SctySrs", f"{ROWS[0]},B", f"{ROWS[1]},XT", f"{ROWS[2]},T")
    assert read_history_of(tmp_path).bars.close.tolist() == [102.0, 104.0, 105.0]


def test_rows_without_a_series_beside_shares_are_left_out_and_said(tmp_path: Path) -> None:
    write_file(tmp_path, f"{HEADER},SctySrs", *(f"{row},EQ" for row in ROWS), *("2026-04-24,9,9,9,9,9,",) * 2)
    (finding,) = read_history_of(tmp_path).findings
    assert finding.message == "2 rows without a series left out."


@pytest.mark.parametrize("groups", [("IT", "Tech", "IT"), ("1", "2", "3"), ("Large", "Large", "Mid"), ("A", "C", "H")])
def test_a_column_of_groups_that_are_no_series_leaves_nothing_out(groups: tuple[str, ...], tmp_path: Path) -> None:
    write_file(tmp_path, f"{HEADER},Group", *(f"{row},{group}" for row, group in zip(ROWS, groups, strict=True)))
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert [finding.code for finding in read.findings] == ["unknown_series"]
    assert "which is no series that is known here" in read.findings[0].message


def stamps_every(step: timedelta, count: int) -> list[str]:
    return [f"{datetime(2026, 1, 5, 9, 15) + place * step},1,1,1,1,5" for place in range(count)]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (stamps_every(timedelta(minutes=60), 60), "about 60 minutes apart"),
        (stamps_every(timedelta(minutes=5), 40), "about 5 minutes apart"),
        (stamps_every(timedelta(hours=4), 60), "about 240 minutes apart"),
        (stamps_every(timedelta(days=7), 20), "weekly"),
        (stamps_every(timedelta(days=30.4), 20), "monthly"),
        (
            [f"2026-01-{day:02},{hour},{hour},{hour},{hour},5" for day in range(5, 20) for hour in range(7)],
            "105 different rows",
        ),
    ],
)
def test_a_file_that_is_not_daily_is_refused(rows: list[str], reason: str, tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *rows)
    assert reason in read_error_of(tmp_path).message


@pytest.mark.parametrize("days", [[1], [1, 8], [1, 2, 3], [1, 2, 9, 16, 17, 28], [1, 4, 5, 12, 13, 26]])
def test_few_rows_or_few_trades_do_not_make_a_file_weekly(days: list[int], tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *(f"2026-01-{day:02},1,1,1,1,5" for day in days))
    assert len(read_history_of(tmp_path).bars) == len(days)


def test_the_period_that_a_file_names_is_believed(tmp_path: Path) -> None:
    write_file(
        tmp_path,
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        "TCS.IN,60,20260424,150000,1,1,1,1,5",
    )
    assert read_error_of(tmp_path).message == (
        "TCS.NS.csv cannot be used. Its column <PER> has 60, and the analysis needs daily rows (D)."
    )


def test_a_negative_price_is_a_broken_row(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS, "2026-04-27,104,106,-103,105,900")
    assert "line 5 ('-103' is a negative price)" in read_history_of(tmp_path).findings[0].message


@pytest.mark.parametrize(("places", "kept"), [((2, 3), 105.0), ((3, 2), 105.0)])
def test_of_two_closes_of_a_day_the_likely_one_is_kept_and_both_are_named(
    places: tuple[int, int], kept: float, tmp_path: Path
) -> None:
    lines = [*ROWS, "2026-04-24,104,106,103,1.00,900"]
    write_file(tmp_path, HEADER, *lines[:2], *(lines[place] for place in places))
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == [102.0, 104.0, kept]
    (finding,) = read.findings
    assert "2026-04-24 is given 2 times with different closes (" in finding.message
    assert f"line {4 + places.index(2)} is used" in finding.message


def test_of_two_closes_of_a_day_that_are_near_the_later_line_is_kept(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS, "2026-04-24,104,106,103,104.5,900")
    assert read_history_of(tmp_path).bars.close.tolist() == [102.0, 104.0, 104.5]


def test_lines_that_are_no_rows_are_passed_over_and_named(tmp_path: Path) -> None:
    write_file(tmp_path, "Prices of TCS", HEADER, *ROWS[:2], HEADER, "# joined", ROWS[2], "Total,,,,,3600")
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert [finding.message for finding in read.findings] == [
        "TCS.NS.csv: 4 lines that are no rows left out: line 1 (above the heading), line 5 (the heading again), "
        "line 6 (a comment) and 1 more."
    ]


def test_numbers_that_may_be_thousands_or_decimals_are_refused(tmp_path: Path) -> None:
    write_file(
        tmp_path, HEADER.replace(",", ";"), *(f"2026-04-{day};1,234;1,236;1,233;1,235;900" for day in (22, 23, 24))
    )
    assert "Numbers like 1,234 (line 2) may have a thousand or three decimals" in read_error_of(tmp_path).message


@pytest.mark.parametrize(
    ("heading", "cell"),
    [("Zeit", "17.35"), ("Zeit", "17,35"), ("Rating", "2.5"), ("Rating", "2,5"), ("Rev", "1.0"), ("Change %", "-0.1%")],
)
def test_a_time_or_an_unknown_column_does_not_decide_the_decimal_sign(heading: str, cell: str, tmp_path: Path) -> None:
    sign = "," if "," in cell else "."
    rows = [f"{day}.04.2026;{cell};4.113;4.136;4.056;4.073;437172" for day in (22, 23, 24)]
    write_file(
        tmp_path,
        f"Datum;{heading};Eröffnung;Hoch;Tief;Schluss;Volumen",
        *(row.replace(";4.", f";4{sign}") for row in rows),
    )
    assert "may have a thousand or three decimals" in read_error_of(tmp_path).message


@pytest.mark.parametrize("cell", ["2:1", "2/1", "2 for 1", "2-for-1", "2", "2.0"])
def test_a_split_is_read_as_a_number_or_a_ratio(cell: str, tmp_path: Path) -> None:
    write_file(tmp_path, f"{HEADER},Split", *(f"{row},{cell if row is ROWS[1] else ''}" for row in ROWS))
    assert list(read_history_of(tmp_path).splits.values()) == [2.0]


@pytest.mark.parametrize("heading", ["Split", "Dividends"])
def test_an_unreadable_split_or_dividend_costs_no_bar_and_is_named(heading: str, tmp_path: Path) -> None:
    write_file(tmp_path, f"{HEADER},{heading}", *(f"{row},{'bonus' if row is ROWS[1] else ''}" for row in ROWS))
    read = read_history_of(tmp_path)
    assert len(read.bars) == 3
    (finding,) = read.findings
    assert finding.message == (
        "1 split or dividend could not be read and counts as none: line 3 ('bonus' is not a number)."
    )


def test_a_rounded_volume_is_read_and_a_rounded_price_is_not(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, "2026-04-23,104,106,103,105,1.25M", "2026-04-24,1.04K,106,103,105,900")
    read = read_history_of(tmp_path)
    assert read.bars.volume.tolist() == [1_250_000.0]
    assert "line 3 ('1.04K' is a rounded number)" in read.findings[0].message


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "TCS.NS.csv").open("wb") as file:
        file.truncate(LARGEST_FILE + 1)
    assert (
        read_error_of(tmp_path).message
        == "TCS.NS.csv cannot be used. It is larger than 50 MB. Keep the rows of one stock only."
    )


@pytest.mark.parametrize(
    ("ticker", "name", "is_own"),
    [
        ("BTC-USD", "ETH-USD", False),
        ("BTC-USD", "BTC-USD", True),
        ("^NSEI", "NIFTY BANK", False),
        ("^NSEBANK", "NIFTY BANK", True),
        ("^GSPC", "^DJI", False),
        ("GC=F", "SI=F", False),
        ("EURUSD=X", "GBPUSD=X", False),
    ],
)
def test_a_file_of_another_index_pair_or_future_is_refused(
    ticker: str, name: str, is_own: bool, tmp_path: Path
) -> None:
    rows = [f"{row},{name}" for row in ROWS]
    write_file(
        tmp_path, f"{HEADER},Index Name" if name.startswith("NIFTY") else f"{HEADER},Symbol", *rows, ticker=ticker
    )
    if is_own:
        assert read_history_of(tmp_path, ticker).findings == ()
    else:
        assert name in read_error_of(tmp_path, ticker).message


def test_a_second_heading_with_one_column_more_is_another_table(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS, f"{HEADER},adj close", "2026-04-27,104,106,103,105,900,105")
    assert "is a heading with other columns" in read_error_of(tmp_path).message


def test_a_factor_that_changes_where_no_row_has_a_price_is_no_question(tmp_path: Path) -> None:
    rows = ["2026-04-22,100,100,100,100,97,9", "2026-04-23,,,,,,", "2026-04-24,97,97,97,97,97,9"]
    write_file(tmp_path, "date,open,high,low,close,adj close,volume", *rows)
    assert "adjustment_placed" not in {finding.code for finding in read_history_of(tmp_path).findings}


def test_an_unread_column_beside_no_volume_is_named(tmp_path: Path) -> None:
    write_file(tmp_path, "ISIN,Date,Open,High,Low,Close,Umsatz,Deliverable", "INE467B01029,2026-04-24,1,1,1,1,5,5")
    messages = [finding.message for finding in read_history_of(tmp_path).findings if finding.code == "no_volume_column"]
    assert messages == [
        "It has no heading of a volume that is known here, and these columns are not read: Umsatz, Deliverable."
    ]


def test_a_file_of_which_many_rows_cannot_be_read_is_refused(tmp_path: Path) -> None:
    rows = [f"2026-0{1 + n // 28}-{1 + n % 28:02},1,1,1,1,{n}" for n in range(80)]
    write_file(tmp_path, HEADER, *rows, *["1 Foo 2026,1,1,1,1,1"] * 11)
    assert "11 rows could not be read: line 82 ('1 Foo 2026' is not a date" in read_error_of(tmp_path).message
    write_file(tmp_path, HEADER, *rows, *["1 Foo 2026,1,1,1,1,1"] * 8)
    assert len(read_history_of(tmp_path).bars) == 80
