"""Placed symbols: texts that name the market of a symbol in words: a prefix, a terminal's code, a series, a label."""

import re
from dataclasses import replace

from analysis.prices.exchanges import EXCHANGE_BY_SUFFIX
from analysis.prices.market_symbols import NUMBER, SymbolReading, read_listed, read_on_market
from analysis.prices.markets import market_named
from analysis.prices.symbol_tables import (
    BLOOMBERG_MARKETS,
    BLOOMBERG_OWN_TICKERS,
    FUTU_MARKETS,
    IBKR_MARKETS,
    MARKET_BY_COUNTRY,
    YAHOO_SUFFIXES,
)
from analysis.prices.symbol_text import SHOWN

_SERIES = re.compile(r"(.+?)(?:[ .-]EQ|-(?:BE|BZ))")
_JOINED_NUMBER = re.compile(r"(SH|SZ|BOM|BSE)(\d{6})")
_WITH_EXCHANGE = re.compile(r"(\S+) ?/ ?(\w+)|(\S+) (?:[-–—|] )?(NSE|BSE|NASDAQ|NYSE)|(\S+) ?\((\w+)\)")
_FACTSET = re.compile(r"([A-Z0-9.]+)-(US|IN|JP|HK|CA|DE|FR|AU)")
_BLOOMBERG_CLASS = re.compile(r" (EQUITY|CURNCY|COMDTY|INDEX)$")


def read_placed(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a text that names its market; None for one that does not."""
    before, colon, after = symbol.partition(":")
    if colon and before and not before.startswith("/") and " (" not in before:
        return _read_prefixed(shown, before.strip(), after.strip())
    readers = (_read_at_sign, _read_dotted, _read_series, _read_with_exchange, _read_terminal_code)
    return next(filter(None, (reader(shown, symbol) for reader in readers)), None)


def unknown_exchange(shown: str, name: str) -> SymbolReading:
    """Return the reading of a symbol of an exchange that is not known."""
    return SymbolReading(shown, reason=f"“{name[:SHOWN]}” is not an exchange that is known here. Give Yahoo’s ticker.")


def _read_prefixed(shown: str, before: str, after: str) -> SymbolReading:
    if market := market_named(before):
        suffix = after.rpartition(".")[2] if "." in after else ""
        if len(suffix) > 1 and suffix in EXCHANGE_BY_SUFFIX and suffix not in (market, "PR"):
            return SymbolReading(shown, reason=f"“{shown}” names two exchanges. Give one, like NSE:TCS or TCS.NS.")
        return read_on_market(shown, after, market)
    if market := market_named(after):  # AAPL:NSQ, as the Financial Times writes it
        return read_listed(shown, before, market)
    return _read_bloomberg(shown, before, after) or unknown_exchange(shown, before)


def _read_at_sign(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of Interactive Brokers' SHEL @LSEETF, whose codes are partly its own."""
    stem, at, place = symbol.partition("@")
    if not at or not stem or NUMBER.fullmatch(place.strip()):
        return None
    market = IBKR_MARKETS.get(place.strip()) or market_named(place)
    return read_listed(shown, stem.strip(), market) if market else unknown_exchange(shown, place.strip())


def _read_dotted(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of TCS.NSE, of Futu's HK.00700, or of a number with its market's letters before it."""
    stem, dot, name = symbol.rpartition(".")
    if stem and dot and name not in YAHOO_SUFFIXES and len(name) > 1:
        if market := market_named(name):
            return read_listed(shown, stem, market)
        if stem in FUTU_MARKETS:
            return read_listed(shown, name, FUTU_MARKETS[stem])
    if joined := _JOINED_NUMBER.fullmatch(symbol):
        return read_listed(shown, joined[2], market_named(joined[1]) or FUTU_MARKETS[joined[1]])
    return None


def _read_series(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a symbol with a series of NSE: TCS-EQ, TCS EQ."""
    series = _SERIES.fullmatch(symbol)
    if series is None:
        return None
    stem, _, suffix = series[1].rpartition(".")
    is_elsewhere = bool(stem) and suffix in EXCHANGE_BY_SUFFIX
    return read_listed(shown, stem if is_elsewhere else series[1], suffix if is_elsewhere else "NS")


def _read_with_exchange(shown: str, symbol: str) -> SymbolReading | None:
    """Return the reading of a symbol with a word for its exchange: TCS/NSE, TCS (NSE), TCS NSE.

    Where it is no sign, a company's name may stand before it: then the ticker counts only if it is known.
    """
    match = _WITH_EXCHANGE.fullmatch(symbol)
    stem, place = filter(None, match.groups()) if match else ("", "")
    if not (market := place and market_named(place)):
        return None
    reading = read_listed(shown, stem, market)
    if "/" in symbol or not reading.ticker:
        return reading
    reason = f"“{shown}” may be {reading.ticker}, or a name. Which ticker do you mean?"
    return replace(reading, ticker="", candidates=(reading.ticker,), reason=reason)


def read_factset(shown: str, symbol: str) -> SymbolReading | None:
    """Return the question about FactSet's TCS-IN, which looks like a symbol with a series or class."""
    factset = _FACTSET.fullmatch(symbol)
    reading = read_listed(shown, factset[1], market_named(MARKET_BY_COUNTRY[factset[2]])) if factset else None
    if reading is None or not reading.ticker:
        return None
    reason = f"“{shown}” may be {reading.ticker}, as FactSet writes it. Which ticker do you mean?"
    return replace(reading, ticker="", candidates=reading.tickers, reason=reason)


def _read_terminal_code(shown: str, symbol: str) -> SymbolReading | None:
    stem, _, code = _BLOOMBERG_CLASS.sub("", symbol).rpartition(" ")
    return _read_bloomberg(shown, stem, code)


def _read_bloomberg(shown: str, stem: str, code: str) -> SymbolReading | None:
    """Return the reading of a symbol with Bloomberg's code of a market; its own tickers are asked about."""
    market = BLOOMBERG_MARKETS.get(_BLOOMBERG_CLASS.sub("", code), "")
    if not stem or not market:
        return None
    reading = read_listed(shown, stem, market)
    if market not in BLOOMBERG_OWN_TICKERS or not reading.ticker:
        return reading
    reason = f"Bloomberg’s tickers differ from the exchange’s here. Is it {reading.ticker}?"
    return SymbolReading(shown, candidates=(reading.ticker,), reason=reason, is_bare=True)
