"""Markets: the places of which symbols are, by any name of their exchange; see `symbol_tables` for their codes."""

import re

from analysis.prices.currencies import main_currency
from analysis.prices.exchanges import EXCHANGE_BY_CODE, EXCHANGE_BY_SUFFIX
from analysis.prices.symbol_tables import MARKET_BY_NAME, US, YAHOO_SUFFIXES
from analysis.prices.symbol_text import clean_symbol

EXCHANGE_CODES = {US: US} | {exchange.code: suffix for suffix, exchange in EXCHANGE_BY_SUFFIX.items()}
"""The markets of which bare names may be, by the code of their exchange."""
EXCHANGE_NAMES = {code: f"{code} – {EXCHANGE_BY_CODE[code].name}" for code in EXCHANGE_CODES}

_SIGNS = re.compile(r"[ .:()-]")
_MARKET_BY_FULL_NAME = {
    _SIGNS.sub("", exchange.name.upper()): suffix for suffix, exchange in EXCHANGE_BY_SUFFIX.items()
} | MARKET_BY_NAME
_OFFERED = ("NS", "BO", "L", "TO", "DE", "AX")  # beside New York, for a name without an exchange
_OFFERED_NEXT = ("PA", "AS", "MI", "MC")
MOST_OFFERED = 8


def market_named(name: str) -> str:
    """Return the market of an exchange's name, code, prefix or suffix with its dot, empty for an unknown one."""
    code = clean_symbol(name)
    if code.startswith("."):
        return code[1:] if code[1:] in YAHOO_SUFFIXES else ""
    return EXCHANGE_CODES.get(code) or _MARKET_BY_FULL_NAME.get(_SIGNS.sub("", code), "")


def home_market(code: str, currency: str) -> str:
    """Return the market of bare names by an exchange's code; empty for none, and for one that quotes in other money."""
    market = EXCHANGE_CODES.get(code, "")
    return market if market and market in _markets_quoting(currency, [market]) else ""


def offered_markets(currency: str) -> tuple[str, ...]:
    """Return the markets to offer for a name without an exchange: common ones, or those that quote in a currency."""
    if not currency:
        return _OFFERED
    markets = dict.fromkeys((*_OFFERED, *_OFFERED_NEXT, *EXCHANGE_BY_SUFFIX))
    return tuple(_markets_quoting(currency, list(markets))[:MOST_OFFERED])


def _markets_quoting(currency: str, markets: list[str]) -> list[str]:
    exchanges = EXCHANGE_BY_SUFFIX | {US: EXCHANGE_BY_CODE[US]}
    money = main_currency(currency)
    return [market for market in markets if not money or main_currency(exchanges[market].currency) == money]
