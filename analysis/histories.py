"""Price histories: the stored bars of a stock that an analysis uses, and the storing of a source's response."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analysis.db import transactional
from analysis.engine.bars import Bars
from analysis.models import PriceHistory, Stock
from analysis.prices.arrow import checksum, pack_bars
from analysis.prices.exchanges import exchange_of
from analysis.prices.port import History
from analysis.prices.quality import CheckedBars, check_bars
from analysis.prices.sessions import last_closed_session

HISTORY = timedelta(days=5 * 365 + 2)
SLACK = timedelta(days=7)  # so that a history that is short of a weekend is not fetched again
BEFORE_ANY_CLOSE = time(1)  # and after midnight, which is assumed as the close if none is known


def moment_of(ticker: str, as_of: date | None, now: datetime) -> datetime:
    """Return the moment of an analysis: now, or just after `as_of` has closed where the stock trades."""
    if not as_of:
        return now
    next_day = as_of + timedelta(days=1)
    return min(now, datetime.combine(next_day, BEFORE_ANY_CLOSE, ZoneInfo(exchange_of(ticker).timezone)))


def first_day(ticker: str, moment: datetime) -> date:
    """Return the first day that an analysis at this moment uses: five years before the latest closed session.

    It depends on the session, not on the clock, so that every run about a session uses the same bars.
    """
    return last_closed_session(ticker, moment) - HISTORY


def select_bars(bars: Bars, ticker: str, moment: datetime, as_of: date | None = None) -> Bars:
    """Return the bars of HISTORY before the analysis, and none after `as_of`."""
    bars = bars.until(as_of) if as_of else bars
    return bars[int(np.searchsorted(bars.session, np.datetime64(first_day(ticker, moment), "D"))) :]


def usable_bars(history: PriceHistory, now: datetime) -> CheckedBars:
    """Return the stored bars that an analysis of today uses, after the quality gate.

    Raise PriceError if they do not pass it, ValueError if the stored bars are damaged.
    """
    ticker = history.stock_id
    return check_bars(select_bars(history.unpack(), ticker, now), ticker=ticker, now=now, adjusted=history.adjusted)


@dataclass(frozen=True, slots=True)
class StockMetadata:
    """Name and currency reported by the price source; empty strings when unknown."""

    name: str
    currency: str

    def is_news_of(self, stock: Stock) -> bool:
        """Return whether the stock has no name yet or another currency; a source is more reliable than a suffix."""
        return bool(self.name and not stock.name) or self.currency not in {"", stock.currency}


def row_of(ticker: str, source: str, history: History, since: date, now: datetime) -> PriceHistory:
    """Return a source's response as a row, not yet saved."""
    packed = pack_bars(history.bars)
    return PriceHistory(
        stock_id=ticker,
        source=source,
        bars=packed,
        first_session=history.bars.first_session,
        last_session=history.bars.last_session,
        requested_since=since,
        bar_count=len(history.bars),
        adjusted=history.adjusted,
        findings=[finding.as_dict() for finding in history.findings],
        fetched_at=now,
        checksum=checksum(packed),
    )


@transactional
def store(histories: Sequence[PriceHistory], reported: Mapping[str, StockMetadata]) -> None:
    """Replace the stocks' histories, and store the names and currencies that the source reported.

    A price confirms an unconfirmed stock.
    """
    for ticker, metadata in reported.items():
        stock = Stock.objects.filter(pk=ticker)
        stock.filter(name="").update(name=metadata.name[:200])
        if metadata.currency:
            stock.update(currency=metadata.currency)
    priced = Stock.objects.unconfirmed().filter(pk__in=[history.stock_id for history in histories])
    priced.update(is_confirmed=True, refusals=0, named_by=None)
    PriceHistory.objects.bulk_create(
        histories,
        update_conflicts=True,
        unique_fields=["stock", "source"],
        update_fields=[
            "bars", "first_session", "last_session", "requested_since", "bar_count", "adjusted", "findings",
            "fetched_at", "checksum",
        ],
    )  # fmt: skip
