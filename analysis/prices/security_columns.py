"""Security columns: which cells of a table's row name its security, and on which market it is listed.

Lists of exchanges, holdings of brokers and exports of watchlists all name a security by a symbol, an ISIN or a name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.prices.currencies import currency_code, main_currency
from analysis.prices.exchanges import EXCHANGE_BY_CODE
from analysis.prices.markets import market_named
from analysis.prices.symbol_tables import MARKET_BY_COUNTRY, MARKET_BY_CURRENCY, US
from analysis.prices.tables import Table
from analysis.prices.tickers import is_isin

# A column of symbols and the exchange of which they are, in order of preference: a row has the first that is filled.
SYMBOL_COLUMNS = {
    "yahoo ticker": "", "yahoo symbol": "", "ticker": "", "ticker symbol": "", "tickers": "", "symbol": "",
    "mnemonic": "", "symbols": "", "trading symbol": "", "nse code": "NSE", "nse symbol": "NSE",
    "nse scrip code": "NSE", "security id": "BSE", "scrip id": "BSE", "act symbol": "US", "asx code": "ASX",
    "tidm": "LSE", "epic": "LSE", "tckrsymb": "", "root ticker": "", "stock ticker": "", "symbol/isin": "",
    "symbool/isin": "", "scrip/contract": "", "instrument": "", "scrip": "", "stock symbol": "", "scrip symbol": "",
    "stock code": "", "code": "", "bse symbol": "BSE", "bse code": "BSE", "security code": "BSE", "scrip code": "BSE",
    "bse scrip code": "BSE", "sc code": "BSE", "financial instrument": "",
}  # fmt: skip
ISIN_COLUMNS = ("isin", "isin code", "isin number", "isin no")
NAME_COLUMNS = (
    "name", "company name", "name of company", "stock name", "issuer name", "security name", "security",
    "scrip name", "company", "description", "security description", "instrument name", "product",
    "sc name", "name of security", "name of securities", "investment name",
)  # fmt: skip
# Further headings of price files alone, beside those of lists.
_PRICED_COLUMNS = (
    "fininstrmid", "index name", "stock", "stock symbol", "stock id", "securities", "symbol name", "ticker name", "tic",
    "company code", "company ticker", "sec code", "security symbol", "script", "script code", "instrument id",
    "instrument code", "asset", "underlying", "contract", "sid", "sec id", "symbol 1", "share", "id",
    "permno",
)  # fmt: skip
IDENTITY_COLUMNS = tuple(dict.fromkeys((*SYMBOL_COLUMNS, *_PRICED_COLUMNS, *NAME_COLUMNS)))
"""The headings under which a price file names its security: symbols first, then names."""
GENERAL_COLUMNS = (
    "code", "product", "description", "security description", "asset", "underlying", "contract", "share", "sid",
    "company code", "id", "permno",
)  # fmt: skip
"""Of these, the headings that may be about other things."""
EXCHANGE_COLUMNS = (
    "exchange", "exchange name", "listing exchange", "exch", "listing exch", "primary exchange", "stock exchange",
    "exchange code", "reference exchange", "mic", "venue", "data source",
)  # fmt: skip
MARKET_COLUMN = "market"  # which may be about other things
CURRENCY_COLUMNS = (
    "currency", "price currency", "ccy", "instrument currency", "security currency", "currency (price / share)",
    "currency code", "currency primary", "währung",
)  # fmt: skip
INDUSTRY_COLUMNS = ("industry", "gics sector", "sector", "industry group", "sector name")

# Headings that only one publisher writes, and the exchange of its bare symbols.
_PUBLISHERS: tuple[tuple[str, str], ...] = (
    ("symbol series", "NSE"),
    ("symbol underlying marketlot", "NSE"),  # NSE's funds
    ("instrument ltp", "NSE"),  # Zerodha's Kite
    ("symbol quantityavailable averageprice", "NSE"),  # Zerodha's Console
    ("stockname symbol links", "NSE"),  # Chartink
    ("actsymbol testissue", "US"),
    ("symbol marketcategory testissue", "US"),
    ("symbol lastsale netchange", "US"),  # Nasdaq's screener
    ("symbol gicssector", "US"),
    ("symbol prevclose ltp chng", "NSE"),  # NSE's page of an index
    ("symbol netchng", "US"),  # thinkorswim
    ("accountnumber symbol lastpricechange", "US"),  # Fidelity
    ("symbol qtyquantity mktvalmarketvalue", "US"),  # Schwab
    ("accountnumber investmentname symbol", "US"),  # Vanguard
    ("activitydate instrument transcode", "US"),  # Robinhood
    ("stockcode nameofsecurities", "HKEX"),
    ("code company availunits", "ASX"),  # CommSec
    ("code stock unitsheld", "LSE"),  # Hargreaves Lansdown
    ("no ticker company", "US"),  # Finviz
    ("symbol tradedate purchaseprice", "US"),  # Yahoo's portfolio, whose symbols are Yahoo's
    ("code datasource", "US"),  # Ghostfolio, likewise
    ("symbol datasource", "US"),
)
_OWN_CODES = ("stocksymbol companyname isincode",)
"""The headings of brokers whose symbols are codes of their own: ICICI Direct's INFTEC is INFY."""
_NO_EXCHANGE = frozenset({"", "-", "--", "N/A", "NA", "NONE", "SMART", "YAHOO"})
_LETTERS_OF_NASDAQ = frozenset("NAPZVQ")  # the exchanges in Nasdaq Trader's lists, all American
_PLACEHOLDER = re.compile(r"DUMMY.*|\d*NSETEST")


@dataclass(frozen=True, slots=True)
class SecuritySpelling:
    """The words of a row that name its security.

    `exchange` is the one that decides a bare symbol, empty for none, in any spelling; `currency` that of its prices.
    """

    symbol: str = ""
    exchange: str = ""
    isin: str = ""
    name: str = ""
    currency: str = ""


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
        currency = currency_code(_cell(cells, self.currency))
        exchange = self._find_exchange(_cell(cells, self.exchange), of_column) or _exchange_by_origin(isin, currency)
        return SecuritySpelling(symbol, exchange, isin, name=_cell(cells, self.name), currency=currency)

    def _find_exchange(self, given: str, of_column: str) -> str:
        """Return the exchange of a row's symbol; one that is given counts even if it is not known."""
        if given.upper() in _NO_EXCHANGE or (self.publisher == US and given in _LETTERS_OF_NASDAQ):
            given = ""
        return given if market_named(given) else of_column or given or self.publisher


def find_security_columns(table: Table) -> SecurityColumns:
    """Return the columns of a table that name securities, by its headings; `symbols` may be empty.

    Beside the first column of symbols only those count that name their exchange.
    """
    headings = set(table.folded_headings)
    has_own_codes = any(headings.issuperset(words.split()) for words in _OWN_CODES)
    named = ((table.find_column(alias), exchange) for alias, exchange in SYMBOL_COLUMNS.items())
    found = [(at, exchange) for at, exchange in named if at is not None and not has_own_codes]
    return SecurityColumns(
        symbols=tuple(found[:1] + [(at, exchange) for at, exchange in found[1:] if exchange]),
        isin=table.find_column(*ISIN_COLUMNS),
        name=table.find_column(*NAME_COLUMNS),
        exchange=find_exchange_column(table),
        currency=table.find_column(*CURRENCY_COLUMNS),
        publisher=next((exchange for words, exchange in _PUBLISHERS if headings.issuperset(words.split())), ""),
    )


def is_placeholder(symbol: str) -> bool:
    """Return whether NSE lists this symbol for a share that a demerger has not listed yet, or for trials."""
    return _PLACEHOLDER.fullmatch(symbol.strip().upper()) is not None


def find_exchange_column(table: Table) -> int | None:
    """Return the column of the exchanges; one of markets only where some of its cells name an exchange."""
    column, market = table.find_column(*EXCHANGE_COLUMNS), table.find_column(MARKET_COLUMN)
    names_market = market is not None and any(map(market_named, table.cells_of(market)))
    return market if column is None and names_market else column


def _exchange_by_origin(isin: str, currency: str) -> str:
    """Return the exchange that an ISIN's country or else the currency of a price names, empty if neither does.

    A dollar says nothing about a share from elsewhere, which may be listed in New York or in London. Nor does a country
    about a share that is quoted in other money: it is listed elsewhere, perhaps under another symbol.
    """
    if not isin:
        return MARKET_BY_CURRENCY.get(currency, "")
    own = MARKET_BY_COUNTRY.get(isin[:2], "")
    if own:
        money = main_currency(EXCHANGE_BY_CODE[own].currency)
        return own if main_currency(currency) in ("", money) else ""
    return MARKET_BY_CURRENCY.get(currency, "") if currency != "USD" else ""


def _cell(cells: Sequence[str], column: int | None) -> str:
    return "" if column is None else cells[column].strip()
