"""Spellings of securities, as charting sites, brokers and terminals write them, and Yahoo's symbols for them."""

from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.prices.markets import EXCHANGE_CODES, market_named
from analysis.prices.symbols import read_symbol
from analysis.prices.tickers import is_well_formed

CERTAIN = {
    # TradingView
    "NSE:TCS": "TCS.NS", "NSE:M_M": "M&M.NS", "NSE:M&M": "M&M.NS", "NSE:BAJAJ_AUTO": "BAJAJ-AUTO.NS",
    "NSE:J_KBANK": "J&KBANK.NS", "NSE:SURANAT_P": "SURANAT&P.NS", "NSE:GMRP_UI": "GMRP&UI.NS", "NSE:L_TFH": "L&TFH.NS",
    "NSE:NAM_INDIA": "NAM-INDIA.NS", "NSE:20MICRONS": "20MICRONS.NS", "NSE:NIFTY": "^NSEI", "NSE:BANKNIFTY": "^NSEBANK",
    "NSE:CNXFINANCE": "NIFTY_FIN_SERVICE.NS", "BSE:SENSEX": "^BSESN", "BSE:RELIANCE": "RELIANCE.BO",
    "BSE:500325": "500325.BO", "NASDAQ:AAPL": "AAPL", "NYSE:BRK.B": "BRK-B", "AMEX:SPY": "SPY", "NASDAQ:NDX": "^NDX",
    "NASDAQ:IXIC": "^IXIC", "SP:SPX": "^GSPC", "DJ:DJI": "^DJI", "LSE:AV.": "AV.L", "LSE:BT.A": "BT-A.L",
    "TSX:SHOP": "SHOP.TO", "TSX:BBD.B": "BBD-B.TO", "TSX:REI.UN": "REI-UN.TO", "TSXV:ABC": "ABC.V",
    "XETR:SAP": "SAP.DE", "FWB:SAP": "SAP.F", "TSE:7203": "7203.T", "TSE:130A": "130A.T", "HKEX:700": "0700.HK",
    "ASX:BHP": "BHP.AX", "SSE:600519": "600519.SS", "SZSE:000001": "000001.SZ", "KRX:005930": "005930.KS",
    "TWSE:2330": "2330.TW", "SGX:D05": "D05.SI", "MIL:ENI": "ENI.MI", "BME:SAN": "SAN.MC", "SIX:NESN": "NESN.SW",
    "OMXSTO:VOLV_B": "VOLV-B.ST", "OMXCOP:NOVO_B": "NOVO-B.CO", "BMFBOVESPA:PETR4": "PETR4.SA", "JSE:NPN": "NPN.JO",
    "TADAWUL:2222": "2222.SR", "BINANCE:BTCUSDT": "BTC-USD", "COINBASE:BTCUSD": "BTC-USD", "KRAKEN:ETHEUR": "ETH-EUR",
    "FX:EURUSD": "EURUSD=X", "OANDA:EURUSD": "EURUSD=X", "FX_IDC:USDINR": "USDINR=X", "TVC:GOLD": "GC=F",
    "TVC:USOIL": "CL=F", "TVC:DXY": "DX-Y.NYB", "COMEX:GC1!": "GC=F", "CME_MINI:ES1!": "ES=F",
    # Google Finance, codes of ISO 10383, data vendors
    "BOM:500325": "500325.BO", "LON:VOD": "VOD.L", "EPA:MC": "MC.PA", "XNSE:TCS": "TCS.NS", "XNAS:AAPL": "AAPL",
    "AAPL.US": "AAPL", "TCS.NSE": "TCS.NS", "RELIANCE.BSE": "RELIANCE.BO", "VOD.LON": "VOD.L", "AAPL:NSQ": "AAPL",
    # brokers and terminals
    "TCS-EQ": "TCS.NS", "NSE:TCS-BE": "TCS.NS", "BRK/B": "BRK-B", "/ES": "ES=F", "/ES:XCME": "ES=F", "$SPX": "^GSPC",
    "BRK B": "BRK-B", "SHEL @LSEETF": "SHEL.L", "AAPL US Equity": "AAPL", "BRK/B US": "BRK-B", "7203 JP": "7203.T",
    "VOD LN": "VOD.L", "US:PSA-PR": "PSA-PR",
    "NYSE:PSA-PRA": "PSA-PA", "BAC^E": "BAC-PE", "EUR/USD": "EURUSD=X", "BTC/USD": "BTC-USD",
    # American classes, and Yahoo's own symbols
    "BRK.B": "BRK-B", "BF.B": "BF-B", "BRK-B": "BRK-B", "tcs.ns": "TCS.NS", "RR.L": "RR.L", "BTC-USD": "BTC-USD",
    "NIFTY_FIN_SERVICE.NS": "NIFTY_FIN_SERVICE.NS", "^NSEI": "^NSEI", "EURUSD=X": "EURUSD=X", "GC=F": "GC=F",
    "700.HK": "0700.HK", "500325.BO": "500325.BO", "KAVERI.DEMO": "KAVERI.DEMO", "DX-Y.NYB": "DX-Y.NYB",
    "\u200bTCS.NS\u00a0": "TCS.NS", "“TCS.NS”": "TCS.NS", "ＮＳＥ：ＴＣＳ": "TCS.NS",
    # Indian brokers
    "NSE:NIFTY50-INDEX": "^NSEI", "BSE:SENSEX-INDEX": "^BSESN", "NSE:SBIN-EQ": "SBIN.NS", "BSE:TCS-A": "TCS.BO",
    "NSE_EQ|TCS": "TCS.NS", "NSE_INDEX|Nifty Bank": "^NSEBANK", "TCS EQ": "TCS.NS", "TCS.NS EQ": "TCS.NS",
    "TCS/NSE": "TCS.NS", "TCS@NSE": "TCS.NS", "BOM500325": "500325.BO", "M&amp;M.NS": "M&M.NS", "NSE:M & M": "M&M.NS",
    # pairs without a sign
    "EURUSD": "EURUSD=X", "GBPINR": "GBPINR=X", "EUR-USD": "EURUSD=X", "usd inr": "USDINR=X", "BTCUSD": "BTC-USD",
    "BTCUSDT": "BTC-USD", "ETHBTC": "ETH-BTC", "BTC_USDT": "BTC-USD", "BINANCE:UNIUSDT": "UNI7083-USD",
    # preferred shares, in the spelling of exchanges, brokers and terminals
    **dict.fromkeys(("BAC.PR.L", "BAC.PRL", "BAC/PRL", "BAC/PL", "BAC PRL", "BAC PR L", "BAC-PR-L"), "BAC-PL"),
    **dict.fromkeys(("BAC^L", "BAC$L", "BACpL", "BAC PFD L", "NYSE:BAC/PL", "NYSE:BAC.PR.L"), "BAC-PL"),
    "BRK.PR.A": "BRK-PA", "TSX:BCE.PR.L": "BCE-PL.TO", "BCE.PR.A.TO": "BCE-PA.TO", "NASDAQ:ABCU": "ABCU",
    "NYSE:ABC-U": "ABC-UN", "NYSE:BRKB": "BRK-B",
    # other terminals and markets
    "US.AAPL": "AAPL", "HK.00700": "0700.HK", "600519.SH": "600519.SS", "SZ000001": "000001.SZ", "VOD.LN": "VOD.L",
    "AAPL:US": "AAPL", "TCS..NS": "TCS.NS", "TCS .NS": "TCS.NS",
    # as in lists and sentences
    **dict.fromkeys(("(TCS.NS)", "1. TCS.NS", "2) TCS.NS", "• TCS.NS", "- TCS.NS", "#TCS.NS", "TCS.NS."), "TCS.NS"),
    **dict.fromkeys(("$TCS.NS", "✓ TCS.NS", "TCS.NS*", "\tTCS\u00a0.NS", "Tata (TCS.NS)", "TCS.NS - Tata"), "TCS.NS"),
    "Apple Inc. (NASDAQ: AAPL)": "AAPL", "Infosys (NSE:INFY)": "INFY.NS",
}  # fmt: skip

ASKED = {
    "EURONEXT:MC": ("MC.PA", "MC.AS", "MC.BR", "MC.LS"),
    "TSE:SHOP": ("SHOP.TO",),
    "TCS IN": ("TCS.NS",),
    "TCS IN Equity": ("TCS.NS",),
    "TCS:IN": ("TCS.NS",),
    "TCS-IN": ("TCS.NS",),
    "TCS (NSE)": ("TCS.NS",),
    "Infosys NSE": ("INFOSYS.NS",),
    "NSE:USDINR": ("USDINR=X",),
    "XAUUSD": ("GC=F",),
    "BAC-L": ("BAC-PL", "BAC-L"),
    "BAC.E": ("BAC-PE", "BAC-E"),
    "AAPL/USD": ("AAPL", "AAPL-USD"),
    ".NSEI": ("^NSEI",),
    **dict.fromkeys(("NIFTY 50", "nifty50"), ("^NSEI",)),
    **dict.fromkeys(("NIFTY BANK", "BANK NIFTY", "BANKNIFTY"), ("^NSEBANK",)),
    **dict.fromkeys(("SENSEX", "BSE SENSEX", "S&P BSE Sensex"), ("^BSESN",)),
    **dict.fromkeys(("S&P 500", "S&P500", "SP500"), ("^GSPC",)),
    "NASDAQ 100": ("^NDX",),
    "Nasdaq Composite": ("^IXIC",),
    "FTSE 100": ("^FTSE",),
    "DAX 40": ("^GDAXI",),
    "AAPL.O": ("AAPL", "AAPL-O"),
    "OANDA:XAUUSD": ("GC=F",),
    "BINANCE:BTCUSDT.P": ("BTC-USD",),
    "SPX": ("^GSPC",),
    "NIFTY": ("^NSEI",),
}

REFUSED = {
    "500325": "“500325” is a number. Give the ticker, or write the exchange before it, like BSE:500325.",
    "3,700.00": "“3,700.00” is a number.",
    "-31.53": "“-31.53” is a number.",
    "12.5%": "“12.5%” is a number.",
    "2024-01-03": "“2024-01-03” is a date, not a ticker.",
    "25-AUG-2004": "“25-AUG-2004” is a date",
    "16:00": "“16:00” is a date",
    "INE467B01029": "No stock with the ISIN INE467B01029 is known here.",
    "TCS.XX": "“.XX” is no suffix of Yahoo’s.",
    "readme.txt": "“.TXT” is no suffix",
    "MOON:TCS": "“MOON” is not an exchange that is known here.",
    **{
        text: f"“{text.upper()}” is a future or option and is not read."
        for text in (
            "RELIANCE24DECFUT",
            "NIFTY24DEC24000CE",
            "BANKNIFTY25JANFUT",
            "NSE:NIFTY2412124000PE",
            "M&M25JAN3000CE",
            "USDINR25JANFUT",
            "NIFTY 24DEC 24000 CE",
            "NIFTY 24000 CE 26 DEC 24",
            "NIFTY26DEC2424000CE",
            "IDEA25JAN10CE",
            "RELIANCE-Dec2024-FUT",
            "NIFTY-Dec2024-24000-CE",
            "BANKNIFTY24N2751000CE",
            "SENSEX2511080000CE",
            "TCS FUT",
            "FUTSTK RELIANCE 26-Dec-2024",
            "OPT-NIFTY-26-Dec-24-24000-CE",
            "MCX:CRUDEOIL25JANFUT",
            "NSE_FO:12345",
            "AAPL240119C00150000",
            ".AAPL240119C150",
            "-AAPL240119C150",
            "AAPL Jan 19 2024 150 C",
            "SPY 1/19/24 450 PUT",
            "BANKNIFTY-I",
            "RELIANCE-II",
        )
    },
    "ESZ4": "“ESZ4” is one contract.",
    "NSE_EQ|INE467B01029": "No stock with the ISIN INE467B01029 is known here.",
    "NYSE:VOD.DE": "“NYSE:VOD.DE” names two exchanges.",
    "NSE:TCS.BO": "“NSE:TCS.BO” names two exchanges.",
    "NSE:NIFTYALIEN-INDEX": "“NSE:NIFTYALIEN-INDEX” is not an index",
    ".NS": "“.NS” is not a ticker.",
    "MAR-24": "“MAR-24” is a date",
    "24-Apr": "“24-APR” is a date",
    "1-2": "“1-2” is not a ticker.",
    "NYSE:TCS-": "“NYSE:TCS-” is not a ticker.",
    "Alphabet (Class A)": "“ALPHABET (CLASS A)” is not a ticker.",
    "COMEX:GCZ2026": "“COMEX:GCZ2026” is one contract.",
    "NFO:NIFTY26DECFUT": "“NFO:NIFTY26DECFUT” is a future or option",
    "NSE:NIFTY1!": "“NSE:NIFTY1!” is a future or option",
    "NASDAQ:500325": "“NASDAQ:500325” is a number.",
    "Tata Motors": "“TATA MOTORS” is not a ticker.",
    "N/A": "“N/A” is not a ticker.",
    "NSE:": "“NSE:” is not a ticker.",
    "<b>": "“<B>” is not a ticker.",
    "": "There is no ticker.",
}


def test_a_spelling_that_names_its_market_is_read_as_yahoos_symbol() -> None:
    assert {text: read_symbol(text).ticker for text in CERTAIN} == CERTAIN


def test_a_spelling_that_is_not_certain_has_candidates_and_a_question() -> None:
    readings = {text: read_symbol(text) for text in ASKED}
    assert {text: reading.candidates for text, reading in readings.items()} == ASKED
    assert not any(reading.ticker or not reading.reason for reading in readings.values())


def test_numbers_dates_and_other_words_are_refused_with_a_reason() -> None:
    for text, reason in REFUSED.items():
        reading = read_symbol(text, default="NSE")
        assert not reading.tickers, text
        assert reading.reason.startswith(reason), (text, reading.reason)


@pytest.mark.parametrize(
    ("text", "exchange", "ticker"),
    [
        ("500325", "BSE", "500325.BO"),
        ("7203", "Tokyo", "7203.T"),
        ("TCS", "National Stock Exchange of India", "TCS.NS"),
        ("TCS.NS", "NSE", "TCS.NS"),
        ("BT.A", "LSE", "BT-A.L"),
        ("X.F", "NYSE", "X.F"),
        ("CSPX.L", "US", "CSPX.L"),
        ("7203.T", "NYSE", "7203.T"),
        ("SPX", "NASDAQ", "^GSPC"),
        ("NSE:TCS", "BSE", "TCS.NS"),
        ("BTC-EUR", "CCC", "BTC-EUR"),
        ("TCS", "no exchange", ""),
        ("SAP", "APC", ""),
        ("SAP.DE", "APC", "SAP.DE"),
        ("AAPL", "Nasdaq Global Select Market", "AAPL"),
        ("NESN", "SIX Swiss Exchange", "NESN.SW"),
        ("SAP", "Deutsche Börse Xetra", "SAP.DE"),
        ("BAC.PR.L", "NYSE", "BAC-PL"),
    ],
)
def test_an_exchange_that_a_file_gives_decides_unless_the_text_names_one(text: str, exchange: str, ticker: str) -> None:
    assert read_symbol(text, exchange=exchange).ticker == ticker


@pytest.mark.parametrize(
    ("default", "known", "ticker", "candidates"),
    [
        ("", {"TCS"}, "TCS", ()),
        ("", {"TCS", "TCS.NS"}, "TCS", ("TCS.NS",)),
        ("", {"TCS.NS"}, "", ("TCS.NS", "TCS")),
        ("NSE", set(), "TCS.NS", ()),
        ("NSE", {"TCS"}, "TCS", ()),
        ("NSE", {"TCS", "TCS.NS"}, "TCS.NS", ("TCS",)),
        ("NSE", {"TCS.L"}, "", ("TCS.L", "TCS")),
        ("US", set(), "TCS", ()),
        ("US", {"TCS.NS"}, "", ("TCS.NS", "TCS")),
    ],
)
def test_known_stocks_and_the_default_exchange_decide_a_bare_name(
    default: str, known: set[str], ticker: str, candidates: tuple[str, ...]
) -> None:
    reading = read_symbol("tcs", default=default).among(known)
    assert (reading.ticker, reading.candidates) == (ticker, candidates)
    assert bool(reading.reason) == (not ticker)


def test_a_currency_of_another_market_keeps_a_bare_name_off_the_default_exchange() -> None:
    assert read_symbol("SAP", default="XETRA", currency="EUR").ticker == "SAP.DE"
    assert read_symbol("AV", default="LSE", currency="GBp").ticker == "AV.L"
    for default, currency, offered in (("NSE", "EUR", "SAP.DE"), ("XETRA", "GBP", "SAP.L"), ("US", "CAD", "SAP.TO")):
        reading = read_symbol("SAP", default=default, currency=currency)
        assert reading.reason == f"“SAP” is quoted in {currency} and does not say on which exchange."
        assert (reading.ticker, offered in reading.tickers, "SAP.NS" in reading.tickers) == ("", True, False)
    assert read_symbol("NBK", default="NSE", currency="KWF").tickers == ("NBK",)
    assert read_symbol("TCS", exchange="APC").reason.startswith("“APC” is not an exchange that is known here.")


def test_a_name_of_an_index_or_coin_that_a_share_may_have_is_asked_about() -> None:
    for name, meant in (("DAX", "^GDAXI"), ("GOLD", "GC=F"), ("BTC", "BTC-USD"), ("SILVER", "SI=F")):
        reading = read_symbol(name, default="NSE").among(set())
        assert (reading.ticker, meant in reading.tickers) == ("", True), name
        assert read_symbol(name, default="NSE").among({f"{name}.NS"}).ticker == f"{name}.NS"
    assert read_symbol("DAX", default="US").ticker == "DAX"


def test_a_class_of_share_is_asked_about_where_the_default_exchange_has_classes() -> None:
    assert read_symbol("BT.A", default="LSE").tickers[0] == "BT-A.L"
    assert not read_symbol("BT.A", default="LSE").ticker
    assert read_symbol("BRK.B", default="NSE").ticker == "BRK-B"


def test_another_companys_ticker_of_the_same_letters_decides_nothing() -> None:
    for text, known in (("INFO IN", "INFO.NS"), ("Alphabet (A)", "A"), ("XYZ/USD", "XYZ")):
        assert read_symbol(text).among({known}).ticker == ""
        assert known in read_symbol(text).among({known}).tickers
    assert read_symbol("BAC-L").among({"BAC-PL"}).ticker == "BAC-PL"


def test_a_bare_name_that_is_known_nowhere_offers_the_markets() -> None:
    reading = read_symbol("tcs").among(set())
    assert reading.reason == "“TCS” does not say which exchange."
    assert reading.tickers[:3] == ("TCS", "TCS.NS", "TCS.BO")
    assert "RELIANCE" not in read_symbol("reliance").tickers


@pytest.mark.parametrize("symbol", ["M&M", "ARE&M", "J&KBANK", "M&MFIN", "SURANAT&P", "BOSCH-HCIL", "UMIYA-MRO"])
def test_tradingviews_underscores_are_read_by_the_letters_beside_them(symbol: str) -> None:
    written = symbol.replace("&", "_").replace("-", "_")
    assert read_symbol(f"NSE:{written}").ticker == f"{symbol}.NS"


def test_a_known_ticker_comes_before_the_rule_of_underscores() -> None:
    assert read_symbol("NSE:AB_CD").among({"AB&CD.NS"}).ticker == "AB&CD.NS"
    assert read_symbol("NSE:AB_CD").among(set()).ticker == "AB-CD.NS"


def test_every_code_of_an_exchange_names_its_market() -> None:
    assert {code: market_named(code) for code in EXCHANGE_CODES} == EXCHANGE_CODES


@pytest.mark.parametrize(
    "text", ["." * 50_000 + "a", "$" * 50_000, "A " + "JAN " * 12_000, "TCS" + " " * 50_000 + "x" * 200]
)
def test_a_long_text_is_refused_at_once(text: str) -> None:
    began = perf_counter()
    assert not read_symbol(text).tickers
    assert perf_counter() - began < 1


@given(st.text(max_size=40), st.sampled_from(["", "US", "NSE", "BSE", "TSE"]))
def test_any_text_is_read_as_well_formed_tickers_or_refused_in_a_sentence(text: str, default: str) -> None:
    reading = read_symbol(text, default=default)
    assert all(map(is_well_formed, reading.tickers))
    assert reading.ticker or reading.reason.endswith((".", "?"))
