"""Tickers: what a Yahoo symbol may look like."""

import re

DEMO_SUFFIX = ".DEMO"
_SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.&^=-]{0,19}")
_ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")


def normalise(ticker: str) -> str:
    """The ticker without surrounding blanks and in capitals, as every table and source knows it."""
    return ticker.strip().upper()


def is_well_formed(ticker: str) -> bool:
    """Whether a normalised ticker could be a Yahoo symbol: up to 20 of A-Z, 0-9, `.`, `&`, `-`, `^`, `=`; no ISIN."""
    return _SYMBOL.fullmatch(ticker) is not None and _ISIN.fullmatch(ticker) is None


def no_ticker(text: str) -> str:
    """The sentence for whoever gave something else."""
    return f"“{text[:30]}” is not a ticker. A ticker looks like TCS.NS or AAPL."


def is_demo(ticker: str) -> bool:
    """Whether the ticker names a company of the demo market."""
    return ticker.endswith(DEMO_SUFFIX)
