"""Spellings of securities, as charting sites, brokers and terminals write them, and Yahoo's symbols for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.prices.symbols import EXCHANGE_CODES, market_named, read_symbol
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
}  # fmt: skip

ASKED = {
    "EURONEXT:MC": ("MC.PA", "MC.AS", "MC.BR", "MC.LS"),
    "TSE:SHOP": ("SHOP.TO",),
    "TCS IN": ("TCS.NS",),
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
    "COMEX:GCZ2026": "“COMEX:GCZ2026” is one contract.",
    "NFO:NIFTY26DECFUT": "“NFO:NIFTY26DECFUT” is a contract",
    "NSE:NIFTY1!": "“NSE:NIFTY1!” is a contract",
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


@given(st.text(max_size=40), st.sampled_from(["", "US", "NSE", "BSE", "TSE"]))
def test_any_text_is_read_as_well_formed_tickers_or_refused_in_a_sentence(text: str, default: str) -> None:
    reading = read_symbol(text, default=default)
    assert all(map(is_well_formed, reading.tickers))
    assert reading.ticker or reading.reason.endswith((".", "?"))
