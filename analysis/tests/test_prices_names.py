"""Names in price files: which mean the file's ticker, which are plainly another security's, and which are only said."""

from pathlib import Path

import pytest

from analysis.prices.instruments import instrument_of
from analysis.prices.security_names import is_name_of, is_other_symbol, is_spelled_like
from analysis.tests.price_files import HEADER, ROWS, read_error_of, read_history_of, write_file

OWN = [102.0, 104.0, 105.0]


def write_named(folder: Path, heading: str, *names: str, ticker: str = "TCS.NS") -> None:
    """Write a file with each row once for every name; the prices of each further name are 500 higher."""
    rows = [
        ",".join([name, day, *(str(float(price) + 500 * place) for price in prices), volume])
        for day, *prices, volume in (row.split(",") for row in ROWS)
        for place, name in enumerate(names)
    ]
    write_file(folder, f"{heading},{HEADER}", *rows, ticker=ticker)


@pytest.mark.parametrize(
    ("ticker", "names", "meaning"),
    [
        ("TCS.NS", "NSE:TCS TCS-EQ tcs.ns TCS.IN TCS.NSE TCS", "own"),
        ("TCS.NS", "BSE:TCS TCS.BO TCS-BL INFY infy TCS-N1", "other"),
        ("TCS.NS", "X 532540 Infosys", "unknown"),
        ("500325.BO", "500325 500325.0 BSE:500325", "own"),
        ("500325.BO", "532540", "other"),
        ("0700.HK", "700 00700 0700.HK HK.00700", "own"),
        ("0700.HK", "5", "other"),
        ("005930.KS", "5930 005930", "own"),
        ("000002.SZ", "2 000002", "own"),
        ("000002.SZ", "1 000001", "other"),
        ("TCS.BO", "532540", "unknown"),
        ("M&M.NS", "M&M M_M", "own"),
        ("M&M.NS", "MM M-M", "like"),
        ("BRK-B", "BRK.B BRK/B BRK-B BRKB", "own"),
        ("BRK-B", "BRK.A BRK", "other"),
        ("LEN", "LEN LEN.US NYSE:LEN", "own"),
        ("LEN", "LEN.CASH LEN.N", "like"),
        ("LEN", "LEN.B LEN/B LEN-B LEN-WS", "other"),
        ("BAC", "BAC.PRL BAC.PR.L BAC-PL", "other"),
        ("BH-A", "BHA", "like"),
        ("C-PN", "CPN", "like"),
        ("AB.NS", "A.B", "like"),
        ("VOLV-B.ST", "VOLV-A", "other"),
        ("EURUSD=X", "EURUSD EUR/USD EURUSD.FOREX FX:EURUSD", "own"),
        ("BTC-USD", "BTC BTCUSD BTC-USD.CC BTC.V", "own"),
        ("^GSPC", "GSPC GSPC.INDX SPX ^SPX", "own"),
        ("^GSPC", "^DJI", "other"),
    ],
)
def test_a_name_means_the_ticker_or_another(ticker: str, names: str, meaning: str) -> None:
    instrument = instrument_of(ticker)
    meanings = {
        name: "own"
        if is_name_of(name, instrument)
        else "like"
        if is_spelled_like(name, instrument)
        else "other"
        if is_other_symbol(name, instrument, is_under_symbols=True)
        else "unknown"
        for name in names.split()
    }
    assert meanings == dict.fromkeys(names.split(), meaning)


HEADINGS = (
    "Symbol,Ticker Symbol,Code,Stock Code,NSE Code,BSE Code,Product,EPIC,Mnemonic,Instrument Name,Underlying,tic,"
    "Company Code,Script,Security Id,Sec Code,Symbol Name,Company_Ticker,Asset,Contract,id"
).split(",")


@pytest.mark.parametrize("heading", HEADINGS)
def test_another_symbol_under_any_heading_of_symbols_is_not_read(heading: str, tmp_path: Path) -> None:
    write_named(tmp_path, heading, "INFY")
    assert f"Its column {heading} names INFY, not TCS.NS." in read_error_of(tmp_path).message
    write_named(tmp_path, heading, "INFY", "WIPRO")
    assert "INFY, WIPRO, but never TCS.NS" in read_error_of(tmp_path).message
    write_named(tmp_path, heading, "TCS", "INFY")
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == OWN
    assert [finding.message for finding in read.findings] == ["3 rows of other securities left out: INFY."]


@pytest.mark.parametrize("heading", ["Symbol", "Name"])
def test_a_symbol_that_is_a_common_word_is_a_symbol(heading: str, tmp_path: Path) -> None:
    write_named(tmp_path, heading, "SPOT", ticker="AAPL")
    assert f"Its column {heading} names SPOT, not AAPL." in read_error_of(tmp_path, "AAPL").message


def test_a_constant_name_does_not_hide_several_symbols(tmp_path: Path) -> None:
    for heading, names in (
        ("Company,Code", ("Tata Group,TCS", "Tata Group,TITAN")),
        ("Company,Symbol", ("TCS,TCS", "TCS,TITAN")),
    ):
        write_named(tmp_path, heading, *names)
        assert read_history_of(tmp_path).bars.close.tolist() == OWN


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"CNC"}, []),
        ({"Equity"}, []),
        ({"INR"}, []),
        ({"TCS LTD"}, ["other_name"]),
        ({"Delivery order", "Cash order"}, ["other_name"]),
        ({"1", "2", "3"}, []),
    ],
)
@pytest.mark.parametrize("heading", ["Product", "Code"])
def test_a_general_heading_without_symbols_is_no_refusal(
    heading: str, cells: set[str], codes: list[str], tmp_path: Path
) -> None:
    texts = sorted(cells) * 3
    write_file(tmp_path, f"{heading},{HEADER}", *(f"{text},{row}" for text, row in zip(texts, ROWS, strict=False)))
    read = read_history_of(tmp_path)
    assert read.bars.close.tolist() == OWN
    assert [finding.code for finding in read.findings] == codes


def test_under_instrument_are_kinds_or_securities(tmp_path: Path) -> None:
    write_file(tmp_path, f"Instrument,{HEADER}", f"EQUITY,{ROWS[0]}", f"EQ,{ROWS[1]}", f"EQUITY,{ROWS[2]}")
    assert read_history_of(tmp_path).findings == ()
    write_named(tmp_path, "Instrument", "Titan Company", "Tata Group")
    assert "It names Titan Company, Tata Group, but never TCS.NS." in read_error_of(tmp_path).message
    write_file(tmp_path, "Instrument: Equity", HEADER, *ROWS)
    assert len(read_history_of(tmp_path).bars) == 3


def test_two_numbers_of_securities_are_refused_and_one_is_compared_with_a_number(tmp_path: Path) -> None:
    write_named(tmp_path, "Code", "532540", "500325")
    assert "names 532540, 500325, but never TCS.NS" in read_error_of(tmp_path).message
    for heading in ("Scrip Code", "BSE Code", "SC_CODE", "Code"):
        write_named(tmp_path, heading, "532540", ticker="500112.BO")
        assert f"Its column {heading} names 532540, not 500112.BO" in read_error_of(tmp_path, "500112.BO").message


@pytest.mark.parametrize(
    ("ticker", "names"),
    [
        ("HEI", ("HEI", "HEI.A")),
        ("BH", ("BH", "BH.A")),
        ("M&M.NS", ("M&M", "MM")),
        ("J&KBANK.NS", ("J&KBANK", "JKBANK")),
        ("AB.NS", ("AB", "A.B")),
        ("V.NS", ("V-EQ", "V-BL")),
    ],
)
def test_a_name_as_it_should_be_counts_more_than_one_with_its_letters(
    ticker: str, names: tuple[str, ...], tmp_path: Path
) -> None:
    write_named(tmp_path, "Symbol", *names, ticker=ticker)
    assert read_history_of(tmp_path, ticker).bars.close.tolist() == OWN


@pytest.mark.parametrize(("ticker", "name"), [("M&M.NS", "MM"), ("M&MFIN.NS", "MMFIN"), ("BH-A", "BHA")])
def test_a_name_with_the_tickers_letters_alone_is_read_with_a_warning(ticker: str, name: str, tmp_path: Path) -> None:
    write_named(tmp_path, "Symbol", name, ticker=ticker)
    (finding,) = read_history_of(tmp_path, ticker).findings
    assert finding.severity == "warning"
    assert (
        finding.message == f"Rows that name {name} are taken for those of {ticker}: check that they are of the same "
        "security."
    )


@pytest.mark.parametrize(("ticker", "name"), [("LEN", "LEN.B"), ("GEF", "GEF/B"), ("BIO", "BIO B"), ("HEI", "HEI.A")])
def test_another_class_of_share_is_refused(ticker: str, name: str, tmp_path: Path) -> None:
    write_named(tmp_path, "Symbol", name, ticker=ticker)
    assert f"Its column Symbol names {name}, not {ticker}." in read_error_of(tmp_path, ticker).message


def test_codes_of_icicis_breeze_are_no_symbols(tmp_path: Path) -> None:
    write_named(tmp_path, "stock_code,exchange_code", "TATCON,NSE")
    read = read_history_of(tmp_path)
    assert [finding.code for finding in read.findings] == ["other_name"]
    write_named(tmp_path, "stock_code,exchange_code", "TATCON,BSE")
    assert "rows of BSE only" in read_error_of(tmp_path).message


@pytest.mark.parametrize(
    ("titles", "words"),
    [
        (["Symbol: INFY"], "Line 1 names INFY, not TCS.NS."),
        (["Symbol,INFY"], "Line 1 names INFY, not TCS.NS."),
        (["Historical prices", "Ticker: infy  Exchange: NSE"], "Line 2 names infy, not TCS.NS."),
        (["Symbol: TCS", "Exchange: BSE"], "Line 2 names the exchange BSE, and TCS.NS is of NSE."),
        (["Exchange,BSE"], "Line 1 names the exchange BSE"),
    ],
)
def test_a_title_of_another_security_or_exchange_is_refused(titles: list[str], words: str, tmp_path: Path) -> None:
    write_file(tmp_path, *titles, HEADER, *ROWS)
    assert words in read_error_of(tmp_path).message


@pytest.mark.parametrize(
    "title",
    [
        "Symbol: TCS",
        "Symbol : NSE:TCS | Series : EQ",
        "Ticker,TCS.NS",
        "Symbol: TCS (Tata Consultancy)",
        "Security: Tata Consultancy Services",
        "Exchange: NSE  Symbol: TCS",
        "Instrument: EQUITY",
        "Source: INFY broker",
    ],
)
def test_a_title_of_the_ticker_or_of_something_else_is_passed_over(title: str, tmp_path: Path) -> None:
    write_file(tmp_path, title, HEADER, *ROWS)
    assert read_history_of(tmp_path).bars.close.tolist() == OWN


@pytest.mark.parametrize(
    ("ticker", "own", "other"),
    [
        ("^GSPC", "S&P 500", "NASDAQ 100"),
        ("^NSEI", "NIFTY 50", "Nifty Bank"),
        ("^BSESN", "SENSEX", "Nifty 50"),
        ("^FTSE", "FTSE 100", "DAX"),
        ("INR=X", "USD/INR", "EUR/INR"),
    ],
)
def test_an_index_is_known_by_its_usual_names_and_a_pair_by_both_currencies(
    ticker: str, own: str, other: str, tmp_path: Path
) -> None:
    write_named(tmp_path, "Index Name", own, ticker=ticker)
    assert read_history_of(tmp_path, ticker).findings == ()
    write_named(tmp_path, "Index Name", other, ticker=ticker)
    assert f"names {other}, not {ticker}" in read_error_of(tmp_path, ticker).message
