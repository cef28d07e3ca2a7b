"""Yahoo's screener: which stocks a region has, page by page, through yfinance."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yfinance

from analysis.prices.exchanges import currency_code
from analysis.prices.port import ErrorKind, PriceError
from analysis.prices.yahoo import explained, prepare
from analysis.prices.yahoo_session import YahooSession

PAGE = 250  # Yahoo gives no more at once


@dataclass(frozen=True, slots=True)
class Listed:
    """A stock as a list names it; what the list does not tell is empty."""

    ticker: str
    name: str = ""
    industry: str = ""
    exchange: str = ""
    currency: str = ""


def listed_in(region: str, session: YahooSession, cache_folder: Path) -> list[Listed]:
    """All equities of a region, like `in` or `us`, by ticker.

    Raises ValueError for a region that Yahoo does not know, PriceError when not all of them can be had.
    """
    prepare(cache_folder)
    query = yfinance.EquityQuery("eq", ["region", region])
    found: dict[str, Listed] = {}
    offset, total = 0, 1
    while offset < total:
        page = _page(query, offset, session)
        quotes, total = page["quotes"], page["total"]
        if not quotes and total:
            message = f"Yahoo's screener gave {offset:,} of {total:,} stocks."
            raise PriceError(ErrorKind.UNAVAILABLE, message, permanent=False)
        found |= {quote["symbol"]: _listed(quote) for quote in quotes}
        offset += len(quotes)
    return list(found.values())


def _page(query: yfinance.EquityQuery, offset: int, session: YahooSession) -> dict[str, Any]:
    session.begin()
    try:
        page = yfinance.screen(query, offset=offset, size=PAGE, sortField="ticker", sortAsc=True, session=session)
        return {"quotes": page["quotes"], "total": int(page["total"])}
    except PriceError:
        raise
    except Exception as error:
        raise explained("its screener", error, session) from error


def _listed(quote: dict[str, Any]) -> Listed:
    name = quote.get("longName") or quote.get("shortName") or ""
    return Listed(str(quote["symbol"]), name=str(name), currency=currency_code(str(quote.get("currency") or "")))
