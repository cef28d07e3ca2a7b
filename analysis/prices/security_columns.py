"""Security columns: which cells of a table's row name its security, and on which market it is listed.

Lists of exchanges, holdings of brokers and exports of watchlists all name a security by a symbol, an ISIN or a name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.prices.symbols import market_named
from analysis.prices.tables import Table
from analysis.prices.tickers import is_isin

# A column of symbols and the exchange of which they are, in order of preference: a row has the first that is filled.
SYMBOL_COLUMNS = {
    "yahoo ticker": "", "yahoo symbol": "", "ticker": "", "ticker symbol": "", "tickers": "", "symbol": "",
    "symbols": "", "trading symbol": "", "nse code": "NSE", "nse symbol": "NSE", "nse scrip code": "NSE",
    "security id": "BSE", "scrip id": "BSE", "act symbol": "US", "instrument": "", "scrip": "", "stock symbol": "",
    "scrip symbol": "", "code": "", "bse symbol": "BSE", "bse code": "BSE", "security code": "BSE", "scrip code": "BSE",
    "bse scrip code": "BSE", "financial instrument": "",
}  # fmt: skip
ISIN_COLUMNS = ("isin", "isin code", "isin number", "isin no")
NAME_COLUMNS = (
    "name", "company name", "name of company", "stock name", "issuer name", "security name", "security",
    "scrip name", "company", "description", "security description", "instrument name",
)  # fmt: skip
EXCHANGE_COLUMNS = ("exchange", "exchange name", "listing exchange", "exch", "market")
CURRENCY_COLUMNS = ("currency", "price currency", "ccy", "instrument currency", "security currency")
INDUSTRY_COLUMNS = ("industry", "gics sector", "sector", "industry group", "sector name")

# Headings that only one publisher writes, and the exchange of its bare symbols.
_PUBLISHERS: tuple[tuple[str, str], ...] = (
    ("symbol series", "NSE"),
    ("symbol underlying marketlot", "NSE"),  # NSE's funds
    ("instrument avgcost ltp", "NSE"),  # Zerodha's Kite
    ("symbol quantityavailable averageprice", "NSE"),  # Zerodha's Console
    ("stockname symbol links", "NSE"),  # Chartink
    ("actsymbol testissue", "US"),
    ("symbol marketcategory testissue", "US"),
    ("symbol lastsale netchange", "US"),  # Nasdaq's screener
    ("symbol gicssector", "US"),
    ("symbol netchng", "US"),  # thinkorswim
    ("no ticker company", "US"),  # Finviz
    ("symbol tradedate purchaseprice", "US"),  # Yahoo's portfolio, whose symbols are Yahoo's
    ("code datasource", "US"),  # Ghostfolio, likewise
    ("symbol datasource", "US"),
)
_PLACEHOLDER = re.compile(r"DUMMY.*|\d*NSETEST")
_MARKET_BY_COUNTRY = {
    "IN": "NSE", "US": "US", "GB": "LSE", "CA": "TSX", "AU": "ASX", "JP": "TSE", "HK": "HKEX", "CH": "SIX",
    "SE": "STOCKHOLM", "DK": "COPENHAGEN", "FI": "HELSINKI", "NO": "OSLO", "PL": "WARSAW", "BR": "B3", "ZA": "JSE",
    "SG": "SGX", "DE": "XETRA", "FR": "PARIS", "NL": "AMSTERDAM", "BE": "BRUSSELS", "PT": "LISBON", "ES": "MADRID",
    "IT": "MILAN", "AT": "VIENNA", "NZ": "NZX", "MX": "BMV",
}  # fmt: skip
_MARKET_BY_CURRENCY = {
    "INR": "NSE", "USD": "US", "GBP": "LSE", "GBX": "LSE", "JPY": "TSE", "HKD": "HKEX", "AUD": "ASX", "CAD": "TSX",
    "CHF": "SIX", "SEK": "STOCKHOLM", "DKK": "COPENHAGEN", "NOK": "OSLO", "PLN": "WARSAW", "BRL": "B3", "ZAR": "JSE",
    "ZAC": "JSE", "SGD": "SGX", "SAR": "TADAWUL", "NZD": "NZX", "MXN": "BMV", "TRY": "ISTANBUL",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SecuritySpelling:
    """The words of a row that name its security; `exchange` is the one that decides a bare symbol, empty for none."""

    symbol: str = ""
    exchange: str = ""
    isin: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class SecurityColumns:
    """The columns of a table that name securities; `publisher` is the exchange of its bare symbols, if it is known."""

    symbols: tuple[tuple[int, str], ...]
    isin: int | None
    name: int | None
    exchange: int | None
    currency: int | None
    publisher: str

    def spell(self, cells: Sequence[str]) -> SecuritySpelling:
        """Return what a row says of its security."""
        symbol, of_column = next(((cells[at], exchange) for at, exchange in self.symbols if cells[at]), ("", ""))
        isin = _cell(cells, self.isin).upper()
        isin = isin if is_isin(isin) else ""
        given = _cell(cells, self.exchange)
        exchange = (given if market_named(given) else "") or of_column or self.publisher
        currency = _cell(cells, self.currency).upper()
        return SecuritySpelling(
            symbol, exchange or _exchange_by_origin(isin, currency), isin, name=_cell(cells, self.name)
        )


def find_security_columns(table: Table) -> SecurityColumns:
    """Return the columns of a table that name securities, by its headings; `symbols` may be empty.

    Beside the first column of symbols only those count that name their exchange.
    """
    headings = set(table.folded_headings)
    named = ((table.find_column(alias), exchange) for alias, exchange in SYMBOL_COLUMNS.items())
    found = [(at, exchange) for at, exchange in named if at is not None]
    return SecurityColumns(
        symbols=tuple(found[:1] + [(at, exchange) for at, exchange in found[1:] if exchange]),
        isin=table.find_column(*ISIN_COLUMNS),
        name=table.find_column(*NAME_COLUMNS),
        exchange=table.find_column(*EXCHANGE_COLUMNS),
        currency=table.find_column(*CURRENCY_COLUMNS),
        publisher=next((exchange for words, exchange in _PUBLISHERS if headings.issuperset(words.split())), ""),
    )


def is_placeholder(symbol: str) -> bool:
    """Return whether NSE lists this symbol for a share that a demerger has not listed yet, or for trials."""
    return _PLACEHOLDER.fullmatch(symbol.strip().upper()) is not None


def _exchange_by_origin(isin: str, currency: str) -> str:
    """Return the exchange that an ISIN's country or else the currency of a price names, empty if neither does.

    A dollar says nothing about a share from elsewhere, which may be listed in New York or in London.
    """
    if isin:
        own = _MARKET_BY_COUNTRY.get(isin[:2], "")
        return own or (_MARKET_BY_CURRENCY.get(currency, "") if currency != "USD" else "")
    return _MARKET_BY_CURRENCY.get(currency, "")


def _cell(cells: Sequence[str], column: int | None) -> str:
    return "" if column is None else cells[column].strip()
