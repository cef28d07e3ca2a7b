"""Histories: bars asked of their source, and kept in place of a stock's earlier ones."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from analysis.models import PriceHistory, Stock
from analysis.prices import ErrorKind, History, PriceError, PriceSource, checksum, pack, refresh
from analysis.services.transient import transactional

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Learned:
    """What a source says of a stock besides its bars; empty where it says nothing."""

    name: str
    currency: str

    def is_news_of(self, stock: Stock) -> bool:
        """Whether the stock has no name yet, or another currency than the source's, which is surer than a suffix."""
        return bool(self.name and not stock.name) or self.currency not in {"", stock.currency}


def ask(
    source: PriceSource, tickers: Sequence[str], stored: Mapping[str, History], first_day: date, now: datetime
) -> Mapping[str, History | PriceError]:
    """The histories to store; should the source break its promise and raise, every stock asked for says so."""
    try:
        return refresh(source, tickers, stored, first_day=first_day, now=now)
    except Exception as error:
        logger.exception("The price source %s raised for %s", source.name, ", ".join(tickers))
        sentence = f"The price source {source.name} failed unexpectedly ({type(error).__name__})."
        return dict.fromkeys(tickers, PriceError(ErrorKind.UNAVAILABLE, sentence, permanent=False))


def row_of(ticker: str, source: str, history: History, since: date, now: datetime) -> PriceHistory:
    """What a source answered as a row, not yet saved."""
    packed = pack(history.bars)
    return PriceHistory(
        stock_id=ticker,
        source=source,
        bars=packed,
        first_session=history.bars.first_session,
        last_session=history.bars.last_session,
        asked_since=since,
        bar_count=len(history.bars),
        adjusted=history.adjusted,
        findings=[finding.as_dict() for finding in history.findings],
        fetched_at=now,
        checksum=checksum(packed),
    )


@transactional
def store(histories: Sequence[PriceHistory], learned: Mapping[str, Learned]) -> None:
    """Replace the stocks' histories, and store the names and currencies that the source reported.

    A price confirms an unconfirmed stock.
    """
    for ticker, told in learned.items():
        stock = Stock.objects.filter(pk=ticker)
        stock.filter(name="").update(name=told.name[:200])
        if told.currency:
            stock.update(currency=told.currency)
    priced = Stock.objects.unconfirmed().filter(pk__in=[history.stock_id for history in histories])
    priced.update(is_confirmed=True, refusals=0, named_by=None)
    PriceHistory.objects.bulk_create(
        histories,
        update_conflicts=True,
        unique_fields=["stock", "source"],
        update_fields=[
            "bars", "first_session", "last_session", "asked_since", "bar_count", "adjusted", "findings", "fetched_at",
            "checksum",
        ],
    )  # fmt: skip
