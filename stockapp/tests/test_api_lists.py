"""Lists of the API: pages with cursors that new rows do not move, and the same number of queries for any size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analysis.models import Job, JobDetail, Result, Source, Stock
from analysis.tests.make import make_result, make_stock
from stockapp.accounts.models import User
from watchlist.models import Watchlist, WatchlistItem

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


@pytest.fixture
def ann(client: Client) -> User:
    user = User.objects.create(username="ann")
    client.force_login(user)
    return user


def make_jobs(ann: User, count: int) -> list[Job]:
    moment = timezone.now()  # the same for all: the cursor must tell them apart by more
    return Job.objects.bulk_create(
        Job(
            source=Source.API, strategy="trend", price_source="csv", total=1, requested_by=ann,
            created_at=moment, request_key=f"{moment} {n}",
        )
        for n in range(count)
    )  # fmt: skip


def make_stocks(ann: User, count: int) -> list[Result]:
    """Stocks with a result each, all of one job of Ann's, on a list of hers."""
    job = make_jobs(ann, 1)[0]
    stocks = Stock.objects.bulk_create(Stock(ticker=f"S{n:03}.NS", name=f"Stock {n}") for n in range(count))
    first = make_result(make_stock("FIRST.NS"), DAY, job=job)
    rows = [Result(**{**plain(first), "stock_id": stock.pk, "score": n % 7 / 10}) for n, stock in enumerate(stocks)]
    results = Result.objects.bulk_create(rows)
    for stock, result in zip(stocks, results, strict=True):
        stock.last_result = result
    Stock.objects.bulk_update(stocks, ["last_result"])
    JobDetail.objects.bulk_create(JobDetail(job=job, stock=stock) for stock in stocks)
    watchlist = Watchlist.objects.create(owner=ann, name="All")
    WatchlistItem.objects.bulk_create(WatchlistItem(watchlist=watchlist, stock=stock) for stock in stocks)
    return results


def plain(result: Result) -> dict[str, Any]:
    return {field.attname: getattr(result, field.attname) for field in Result._meta.concrete_fields[1:]}


def make_history(ann: User, count: int) -> None:
    first = make_result(make_stock("FIRST.NS"), DAY, job=make_jobs(ann, 1)[0])
    Result.objects.bulk_create(Result(**{**plain(first), "day": DAY - timedelta(days=n)}) for n in range(1, count))


def make_lists(ann: User, count: int) -> None:
    Watchlist.objects.bulk_create(Watchlist(owner=ann, name=f"List {n}") for n in range(count))


LISTS: list[tuple[str, Callable[[User, int], object]]] = [
    ("jobs", make_jobs),
    ("jobs/{job}", make_stocks),
    ("stocks", make_stocks),
    ("stocks/FIRST.NS/results", make_history),
    ("results", make_stocks),
    ("screener?verdict=buy&since=2026-01-01&change_min=-5", make_stocks),
    ("watchlists", make_lists),
    ("watchlists/{list}", make_stocks),
]


def address_of(address: str) -> str:
    job, watchlist = Job.objects.first(), Watchlist.objects.first()
    return f"/api/{address.format(job=job and job.pk, list=watchlist and watchlist.pk)}"


@pytest.mark.parametrize(("address", "make"), LISTS)
def test_a_list_takes_as_many_queries_for_500_rows_as_for_one(
    client: Client, ann: User, address: str, make: Callable[[User, int], object]
) -> None:
    counts = []
    for size in (1, 50, 500):
        Job.objects.all().delete()
        Watchlist.objects.all().delete()
        Stock.objects.all().delete()
        make(ann, size)
        full = address_of(address)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(full, {"limit": 200} if "?" not in address else {})
        assert answer.status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] == counts[2] <= 4


@pytest.mark.parametrize(("address", "make"), [row for row in LISTS if "?" not in row[0]])
def test_pages_hold_every_row_once(
    client: Client, ann: User, address: str, make: Callable[[User, int], object]
) -> None:
    make(ann, 25)
    pages = list(walk(client, address_of(address), limit=4))
    assert [len(page) for page in pages] in ([4] * 6 + [1], [4] * 6 + [2])
    rows = [str(row) for page in pages for row in page]
    assert len(set(rows)) == len(rows)
    assert rows == [str(row) for page in walk(client, address_of(address), limit=200) for row in page]


def walk(client: Client, address: str, **query: Any) -> Any:
    cursor = ""
    while cursor is not None:
        told = client.get(address, {**query, "cursor": cursor}).json()
        told = told.get("details") or told.get("stocks") or told
        yield told["items"]
        cursor = told["next"]


def test_rows_that_come_while_somebody_reads_neither_repeat_nor_hide_others(client: Client, ann: User) -> None:
    before = [str(job.pk) for job in make_jobs(ann, 9)]
    pages = walk(client, "/api/jobs", limit=3)
    seen = next(pages)
    make_jobs(ann, 5)
    seen += [row for page in pages for row in page]
    assert sorted(row["id"] for row in seen) == sorted(before)


@pytest.mark.parametrize("cursor", ["nonsense", "W10:1:x", "a" * 2000])
def test_a_cursor_that_is_not_of_the_list_is_told(client: Client, ann: User, cursor: str) -> None:
    answer = client.get("/api/jobs", {"cursor": cursor})
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == ["cursor"]


def test_a_cursor_of_another_list_is_told(client: Client, ann: User) -> None:
    make_jobs(ann, 2)
    cursor = client.get("/api/jobs", {"limit": 1}).json()["next"]
    assert client.get("/api/watchlists", {"cursor": cursor}).status_code == 422


def test_results_are_found_by_session_verdict_and_status(client: Client, ann: User) -> None:
    stock = make_stock("UP.NS")
    make_result(stock, DAY - timedelta(days=1), verdict="sell")
    make_result(stock, DAY)

    def days(**query: Any) -> list[str]:
        return [row["day"] for row in client.get("/api/results", query).json()["items"]]

    assert days() == ["2026-11-20", "2026-11-19"]
    assert days(day="2026-11-19") == days(verdict="sell") == ["2026-11-19"]
    assert days(status="failed") == []
