"""Estimate: the time to fetch the bars that stocks lack, at the installation's pace."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import FilteredRelation, Q, QuerySet

from analysis import clock
from analysis.models import Job, PriceSourceName, Stock
from analysis.models.statuses import DetailStatus
from analysis.prices.instruments import exchange_of
from analysis.prices.pace import estimate_duration
from analysis.prices.sessions import last_closed_session, today


@dataclass(frozen=True, slots=True)
class Estimate:
    """The number of requests to Yahoo that some stocks need, one each, and their time at `per_second`."""

    requests: int
    per_second: float

    @property
    def duration(self) -> timedelta:
        return estimate_duration(self.requests, self.per_second)

    def __str__(self) -> str:
        """Return a phrase like “about 42 min at 1 request a second”."""
        noun = "request" if self.per_second == 1 else "requests"
        return f"{_rough_duration(self.duration)} at {self.per_second:g} {noun} a second"


def estimate(stocks: QuerySet[Stock], *, price_source: str, now: datetime | None = None) -> Estimate | None:
    """Return what it takes to fetch the bars that these stocks lack; None if Yahoo is not requested for any.

    One query. A history that reaches the last closed session counts as fresh, and so do quiet stocks.
    """
    if price_source != PriceSourceName.YAHOO and not settings.PRICE_ORDER.uses(PriceSourceName.YAHOO):
        return None
    now = now or clock.now()
    expected: dict[str, date] = {}
    stored = FilteredRelation("histories", condition=Q(histories__source=PriceSourceName.YAHOO))
    quiet = FilteredRelation("quiet_at", condition=Q(quiet_at__source=PriceSourceName.YAHOO))
    requests = 0
    rows = stocks.annotate(stored=stored, quiet=quiet).order_by()
    for ticker, code, last, next_request in rows.values_list(
        "pk", "exchange", "stored__last_session", "quiet__next_request"
    ):
        exchange = exchange_of(ticker, code)
        first = settings.PRICE_ORDER.names(ticker, exchange, price_source)[0]
        if first != PriceSourceName.YAHOO or (next_request and next_request > today(exchange, now)):
            continue
        if exchange.code not in expected:
            expected[exchange.code] = last_closed_session(exchange, now)
        requests += last is None or last < expected[exchange.code]
    return Estimate(requests, settings.REQUESTS_PER_SECOND) if requests else None


def estimate_rest(job: Job) -> Estimate | None:
    """Return what it takes to fetch the bars that a job's unfinished stocks lack, for a job about the present."""
    if job.as_of or not job.is_active:
        return None
    unfinished = (DetailStatus.QUEUED, DetailStatus.PROCESSING)
    stocks = Stock.objects.filter(details__job=job, details__status__in=unfinished)
    return estimate(stocks, price_source=job.price_source)


def _rough_duration(time: timedelta) -> str:
    minutes = round(time.total_seconds() / 60)
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60} min"
