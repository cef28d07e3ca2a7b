"""Quiet stocks: when a source that had nothing new for a stock is requested again."""

from collections.abc import Collection
from datetime import date, timedelta

from analysis.db import transactional
from analysis.models import ErrorKind, QuietStock, Stock
from analysis.prices.identity import IdentityChanged
from analysis.prices.port import DoubtfulError, PriceError, PriceErrorKind

FREE_REQUESTS = 3  # on days in a row, before the days between requests double
LONGEST = timedelta(days=30)
LONGEST_MESSAGE = 500
LATE_SESSIONS = 5  # after which old prices are nothing new; a source may be late by some
FINAL = (PriceErrorKind.UNKNOWN_TICKER, PriceErrorKind.NO_DATA, PriceErrorKind.BAD_DATA)


def quiet_stocks(tickers: Collection[str], source: str) -> dict[str, QuietStock]:
    """Return the rows of those of these tickers for which a source had nothing new, by ticker."""
    rows = QuietStock.objects.filter(stock_id__in=tickers, source=source)
    return {row.stock_id: row for row in rows}


def is_nothing_new(answer: PriceError | None, *, is_newer: bool, is_late: bool) -> bool:
    """Return whether an answer of a source counts as one without a new price.

    `is_late` is whether the stock's last session is LATE_SESSIONS before those of others.
    """
    if answer is not None:
        return answer.kind in FINAL and not isinstance(answer, IdentityChanged)
    return not is_newer and is_late


@transactional
def record_nothing_new(
    before: QuietStock | None, ticker: str, source: str, error: PriceError | None, today: date
) -> QuietStock:
    """Store and return that a source had nothing new for a stock today; a day counts once.

    Nothing is stored of a stock that was deleted meanwhile.
    """
    requests = before.requests if before else 0
    if before is None or before.requested_on != today:
        requests += 1
    row = QuietStock(
        stock_id=ticker,
        source=source,
        requests=requests,
        requested_on=today,
        next_request=today + days_until_next(requests),
        error_kind=ErrorKind(error.kind) if error else "",
        is_doubtful=isinstance(error, DoubtfulError),
        error_message=error.message[:LONGEST_MESSAGE] if error else "",
    )
    if not Stock.objects.lock([ticker]):
        return row
    QuietStock.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["stock", "source"],
        update_fields=["requests", "requested_on", "next_request", "error_kind", "error_message", "is_doubtful"],
    )
    return row


@transactional
def record_news(row: QuietStock) -> None:
    """Store that a source had a new price for a stock."""
    QuietStock.objects.filter(stock_id=row.stock_id, source=row.source).delete()


def days_until_next(requests: int) -> timedelta:
    """Return the days from a request in vain to the next: 1 after each of the first three, then 2, 4, 8 … 30."""
    return min(timedelta(days=2 ** min(max(requests - FREE_REQUESTS, 0), 10)), LONGEST)
