"""Lists of the API: pages with cursors that new rows do not move, and the same number of queries for any size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.http import urlencode

from analysis.models import Index, IndexMember, Job, JobDetail, Result, Source, Stock
from analysis.prices import COMPANIES
from analysis.tests.make import make_finished_job, make_result, make_stock
from stockapp.accounts.models import User
from watchlist.models import Watchlist, WatchlistItem
from watchlist.screener.page import Screener

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
    ("screener?verdict=buy&new_since=2026-01-01&min_change=-5", make_stocks),
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


def found(client: Client, **query: Any) -> list[str]:
    return [row["ticker"] for row in client.get("/api/screener", query).json()["items"]]


def test_the_screener_finds_by_what_results_say(client: Client, ann: User) -> None:
    up = make_stock("UP.NS", industry="Banks")
    make_result(up, score=0.6, verdict="strong_buy", close=110, previous_close=100, risk_reward=3, verdict_since=DAY)
    make_result(make_stock("DOWN.NS", industry="Steel"), score=-0.2, verdict="sell", close=90, previous_close=100)
    make_result(make_stock("FIRST.NS"), score=0.1, verdict="neutral", risk_reward=None, verdict_since=DAY)
    make_stock("NEVER.NS")
    member = IndexMember(index=Index.objects.create(name="Nifty", loaded_at=timezone.now()), stock=up)
    member.save()
    assert found(client) == ["UP.NS", "FIRST.NS", "DOWN.NS"]
    assert found(client, verdict=["sell", "strong_buy"]) == ["UP.NS", "DOWN.NS"]
    assert found(client, min_score=0, max_score=0.5) == ["FIRST.NS"]
    assert found(client, min_change=5) == ["UP.NS"]
    assert found(client, max_change=-5) == ["DOWN.NS"]
    assert found(client, industry="banks") == found(client, index="nifty") == found(client, min_risk_reward=2.5)
    assert found(client, new_since=DAY) == ["UP.NS"]  # neutral is no signal
    assert found(client, new_since=DAY + timedelta(days=1)) == []


def test_the_screener_tells_what_cannot_be(client: Client, ann: User) -> None:
    answer = client.get("/api/screener", {"min_score": "0.5", "max_score": "0.1"})
    assert answer.status_code == 422
    assert answer.json()["error"]["fields"] == {
        "max_score": ["0.1 is below the min_score of 0.5; nothing can be both."]
    }


def test_the_screener_stands_a_close_of_nothing_before(client: Client, ann: User) -> None:
    make_result(make_stock("UP.NS"), close=110, previous_close=0)
    assert found(client, min_change=-100) == []
    assert found(client) == ["UP.NS"]


def test_the_screener_answers_programs_as_its_page_answers_people(client: Client, ann: User) -> None:
    """Over the demo market, at every edge there is: each shown number as a bound, each day and verdict."""
    make_finished_job(*(company.ticker for company in COMPANIES))
    results = list(Result.objects.completed())
    assert len(results) > 30
    scores = {round(100 * (result.score or 0)) for result in results}
    changes = {f"{result.change_percent:.2f}" for result in results if result.change_percent is not None}
    ratios = {f"{result.risk_reward:.2f}" for result in results if result.risk_reward is not None}
    questions: list[tuple[dict[str, Any], dict[str, Any]]] = [({}, {})]
    questions += [({"score_min": n}, {"min_score": n / 100}) for n in scores]
    questions += [({"score_max": n}, {"max_score": n / 100}) for n in scores]
    questions += [({"change_min": text}, {"min_change": text}) for text in changes]
    questions += [({"change_max": text}, {"max_change": text}) for text in changes]
    questions += [({"verdict": verdict}, {"verdict": verdict}) for verdict in {result.verdict for result in results}]
    questions += [({"since": day}, {"new_since": day}) for day in {result.verdict_since for result in results}]
    questions += [
        ({"industry": name}, {"industry": name}) for name in {stock.industry for stock in Stock.objects.all()} if name
    ]
    of_plans: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"risk_reward": text}, {"min_risk_reward": text}) for text in ratios
    ]
    for long_only, some in ((True, [*questions, *of_plans]), (False, of_plans)):
        User.objects.update(long_only=long_only)
        for asked, told in some:
            page = Screener(QueryDict(urlencode(asked)), User.objects.get())
            assert not page.problems
            assert found(client, **told) == [row.stock.pk for row in page.rows], (asked, long_only)


def test_results_are_found_by_session_verdict_and_status(client: Client, ann: User) -> None:
    stock = make_stock("UP.NS")
    make_result(stock, DAY - timedelta(days=1), verdict="sell")
    make_result(stock, DAY)

    def days(**query: Any) -> list[str]:
        return [row["day"] for row in client.get("/api/results", query).json()["items"]]

    assert days() == ["2026-11-20", "2026-11-19"]
    assert days(day="2026-11-19") == days(verdict="sell") == ["2026-11-19"]
    assert days(status="failed") == []
