"""Symbols: from any spelling that people have for a security to Yahoo's symbol for it.

`read_symbol` knows forms and exchanges; `SymbolReading.among` decides by the tickers that are known. Neither guesses:
a text that is not certain has candidates to choose from, or a reason.
"""

import re
import unicodedata

from analysis.prices.currencies import CURRENCIES, QUOTES
from analysis.prices.exchanges import EXCHANGE_BY_CODE, EXCHANGE_BY_SUFFIX
from analysis.prices.market_symbols import (
    AMERICAN_DASH,
    CONTINUOUS_FUTURE,
    NUMBER,
    SymbolReading,
    read_listed,
    read_number,
)
from analysis.prices.symbol_tables import (
    BARE_INDICES,
    BLOOMBERG_MARKETS,
    BLOOMBERG_OWN_TICKERS,
    CRYPTO,
    FUTURES,
    IBKR_MARKETS,
    INDEX_BY_MARKET,
    INDICES,
    MARKET_BY_NAME,
    PAIRS,
    US,
    YAHOO_SUFFIXES,
)
from analysis.prices.tickers import invalid_ticker_message, is_isin, is_well_formed

EXCHANGE_CODES = {US: US} | {exchange.code: suffix for suffix, exchange in EXCHANGE_BY_SUFFIX.items()}
"""The markets of which bare names may be, by the code of their exchange."""
EXCHANGE_NAMES = {code: f"{code} – {EXCHANGE_BY_CODE[code].name}" for code in EXCHANGE_CODES}
SHOWN = 30

_OFFERED = ("NS", "BO", "L", "TO", "DE", "AX")  # beside New York, for a name without an exchange
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[T ].*)?|\d{1,2}[- ][A-Z]{3,9}[-, ]+\d{2,4}|[A-Z]{3,9} \d{1,2},? \d{4}"
    r"|\d{1,2}:\d{2}(?::\d{2})?(?: ?[AP]M)?"
)
_NO_SECURITY = frozenset({"GRAND TOTAL", "SUBTOTAL", "SUB TOTAL", "N/A", "#N/A", "NULL", "NONE"})
_AMERICAN_CLASS = re.compile(r"[A-Z]{1,5}(?:[./](?:[A-Z]|WS|PR[./]?[A-Z])|[\^$][A-Z])|[A-Z]{2,5} [A-Z]")
_REUTERS = {"O": "Nasdaq", "N": "New York"}
_CRYPTO_PAIR = re.compile(rf"[A-Z0-9]{{2,12}}[-/](?:{'|'.join(QUOTES)})")
_PLAIN_NAME = re.compile(r"[A-Z0-9][A-Z0-9&_-]*")
_AMERICAN_NAME = re.compile(r"[A-Z]{1,5}")


def clean_symbol(text: str) -> str:
    """Return the text in capitals and plain characters, without invisible ones and quotes, with single blanks."""
    plain = unicodedata.normalize("NFKC", text)
    visible = (letter for letter in plain if letter.isspace() or unicodedata.category(letter) not in {"Cf", "Cc"})
    return " ".join("".join(visible).split()).strip("\"'`“”‘’,; ").upper()


def market_named(name: str) -> str:
    """Return the market of an exchange's name, code, prefix or suffix with its dot, empty for an unknown one."""
    code = clean_symbol(name)
    if code.startswith("."):
        return code[1:] if code[1:] in YAHOO_SUFFIXES else ""
    return EXCHANGE_CODES.get(code) or MARKET_BY_NAME.get(re.sub(r"[ .:()-]", "", code), "")


def read_symbol(text: str, *, exchange: str = "", default: str = "") -> SymbolReading:
    """Return the meaning of a spelling.

    `exchange` is the exchange that a file gives, in any spelling; it counts unless the text names another. `default` is
    the code of the exchange of bare names; without one, a bare name is not certain.
    """
    symbol = clean_symbol(text)
    shown = symbol[:SHOWN]
    if not symbol or symbol in _NO_SECURITY or is_isin(symbol) or _DATE.fullmatch(symbol):
        return SymbolReading(shown, reason=_no_symbol_message(symbol))
    market = market_named(exchange)
    reading = _read_placed(shown, symbol)
    if reading is None and market and not _is_whole(symbol):
        reading = read_listed(shown, symbol, market)
    reading = reading or _read_by_form(shown, symbol) or _read_bare(shown, symbol, EXCHANGE_CODES.get(default, ""))
    is_bad = not all(map(is_well_formed, reading.tickers))
    return SymbolReading(shown, reason=invalid_ticker_message(shown)) if is_bad else reading


def _no_symbol_message(symbol: str) -> str:
    if is_isin(symbol):
        return f"No stock with the ISIN {symbol} is known here. Give its ticker."
    if symbol and symbol not in _NO_SECURITY:
        return f"“{symbol[:SHOWN]}” is a date, not a ticker."
    return f"“{symbol}” is not a ticker." if symbol else "There is no ticker."


def _is_whole(symbol: str) -> bool:
    """Return whether a symbol is Yahoo's own, so that a file's exchange adds nothing to it."""
    stem, dot, suffix = symbol.rpartition(".")
    has_suffix = bool(dot and stem) and suffix in YAHOO_SUFFIXES
    is_index = symbol.startswith("$") and symbol[1:] in INDEX_BY_MARKET[INDICES]
    return has_suffix or is_index or symbol.startswith(("^", "/")) or symbol.endswith(("=X", "=F"))


def _read_placed(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a text that names its exchange in words: a prefix, a terminal's code, a series."""
    before, colon, after = symbol.partition(":")
    if colon and before and not before.startswith("/"):
        return _read_prefixed(shown, before.strip(), after.strip())
    stem, at, place = symbol.partition(" @")
    if at:
        market = IBKR_MARKETS.get(place) or market_named(place)
        return read_listed(shown, stem, market) if market else _unknown_exchange(shown, place)
    stem, dot, name = symbol.rpartition(".")
    if stem and dot and name not in YAHOO_SUFFIXES and len(name) > 1 and (market := market_named(name)):
        return read_listed(shown, stem, market)
    if series := re.fullmatch(r"(.+)-(EQ|BE|BZ)", symbol):
        return read_listed(shown, series[1], "NS")
    return _read_bloomberg(shown, symbol)


def _read_prefixed(shown: str, before: str, after: str) -> SymbolReading:
    if market := market_named(before):
        return read_listed(shown, after, market)
    if market := market_named(after):  # AAPL:NSQ, as the Financial Times writes it
        return read_listed(shown, before, market)
    return _unknown_exchange(shown, before)


def _unknown_exchange(shown: str, name: str) -> SymbolReading:
    return SymbolReading(shown, reason=f"“{name[:SHOWN]}” is not an exchange that is known here. Give Yahoo’s ticker.")


def _read_bloomberg(shown: str, symbol: str) -> SymbolReading | None:
    *stem, code = re.sub(r" (EQUITY|CURNCY|COMDTY|INDEX)$", "", symbol).split(" ")
    market = BLOOMBERG_MARKETS.get(code, "")
    if not stem or not market:
        return None
    reading = read_listed(shown, " ".join(stem), market)
    if market not in BLOOMBERG_OWN_TICKERS or not reading.ticker:
        return reading
    reason = f"Bloomberg’s tickers differ from the exchange’s here. Is it {reading.ticker}?"
    return SymbolReading(shown, candidates=(reading.ticker,), reason=reason)


def _read_by_form(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a text whose form alone says which security it is; None for a bare name."""
    if symbol.startswith("/"):
        return read_listed(shown, symbol[1:].partition(":")[0], FUTURES)
    if symbol.startswith("$"):
        index = INDEX_BY_MARKET[INDICES].get(symbol[1:])
        return SymbolReading(shown, index) if index else _read_by_form(shown, symbol[1:])
    if symbol.startswith("^") or symbol.endswith(("=X", "=F")):
        return SymbolReading(shown, symbol)
    if CONTINUOUS_FUTURE.fullmatch(symbol):
        return read_listed(shown, symbol, FUTURES)
    return _read_pair_form(shown, symbol) or _read_suffixed(shown, symbol) or _read_class(shown, symbol)


def _read_pair_form(shown: str, symbol: str) -> SymbolReading | None:
    base, slash, quote = symbol.partition("/")
    if slash and {base, quote} <= CURRENCIES:
        return read_listed(shown, symbol, PAIRS)
    return read_listed(shown, symbol, CRYPTO) if _CRYPTO_PAIR.fullmatch(symbol) else None


def _read_suffixed(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a symbol with one of Yahoo's suffixes."""
    stem, dot, suffix = symbol.rpartition(".")
    if not dot or not stem or suffix not in YAHOO_SUFFIXES or " " in symbol:
        return None
    if suffix in EXCHANGE_BY_SUFFIX and (not stem.isdecimal() or suffix == "HK"):
        return read_listed(shown, stem, suffix)
    return SymbolReading(shown, symbol)


def _read_class(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of an American share with its class after a sign; of other text with a dot, a reason."""
    stem, _, suffix = symbol.rpartition(".")
    if stem and suffix in _REUTERS:
        meant = (stem, f"{stem}-{suffix}")
        reason = f"“{shown}” may be Reuters’ {stem} in {_REUTERS[suffix]}, or a class of share."
        return SymbolReading(shown, candidates=meant, reason=reason)
    if _AMERICAN_CLASS.fullmatch(symbol):
        return read_listed(shown, symbol, US)
    if stem and suffix == "UN":
        return SymbolReading(shown, candidates=(f"{stem}-UN.TO",), reason=f"Did you mean {stem}-UN.TO?")
    if stem and suffix and _PLAIN_NAME.fullmatch(suffix) and not NUMBER.fullmatch(symbol):
        return SymbolReading(
            shown, reason=f"“.{suffix[:8]}” is no suffix of Yahoo’s. A ticker looks like TCS.NS or AAPL."
        )
    return SymbolReading(shown, symbol) if AMERICAN_DASH.fullmatch(symbol) else None


def _read_bare(shown: str, symbol: str, default: str) -> SymbolReading:
    """Return the reading of a name without an exchange; `default` is the market of such names, empty for none."""
    symbol = symbol.removeprefix("$")
    if NUMBER.fullmatch(symbol):
        return read_number(shown, symbol, default)
    if not _PLAIN_NAME.fullmatch(symbol):
        return SymbolReading(shown, reason=invalid_ticker_message(shown))
    own = read_listed(shown, symbol, default) if default else SymbolReading(shown)
    if symbol in BARE_INDICES and own.ticker != BARE_INDICES[symbol]:
        index = BARE_INDICES[symbol]
        return SymbolReading(shown, candidates=(index,), reason=f"Did you mean the index {index}?")
    american = symbol if default == US or _AMERICAN_NAME.fullmatch(symbol) else ""
    others = [read_listed(shown, symbol, market) for market in _OFFERED if market in ("NS", "BO") or symbol.isalnum()]
    return SymbolReading(
        shown,
        own.ticker,
        candidates=tuple(ticker for one in (own, *others) for ticker in one.tickers),
        reason="" if own.ticker else f"“{shown}” does not say which exchange.",
        is_bare=True,
        as_written="" if own.reason else american,
    )
