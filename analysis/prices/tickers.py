"""Tickers: the form of a Yahoo symbol."""

import re

DEMO_SUFFIX = ".DEMO"
_SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.&^=_-]{0,19}")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")


def normalise(ticker: str) -> str:
    """Return the ticker in capitals without surrounding blanks, as it is stored and fetched."""
    return ticker.strip().upper()


def is_well_formed(ticker: str) -> bool:
    """Return whether a normalised ticker may be a Yahoo symbol: up to 20 of A-Z 0-9 `.&-^=_`, and no ISIN."""
    return _SYMBOL.fullmatch(ticker) is not None and not is_isin(ticker)


def is_isin(text: str) -> bool:
    """Return whether a text in capitals has the form of an ISIN: a country, nine letters or digits, a check digit."""
    return _ISIN.fullmatch(text) is not None


def invalid_ticker_message(text: str) -> str:
    """Return the error message for a text that is not a ticker."""
    return f"“{text[:30]}” is not a ticker. A ticker looks like TCS.NS or AAPL."


def is_demo(ticker: str) -> bool:
    """Return whether the ticker belongs to the demo market."""
    return ticker.endswith(DEMO_SUFFIX)


def suffix_of(ticker: str) -> str:
    """Return the part of a ticker after its last dot, which names its exchange; empty without one."""
    return ticker.rpartition(".")[2] if "." in ticker else ""
