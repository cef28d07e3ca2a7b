"""How long fetching takes: only what is asked of Yahoo counts, at the installation's pace."""

from datetime import date

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.jobs.estimate import Estimate, estimate, estimate_rest
from analysis.models import PriceHistory, Stock
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import last_closed_session
from analysis.tests.make import make_job, make_stock

pytestmark = pytest.mark.django_db


def store(ticker: str, last: date, source: str = "yahoo") -> None:
    PriceHistory.objects.create(
        stock_id=ticker, source=source, bars=b"", first_session=date(2021, 1, 4), last_session=last, bar_count=1,
        requested_since=date(2021, 1, 1), adjusted=True, fetched_at=timezone.now(), checksum="",
    )  # fmt: skip


def test_fresh_or_made_up_bars_need_no_request(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for ticker in ("NEW.NS", "FRESH.NS", "OLD.NS", "OTHER.NS", "KAVERI.DEMO"):
        make_stock(ticker)
    today = last_closed_session(exchange_of("X.NS"), timezone.now())
    store("FRESH.NS", today)
    store("OLD.NS", date(2026, 1, 5))
    store("OTHER.NS", today, source="csv")
    with django_assert_num_queries(1):
        found = estimate(Stock.objects.all(), price_source="yahoo")
    assert found
    assert found.requests == 3
    assert estimate(Stock.objects.all(), price_source="csv") is None
    assert estimate(Stock.objects.filter(pk="FRESH.NS"), price_source="yahoo") is None


def test_a_job_counts_what_is_unfinished(settings: Settings) -> None:
    settings.PRICE_SOURCE = "yahoo"
    job = make_job("A.NS", "B.NS", "C.NS")
    job.details.filter(stock="A.NS").update(status="completed")
    found = estimate_rest(job)
    assert found
    assert found.requests == 2


@pytest.mark.parametrize(
    ("requests", "per_second", "text"),
    [
        (2300, 1.0, "about 42 min at 1 request a second"),
        (2300, 0.25, "about 2 h 49 min at 0.25 requests a second"),
        (10, 1.0, "less than a minute at 1 request a second"),
        (500, 2.0, "about 5 min at 2 requests a second"),
    ],
)
def test_it_is_told_in_words(requests: int, per_second: float, text: str) -> None:
    assert str(Estimate(requests, per_second)) == text
