"""Whose prices a file has: by its columns of ISINs, of exchanges and of currencies, beside what is known of a stock."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from analysis.models import DetailStatus
from analysis.prices.csv_folder import CsvPrices
from analysis.prices.instruments import instrument_of
from analysis.prices.port import History, PriceError
from analysis.tests.make import details_of, make_finished_job, make_stock
from analysis.tests.price_files import HEADER, ROWS, read_error_of, read_history_of, write_file

TCS, INFY = "INE467B01029", "INE009A01021"


def read_with_isin(folder: Path, isin: str, ticker: str = "TCS.NS") -> History | PriceError:
    """Return the answer about a ticker's file where the stock's ISIN is known."""
    known = {ticker: replace(instrument_of(ticker), isin=isin)}
    return CsvPrices(folder).fetch_daily([ticker], None, known)[ticker]


def write_rows(folder: Path, heading: str, *firsts: str, ticker: str = "TCS.NS") -> None:
    """Write a file that has each row once for every first cell; prices of the second cell are 5 higher."""
    rows = [
        ",".join([first, day, *(str(float(price) + 5 * place) for price in prices), volume])
        for day, *prices, volume in (row.split(",") for row in ROWS)
        for place, first in enumerate(firsts)
    ]
    write_file(folder, f"{heading},{HEADER}", *rows, ticker=ticker)


@pytest.mark.parametrize("cells", [(TCS, INFY), (f"NSE_EQ|{TCS}", f"NSE_EQ|{INFY}"), (TCS.lower(), INFY)])
def test_rows_with_another_isin_than_the_stocks_are_left_out(cells: tuple[str, str], tmp_path: Path) -> None:
    write_rows(tmp_path, "Instrument_Key" if "|" in cells[0] else "ISIN Code", *cells)
    read = read_with_isin(tmp_path, TCS)
    assert isinstance(read, History)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert [finding.message for finding in read.findings] == [f"3 rows of other securities left out: {INFY}."]


@pytest.mark.parametrize("cells", [(INFY,), (INFY, "US0378331005")])
def test_a_file_of_another_isin_than_the_stocks_is_refused(cells: tuple[str, ...], tmp_path: Path) -> None:
    write_rows(tmp_path, "ISIN", *cells)
    refused = read_with_isin(tmp_path, TCS)
    assert isinstance(refused, PriceError)
    assert refused.message == (
        f"TCS.NS.csv cannot be used. Its column ISIN has {', '.join(cells)}, but {TCS} is the ISIN of TCS.NS."
    )


def test_an_isin_above_the_heading_is_compared(tmp_path: Path) -> None:
    write_file(tmp_path, "Historical Data", INFY, HEADER, *ROWS)
    refused = read_with_isin(tmp_path, TCS)
    assert isinstance(refused, PriceError)
    assert f"Above its heading is the ISIN {INFY}" in refused.message
    assert isinstance(read_with_isin(tmp_path, INFY), History)


def test_a_companys_name_does_not_hide_another_isin(tmp_path: Path) -> None:
    write_rows(tmp_path, "Company,ISIN", f"Infosys Limited,{INFY}")
    assert isinstance(read_with_isin(tmp_path, TCS), PriceError)
    write_rows(tmp_path, "Company,ISIN", f"Tata Consultancy,{TCS}", f"Infosys Limited,{INFY}")
    read = read_with_isin(tmp_path, TCS)
    assert isinstance(read, History)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]


def test_rows_that_name_the_ticker_with_another_isin_are_read_with_a_warning(tmp_path: Path) -> None:
    write_rows(tmp_path, "Symbol,ISIN", f"TCS,{INFY}")
    read = read_with_isin(tmp_path, TCS)
    assert isinstance(read, History)
    assert [(finding.code, finding.severity) for finding in read.findings] == [("other_isin", "warning")]


@pytest.mark.parametrize(("heading", "code"), [("ISIN", INFY), ("WKN", "851399"), ("instrument_token", "2953217")])
def test_a_single_code_that_cannot_be_compared_is_said(heading: str, code: str, tmp_path: Path) -> None:
    write_rows(tmp_path, heading, code)
    (finding,) = read_history_of(tmp_path).findings
    assert finding.message == (
        f"The column {heading} has {code} throughout, which cannot be compared: its rows are taken for TCS.NS's."
    )


def test_several_codes_of_which_nothing_tells_the_tickers_are_refused(tmp_path: Path) -> None:
    write_rows(tmp_path, "ISIN", TCS, INFY)
    assert read_error_of(tmp_path).message == (
        f"TCS.NS.csv cannot be used. Its column ISIN has {TCS}, {INFY}, and nothing tells which of them is TCS.NS. "
        "Keep the rows of one."
    )


@pytest.mark.django_db
def test_the_isin_of_a_stock_reaches_its_price_file(settings: Settings) -> None:
    make_stock("TCS.NS", isin=TCS)
    write_rows(settings.CSV_PRICES_DIR, "ISIN", INFY)
    detail = details_of(make_finished_job("TCS.NS"))["TCS.NS"]
    assert detail.status == DetailStatus.FAILED
    assert f"{TCS} is the ISIN of TCS.NS" in detail.error_message


@pytest.mark.parametrize(
    ("ticker", "heading", "own", "other"),
    [
        ("TCS.NS", "Exchange", "NSE", "BSE"),
        ("TCS.BO", "Exch", "BSE", "NSE"),
        ("TCS.NS", "TckrSymb,Src", "TCS,NSE", "TCS,BSE"),
        ("TCS.NS", "Symbol", "NSE:TCS", "BSE:TCS"),
        ("TCS.NS", "Exchange", "XNSE", "Bombay Stock Exchange"),
        ("AAPL", "Exchange", "NasdaqGS", "XETRA"),
        ("SAP.DE", "Exchange", "XETRA", "Frankfurt"),
    ],
)
def test_of_several_exchanges_the_rows_of_the_tickers_own_are_read(
    ticker: str, heading: str, own: str, other: str, tmp_path: Path
) -> None:
    write_rows(tmp_path, heading, own, other, ticker=ticker)
    read = read_history_of(tmp_path, ticker)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert "3 rows of other" in read.findings[0].message
    write_rows(tmp_path, heading, other, ticker=ticker)
    assert heading.rpartition(",")[2] in read_error_of(tmp_path, ticker).message


def test_an_exchange_that_is_not_known_is_said_and_not_compared(tmp_path: Path) -> None:
    write_rows(tmp_path, "Market", "Main board")
    assert read_history_of(tmp_path).findings == ()
    write_rows(tmp_path, "Exchange", "Main board")
    (finding,) = read_history_of(tmp_path).findings
    assert finding.message == (
        "The column Exchange has Main board, which is no exchange that is known here: it is not compared."
    )


def test_one_word_for_two_markets_of_one_listing_is_no_other_exchange(tmp_path: Path) -> None:
    write_rows(tmp_path, "Exchange", "LSE", ticker="HSBK.IL")
    assert read_history_of(tmp_path, "HSBK.IL").findings == ()


def write_with(folder: Path, cell: str, currency: str = "", ticker: str = "AV.L") -> None:
    """Write a file whose prices are like `cell`, beside a column of a currency if one is given."""
    lines = [
        f"{day};{';'.join(cell.format(price) for price in prices)};{volume}{f';{currency}' if currency else ''}"
        for day, *prices, volume in (row.split(",") for row in ROWS)
    ]
    write_file(folder, f"{HEADER.replace(',', ';')}{';Currency' if currency else ''}", *lines, ticker=ticker)


@pytest.mark.parametrize(
    ("ticker", "cell", "currency", "factor"),
    [
        ("AV.L", "£{}", "", 100.0),
        ("AV.L", "{} GBP", "", 100.0),
        ("AV.L", "{}", "GBP", 100.0),
        ("NPN.JO", "{}", "ZAR", 100.0),
        ("AV.L", "{}p", "", 1.0),
        ("AV.L", "{}", "GBX", 1.0),
        ("AV.L", "{}", "GBp", 1.0),
        ("TCS.NS", "Rs. {}", "INR", 1.0),
        ("TCS.NS", "₹{}", "", 1.0),
        ("AAPL", "${}", "USD", 1.0),
        ("RY.TO", "${}", "", 1.0),
        ("0700.HK", "HK${}", "", 1.0),
        ("NPN.JO", "R{}", "", 100.0),
        ("NPN.JO", "R {}", "", 100.0),
        ("VALE3.SA", "R$ {}", "", 1.0),
        ("BTC-USD", "${}", "BTC", 1.0),
        ("EURUSD=X", "{}", "EUR/USD", 1.0),
    ],
)
def test_prices_come_out_in_the_quoted_unit(
    ticker: str, cell: str, currency: str, factor: float, tmp_path: Path
) -> None:
    write_with(tmp_path, cell, currency, ticker)
    read = read_history_of(tmp_path, ticker)
    assert read.bars.close.tolist() == [102.0 * factor, 104.0 * factor, 105.0 * factor]
    assert [finding.code for finding in read.findings] == (["converted_unit"] if factor > 1 else [])


@pytest.mark.parametrize(
    ("ticker", "cell", "currency", "words"),
    [
        ("TCS.NS", "${}", "", "Its prices are in $, and TCS.NS is quoted in INR"),
        ("TCS.NS", "{}", "USD", "Its prices are in USD, and TCS.NS is quoted in INR"),
        ("AV.L", "€{}", "", "Its prices are in €, and AV.L is quoted in GBp"),
        ("AV.L", "£{}", "GBX", "Its prices are in GBX and £"),
        ("AAPL", "£{}", "USD", "Its prices are in £"),
    ],
)
def test_prices_in_another_currency_are_refused(
    ticker: str, cell: str, currency: str, words: str, tmp_path: Path
) -> None:
    write_with(tmp_path, cell, currency, ticker)
    assert words in read_error_of(tmp_path, ticker).message


@pytest.mark.parametrize(
    ("ticker", "currency"), [("TCS.NS", "Indian Rupee"), ("1155.KL", "RM"), ("600519.SS", "RMB"), ("^NSEI", "Points")]
)
def test_a_currency_may_be_written_out_and_an_index_has_points(ticker: str, currency: str, tmp_path: Path) -> None:
    write_with(tmp_path, "{}", currency, ticker)
    assert read_history_of(tmp_path, ticker).bars.close.tolist() == [102.0, 104.0, 105.0]


def test_what_is_no_currency_is_said_and_not_compared(tmp_path: Path) -> None:
    write_with(tmp_path, "{}", "Lakh rupees", "TCS.NS")
    (finding,) = read_history_of(tmp_path, "TCS.NS").findings
    assert finding.message == (
        "Its prices are in Lakh rupees, which is no currency that is known here: it is not compared."
    )


@pytest.mark.parametrize(
    ("ticker", "word", "factor"),
    [("RIO.L", "(£)", 100.0), ("RIO.L", "(GBP)", 100.0), ("RIO.L", "[GBp]", 1.0), ("TCS.NS", "(INR)", 1.0)],
)
def test_a_heading_may_name_the_currency(ticker: str, word: str, factor: float, tmp_path: Path) -> None:
    heading = f"date,open {word},high {word},low {word},close {word},volume"
    write_file(tmp_path, heading, *ROWS, ticker=ticker)
    assert read_history_of(tmp_path, ticker).bars.close.tolist() == [102.0 * factor, 104.0 * factor, 105.0 * factor]


@pytest.mark.parametrize(("ticker", "word"), [("TCS.NS", "($)"), ("TCS.NS", "(USD)"), ("RIO.L", "(EUR)")])
def test_another_currency_in_the_headings_is_refused(ticker: str, word: str, tmp_path: Path) -> None:
    heading = f"date,open {word},high {word},low {word},close {word},volume"
    write_file(tmp_path, heading, *ROWS, ticker=ticker)
    assert f"Its prices are in {word.strip('()')}" in read_error_of(tmp_path, ticker).message


def test_the_currency_of_a_coin_s_prices_is_compared(tmp_path: Path) -> None:
    write_with(tmp_path, "{}", "USD", "BTC-EUR")
    assert "Its prices are in USD, and BTC-EUR is quoted in EUR" in read_error_of(tmp_path, "BTC-EUR").message


def test_pounds_at_some_prices_only_are_refused(tmp_path: Path) -> None:
    write_file(tmp_path, HEADER, "2026-04-24,104,106,103,£105,900", ticker="AV.L")
    assert "Its prices are in no currency and £. Give all of them in GBp." in read_error_of(tmp_path, "AV.L").message


def test_a_title_may_name_the_currency(tmp_path: Path) -> None:
    write_file(tmp_path, "Currency: INR", HEADER, *ROWS)
    assert len(read_history_of(tmp_path).bars) == 3
    write_file(tmp_path, "Currency in USD", HEADER, *ROWS)
    assert "Its prices are in USD" in read_error_of(tmp_path).message


@pytest.mark.parametrize(
    ("title", "close"),
    [
        ("All prices in GBP", 10_500.0),
        ("Prices in pounds sterling", 10_500.0),
        ("Quoted in £", 10_500.0),
        ("Prices (GBP)", 10_500.0),
        ("Prices in pence", 105.0),
        ("Prices in detail", 105.0),
        ("Volume in GBP", 105.0),
    ],
)
def test_a_title_may_say_what_prices_are_in(title: str, close: float, tmp_path: Path) -> None:
    write_file(tmp_path, title, HEADER, *ROWS, ticker="AV.L")
    assert read_history_of(tmp_path, "AV.L").bars.close[-1] == close


@pytest.mark.parametrize(("unit", "close"), [("GBP", 10_500.0), ("GBX", 105.0), ("share", 105.0), ("1", 105.0)])
def test_a_column_of_units_counts_where_it_has_a_currency(unit: str, close: float, tmp_path: Path) -> None:
    write_file(tmp_path, f"{HEADER},unit", *(f"{row},{unit}" for row in ROWS), ticker="AV.L")
    read = read_history_of(tmp_path, "AV.L")
    assert read.bars.close[-1] == close
    assert [finding.code for finding in read.findings] == (["converted_unit"] if close > 105.0 else [])


def test_a_title_with_another_currency_is_refused(tmp_path: Path) -> None:
    write_file(tmp_path, "Prices in US dollars", HEADER, *ROWS)
    assert "Its prices are in US dollars" in read_error_of(tmp_path).message


def test_a_stock_that_is_known_to_be_quoted_in_pounds_keeps_its_prices(tmp_path: Path) -> None:
    write_with(tmp_path, "£{}", "GBP", "MWRL.L")
    known = {"MWRL.L": instrument_of("MWRL.L", currency="GBP")}
    read = CsvPrices(tmp_path).fetch_daily(["MWRL.L"], None, known)["MWRL.L"]
    assert isinstance(read, History)
    assert read.bars.close.tolist() == [102.0, 104.0, 105.0]
    assert read.findings == ()
