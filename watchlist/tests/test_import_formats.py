"""Files that brokers and other sites export: the stocks that an import offers, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from analysis.models import Stock
from analysis.tests.make import make_stock
from analysis.tests.workbooks import make_workbook
from watchlist.import_file import read_file
from watchlist.import_text import UnreadableText
from watchlist.importing import ParsedText, read
from watchlist.tests.make import make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

CERTAIN: dict[str, tuple[str, list[str]]] = {
    "Zerodha's Kite": (
        '"Instrument","Qty.","Avg. cost","LTP","Invested","Cur. val","P&L","Net chg.","Day chg."\n'
        '"TCS",10,3500.5,2396.9,35005,23969,-11036,-31.53,-4.95\n"M&M",5,1500,3000,7500,15000,7500,100,0.5\n',
        ["TCS.NS", "M&M.NS"],
    ),
    "Zerodha's tradebook": (
        "symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price\n"
        "TCS,INE467B01029,2024-01-03,NSE,EQ,EQ,buy,false,1.000000,3700\n"
        "500325,INE002A01018,2024-01-03,BSE,EQ,A,buy,false,1.000000,2600\n",
        ["TCS.NS", "500325.BO"],
    ),
    "screener.in": (
        "Name,BSE Code,NSE Code,ISIN Code,Industry,Current Price\nTCS,532540,TCS,INE467B01029,IT,2396.9\n"
        "Small Co,543210,,INE000A01010,Textiles,41.5\n",
        ["TCS.NS", "543210.BO"],
    ),
    "Chartink": (
        "Sr.,Stock Name,Symbol,Links,% Chg,Price,Volume\n1,Mahindra & Mahindra,M&M,P&F | F.A,1.2,3000,100000\n",
        ["M&M.NS"],
    ),
    "TradingView's list": (
        "###Large caps,NSE:TCS,NSE:M_M,###US TECH,NASDAQ:AAPL,NYSE:BRK.B,###World,LSE:AV.,TVC:GOLD,NSE:NIFTY",
        ["TCS.NS", "M&M.NS", "AAPL", "BRK-B", "AV.L", "GC=F", "^NSEI"],
    ),
    "TradingView's sections on lines": (
        "###INDIA\nNSE:TCS,NSE:INFY,NSE:SBIN\n###US\nNASDAQ:AAPL,NYSE:F,NYSE:T\n",
        ["TCS.NS", "INFY.NS", "SBIN.NS", "AAPL", "F", "T"],
    ),
    "TradingView's screener": (
        "Symbol,Description,Price,Price - Currency\nTCS,Tata,2396.9,INR\nBRK.B,Berkshire,480.1,USD\n",
        ["TCS.NS", "BRK-B"],
    ),
    "Yahoo's portfolio": (
        "Symbol,Current Price,Date,Time,Trade Date,Purchase Price,Quantity,Comment\n"
        "AAPL,147.87,2021/11/11,16:00 EST,20140608,,,\nTCS.NS,3500,2021/11/12,10:35 IST,20211110,3400,35.0,\n"
        "EURUSD=X,1.14,2021/11/12,10:35 GMT,,,,\n",
        ["AAPL", "TCS.NS", "EURUSD=X"],
    ),
    "Ghostfolio": (
        "Date,Code,DataSource,Currency,Price,Quantity,Action,Fee\n01-09-2021,VTI,YAHOO,USD,23.05,5,buy,5\n",
        ["VTI"],
    ),
    "Ghostfolio's JSON": (
        '{"meta":{"version":"2"},"activities":[{"currency":"USD","dataSource":"YAHOO","fee":0,"symbol":"MSFT"}]}',
        ["MSFT"],
    ),
    "a list in JSON": ('["TCS.NS", "NSE:INFY"]', ["TCS.NS", "INFY.NS"]),
    "Portfolio Performance": (
        "Name;ISIN;WKN;Ticker-Symbol;Währung\nSAP SE;DE0007164600;716460;SAP.DE;EUR\n"
        "Apple;US0378331005;865985;AAPL;USD\n",
        ["SAP.DE", "AAPL"],
    ),
    "Interactive Brokers": (
        "Financial Instrument,Symbol,Currency,Position,Last\nBRK B,BRK B,USD,10,480.1\n"
        "SHEL @LSEETF,SHEL,GBP,100,27.1\n",
        ["BRK-B", "SHEL.L"],
    ),
    "Finviz": ('"No.","Ticker","Company","Price"\n"1","BRK-B","Berkshire",480.1\n"2","F","Ford",12\n', ["BRK-B", "F"]),
    "thinkorswim": (
        "Watchlist default\n\nSymbol,Last,Net Chng,Bid\nBRK/B,480.1,+1.2,480\n/ES,5000,+1,4999\n$SPX,5000,+1,\n",
        ["BRK-B", "ES=F", "^GSPC"],
    ),
    "an index of NSE": (
        "Company Name,Industry,Symbol,Series,ISIN Code\nTata Motors,Automobile,TMPV,EQ,INE155A01022\n"
        "DUMMY DEMERGED CO,Automobile,DUMMYTATAM,EQ,DUM155A01022\n",
        ["TMPV.NS"],
    ),
    "an exchange's column": ("Scrip,Exchange,Qty\nTCS,NSE,10\n7203,TSE,5\n", ["TCS.NS", "7203.T"]),
    "numbers of BSE": ("Scrip Code,Scrip Name,Qty\n500325,RELIANCE,10\n", ["500325.BO"]),
    "a line for Excel": ('"sep=;"\nTicker;Qty\nTCS.NS;10\n', ["TCS.NS"]),
    "Google's prefixes": ("Symbol,Company\nBOM:500325,Reliance\nLON:VOD,Vodafone\n", ["500325.BO", "VOD.L"]),
    "Zerodha's positions": (
        '"Product","Instrument","Qty.","Avg.","LTP","P&L","Chg."\n"MIS","SBIN",10,800,810,100,1.2\n'
        '"CNC","EMBASSY-RR",10,300,310,100,1\n"CNC","SGBAUG28V-GB",2,5000,6000,100,1\n"","","","Total",29550,3050,""\n',
        ["SBIN.NS", "EMBASSY.NS", "SGBAUG28V.NS"],
    ),
    "Groww's orders": (
        "Stock name,Symbol,ISIN,Type,Quantity,Exchange,Order status\nITC LTD,ITC,INE154A01025,BUY,5,NSE,Executed\n"
        "RELIANCE INDUSTRIES,RELIANCE,INE002A01018,BUY,5,BSE,Executed\n",
        ["ITC.NS", "RELIANCE.BO"],
    ),
    "Angel One": (
        "Scrip/Contract,Company Name,ISIN,Exchange,Quantity,Avg Trading Price,LTP\n"
        "TCS-EQ,TATA CONSULTANCY,INE467B01029,NSE,10,3500,2396\n",
        ["TCS.NS"],
    ),
    "HDFC Securities": ("Security Name,NSE Symbol,BSE Code,ISIN,Quantity\nX,,500325,INE002A01018,1\n", ["500325.BO"]),
    "codes of a spreadsheet": ("Name,BSE Code,NSE Code\nSmall,543210.0,\n", ["543210.BO"]),
    "Fidelity": (
        "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Last Price Change,Average Cost Basis\n"
        "X1,IND,SPAXX**,MONEY MARKET,,,,\nX1,IND,BRKB,BERKSHIRE,10,$480.10,+$1,$400\n",
        ["SPAXX", "BRK-B"],
    ),
    "Schwab": (
        '"Positions for account ...123 as of 10:00 AM ET"\n\n"Symbol","Description","Qty (Quantity)","Price",'
        '"Mkt Val (Market Value)","Cost Basis"\n"BRK/B","BERKSHIRE","1","$480","$480","$400"\n',
        ["BRK-B"],
    ),
    "Trading 212": (
        "Action,Time,ISIN,Ticker,Name,No. of shares,Price / share,Currency (Price / share),Exchange rate\n"
        "Market buy,2024-01-01 10:00:00,US0378331005,AAPL,Apple,10,150.00,USD,1.2\n"
        "Market buy,2024-01-01 10:00:00,IE00B3XXRP09,VUSA,Vanguard,10,7000,GBX,100\n",
        ["AAPL", "VUSA.L"],
    ),
    "thinkorswim's pairs": ("Symbol,Last,Net Chng\nEUR/USD,1.1,0\nBAC/PRL,1200,1\n", ["EURUSD=X", "BAC-PL"]),
    "CommSec": ("Code,Company,Avail Units,Purchase $\nBHP,BHP GROUP,100,40\n", ["BHP.AX"]),
    "Hargreaves Lansdown": ('"Code","Stock","Units held","Cost (£)"\n"VOD","Vodafone","1,000","900"\n', ["VOD.L"]),
    "an exchange that means none": ("Symbol,Exchange,Currency\nAAPL,SMART,USD\n", ["AAPL"]),
    "full names of exchanges": (
        "Symbol,Exchange\nAAPL,Nasdaq Global Select Market\nNESN,SIX Swiss Exchange\nSAP,Deutsche Börse Xetra\n",
        ["AAPL", "NESN.SW", "SAP.DE"],
    ),
    "loose words": (
        "TCS.NS INFY.NS\nBRK B; AAPL US Equity, SHEL @LSEETF",
        ["TCS.NS", "INFY.NS", "BRK-B", "AAPL", "SHEL.L"],
    ),
    "Upstox' keys": ("NSE_EQ|TCS,NSE_EQ|INFY\nNSE_EQ|SBIN,BSE_EQ|AB", ["TCS.NS", "INFY.NS", "SBIN.NS", "AB.BO"]),
    "a list with bullets, numbers and marks": (
        "1. TCS.NS\n2. NSE:INFY\n• BRK.B\n- SAP.DE.\n#VOD.L\n(EURUSD)\n☐ BTCUSD",
        ["TCS.NS", "INFY.NS", "BRK-B", "SAP.DE", "VOD.L", "EURUSD=X", "BTC-USD"],
    ),
    "prefixes between blanks": ("NSE:SBIN-EQ NSE:NIFTY50-INDEX BSE:TCS-A", ["SBIN.NS", "^NSEI", "TCS.BO"]),
    "names with symbols": ("Infosys (NSE:INFY), Apple Inc. (NASDAQ: AAPL); TCS EQ", ["INFY.NS", "AAPL", "TCS.NS"]),
}  # fmt: skip


@pytest.mark.parametrize("source", CERTAIN)
def test_a_file_offers_its_stocks_and_nothing_else(source: str) -> None:
    text, tickers = CERTAIN[source]
    for content in (text.encode(), text.encode("utf-16"), text.replace("\n", "\r\n").encode("utf-8-sig")):
        reading = read(read_file(content).text)
        assert (list(reading.notes), reading.problems, reading.questions) == (tickers, [], [])
    assert not Stock.objects.exists()


CONSOLE: list[list[object]] = [
    [None, "Client ID", "AB1234"],
    [],
    [None, "Equity Holdings Statement as on 2026-11-26"],
    [None, "Invested Value", 35005],
    [None, "Symbol", "ISIN", "Sector", "Quantity Available", "Average Price", "Unrealized P&L"],
    [None, "TCS", "INE467B01029", "IT", 10, 3500.5, -11036],
    [None, "M&M", "INE101A01026", "AUTO", 5, 1500, 7500],
]


def test_a_workbook_of_a_broker_is_read_whose_table_begins_below_titles() -> None:
    funds: list[list[object]] = [[None, "Scheme", "Units"], [None, "A fund", 5]]
    reading = read(read_file(make_workbook(Funds=funds, Equity=CONSOLE)).text)
    assert (list(reading.notes), reading.problems) == (["TCS.NS", "M&M.NS"], [])
    assert reading.unread == ("Quantity Available", "Average Price")


def test_other_sheets_with_symbols_are_named_in_the_preview(client: Client, ann: User) -> None:
    content = make_workbook(Notes=[["Hello"]], Equity=CONSOLE, Combined=CONSOLE)
    shown = client.post(url("import", make_list(ann)), {"file": SimpleUploadedFile("holdings.xlsx", content)}).text
    assert "Sheet “Equity” is read, “Combined” is not." in shown
    assert "2 stocks can be added" in " ".join(shown.split())


def test_a_workbook_with_names_and_numbers_alone_finds_known_stocks() -> None:
    make_stock("TCS.NS", name="Tata Consultancy Services Limited", isin="INE467B01029")
    rows: list[list[object]] = [
        ["Holdings statement"],
        ["Stock Name", "ISIN", "Quantity", "Average buy price"],
        ["TATA CONSULTANCY SERV LT", "INE467B01029", 10, 3500],
        ["UNKNOWN CO LTD", "INE000X01010", 1, 1],
    ]
    reading = read(read_file(make_workbook(Sheet1=rows)).text)
    assert list(reading.notes) == ["TCS.NS"]
    assert [(one.line, one.text) for one in reading.problems] == [(4, "INE000X01010")]


@pytest.mark.parametrize(
    "text",
    [
        "Papier;Stück;Kurs\nSAP.DE;10;240\nBMW.DE;5;80\n",
        "TCS\t10\t3500.5\nINFY\t5\t1500\n",
        "Date,Amount,Balance\n2026-01-01,100,100\n",
        "a|b|c\nd|e|f\n",
    ],
)
def test_a_table_whose_column_is_not_known_is_never_read_as_words(text: str) -> None:
    with pytest.raises(UnreadableText, match=r"none of its columns is known .* Choose the column\.") as told:
        read(text)
    assert len(told.value.headings) == 3
    assert len(told.value.sample) > 1


@pytest.mark.parametrize(
    "text",
    ["Aktie;Anzahl\nSAP;10\nBMW;5\n", "Aktie\tAnzahl\nSAP\t10\n", "SAP;10\nBMW;5,5\n", "Aktie,Anzahl\nSAP,10\nBMW,5\n"],
)
def test_two_columns_with_numbers_in_the_second_are_a_table(text: str) -> None:
    with pytest.raises(UnreadableText, match="Choose the column") as told:
        read(text)
    assert len(told.value.headings) == 2
    first = told.value.headings[0]
    assert "SAP" in words(read(text, column=first))


@pytest.mark.parametrize(
    "text", ["TCS.NS,INFY.NS\nAAPL,MSFT\n", "TCS.NS; INFY.NS\nAAPL; MSFT\n", "TCS.NS,10\nINFY.NS,5\n"]
)
def test_pairs_of_tickers_are_a_list(text: str) -> None:
    assert len(read(text).notes) >= 2


@pytest.mark.parametrize("rows", [[["Aktie", "Anzahl"], ["SAP", 10], ["BMW", 5]], [["Wert", "Land"], ["SAP", "DE"]]])
def test_a_workbook_with_two_columns_is_a_table(rows: list[list[object]], client: Client, ann: User) -> None:
    file = SimpleUploadedFile("depot.xlsx", make_workbook(Depot=rows))
    asked = client.post(url("import", make_list(ann)), {"file": file})
    assert asked.status_code == 422
    assert f"<option>{rows[0][0]}</option>" in asked.text
    one = read_file(make_workbook(Depot=[["SAP.DE"], ["TCS.NS"]]))
    assert list(read(one.text, is_sheet=one.is_sheet).notes) == ["SAP.DE", "TCS.NS"]


def test_a_chosen_column_is_read_also_of_a_table_without_a_heading() -> None:
    assert list(read("Papier;Stück;Kurs\nSAP.DE;10;240\n", column="Papier").notes) == ["SAP.DE"]
    assert list(read("TCS\t10\t3\nINFY\t5\t1\n", column="TCS", default="NSE").notes) == ["TCS.NS", "INFY.NS"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("SAP,APC,EUR,", "“APC” is not an exchange that is known here."),
        ("TCS,Moon Exchange,INR,", "“Moon Exchange” is not an exchange that is known here."),
        ("SAP,,EUR,", "“SAP” is quoted in EUR and does not say on which exchange."),
        ("APC,,EUR,US0378331005", "“APC” is quoted in EUR and does not say on which exchange."),
        ("AAPL,,GBP,US0378331005", "“AAPL” is quoted in GBP and does not say on which exchange."),
    ],
)
def test_an_unknown_exchange_and_another_currency_are_never_ignored(row: str, reason: str) -> None:
    reading = read(f"Symbol,Exchange,Currency,ISIN\n{row}\n", default="NSE")
    assert not reading.notes
    (asked,) = (*reading.questions, *reading.problems)
    assert asked.reason.startswith(reason)
    assert not any(ticker.endswith(".NS") for ticker in asked.candidates)


def test_loose_contracts_and_names_of_indices_are_no_words() -> None:
    reading = read("NIFTY 24DEC 24000 CE, RELIANCE24DECFUT, NIFTY 50, S&P 500, TCS F", default="NSE")
    assert list(reading.notes) == ["^NSEI", "TCS.NS", "F.NS"]
    assert [one.text for one in reading.problems] == ["NIFTY 24DEC 24000 CE", "RELIANCE24DECFUT"]
    assert [one.candidates for one in reading.questions] == [("^GSPC",)]


OPEN = {
    "Zerodha's contracts": (
        "symbol,isin,trade_date,exchange,segment,quantity\nNIFTY24DEC24000CE,,2024-12-01,NSE,FO,50\n"
        "USDINR24DECFUT,,2024-12-01,CDS,CDS,1\n"
    ),
    "Fidelity's options, bills and cash": (
        "Account Number,Account Name,Symbol,Description,Quantity,Last Price,Last Price Change\n"
        "X1,IND,-AAPL240119C150,CALL,-1,$5,\nX1,IND,912796YQ8,T-BILL,10,,\nX1,IND,Pending Activity,,,,\n"
    ),
    "Schwab's cash and totals": (
        "Symbol,Description,Qty (Quantity),Mkt Val (Market Value)\nCash & Cash Investments,--,--,$1\n"
        "Account Total,--,--,$1\n"
    ),
    "ICICI Direct's own codes": (
        "Stock Symbol,Company Name,ISIN Code,Qty,Average Cost Price\nINFTEC,INFOSYS LTD,INE009A01021,10,1500\n"
        "RELIND,RELIANCE INDUSTRIES,INE002A01018,1,2500\n"
    ),
    "Degiro's cash and unknown ISINs": (
        "Product,Symbol/ISIN,Amount,Closing\nCASH & CASH FUND (EUR),,,\nTESLA,US88160R1014,1,240\n"
    ),
    "Trade Republic's names": "date;type;isin;name;price;currency\n2024-01-01;buy;US0378331005;Apple;150;EUR\n",
    "Ghostfolio's own and CoinGecko's": (
        '{"activities":[{"currency":"USD","dataSource":"MANUAL","symbol":"SAP"},'
        '{"currency":"USD","dataSource":"COINGECKO","symbol":"bitcoin"}]}'
    ),
    "TradingView's cash": "Symbol,Side,Qty,Fill Price\n$CASH,Deposit,10000,\n",
    "Yahoo's cash": "Symbol,Trade Date,Purchase Price,Comment\n$$CASH,20240101,1,\n",
}


@pytest.mark.parametrize("source", OPEN)
@pytest.mark.parametrize("default", ["", "NSE", "US"])
def test_a_row_that_names_no_share_for_certain_adds_nothing(source: str, default: str) -> None:
    reading = read(OPEN[source], default=default)
    assert not reading.notes
    assert reading.questions or reading.problems


@pytest.mark.parametrize(
    ("headings", "unread"),
    [
        ("Instrument,Qty.,Avg. cost,LTP", ("Qty.", "Avg. cost")),
        ("Symbol,Quantity Available,Average Price", ("Quantity Available", "Average Price")),
        ("Symbol,Trade Date,Purchase Price,Quantity", ("Purchase Price", "Quantity")),
        ("Code,DataSource,Price,Quantity,Fee", ("Price", "Quantity", "Fee")),
        ("Ticker-Symbol,Stück,Einstandspreis", ("Stück", "Einstandspreis")),
        ("Symbol,Qty (Quantity),Cost Basis", ("Qty (Quantity)", "Cost Basis")),
        ("Ticker,No. of shares,Price / share", ("No. of shares", "Price / share")),
        ("Symbol,Position,Cost Price,Last", ("Position", "Cost Price")),
        ("Ticker,Units,Open Rate,Average Volume", ("Units", "Open Rate")),
        ("Symbol,Price,Volume", ()),
    ],
)
def test_every_brokers_quantities_and_prices_are_named(headings: str, unread: tuple[str, ...]) -> None:
    reading = read(f"{headings}\nTCS.NS{',1' * headings.count(',')}\n")
    assert reading.unread == unread


def words(reading: ParsedText) -> dict[str, tuple[str, ...]]:
    return {one.text: one.candidates for one in (*reading.questions, *reading.problems)}


def test_words_that_are_not_certain_are_asked_about_once() -> None:
    make_stock("TCS.NS", name="Tata Consultancy Services Limited")
    reading = read("TCS, tcs.ns, XYZ, XYZ, 500325, 2026-01-03, Nobody Ltd, Tata Consultancy Services")
    assert list(reading.notes) == ["TCS.NS"]
    assert reading.repeated == ["TCS.NS"]
    told = words(reading)
    assert told["TCS"] == ("TCS.NS", "TCS")
    assert told["XYZ"][:2] == ("XYZ", "XYZ.NS")
    assert [text for text, candidates in told.items() if not candidates] == ["500325", "2026-01-03", "Nobody Ltd"]


def test_the_page_asks_for_the_column_and_keeps_text_and_choice(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    text = "Papier;Stück;Kurs\r\nSAP.DE;10;240\r\nBMW.DE;5;80\r\n"
    file = SimpleUploadedFile("depot.csv", text.encode())
    asked = client.post(url("import", watchlist), {"file": file})
    assert asked.status_code == 422
    for shown in ("<option>Papier</option>", "<td>240</td>", "SAP.DE;10;240", "Choose the column."):
        assert shown in asked.text, shown
    pasted = client.post(url("import", watchlist), {"text": text})
    assert "SAP.DE;10;240" in pasted.text
    wrong = client.post(url("import", watchlist), {"text": text, "column": "Stück", "exchange": "XETRA"})
    assert 'name="column" value="Stück"' in wrong.text
    right = client.post(url("import", watchlist), {"text": text, "column": "Papier"})
    assert 'value="SAP.DE" checked' in " ".join(right.text.split())
    done = client.post(
        url("confirm_import", watchlist), {"text": text, "column": "Papier", "tickers": ["SAP.DE", "BMW.DE"]}
    )
    assert done.status_code == 302
    assert tickers_of(watchlist) == ["SAP.DE", "BMW.DE"]


def test_the_exchange_of_bare_names_can_be_chosen_for_one_import(client: Client, ann: User) -> None:
    ann.default_exchange = "NSE"
    ann.save()
    watchlist = make_list(ann)
    assert 'value="AAPL.NS"' in client.post(url("import", watchlist), {"text": "Symbol\nAAPL\n"}).text
    form = {"text": "Symbol\nAAPL\n", "exchange": "US"}
    assert 'value="AAPL" checked' in " ".join(client.post(url("import", watchlist), form).text.split())
    client.post(url("confirm_import", watchlist), form | {"tickers": ["AAPL"]})
    assert tickers_of(watchlist) == ["AAPL"]


def test_a_question_is_answered_by_ticking_and_nothing_else_is_added(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    shown = " ".join(client.post(url("import", watchlist), {"text": "XYZ, TCS.NS"}).text.split())
    assert "1 entry is not certain: choose below" in shown
    assert 'value="XYZ.NS"' in shown
    assert 'value="XYZ.NS" checked' not in shown
    client.post(url("confirm_import", watchlist), {"text": "XYZ, TCS.NS", "tickers": ["XYZ.NS", "EVIL.NS"]})
    assert tickers_of(watchlist) == ["XYZ.NS"]


def test_quantities_and_prices_are_said_not_to_be_read(client: Client, ann: User) -> None:
    text = CERTAIN["Zerodha's Kite"][0]
    shown = client.post(url("import", make_list(ann)), {"text": text}).text
    assert "quantities and prices are not read: Qty., Avg. cost" in shown
    assert "2 stocks can be added, 2 of them not known here yet" in " ".join(shown.split())
