"""Symbols: from any spelling that people have for a security to Yahoo's symbol for it.

`read_symbol` knows forms and exchanges; `SymbolReading.among` decides by the tickers that are known. Neither guesses:
a text that is not certain has candidates to choose from, or a reason.
"""

import re
from dataclasses import replace

from analysis.prices.currencies import CURRENCIES
from analysis.prices.exchanges import EXCHANGE_BY_SUFFIX
from analysis.prices.index_names import find_named, is_never_share
from analysis.prices.market_symbols import (
    AMERICAN_DASH,
    CONTINUOUS_FUTURE,
    FUTURE_CONTRACT,
    NUMBER,
    SymbolReading,
    read_listed,
    read_number,
    read_on_market,
    read_pair_form,
)
from analysis.prices.markets import home_market, market_named, offered_markets
from analysis.prices.placed_symbols import read_factset, read_placed, unknown_exchange
from analysis.prices.symbol_tables import CLASS_SHARES, FUTURES, INDICES, JOINED_CLASSES, US, YAHOO_SUFFIXES
from analysis.prices.symbol_text import SHOWN, clean_symbol, find_no_symbol
from analysis.prices.tickers import invalid_ticker_message, is_well_formed

_PREFERRED = r"[./ -](?:PR|PRF|PFD)[./ -]?(?:SER(?:IES)?[./ -])?[A-Z]"
_DOTTED_PREFERRED = re.compile(r"[A-Z]{1,5}\.PR\.?[A-Z]")
_AMERICAN_CLASS = re.compile(
    rf"[A-Z]{{1,5}}(?:[./](?:[A-Z]|WS|P[A-Z])|[\^$][A-Z]|{_PREFERRED})|(?:{'|'.join(sorted(CLASS_SHARES))}) [A-Z]"
)
_REUTERS = {"O": "Nasdaq", "N": "New York"}
_PLAIN_NAME = re.compile(r"(?=.*[A-Z])[A-Z0-9][A-Z0-9&_-]*")
_AMERICAN_NAME = re.compile(r"[A-Z]{1,5}")
_NAME_AND_SYMBOL = re.compile(r"(.+?) ?\((.+)\)|(.+?) ?\[(.+)\]|(.+?) [-–—|] (.+)")
_MARKETS_WITHOUT_CLASSES = ("", US, "NS", "BO")


def read_symbol(text: str, *, exchange: str = "", default: str = "", currency: str = "") -> SymbolReading:
    """Return the meaning of a spelling.

    `exchange` is the exchange that a file gives, in any spelling; it counts unless the text names another. `default` is
    the code of the exchange of bare names, which counts unless the file's `currency` is not that of its prices; without
    one, a bare name is not certain.
    """
    symbol = clean_symbol(text)
    shown = symbol[:SHOWN]
    if reason := find_no_symbol(symbol):
        return SymbolReading(shown, reason=reason)
    home = home_market(default, currency)
    reading = (
        read_placed(shown, symbol)
        or _read_given(shown, symbol, exchange)
        or read_factset(shown, symbol)
        or _read_by_form(shown, symbol, home)
        or _read_labelled(shown, symbol)
        or _read_bare(shown, symbol, home, currency)
    )
    is_bad = not all(is_well_formed(ticker) and ticker[-1].isalnum() for ticker in reading.tickers)
    return SymbolReading(shown, reason=invalid_ticker_message(shown)) if is_bad else reading


def _read_given(shown: str, symbol: str, exchange: str) -> SymbolReading | None:
    """Return the reading of a symbol whose exchange the file gives."""
    if not exchange or _is_whole(symbol):
        return None
    market = market_named(exchange)
    return read_on_market(shown, symbol, market) if market else unknown_exchange(shown, exchange)


def _is_whole(symbol: str) -> bool:
    """Return whether a symbol is Yahoo's own, so that a file's exchange adds nothing to it."""
    stem, dot, suffix = symbol.rpartition(".")
    has_suffix = bool(dot and stem) and suffix in YAHOO_SUFFIXES and not _DOTTED_PREFERRED.fullmatch(symbol)
    is_index = symbol.startswith("$") and bool(find_named(symbol[1:]))
    return has_suffix or is_index or symbol.startswith(("^", "/")) or symbol.endswith(("=X", "=F"))


def _read_by_form(shown: str, symbol: str, home: str) -> SymbolReading | None:
    """Return the reading of a text whose form alone says which security it is; None for a bare name."""
    if symbol.startswith("/"):
        return read_listed(shown, symbol[1:].partition(":")[0], FUTURES)
    if symbol.startswith("$"):
        index = read_listed(shown, symbol.lstrip("$"), INDICES)
        return index if index.ticker else _read_by_form(shown, symbol.lstrip("$"), home)
    if symbol.startswith("^") or symbol.endswith(("=X", "=F")):
        return SymbolReading(shown, symbol)
    if symbol in JOINED_CLASSES:
        return read_listed(shown, symbol, US)
    if CONTINUOUS_FUTURE.fullmatch(symbol) or FUTURE_CONTRACT.fullmatch(symbol):
        return read_listed(shown, symbol, FUTURES)
    return read_pair_form(shown, symbol) or _read_suffixed(shown, symbol) or _read_class(shown, symbol, home)


def _read_suffixed(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a symbol with one of Yahoo's suffixes."""
    stem, _, suffix = symbol.rpartition(".")
    if not stem.rstrip(".") or suffix not in YAHOO_SUFFIXES or " " in symbol or _DOTTED_PREFERRED.fullmatch(symbol):
        return None
    if suffix in EXCHANGE_BY_SUFFIX and (not stem.isdecimal() or suffix == "HK"):
        return read_listed(shown, stem.rstrip("."), suffix)
    return SymbolReading(shown, symbol)


def _read_class(shown: str, symbol: str, home: str) -> SymbolReading | None:
    """Return the reading of an American share with its class after a sign; of other text with a dot, a reason."""
    stem, _, suffix = symbol.rpartition(".")
    if stem and suffix in _REUTERS:
        meant = (stem, f"{stem}-{suffix}")
        reason = f"“{shown}” may be Reuters’ {stem} in {_REUTERS[suffix]}, or a class of share."
        return SymbolReading(shown, candidates=meant, reason=reason)
    if _AMERICAN_CLASS.fullmatch(symbol):
        return _read_class_of(shown, symbol, home)
    if stem and suffix == "UN":
        return SymbolReading(shown, candidates=(f"{stem}-UN.TO",), reason=f"Did you mean {stem}-UN.TO?")
    if stem and suffix and _PLAIN_NAME.fullmatch(suffix) and not NUMBER.fullmatch(symbol):
        return SymbolReading(
            shown, reason=f"“.{suffix[:8]}” is no suffix of Yahoo’s. A ticker looks like TCS.NS or AAPL."
        )
    return read_listed(shown, symbol, US) if AMERICAN_DASH.fullmatch(symbol) else None


def _read_class_of(shown: str, symbol: str, home: str) -> SymbolReading:
    """Return the reading of a share with a class: American, unless the default exchange has classes as well."""
    american = read_listed(shown, symbol, US)
    if home in _MARKETS_WITHOUT_CLASSES:
        return american
    candidates = (*read_listed(shown, symbol, home).tickers, *american.tickers)
    reason = f"“{shown}” may be {' or '.join(candidates)}. Which do you mean?"
    return SymbolReading(shown, candidates=candidates, reason=reason)


def _read_labelled(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a symbol beside a company's name: Infosys (INFY), TCS.NS - Tata Consultancy.

    A symbol counts if it alone of the two names its exchange. One without an exchange is asked about: that in brackets,
    or that before a dash and several words.
    """
    match = _NAME_AND_SYMBOL.fullmatch(symbol)
    if match is None:
        return None
    parts = [part for part in match.groups() if part]
    readings = [read_placed(shown, part) or _read_suffixed(shown, part) for part in parts]
    certain = [reading for reading in readings if reading and reading.ticker]
    if len(certain) == 1:
        return certain[0]
    bare, other = parts[::-1] if symbol.endswith((")", "]")) else parts
    is_clear = _PLAIN_NAME.fullmatch(bare) and (" " in other or bare == parts[1])
    if certain or not is_clear or bare in CURRENCIES:
        return None
    reading = _read_bare(shown, bare, "", "")
    reason = f"“{bare[:SHOWN]}” does not say which exchange."
    return replace(reading, candidates=reading.tickers, as_written="", reason=reason, is_bare=True)


def _read_bare(shown: str, symbol: str, home: str, currency: str) -> SymbolReading:
    """Return the reading of a name without an exchange; `home` is the market of such names, empty for none."""
    symbol = symbol.lstrip("$")
    if NUMBER.fullmatch(symbol):
        return read_number(shown, symbol, home)
    named = find_named(symbol)
    own = read_listed(shown, symbol, home) if home else SymbolReading(shown)
    if named and is_never_share(symbol):
        return SymbolReading(shown, named) if own.ticker == named else _suggest(shown, named)
    if not _PLAIN_NAME.fullmatch(symbol):
        return SymbolReading(shown, reason=invalid_ticker_message(shown))
    american = symbol if home == US or _AMERICAN_NAME.fullmatch(symbol) else ""
    others = _read_offered(shown, symbol, currency)
    if named and home != US:
        return _ask_named(shown, named, own.ticker or american, (*others, american))
    if currency and not home:
        reason = f"“{shown}” is quoted in {currency} and does not say on which exchange."
        candidates = (*others, *filter(None, [american]))  # which is no default then
        return SymbolReading(shown, candidates=candidates, reason=reason, is_bare=True)
    return SymbolReading(
        shown,
        own.ticker,
        candidates=(*own.tickers, *others),
        reason="" if own.ticker else f"“{shown}” does not say which exchange.",
        is_bare=True,
        as_written="" if own.reason else american,
    )


def _read_offered(shown: str, symbol: str, currency: str) -> tuple[str, ...]:
    """Return the tickers of a name on the markets to offer, with a currency those that quote in it."""
    markets = [market for market in offered_markets(currency) if market in ("NS", "BO") or symbol.isalnum()]
    return tuple(ticker for market in markets for ticker in read_listed(shown, symbol, market).tickers)


def _suggest(shown: str, ticker: str) -> SymbolReading:
    return SymbolReading(shown, candidates=(ticker,), reason=f"Did you mean {ticker}?")


def _ask_named(shown: str, named: str, share: str, others: tuple[str, ...]) -> SymbolReading:
    """Return the question about a name of an index, commodity or coin that a share may have as well."""
    reason = f"“{shown}” may be {named} or a share. Which do you mean?"
    candidates = tuple(filter(None, (named, *others)))
    return SymbolReading(shown, candidates=candidates, reason=reason, is_bare=True, as_written=share)
