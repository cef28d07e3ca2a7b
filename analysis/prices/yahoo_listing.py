"""Yahoo's listing: all stocks of a region, page by page from Yahoo's screener, through yfinance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yfinance

from analysis.prices.currencies import currency_code
from analysis.prices.pace import PauseReason
from analysis.prices.port import DoubtfulError, PriceError, PriceErrorKind
from analysis.prices.yahoo import configure_yfinance, explain_error
from analysis.prices.yahoo_session import YahooSession

PAGE_SIZE = 250  # the maximum of Yahoo


@dataclass(frozen=True, slots=True)
class ListedStock:
    """A stock of a list; fields that the list does not have are empty."""

    ticker: str
    name: str = ""
    industry: str = ""
    currency: str = ""
    isin: str = ""


def fetch_listing(region: str, session: YahooSession, cache_folder: Path) -> list[ListedStock]:
    """Return all equities of a region, like `in` or `us`, by ticker.

    Raise ValueError for a region that Yahoo does not know, PriceError if any page fails.
    """
    configure_yfinance(cache_folder)
    query = yfinance.EquityQuery("eq", ["region", region])
    stocks: dict[str, ListedStock] = {}
    offset, total = 0, 1
    while offset < total:
        page = _fetch_page(query, offset, session)
        quotes, total = page["quotes"], page["total"]
        if not quotes and total:
            message = f"Yahoo's screener gave {offset:,} of {total:,} stocks."
            raise PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)
        stocks |= {quote["symbol"]: _to_stock(quote) for quote in quotes}
        offset += len(quotes)
    return list(stocks.values())


def _fetch_page(query: yfinance.EquityQuery, offset: int, session: YahooSession) -> dict[str, Any]:
    session.start_ticker()
    try:
        page = yfinance.screen(query, offset=offset, size=PAGE_SIZE, sortField="ticker", sortAsc=True, session=session)
        found = {"quotes": page["quotes"], "total": int(page["total"])}
    except PriceError:
        raise
    except Exception as error:
        if session.is_silent:
            session.record_silence()
        failure = explain_error("its screener", error, session.answer)
        if isinstance(failure, DoubtfulError):
            message = f"{PauseReason.NOT_UNDERSTOOD.sentence}: its list of stocks cannot be read."
            failure = PriceError(PriceErrorKind.UNAVAILABLE, message, permanent=False)
        raise failure from error
    session.confirm_data()
    return found


def _to_stock(quote: dict[str, Any]) -> ListedStock:
    name = quote.get("longName") or quote.get("shortName") or ""
    return ListedStock(str(quote["symbol"]), name=str(name), currency=currency_code(str(quote.get("currency") or "")))
