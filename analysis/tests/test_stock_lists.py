"""Lists of stocks as their publishers write them, and workbooks."""

from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from analysis.models import Stock
from analysis.prices import workbooks
from analysis.prices.delimited_text import TableError
from analysis.prices.workbooks import read_sheets
from analysis.rejections import RequestRejected
from analysis.stock_lists.files import read_list
from analysis.stock_lists.load import load_stocks
from analysis.tests.workbooks import make_workbook

PUBLISHED: dict[str, tuple[str, dict[str, str]]] = {
    "NSE's SME list": (
        "SYMBOL,NAME_OF_COMPANY,SERIES,DATE_OF_LISTING,PAID_UP_VALUE,ISIN_NUMBER,FACE_VALUE\n"
        "SMEONE,Sme One Limited,SM,03-JAN-2024,10,INE000S01010,10\n",
        {"SMEONE.NS": "Sme One Limited"},
    ),
    "NSE's funds": (
        "Symbol,Underlying,SecurityName,DateofListing,MarketLot,ISINNumber,FaceValue\n"
        "NIFTYBEES,Nifty 50,Nifty 50 BeES,08-JAN-2002,1,INF204KB14I2,1\n",
        {"NIFTYBEES.NS": "Nifty 50 BeES"},
    ),
    "BSE's scrips, with a comma at the end of each line": (
        "Security Code,Issuer Name,Security Id,Security Name,Status,Group,Face Value,ISIN No,Industry,Instrument,\n"
        "500002,ABB India Limited,ABB,ABB,Active,A ,2.00,INE117A01022,Heavy Electrical Equipment,Equity,\n"
        "500520,Mahindra,M&M,M&M,Active,A ,5.00,INE101A01026,Automobile,Equity,\n"
        "590001,Without Id,,Without Id,Active,X ,5.00,INE101A01098,Automobile,Equity,\n"
        "500003,Left,LEFT,Left,Delisted,A ,5.00,INE101A01099,Automobile,Equity,\n",
        {"ABB.BO": "ABB India Limited", "M&M.BO": "Mahindra", "590001.BO": "Without Id"},
    ),
    "Nasdaq Trader's own": (
        "Symbol|Security Name|Market Category|Test Issue|Financial Status|Round Lot Size|ETF|NextShares\n"
        "AAPL|Apple Inc.|Q|N|N|100|N|N\nZAZZT|A test|G|Y|N|100|N|N\nFile Creation Time: 1127202617:03|||||||\n",
        {"AAPL": "Apple Inc."},
    ),
    "Nasdaq Trader's others": (
        "ACT Symbol|Security Name|Exchange|CQS Symbol|ETF|Round Lot Size|Test Issue|NASDAQ Symbol\n"
        "BRK.B|Berkshire|N|BRK.B|N|100|N|BRK.B\nBAC$E|Bank of America|N|BACpE|N|100|N|BAC-E\n"
        "SPY|S&P 500|P|SPY|Y|100|N|SPY\n",
        {"BRK-B": "Berkshire", "BAC-PE": "Bank of America", "SPY": "S&P 500"},
    ),
    "Nasdaq's screener": (
        "Symbol,Name,Last Sale,Net Change,% Change,Market Cap,Country,IPO Year,Volume,Sector,Industry\n"
        "BRK/B,Berkshire,$480.10,1.2,0.45%,1000000000000.00,United States,,12345,Finance,\n",
        {"BRK-B": "Berkshire"},
    ),
    "S&P's list": (
        "Symbol,Security,GICS Sector,GICS Sub-Industry,Headquarters Location,Date added,CIK,Founded\n"
        'BF.B,Brown-Forman,Consumer Staples,Distillers,"Louisville, Kentucky",1982-10-31,0000014693,1870\n',
        {"BF-B": "Brown-Forman"},
    ),
    "all of Nasdaq Trader's": (
        "Nasdaq Traded|Symbol|Security Name|Listing Exchange|Market Category|ETF|Test Issue|CQS Symbol|NASDAQ Symbol\n"
        "Y|A|Agilent|N| |N|N|A|A\nY|BAC$L|Bank of America|N| |N|N|BACpL|BAC-L\nY|AAC.U|Ares|N| |N|N|AAC.U|AAC=\n"
        "Y|SPY|SPDR|P| |Y|N|SPY|SPY\nY|ZTST|A test|Q|G|N|Y||ZTST\nFile Creation Time: 1127202617:03||||||||\n",
        {"A": "Agilent", "BAC-PL": "Bank of America", "AAC-UN": "Ares", "SPY": "SPDR"},
    ),
    "BSE's, with lines": (
        "Security Code|Issuer Name|Security Id|Security Name|Status|Group\n500002|ABB India|ABB|ABB|Active|A \n",
        {"ABB.BO": "ABB India"},
    ),
    "BSE's prices": ("SC_CODE,SC_NAME,SC_GROUP,OPEN\n500002,ABB LTD.,A ,100\n", {"500002.BO": "ABB LTD."}),
    "London's": ("TIDM,Issuer Name,Market\nBP.,BP,MAIN MARKET\nBT.A,BT,MAIN MARKET\n", {"BP.L": "BP", "BT-A.L": "BT"}),
    "FTSE's": ("Company,EPIC,Sector\nAviva,AV.,Insurance\n3i,III,Finance\n", {"AV.L": "Aviva", "III.L": "3i"}),
    "Sydney's": (
        "ASX listed companies as at 27 Nov\n\nCompany name,ASX code,GICS industry group\n"
        '"1414 DEGREES LIMITED","14D","Capital Goods"\n',
        {"14D.AX": "1414 DEGREES LIMITED"},
    ),
    "Toronto's": (
        "Root Ticker,Name,Exchange\nBBD.B,Bombardier,TSX\nBCE.PR.A,BCE,TSX\nABC,Abc,TSXV\n",
        {"BBD-B.TO": "Bombardier", "BCE-PA.TO": "BCE", "ABC.V": "Abc"},
    ),
    "Hong Kong's": ("Stock Code,Name of Securities,Category\n00700,TENCENT,Equity\n", {"0700.HK": "TENCENT"}),
    "Xetra's": ("Instrument,ISIN,Mnemonic,Currency\nSAP SE,DE0007164600,SAP,EUR\n", {"SAP.DE": ""}),
    "Euronext's": (
        "Name;ISIN;Symbol;Market;Currency\nLVMH;FR0000121014;MC;Euronext Paris;EUR\n"
        "ASML;NL0010273215;ASML;Euronext Amsterdam;EUR\n",
        {"MC.PA": "LVMH", "ASML.AS": "ASML"},
    ),
    "semicolons": ("ticker;name\nVOD.L;Vodafone\n", {"VOD.L": "Vodafone"}),
    "title lines": ("Members\nas of 2026-11-27\n\nName,Ticker\nTata,TCS.NS\n", {"TCS.NS": "Tata"}),
    "an exchange's column": (
        "symbol,name,exchange\nTCS,Tata,NSE\n7203,Toyota,TSE\n", {"TCS.NS": "Tata", "7203.T": "Toyota"}
    ),
    "a number that tells the country": (
        "symbol,name,isin\nTCS,Tata,INE467B01029\nAAPL,Apple,US0378331005\n", {"TCS.NS": "Tata", "AAPL": "Apple"}
    ),
    "a currency that tells the exchange": ("symbol,name,currency\nBT.A,BT,GBX\n", {"BT-A.L": "BT"}),
    "an index of NSE": (
        "Company Name,Industry,Symbol,Series,ISIN Code\nTata,IT,TCS,EQ,INE467B01029\n"
        "Not listed,IT,DUMMYTCS,EQ,DUM467B01029\nTrial,IT,011NSETEST,EQ,INE467B01011\n",
        {"TCS.NS": "Tata"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("publisher", PUBLISHED)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_is_read_as_it_is_published(publisher: str, encoding: str, tmp_path: Path) -> None:
    text, names = PUBLISHED[publisher]
    (tmp_path / "list.csv").write_text(text, encoding=encoding)
    listed, problems, _ = read_list(tmp_path / "list.csv", None)
    assert ({stock.ticker: stock.name for stock in listed}, problems) == (names, [])


def test_a_lists_numbers_industries_and_currencies_are_kept(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "ticker,name,currency,isin,sector\nMWRL.L,World,GBP,LU0996182563,Funds\nAV.L,Aviva,gbx,,\nSBK.JO,Bank,ZAC,,\n"
    )
    listed, _, _ = read_list(tmp_path / "list.csv", None)
    assert [(stock.currency, stock.isin, stock.industry) for stock in listed] == [
        ("GBP", "LU0996182563", "Funds"), ("GBp", "", ""), ("ZAc", "", ""),
    ]  # fmt: skip


def test_a_row_without_a_certain_ticker_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("symbol,name\nAAPL,Apple\n500325,Reliance\nSPX,Index\nAAPL.XX,\n")
    listed, problems, _ = read_list(tmp_path / "list.csv", None)
    assert [stock.ticker for stock in listed] == ["AAPL", "^GSPC"]
    assert problems == [
        "list.csv, line 3: “500325” is a number. Give the ticker, or write the exchange before it, like BSE:500325.",
        "list.csv, line 5: “.XX” is no suffix of Yahoo’s. A ticker looks like TCS.NS or AAPL.",
    ]


def test_rows_of_securities_that_are_not_traded_are_counted(tmp_path: Path) -> None:
    rows = ["500002,ABB,Active", "500003,AEGIS,Delisted", "500004,OLD,Suspended", "500005,OLDER,Delisted"]
    (tmp_path / "list.csv").write_text("\n".join(["Security Code,Security Id,Status", *rows]))
    listed, problems, news = read_list(tmp_path / "list.csv", None)
    assert ([stock.ticker for stock in listed], problems) == (["ABB.BO"], [])
    assert news == ["list.csv: 3 rows with the status Delisted or Suspended left out."]


def test_a_share_called_like_an_index_does_not_take_its_place(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("Symbol,Series,ISIN\nNIFTY,EQ,INE144J01035\nTCS,EQ,INE467B01029\n")
    listed, problems, _ = read_list(tmp_path / "list.csv", None)
    assert [stock.ticker for stock in listed] == ["TCS.NS"]
    assert problems == [
        "list.csv, line 2: “NIFTY” is the index ^NSEI, and no index has an ISIN. Give the share's ticker."
    ]


@pytest.mark.django_db
def test_an_isin_of_two_tickers_is_stored_for_neither(tmp_path: Path) -> None:
    rows = ["CCCC,EQ,INE333A01033", "CCCC,EQ,INE333A01041", "DDDD,EQ,INE333A01033", "EEEE,EQ,INE444A01033"]
    (tmp_path / "list.csv").write_text("\n".join(["Symbol,Series,ISIN", *rows]))
    done = load_stocks(tmp_path / "list.csv")
    assert done.problems == [
        "list.csv, line 3: CCCC.NS is in it twice, with the ISINs INE333A01033 and INE333A01041.",
        "list.csv, line 4: DDDD.NS has the ISIN of CCCC.NS: INE333A01033 is stored for neither.",
    ]
    assert dict(Stock.objects.values_list("pk", "isin")) == {
        "CCCC.NS": "", "DDDD.NS": "", "EEEE.NS": "INE444A01033",
    }  # fmt: skip


def test_the_default_exchange_decides_symbols_of_no_exchange(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("symbol\nTCS\nM&M\n")
    assert [stock.ticker for stock in read_list(tmp_path / "list.csv", None, "NSE")[0]] == ["TCS.NS", "M&M.NS"]
    assert [stock.ticker for stock in read_list(tmp_path / "list.csv", ".BO", "NSE")[0]] == ["TCS.BO", "M&M.BO"]


@pytest.mark.parametrize(
    ("content", "suffix", "reason"),
    [
        (
            "name,isin\nTata,INE467B01029\n",
            None,
            "No line names the columns that are needed; line 1 has: name, isin. A list has a column of symbols, like "
            "ticker or symbol.",
        ),
        ("", None, "The file is empty."),
        ("ticker\n", None, "holds no stocks."),
        ("ticker\nA.NS\n", ".XYZ", "“.XYZ” is not a suffix of Yahoo’s. Write one like .NS or .BO."),
        ("%PDF-1.7", None, "This is a PDF file"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_in_words(
    content: str, suffix: str | None, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text(content)
    with pytest.raises(RequestRejected, match=reason.replace(".", r"\.")):
        read_list(tmp_path / "list.csv", suffix)


def test_a_list_may_be_a_workbook(tmp_path: Path) -> None:
    rows: list[list[object]] = [["BSE Code", "Name"], [500325, "Reliance"]]
    (tmp_path / "list.xlsx").write_bytes(make_workbook(List=rows))
    assert [stock.ticker for stock in read_list(tmp_path / "list.xlsx", None)[0]] == ["500325.BO"]


def test_a_workbook_is_read_from_the_sheet_with_symbols_and_others_are_named(tmp_path: Path) -> None:
    about: list[list[object]] = [["Constituents"], ["as of", "2026-11-27"]]
    rows: list[list[object]] = [["Title"], ["Symbol", "Name"], ["TCS.NS", "Tata"]]
    more: list[list[object]] = [["Symbol", "Name"], ["INFY.NS", "Infosys"]]
    (tmp_path / "one.xlsx").write_bytes(make_workbook(About=about, List=rows))
    listed, problems, _ = read_list(tmp_path / "one.xlsx", None)
    assert ([stock.ticker for stock in listed], problems) == (["TCS.NS"], [])
    (tmp_path / "two.xlsx").write_bytes(make_workbook(About=about, List=rows, More=more))
    listed, problems, _ = read_list(tmp_path / "two.xlsx", None)
    assert [stock.ticker for stock in listed] == ["TCS.NS"]
    assert problems == ["two.xlsx: Sheet “List” is read, “More” is not. Save another sheet as CSV to read it."]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("symbol,exchange\nSAP,APC\n", "“APC” is not an exchange that is known here."),
        ("symbol,currency\nSAP,EUR\n", "“SAP” is quoted in EUR and does not say on which exchange."),
        ("symbol,isin\nCSPX,IE00B5BMR087\n", "“CSPX” does not say which exchange, nor does the ISIN IE00B5BMR087."),
        ("symbol\nNIFTY24DEC24000CE\n", "“NIFTY24DEC24000CE” is a future or option and is not read."),
    ],
)
def test_a_row_whose_exchange_is_not_known_is_named(text: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(text)
    listed, (problem,), _ = read_list(tmp_path / "list.csv", None, "NSE")
    assert (listed, problem.startswith(f"list.csv, line 2: {reason}")) == ([], True), problem


def test_the_cells_of_a_workbook_are_text_with_their_lines() -> None:
    rows: list[list[object]] = [["Code", "Day"], [], [500325.0, date(2026, 11, 27)], [None, 1.5, True, " x "]]
    assert read_sheets(make_workbook(One=rows, Two=[])) == {
        "One": [
            (1, ["Code", "Day"]),
            (3, ["500325", "2026-11-27T00:00:00"]),
            (4, ["", "1.5", "TRUE", "x"]),
        ],
        "Two": [],
    }


def bomb() -> bytes:
    """Return a workbook whose sheet unpacks to a thousand times its size."""
    content = BytesIO(make_workbook(One=[["Ticker"]]))
    with ZipFile(content, "a", ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/large.bin", b"\0" * (workbooks.MOST_UNPACKED + 1))
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bomb(), "is too large"),
        (b"PK\x03\x04 and no more", "cannot be read"),
        (make_workbook(One=[["Ticker"]])[:-200], "cannot be read"),
        (make_workbook(One=[["Ticker"], *[["A.NS"]] * workbooks.MOST_ROWS]), "has more than 10,000 rows"),
    ],
)
def test_a_workbook_that_cannot_be_used_is_refused_in_words(content: bytes, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        read_sheets(content)


def test_a_zip_file_that_is_no_workbook_is_refused_in_words() -> None:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(TableError, match="cannot be read"):
        read_sheets(content.getvalue())


@pytest.mark.django_db
def test_a_list_without_any_exchange_says_that_its_symbols_were_taken_as_new_york_s(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("symbol,name\nINFY,Infosys Limited\nTCS,Tata Consultancy Services\n")
    done = load_stocks(tmp_path / "own.csv")
    assert done.news == [
        "own.csv: 2 symbols, like INFY, were taken as New York’s, because no exchange is named. For another give its "
        "suffix, like --suffix .NS."
    ]
    (tmp_path / "yahoo.csv").write_text("ticker,name\nAAPL,Apple\n")
    assert load_stocks(tmp_path / "yahoo.csv").news == []
    assert load_stocks(tmp_path / "own.csv", suffix=".NS").news == []
