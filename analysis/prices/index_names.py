"""Index names: indices, commodities and coins as people and charting sites call them, and Yahoo's symbols for them."""

import re
from collections.abc import Mapping

from analysis.prices.symbol_tables import EURONEXT, INDICES, PAIRS, US

_SENSEX, _NIFTY, _BANK, _FINANCE = "^BSESN", "^NSEI", "^NSEBANK", "NIFTY_FIN_SERVICE.NS"
_WORLD = {
    "SPX": "^GSPC", "INX": "^GSPC", ".INX": "^GSPC", "US500": "^GSPC", "SPX500": "^GSPC", "SP500": "^GSPC",
    "GSPC": "^GSPC", "DJI": "^DJI", ".DJI": "^DJI", "DJIA": "^DJI", "US30": "^DJI", "DOWJONES": "^DJI", "DOW30": "^DJI",
    "DOWJONESINDUSTRIALAVERAGE": "^DJI", "NDX": "^NDX", "US100": "^NDX", "NASDAQ100": "^NDX", "IXIC": "^IXIC",
    ".IXIC": "^IXIC", "COMP": "^IXIC", "NASDAQ": "^IXIC", "NASDAQCOMPOSITE": "^IXIC", "RUT": "^RUT",
    "RUSSELL2000": "^RUT", "VIX": "^VIX", "OEX": "^OEX", "SP100": "^OEX", "SOX": "^SOX", "DJT": "^DJT", "DJU": "^DJU",
    "XAX": "^XAX", "US10Y": "^TNX", "US30Y": "^TYX", "US05Y": "^FVX", "TNX": "^TNX", "DXY": "DX-Y.NYB",
    "UKX": "^FTSE", "FTSE": "^FTSE", "FTSE100": "^FTSE", "UK100": "^FTSE", "FTSE250": "^FTMC", "DAX": "^GDAXI",
    "DAX40": "^GDAXI", "DEU40": "^GDAXI", "GER40": "^GDAXI", "GDAXI": "^GDAXI", "MDAX": "^MDAXI", "TECDAX": "^TECDAX",
    "CAC": "^FCHI", "CAC40": "^FCHI", "FCHI": "^FCHI", "PX1": "^FCHI", "SX5E": "^STOXX50E", "EU50": "^STOXX50E",
    "EUROSTOXX50": "^STOXX50E", "STOXX600": "^STOXX", "NI225": "^N225", "NKY": "^N225", "NIKKEI": "^N225",
    "NIKKEI225": "^N225", "N225": "^N225", "HSI": "^HSI", "HANGSENG": "^HSI", "IBEX": "^IBEX", "IBEX35": "^IBEX",
    "FTSEMIB": "FTSEMIB.MI", "SMI": "^SSMI", "AEX": "^AEX", "OMXS30": "^OMX", "XJO": "^AXJO", "ASX200": "^AXJO",
    "SPASX200": "^AXJO", "KOSPI": "^KS11", "TAIEX": "^TWII", "STI": "^STI", "IBOV": "^BVSP", "IBOVESPA": "^BVSP",
    "BOVESPA": "^BVSP", "TSXCOMPOSITE": "^GSPTSE", "SPTSXCOMPOSITE": "^GSPTSE", "NIFTY": _NIFTY, "SENSEX": _SENSEX,
    "BSESENSEX": _SENSEX, "SPBSESENSEX": _SENSEX, "BSESN": _SENSEX, "GOLD": "GC=F", "SILVER": "SI=F", "USOIL": "CL=F",
    "CRUDEOIL": "CL=F", "WTI": "CL=F", "UKOIL": "BZ=F", "BRENT": "BZ=F", "PLATINUM": "PL=F", "PALLADIUM": "PA=F",
    "COPPER": "HG=F", "NATURALGAS": "NG=F", "NATGAS": "NG=F",
}  # fmt: skip
_OF_INDIA = {
    "NIFTY": _NIFTY, "NIFTY50": _NIFTY, "NSEI": _NIFTY, "CNXNIFTY": _NIFTY, "BANKNIFTY": _BANK, "NIFTYBANK": _BANK,
    "NSEBANK": _BANK, "FINNIFTY": _FINANCE, "CNXFINANCE": _FINANCE, "NIFTYFINSERVICE": _FINANCE,
    "NIFTYFINANCIALSERVICES": _FINANCE, "NIFTYNEXT50": "^NSMIDCP", "NIFTYJR": "^NSMIDCP", "CNX500": "^CRSLDX",
    "NIFTY500": "^CRSLDX", "INDIAVIX": "^INDIAVIX", "MIDCPNIFTY": "NIFTY_MID_SELECT.NS",
    "NIFTYMIDSELECT": "NIFTY_MID_SELECT.NS", "NIFTYMIDCAPSELECT": "NIFTY_MID_SELECT.NS",
    "NIFTYMIDCAP100": "NIFTY_MIDCAP_100.NS",
    **{
        f"{family}{name}": f"^CNX{name}"
        for family in ("CNX", "NIFTY")
        for name in "IT AUTO PHARMA FMCG METAL ENERGY REALTY MEDIA PSUBANK INFRA 100 200".split()
    },
}  # fmt: skip
_OF_THE_US = "SPX DJI NDX IXIC RUT VIX OEX SOX XAX .INX .DJI .IXIC"  # names that no American share has
INDEX_BY_MARKET: dict[str, Mapping[str, str]] = {
    INDICES: {**_OF_INDIA, **_WORLD},
    "NS": _OF_INDIA,
    "BO": {"SENSEX": _SENSEX, "BANKEX": "BSE-BANK.BO"},
    US: {name: _WORLD[name] for name in _OF_THE_US.split()},
    PAIRS: {"SPX500USD": "^GSPC", "NAS100USD": "^NDX", "US30USD": "^DJI"},
    "DE": {"DAX": "^GDAXI"},
    "L": {"UKX": "^FTSE"},
    "PA": {"PX1": "^FCHI"},
    EURONEXT: {"PX1": "^FCHI", "AEX": "^AEX"},
    "HK": {"HSI": "^HSI"},
    "T": {"NI225": "^N225"},
    "AX": {"XJO": "^AXJO"},
    "SA": {"IBOV": "^BVSP"},
}
_COINS = {coin: f"{coin}-USD" for coin in "BTC ETH XRP SOL DOGE BNB ADA".split()}
_NAMED = {**_COINS, **INDEX_BY_MARKET[INDICES]}
# Names without a digit or a blank that no share has.
_NEVER_SHARES = frozenset(
    "SPX NDX DJI DJIA VIX IXIC NASDAQ SENSEX DXY GSPC BSESN GDAXI FCHI FTSE NIKKEI KOSPI HANGSENG BOVESPA IBOVESPA"
    " DOWJONES CRUDEOIL".split()
) | frozenset(_OF_INDIA)
_SIGNS = re.compile("[ _&]")


def find_index(symbol: str, market: str) -> str:
    """Return Yahoo's symbol of an index as it is written on one market, empty if it is none."""
    return INDEX_BY_MARKET.get(market, {}).get(_SIGNS.sub("", symbol), "")


def find_named(name: str) -> str:
    """Return Yahoo's symbol of the index, commodity or coin that a name without an exchange means, empty for none."""
    return _NAMED.get(_SIGNS.sub("", name).removeprefix("."), "")


def is_never_share(name: str) -> bool:
    """Return whether no share is called like this name of an index: by its blank, its digits or by a table."""
    return name in _NEVER_SHARES or name.startswith(".") or re.search(r"[\d ]", name) is not None
