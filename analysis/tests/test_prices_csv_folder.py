"""The CSV source: what it reads, what it adjusts, and what it says about a file that it cannot use."""

from datetime import date
from pathlib import Path

import pytest

from analysis.prices.csv_folder import CsvPrices
from analysis.prices.port import History, PriceError, PriceErrorKind
from analysis.tests.price_files import ADJUSTED, HEADER, ROWS, read_error_of, read_history_of, write_file


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS)
    read = read_history_of(tmp_path)
    assert read.bars.session.tolist() == [date(2026, 4, day) for day in (22, 23, 24)]
    assert read.bars.open.tolist() == [101.0, 102.0, 104.0]
    assert read.bars.volume.tolist() == [1200.0, 1500.0, 900.0]
    assert (read.adjusted, read.findings) == (False, ())


def test_all_prices_are_adjusted_by_the_adjusted_close(tmp_path: Path) -> None:
    write_file(tmp_path, ADJUSTED, "2026-04-23,104,106,100,105,52.5,900", "2026-04-24,52,52,52,52,52,900")
    read = read_history_of(tmp_path)
    assert read.adjusted
    row = [column[0] for column in (read.bars.open, read.bars.high, read.bars.low, read.bars.close, read.bars.volume)]
    assert row == [52.0, 53.0, 50.0, 52.5, 900.0]


@pytest.mark.parametrize(
    "header",
    [
        "Date,Open,High,Low,Close,Adj Close,Volume",
        " DATE , Open,high,LOW,close, adj close ,volume",
        "\ufeff" + ADJUSTED,
    ],
)
def test_headers_may_have_capitals_blanks_and_a_byte_order_mark(header: str, tmp_path: Path) -> None:
    write_file(tmp_path, header, "2026-04-24,104,106,100,105,105,900")
    assert read_history_of(tmp_path).adjusted


KINDS = {
    "Yahoo": (
        "Date,Open,High,Low,Close,Adj Close,Volume",
        "2026-04-23,1200,1230,1190,1210,1210,1234567",
        "2026-04-24,1210,1250,1200,1240,1240,2345678",
    ),
    "Yahoo's page": (
        "Date,Open,High,Low,Close*,Adj Close**,Volume",
        '"Apr 24, 2026","1,210.00","1,250.00","1,200.00","1,240.00","1,240.00","2,345,678"',
        '"Apr 23, 2026","1,200.00","1,230.00","1,190.00","1,210.00","1,210.00","1,234,567"',
    ),
    "Stooq": (
        "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>",
        "TCS.IN,D,20260423,000000,1200,1230,1190,1210,1234567,0",
        "TCS.IN,D,20260424,000000,1210,1250,1200,1240,2345678,0",
    ),
    "NSE's page of a stock": (
        '"Date ","series ","OPEN ","HIGH ","LOW ","PREV. CLOSE ","ltp ","close ","vwap ","VOLUME ","VALUE "',
        '"24-Apr-2026","EQ","1,210.00","1,250.00","1,200.00","1,210.00","1,239.90","1,240.00","1,225.17","23,45,678","-"',
        '"24-Apr-2026","BL","1,111.00","1,111.00","1,111.00","1,210.00","1,111.00","1,111.00","1,111.00","50,000","-"',
        '"23-Apr-2026","EQ","1,200.00","1,230.00","1,190.00","1,180.00","1,209.90","1,210.00","1,205.00","12,34,567","-"',
    ),
    "NSE's bhavcopy": (
        "SYMBOL,SERIES,OPEN,HIGH,LOW,CLOSE,LAST,PREVCLOSE,TOTTRDQTY,TOTTRDVAL,TIMESTAMP,TOTALTRADES,ISIN,",
        "TCS,EQ,1200,1230,1190,1210,1209.9,1180,1234567,1.5e9,23-APR-2026,9000,INE467B01029,",
        "TCS,EQ,1210,1250,1200,1240,1239.9,1210,2345678,2.9e9,24-APR-2026,9999,INE467B01029,",
    ),
    "NSE's full bhavcopy": (
        "SYMBOL, SERIES, DATE1, PREV_CLOSE, OPEN_PRICE, HIGH_PRICE, LOW_PRICE, LAST_PRICE, CLOSE_PRICE, TTL_TRD_QNTY",
        "TCS, EQ, 23-Apr-2026, 1180, 1200, 1230, 1190, 1209.9, 1210, 1234567",
        "TCS, EQ, 24-Apr-2026, 1210, 1210, 1250, 1200, 1239.9, 1240, 2345678",
    ),
    "NSE's bhavcopy of 2024": (
        "TradDt,BizDt,TckrSymb,SctySrs,OpnPric,HghPric,LwPric,ClsPric,LastPric,TtlTradgVol",
        "2026-04-23,2026-04-23,TCS,EQ,1200,1230,1190,1210,1209.9,1234567",
        "2026-04-24,2026-04-24,TCS,EQ,1210,1250,1200,1240,1239.9,2345678",
    ),
    "BSE's page of a stock": (
        "Date,Open Price,High Price,Low Price,Close Price,WAP,No.of Shares,No. of Trades",
        "24-April-2026,1210,1250,1200,1240,1225,2345678,999",
        "23-April-2026,1200,1230,1190,1210,1205,1234567,888",
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_files_are_read_as_others_write_them(kind: str, tmp_path: Path) -> None:
    write_file(tmp_path, *KINDS[kind])
    read = read_history_of(tmp_path)
    assert read.adjusted is kind.startswith("Yahoo")
    assert [finding.code for finding in read.findings] == (["other_series"] if kind == "NSE's page of a stock" else [])
    assert read.bars.session.tolist() == [date(2026, 4, 23), date(2026, 4, 24)]
    assert read.bars.open.tolist() == [1200.0, 1210.0]
    assert read.bars.high.tolist() == [1230.0, 1250.0]
    assert read.bars.low.tolist() == [1190.0, 1200.0]
    assert read.bars.close.tolist() == [1210.0, 1240.0]
    assert read.bars.volume.tolist() == [1234567.0, 2345678.0]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-04-24", 24), ("20260424", 24), ("24-Apr-2026", 24), ("24-APR-26", 24), ("24-April-2026", 24)],
)
def test_a_date_names_its_month_or_is_iso(text: str, day: int, tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, f"{text},104,106,103,105,900")
    assert read_history_of(tmp_path).bars.last_session == date(2026, 4, day)


@pytest.mark.parametrize("text", ["04/05/2026", "5.4.2026", "2026-04-31", "April", "1777000000", ""])
def test_a_date_that_could_be_another_is_refused(text: str, tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, f"{text},104,106,103,105,900", ROWS[0])
    assert "line 2" in read_history_of(tmp_path).findings[0].message


@pytest.mark.parametrize(
    ("text", "number"), [("1,234.5", 1234.5), ("12,34,567", 1234567.0), ("1,234,567.25", 1234567.25)]
)
def test_thousands_may_be_grouped_the_indian_way_too(text: str, number: float, tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, f'2026-04-24,104,106,103,105,"{text}"')
    assert read_history_of(tmp_path).bars.volume.tolist() == [number]


@pytest.mark.parametrize("text", ["1234,5", "1,23", "1.234,5", "12,345,6", ","])
def test_a_decimal_comma_among_decimal_points_is_not_taken_for_thousands(text: str, tmp_path: Path) -> None:
    points = [f"2026-04-{day},101.5,104.5,100.5,102.5,1200" for day in (20, 21, 22)]
    write_file(tmp_path, HEADER, *points, f'2026-04-24,104,106,103,"{text}",900')
    assert f"'{text}' is not a number" in read_history_of(tmp_path).findings[0].message


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_columns_may_be_parted_as_spreadsheets_do(delimiter: str, tmp_path: Path) -> None:
    write_file(tmp_path, *(line.replace(",", delimiter) for line in (HEADER, *ROWS)))
    assert read_history_of(tmp_path).bars.close.tolist() == [102.0, 104.0, 105.0]


def test_a_comma_at_the_end_of_rows_and_blank_lines_do_not_matter(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *(f"{row},," for row in ROWS), "   ", ",,,,,")
    read = read_history_of(tmp_path)
    assert (len(read.bars), read.findings) == (3, ())


@pytest.mark.parametrize("broken", ['"2026-04-21,101,104,100,102,1200', "2026-04-21," + "9" * 200_000, '"'])
def test_a_broken_row_takes_no_other_with_it(broken: str, tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, ROWS[0], broken, *ROWS[1:])
    read = read_history_of(tmp_path)
    assert len(read.bars) == 3
    assert read.findings[0].message.startswith("TCS.NS.csv: 1 row could not be read: line 3 (")


def test_a_cell_that_is_too_long_is_said_in_plain_words(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS, "2026-04-21," + "9" * 200_000)
    reason = "a cell is too long, or a quotation mark is not closed"
    assert read_history_of(tmp_path).findings[0].message == f"TCS.NS.csv: 1 row could not be read: line 5 ({reason})."
    write_file(tmp_path, f"{HEADER},{'x' * 200_000}", *ROWS)
    assert read_error_of(tmp_path).message == f"TCS.NS.csv cannot be used. Line 1 cannot be read: {reason}."


def test_a_heading_may_run_over_two_lines(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER.replace("date", '"Date \n"'), "x,101,104,100,102,1200", *ROWS)
    read = read_history_of(tmp_path)
    assert len(read.bars) == 3
    assert "line 3 (" in read.findings[0].message


def test_the_log_names_every_broken_row(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_file(tmp_path, HEADER, ROWS[0], *["x,1,1,1,1,1"] * 9)
    read_history_of(tmp_path)
    assert all(f"line {line} (" in caplog.text for line in range(3, 12))


def test_columns_may_come_in_any_order_with_others_between(tmp_path: Path) -> None:
    write_file(tmp_path, "volume,close,dividends,low,high,open,date", "900,105,0,103,106,104,2026-04-24")
    assert read_history_of(tmp_path).bars.open.tolist() == [104.0]


def test_rows_come_out_oldest_first(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *reversed(ROWS))
    assert read_history_of(tmp_path).bars.close.tolist() == [102.0, 104.0, 105.0]


def test_only_rows_since_the_day_asked_for_come_out(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS)
    assert read_history_of(tmp_path, since=date(2026, 4, 23)).bars.close.tolist() == [104.0, 105.0]


def test_a_file_that_ends_too_early_is_no_data(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS)
    refused = CsvPrices(tmp_path).fetch_daily(["TCS.NS"], date(2026, 5, 1))["TCS.NS"]
    assert isinstance(refused, PriceError)
    assert refused.kind is PriceErrorKind.NO_DATA
    assert refused.message == "TCS.NS.csv has no rows since 2026-05-01."


def test_a_time_behind_the_date_is_allowed(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, "2026-04-24 00:00:00+05:30,104,106,103,105,900")
    assert read_history_of(tmp_path).bars.last_session == date(2026, 4, 24)


def test_cells_without_a_value_are_left_to_the_quality_gate(tmp_path: Path) -> None:
    write_file(tmp_path, ADJUSTED, "2026-04-23,,,,,,", "2026-04-24,null,n/a,-,nan,null,", "2026-04-25,0,0,0,0,0,0")
    read = read_history_of(tmp_path)
    assert not (read.bars.close > 0).any()
    assert read.findings == ()


def test_broken_rows_are_named_by_file_and_line_and_the_good_ones_are_used(tmp_path: Path) -> None:
    broken = ("24/04/2026,1,1,1,1,1", "", "2026-04-23,1,x,1,1,1", "2026-04-23,1,1", "2026-04-2x,1,1,1,1,1")
    write_file(tmp_path, HEADER, ROWS[0], *broken, ROWS[2])
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == [102.0, 105.0]
    (finding,) = read.findings
    assert (finding.code, finding.severity) == ("broken_rows", "warning")
    assert finding.message == (
        "TCS.NS.csv: 4 rows could not be read: line 3 ('24/04/2026' is written in another way than most dates), "
        "line 5 ('x' is not a number), line 6 (3 cells instead of 6) and 1 more."
    )


def test_a_file_of_broken_rows_only_is_bad_data(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, "yesterday,1,1,1,1,1")
    refused = read_error_of(tmp_path)
    assert refused.kind is PriceErrorKind.BAD_DATA
    assert (
        refused.message
        == "TCS.NS.csv: 1 row could not be read: line 2 ('yesterday' is not a date like 2026-04-24 or 24-Apr-2026)."
    )


def test_a_file_without_rows_is_no_data(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER)
    refused = read_error_of(tmp_path)
    assert (refused.kind, refused.message) == (PriceErrorKind.NO_DATA, "TCS.NS.csv has a heading but no rows.")


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([""], "The file is empty."),
        (["2026-04-24,1,1,1,1,1"], "line 1 has: 2026-04-24, 1, 1, 1, 1, 1."),
        (["date,open,high,low,price paid"], "The heading in line 1 has no column for close."),
        (["when,first,top,bottom,end", "2026-04-24,1,1,1,1"], "line 1 has: when, first, top, bottom, end."),
        (["date,close", "2026-04-24,1"], "It has closes only"),
        (["date,open,high,low,close,volume,close", "2026-04-24,1,1,1,1,5,2"], "It has the column close twice"),
        ([HEADER, *ROWS, "date,open,high,low,close", "2026-04-27,1,1,1,1"], "Line 5 is a heading with other columns"),
    ],
)
def test_a_file_without_the_columns_is_bad_data_that_names_what_it_has(
    lines: list[str], reason: str, tmp_path: Path
) -> None:
    write_file(tmp_path, *lines)
    refused = read_error_of(tmp_path)
    assert refused.kind is PriceErrorKind.BAD_DATA
    assert refused.message.startswith("TCS.NS.csv cannot be used. ")
    assert reason in refused.message


def test_a_missing_file_is_an_unknown_ticker_for_good(tmp_path: Path) -> None:
    refused = read_error_of(tmp_path)
    assert (refused.kind, refused.permanent) == (PriceErrorKind.UNKNOWN_TICKER, True)
    assert "TCS.NS.csv" in refused.message


def test_a_missing_folder_may_come_back(tmp_path: Path) -> None:
    refused = read_error_of(tmp_path / "nowhere")
    assert (refused.kind, refused.permanent) == (PriceErrorKind.UNAVAILABLE, False)


def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "TCS.NS.csv").mkdir()
    refused = read_error_of(tmp_path)
    assert refused.kind is PriceErrorKind.UNAVAILABLE
    assert "TCS.NS.csv cannot be read" in refused.message


def test_a_file_that_is_no_text_is_bad_data(tmp_path: Path) -> None:
    (tmp_path / "TCS.NS.csv").write_bytes(b"date,open\xff\xfe\x00")
    assert read_error_of(tmp_path).kind is PriceErrorKind.BAD_DATA


@pytest.mark.parametrize("ticker", ["../SECRET", "..", "/etc/passwd", "SUB/TCS.NS", "SUB\\TCS", "TCS.NS\0", ""])
def test_a_ticker_cannot_name_a_file_elsewhere(ticker: str, tmp_path: Path) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    (tmp_path / "SECRET.csv").write_text(f"{HEADER}\n{ROWS[0]}\n")
    refused = CsvPrices(folder).fetch_daily([ticker], None)[ticker]
    assert isinstance(refused, PriceError)
    assert (refused.kind, refused.permanent) == (PriceErrorKind.UNKNOWN_TICKER, True)


def test_every_ticker_has_an_answer_of_its_own(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, *ROWS, ticker="M&M.NS")
    write_file(tmp_path, "nonsense", ticker="BAD.NS")
    answers = CsvPrices(tmp_path).fetch_daily(["M&M.NS", "BAD.NS", "NONE.NS"], None)
    assert [type(answer) for answer in answers.values()] == [History, PriceError, PriceError]
