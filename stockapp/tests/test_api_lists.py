"""Lists of the API: pages with cursors that new rows do not move, and the same number of queries for any size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analysis.engine.strategies import STRATEGIES
from analysis.models import Job, JobDetail, Rating, Result, Source, Stock
from analysis.pages.stock_summary import UNRATED
from analysis.tests.make import make_finished_job, make_rating, make_result, make_stock
from stockapp.accounts.models import User
from watchlist.models import Watchlist, WatchlistItem

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


@pytest.fixture
def ann(client: Client) -> User:
    user = User.objects.create(username="ann", strategy="trend")
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
    """Stocks with a rated result each, all of one job of Ann's, on a list of hers."""
    job = make_jobs(ann, 1)[0]
    stocks = Stock.objects.bulk_create(Stock(ticker=f"S{n:03}.NS", name=f"Stock {n}") for n in range(count))
    first = make_result(make_stock("FIRST.NS"), DAY, job=job)
    results = Result.objects.bulk_create(Result(**{**plain(first), "stock_id": stock.pk}) for stock in stocks)
    rate_like(first, results)
    for stock, result in zip(stocks, results, strict=True):
        stock.last_result = result
    Stock.objects.bulk_update(stocks, ["last_result"])
    JobDetail.objects.bulk_create(JobDetail(job=job, stock=stock) for stock in stocks)
    watchlist = Watchlist.objects.create(owner=ann, name="All")
    WatchlistItem.objects.bulk_create(WatchlistItem(watchlist=watchlist, stock=stock) for stock in stocks)
    return results


def plain(row: Model) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields[1:]}


def rate_like(first: Result, results: list[Result]) -> None:
    """Rate results by the strategy of the first one, with seven different scores."""
    common = plain(first.ratings.get())
    Rating.objects.bulk_create(
        Rating(**{**common, "result_id": result.pk, "score": n % 7 / 10}) for n, result in enumerate(results)
    )


def make_history(ann: User, count: int) -> None:
    first = make_result(make_stock("FIRST.NS"), DAY, job=make_jobs(ann, 1)[0])
    days = [DAY - timedelta(days=n) for n in range(1, count)]
    rate_like(first, Result.objects.bulk_create(Result(**{**plain(first), "day": day}) for day in days))


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
    make_result(stock, DAY - timedelta(days=1), strategy="trend", verdict="sell")
    make_rating(make_result(stock, DAY, strategy="trend"), strategy="swing", verdict="sell")

    def days(**query: Any) -> list[str]:
        return [row["day"] for row in client.get("/api/results", query).json()["items"]]

    assert days() == ["2026-11-20", "2026-11-19"]
    assert days(day="2026-11-19") == days(verdict="sell") == ["2026-11-19"]
    assert days(status="failed") == []


def test_results_are_found_by_the_weekly_verdict_of_the_callers_strategy(client: Client, ann: User) -> None:
    stock, week = make_stock("UP.NS"), {"weekly_since": date(2026, 10, 16)}
    make_result(stock, DAY - timedelta(days=1), strategy="trend", weekly_verdict="sell", **week)
    newer = make_result(stock, DAY, strategy="trend", verdict="sell", weekly_verdict="buy", **week)
    make_rating(newer, strategy="swing", weekly_verdict="sell", **week)

    def days(**query: Any) -> list[str]:
        return [row["day"] for row in client.get("/api/results", query).json()["items"]]

    assert days(weekly_verdict="sell") == ["2026-11-19"]
    assert days(weekly_verdict="buy") == days(weekly_verdict="buy", verdict="sell") == ["2026-11-20"]
    assert days(weekly_verdict="buy", verdict="buy") == days(weekly_verdict="neutral") == []
    assert client.get("/api/results", {"weekly_verdict": "up"}).status_code == 422


WEEKLY = ("weekly_verdict", "weekly_since", "weekly_note")
OF_ONE_STOCK = [
    "stocks?q=UP.NS",
    "stocks/UP.NS",
    "stocks/UP.NS/results",
    f"stocks/UP.NS/results/{DAY}",
    "results",
    "screener",
    "watchlists/{list}",
]


def results_in(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The results in an answer, whether it is one, a stock, or a page of either."""
    rows = (answer.get("stocks") or answer).get("items", [answer])
    stocks = [row.get("stock", row) for row in rows]
    return [stock.get("result", stock) for stock in stocks]


@pytest.mark.parametrize("address", OF_ONE_STOCK)
def test_every_answer_speaks_of_the_callers_strategy(client: Client, ann: User, address: str) -> None:
    """Of one result two users see the verdicts of their own strategies."""
    stock = make_stock("UP.NS")
    result = make_result(stock, DAY, strategy="trend", verdict_since=DAY, what_changed="MACD crossed above its signal")
    down = {"score": -0.6, "raw_verdict": "strong_sell", "verdict": "sell", "what_changed": "", "side": ""}
    no_plan = dict.fromkeys(("entry", "stop", "target", "risk_reward"))
    make_rating(result, strategy="swing", no_trade_reason="no trade (odd)", **down, **no_plan)
    watchlist = Watchlist.objects.create(owner=ann, name="All")
    WatchlistItem.objects.create(watchlist=watchlist, stock=stock)
    (own,) = results_in(client.get(address_of(address)).json())
    assert (own["strategy"], own["score"], own["verdict"], own["raw_verdict"]) == ("trend", 0.3, "buy", "buy")
    assert (own["verdict_since"], own["what_changed"]) == (str(DAY), "MACD crossed above its signal")
    assert (own["plan"]["side"], own["plan"]["entry"], own["no_trade_reason"]) == ("long", 100.0, "")
    User.objects.update(strategy="swing")
    (others,) = results_in(client.get(address_of(address)).json())
    assert (others["strategy"], others["score"], others["verdict"]) == ("swing", -0.6, "sell")
    assert (others["verdict_since"], others["plan"], others["no_trade_reason"]) == (None, None, "no trade (odd)")
    shared = ("ticker", "day", "status", "close", "change_percent", "bar_count", "completed_at")
    assert [own[name] for name in shared] == [others[name] for name in shared]


@pytest.mark.parametrize("address", OF_ONE_STOCK)
def test_every_answer_has_the_weekly_verdict_of_the_callers_strategy(client: Client, ann: User, address: str) -> None:
    stock = make_stock("UP.NS")
    result = make_result(stock, DAY, strategy="trend", weekly_verdict="sell", weekly_since=date(2026, 10, 16))
    make_rating(result, strategy="swing", weekly_verdict="buy", weekly_since=date(2026, 9, 18))
    make_rating(result, strategy="momentum", no_weekly_reason="Not enough history: 30 completed weeks, 50 needed.")
    too_few = "Not enough history: 43 bars, 50 needed."
    Rating.objects.create(result=result, strategy="mean_reversion", no_score_reason=too_few)
    watchlist = Watchlist.objects.create(owner=ann, name="All")
    WatchlistItem.objects.create(watchlist=watchlist, stock=stock)
    expected = {
        "trend": ("sell", "2026-10-16", "Daily Buy, weekly Sell: against the larger move."),
        "swing": ("buy", "2026-09-18", "Daily Buy, weekly Buy: with the larger move."),
        "momentum": (None, None, "Not enough history: 30 completed weeks, 50 needed."),
        "mean_reversion": (None, None, ""),
        "technical_rating": (None, None, ""),  # has not rated it
    }
    for strategy, values in expected.items():
        User.objects.update(strategy=strategy)
        (told,) = results_in(client.get(address_of(address)).json())
        assert tuple(told[name] for name in WEEKLY) == values


def test_a_plan_has_the_weekly_verdict_beside_the_daily_one(client: Client, ann: User) -> None:
    make_result(make_stock("UP.NS"), DAY, strategy="trend", weekly_verdict="sell", weekly_since=date(2026, 10, 16))
    told = client.get("/api/stocks/UP.NS/plan").json()
    assert told["verdict"] == "buy"
    assert [told[name] for name in WEEKLY] == ["sell", "2026-10-16", "Daily Buy, weekly Sell: against the larger move."]


@pytest.mark.parametrize("address", OF_ONE_STOCK)
def test_a_result_without_a_score_says_why(client: Client, ann: User, address: str) -> None:
    stock = make_stock("UP.NS")
    result = make_result(stock, DAY, strategy="swing")
    watchlist = Watchlist.objects.create(owner=ann, name="All")
    WatchlistItem.objects.create(watchlist=watchlist, stock=stock)
    is_latest = "results" not in address
    too_few = "Not enough history: 43 bars, 50 needed."
    for sentence in (UNRATED if is_latest else "Not rated by your strategy.", too_few):
        (told,) = results_in(client.get(address_of(address)).json())
        assert (told["status"], told["strategy"], told["no_score_reason"]) == ("completed", "trend", sentence)
        assert told["close"] == 100.0
        assert [told[name] for name in ("score", "verdict", "raw_verdict", "plan")] == [None] * 4
        if sentence != too_few:
            Rating.objects.create(result=result, strategy="trend", no_score_reason=too_few)


def test_pages_of_the_screener_end_with_the_stocks_without_a_score(client: Client, ann: User) -> None:
    for n in range(9):
        score = {} if n % 3 else {"strategy": "trend", "score": n / 10}
        make_result(make_stock(f"S{n}.NS"), DAY, **{"strategy": "swing", **score})
    rows = [row["ticker"] for page in walk(client, "/api/screener", limit=2) for row in page]
    assert rows == [f"S{n}.NS" for n in (6, 3, 0, 1, 2, 4, 5, 7, 8)]


def test_a_plan_without_a_score_says_why_there_is_none(client: Client, ann: User) -> None:
    stock = make_stock("UP.NS")
    make_result(stock, DAY, strategy="swing")
    told = client.get("/api/stocks/UP.NS/plan").json()
    assert (told["plan"], told["verdict"], told["no_trade_reason"]) == (None, None, UNRATED)


def test_a_failed_result_has_no_rating_and_says_what_failed(client: Client, ann: User) -> None:
    make_result(make_stock("UP.NS"), DAY, status="failed", error_message="No data.", close=None)
    (told,) = client.get("/api/results", {"status": "failed"}).json()["items"]
    assert [told[name] for name in ("strategy", "score", "verdict", "plan")] == ["trend", None, None, None]
    assert (told["error_message"], told["no_score_reason"]) == ("No data.", "")
    assert client.get(f"/api/stocks/UP.NS/results/{DAY}").json()["verdict"] is None


def test_evidence_is_weighed_by_the_callers_strategy(client: Client, ann: User) -> None:
    User.objects.create(username="bob", strategy="swing")  # so that both strategies are in use
    make_finished_job("KAVERI.DEMO")
    result = Result.objects.get()
    address = f"/api/stocks/KAVERI.DEMO/results/{result.day}"
    answers = {}
    for key in ("trend", "swing"):
        User.objects.filter(username="ann").update(strategy=key)
        told = client.get(address).json()
        rating = result.ratings.get(strategy=key)
        assert (told["strategy"], told["score"], told["verdict"]) == (key, rating.score, rating.verdict)
        assert told["verdict_since"] == told["evidence"]["verdict_since"] == str(rating.verdict_since)
        answers[key] = told["evidence"]
    for key, evidence in answers.items():
        names = ["components", "changes", "findings", "previous_score", "verdict_since", "parameters", "data_quality"]
        assert list(evidence) == names
        assert [part["key"] for part in evidence["components"]] == list(STRATEGIES[key].weights)
        assert evidence["parameters"] == STRATEGIES[key].parameters()
        assert evidence["previous_score"] == result.ratings.get(strategy=key).previous_score
    assert answers["trend"]["data_quality"] == answers["swing"]["data_quality"]
