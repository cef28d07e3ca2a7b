"""Security names: whether a name in a price file means a ticker, may mean it, or is the symbol of another security."""

import re

from analysis.prices.currencies import CURRENCIES
from analysis.prices.exchanges import EXCHANGE_BY_CODE, EXCHANGE_BY_SUFFIX
from analysis.prices.index_names import find_named
from analysis.prices.instruments import Instrument, InstrumentKind
from analysis.prices.market_symbols import NUMBER, SymbolReading
from analysis.prices.markets import market_named
from analysis.prices.price_market import is_same_market, market_of
from analysis.prices.symbol_tables import MARKET_BY_COUNTRY, YAHOO_SUFFIXES
from analysis.prices.symbols import read_symbol

EXCHANGE_PREFIX = re.compile(r"[A-Z]+:|(?:NSE|BSE|NASDAQ|NYSE|WIKI)/")
SYMBOL = re.compile(r"(?=.*[A-Z])[A-Z0-9&_.-]+")
_SERIES_END = re.compile(r"-(?:EQ|BE|BZ|SM|ST|RR|IV)$")
_OTHER_SERIES = re.compile(r"[-:](?:BL|GB|GS|IL|T0|[A-Z]\d)$")  # block deals, bonds and warrants of the same name
_OTHER_CLASSES = frozenset({"UN", "WT", "WTS", "RT", "RTS"})  # units, warrants and rights after a dot
_KINDS = frozenset({"FOREX", "INDX", "CC", "COMM", "V"})  # of EODHD and Stooq, after a dot
_CODE = re.compile(r"\d{4,}(?:\.0)?")
_NO_SECURITY = frozenset(
    "EQ EQUITY EQUITIES SHARE SHARES STOCK STOCKS STK CASH ETF FUND INDEX FOREX CRYPTO FUTURE FUTURES CNC MIS NRML"
    " DELIVERY INTRADAY DAILY DAY EOD CM FO SPOT OHLC OHLCV PRICE HISTORICAL NA N/A NAN NULL NONE".split()
)
"""Kinds of securities and of prices, as columns with general headings have them."""
_MARKETS = {InstrumentKind.PAIR: "FX", InstrumentKind.CRYPTO: "BINANCE", InstrumentKind.FUTURE: "COMEX"}
"""The names of markets by which the symbols of a kind are read."""


def is_name_of(name: str, instrument: Instrument) -> bool:
    """Return whether a security's name in a file means the ticker: with or without exchange, series and signs.

    Another class of share does not, nor does a name that has only the ticker's letters: see `is_spelled_like`.
    """
    name = name.strip().upper()
    if is_listed_elsewhere(name, instrument) or _OTHER_SERIES.search(name):
        return False
    bare = _strip_exchange_and_series(name)
    if bare in (instrument.ticker, *_short_names(instrument)):
        return True
    if bare.startswith("^"):  # as Stooq writes ^SPX
        bare = bare[1:]
    stem, dot, end = bare.rpartition(".")
    if dot and (_is_country(end, instrument) or (end in _KINDS and not _is_share(instrument))):
        bare = stem
    return bool(bare) and (bare in _short_names(instrument) or read_name(bare, instrument).ticker == instrument.ticker)


def is_spelled_like(name: str, instrument: Instrument) -> bool:
    """Return whether a name has the ticker's letters and digits with other signs, or an end that is not known.

    So MM may be M&M, and AAPL.CASH AAPL; but LEN.B is another class than LEN.
    """
    name = name.strip().upper()
    if is_listed_elsewhere(name, instrument) or _OTHER_SERIES.search(name):
        return False
    bare = _strip_exchange_and_series(name)
    stem, dot, end = bare.rpartition(".")
    if dot and end in EXCHANGE_BY_SUFFIX:
        return False  # a listing elsewhere
    own = {_fold(short) for short in _short_names(instrument)}
    alone = read_symbol(bare)  # which may be Reuters' AAPL.O
    if _fold(bare) in own or instrument.ticker in (*alone.candidates, *read_name(bare, instrument).candidates):
        return True
    is_class = len(end) < 2 or end in _OTHER_CLASSES or bool(alone.ticker)
    return bool(dot) and _fold(stem) in own and not (_is_share(instrument) and is_class)


def is_other_symbol(name: str, instrument: Instrument, *, is_under_symbols: bool) -> bool:
    """Return whether a name that is not the ticker's is plainly a symbol, and no company's name or code.

    `is_under_symbols` says that the heading is one of symbols, under which small letters are a symbol too. A number is
    one where the ticker is a number. India has no symbols of one letter.
    """
    name = name.strip()
    if is_listed_elsewhere(name.upper(), instrument):
        return True
    bare = EXCHANGE_PREFIX.sub("", name.upper() if is_under_symbols and name.islower() else name, count=1)
    meant = read_name(bare, instrument)
    if not _is_share(instrument):
        return bool(meant.ticker) and not meant.is_bare
    if NUMBER.fullmatch(bare):
        return bool(meant.ticker) and instrument.ticker.partition(".")[0].isdecimal()
    if _is_other_class(meant.ticker, instrument):
        return True
    return SYMBOL.fullmatch(bare) is not None and (len(bare) > 1 or "." not in instrument.ticker)


def is_general(name: str) -> bool:
    """Return whether a word under a general heading is a kind of security or prices, a currency or an exchange."""
    name = name.upper()
    return name in _NO_SECURITY or name in CURRENCIES or (not NUMBER.fullmatch(name) and bool(market_named(name)))


def is_code(name: str) -> bool:
    """Return whether a name is a number as exchanges give their securities."""
    return _CODE.fullmatch(name.strip()) is not None


def is_listed_elsewhere(name: str, instrument: Instrument) -> bool:
    """Return whether a name in capitals has the prefix of another exchange, as BSE:TCS for TCS.NS."""
    prefix = EXCHANGE_PREFIX.match(name)
    own, market = market_of(instrument), market_named(prefix[0][:-1]) if prefix else ""
    return bool(own and market) and not is_same_market(market, own)


def read_name(name: str, instrument: Instrument) -> SymbolReading:
    """Return the meaning of a name on the instrument's market; of a number, with zeros that a spreadsheet dropped.

    Of an index it is that of its usual names, and USDINR=X is INR=X.
    """
    own = instrument.ticker.partition(".")[0]
    if own.isdecimal() and own.startswith("0") and name.isdecimal():
        name = name.zfill(len(own))
    if instrument.kind is InstrumentKind.INDEX and (index := find_named(name.upper())):
        return SymbolReading(name, index)
    meant = read_symbol(name, exchange=_MARKETS.get(instrument.kind, instrument.exchange.code))
    is_pair = instrument.kind is InstrumentKind.PAIR and meant.ticker == f"USD{instrument.ticker}"
    return SymbolReading(name, instrument.ticker) if is_pair else meant


def _strip_exchange_and_series(name: str) -> str:
    return _SERIES_END.sub("", EXCHANGE_PREFIX.sub("", name, count=1))


def _is_country(end: str, instrument: Instrument) -> bool:
    """Return whether the end of a symbol is the country of the exchange, as in Stooq's TCS.IN."""
    code = MARKET_BY_COUNTRY.get(end, "")
    return end not in YAHOO_SUFFIXES and bool(code) and EXCHANGE_BY_CODE[code].timezone == instrument.exchange.timezone


def _is_other_class(meant: str, instrument: Instrument) -> bool:
    """Return whether two tickers differ in their class alone: GEF-B and GEF, MOG-B and MOG-A."""
    stem, dash, _ = meant.partition("-")
    return bool(dash) and meant != instrument.ticker and stem == instrument.ticker.partition("-")[0]


def _is_share(instrument: Instrument) -> bool:
    return instrument.kind in (InstrumentKind.SHARE, InstrumentKind.FUND)


def _short_names(instrument: Instrument) -> tuple[str, ...]:
    """Return the ticker without its exchange, and that of a cryptocurrency without its pair."""
    ticker = instrument.ticker
    stem, dot, end = ticker.rpartition(".")
    if dot and end in EXCHANGE_BY_SUFFIX:
        return (stem,)
    short = ticker.removesuffix("=X").removesuffix("=F").removeprefix("^")
    return (short, ticker.partition("-")[0]) if instrument.kind is InstrumentKind.CRYPTO else (short,)


def _fold(name: str) -> str:
    return "".join(sign for sign in name if sign.isalnum())
