"""Two people with different strategies on one installation: nobody's verdict moves by the other's analysis."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analysis.engine.strategies import STRATEGIES
from analysis.jobs.end import remove
from analysis.jobs.submit import submit
from analysis.models import JobDetail, PriceHistory, Rating, RawData, Result, Source, Stock
from analysis.prices.arrow import pack_bars
from analysis.ratings import RATE_LATEST, request_missing_ratings
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_finished_job, make_user, planned_calls
from analysis.tests.test_commands import run
from analysis.worker.rate import find_ratings, rate_latest, save_each, save_ratings
from analysis.worker.slice import run_slice
from stockapp.accounts.models import User
from watchlist.models import Watchlist, WatchlistItem

pytestmark = pytest.mark.django_db

YOUNG = "NAVANKURA.DEMO"  # 43 sessions: too few for the technical rating, enough for the others


@pytest.fixture
def tickers() -> list[str]:
    return [ticker for ticker in load_demo_market() if ticker not in {"SLOW.DEMO"}][:50]


def make_reader(name: str, strategy: str, tickers: list[str]) -> User:
    user = make_user(name, strategy=strategy, long_only=False)
    watchlist = Watchlist.objects.create(owner=user, name="Mine")
    WatchlistItem.objects.bulk_create(
        WatchlistItem(watchlist=watchlist, stock_id=ticker, position=n) for n, ticker in enumerate(tickers)
    )
    return user


def page_of(user: User) -> dict[str, tuple[object, ...]]:
    """Return verdict, score, plan and reasons of each stock on a user's list, by ticker."""
    client = Client()
    client.force_login(user)
    rows = client.get(f"/watchlists/{user.watchlists.get().pk}/").context["page"].rows
    return {
        row.stock.pk: (row.verdict, row.rating and row.rating.score, row.plan, row.rating and row.rating.why)
        for row in rows
    }


def stored_ratings(strategy: str) -> dict[str, tuple[object, ...]]:
    rows = Rating.objects.filter(strategy=strategy, score__isnull=False)
    values = rows.values_list("result__stock", "verdict", "score", "entry", "stop", "target", "why")
    return {ticker: tuple(rest) for ticker, *rest in values}


def test_nobodys_list_moves_by_anothers_analysis(tickers: list[str]) -> None:
    ann, bob = make_reader("ann", "technical_rating", tickers), make_reader("bob", "trend", tickers)
    make_finished_job(*tickers, requested_by=ann, strategy=ann.strategy)
    hers, his = page_of(ann), page_of(bob)
    assert sum(his[ticker] != hers[ticker] for ticker in tickers) > 20
    assert stored_ratings("trend").keys() >= stored_ratings("technical_rating").keys()
    make_finished_job(*tickers, requested_by=bob, strategy=bob.strategy)
    assert (page_of(ann), page_of(bob)) == (hers, his)
    out, _, _ = run("analyze", *tickers[:3], "--strategy", "swing", "--inline", "--wait", "--json")
    assert (page_of(ann), page_of(bob)) == (hers, his)
    printed = {row["ticker"]: row["verdict"] for row in json.loads(out) if row["verdict"]}
    assert printed == {ticker: values[0] for ticker, values in stored_ratings("swing").items()}


def test_jobs_of_both_at_once_and_the_evening_give_both_what_each_would_have_alone(tickers: list[str]) -> None:
    ann, bob = make_reader("ann", "technical_rating", tickers), make_reader("bob", "mean_reversion", tickers)
    jobs = [
        submit(tickers, source=Source.WATCHLIST, requested_by=user, strategy=user.strategy).job for user in (ann, bob)
    ]
    run_slice(str(jobs[0].pk))
    for job in jobs:
        job.refresh_from_db()
        assert not job.is_active
    together = {strategy: stored_ratings(strategy) for strategy in (ann.strategy, bob.strategy)}
    hers, his = page_of(ann), page_of(bob)
    make_finished_job(*tickers, source=Source.SCHEDULE, strategy="technical_rating")
    assert (page_of(ann), page_of(bob)) == (hers, his)
    for user in (ann, bob):
        Result.objects.all().delete()
        User.objects.exclude(pk=user.pk).update(is_active=False)
        make_finished_job(*tickers, requested_by=user, strategy=user.strategy)
        assert stored_ratings(user.strategy) == together[user.strategy]
        User.objects.update(is_active=True)


def test_every_page_the_api_and_the_files_speak_of_the_readers_strategy(client: Client) -> None:
    ann, bob = make_reader("ann", "technical_rating", []), make_reader("bob", "swing", [])
    load_demo_market()
    for user in (ann, bob):
        WatchlistItem.objects.create(watchlist=user.watchlists.get(), stock_id="KAVERI.DEMO")
    make_finished_job("KAVERI.DEMO", requested_by=ann, strategy="technical_rating")
    for user in (ann, bob):
        rating = Rating.objects.get(strategy=user.strategy)
        client.force_login(user)
        shown = read_everything(client, user)
        assert shown == dict.fromkeys(shown, pytest.approx(rating.score, abs=1e-4))
        assert Rating.objects.count() == 2


def read_everything(client: Client, user: User) -> dict[str, float]:
    """The score of the stock on every page and in every answer, in [-1, +1]."""
    watchlist = user.watchlists.get().pk
    api: dict[str, Any] = {
        path: client.get(f"/api{path}").json()
        for path in ("/stocks/KAVERI.DEMO", "/stocks/KAVERI.DEMO/results", "/results", "/screener")
    }
    file = client.get(f"/watchlists/{watchlist}/export.csv").content.decode("utf-8-sig").splitlines()
    screened = client.get("/screener/export.csv").content.decode("utf-8-sig").splitlines()
    return {
        "list": client.get(f"/watchlists/{watchlist}/").context["page"].rows[0].rating.score,
        "stock": client.get("/stocks/KAVERI.DEMO/").context["page"].summary.rating.score,
        "chart": client.get("/stocks/KAVERI.DEMO/series/").json()["score"][-1] / 100,
        "screener": next(iter(client.get("/screener/").context["screener"].rows)).rating.score,
        "history": client.get("/stocks/KAVERI.DEMO/").context["page"].runs[0].result.rating.score,
        "api stock": api["/stocks/KAVERI.DEMO"]["result"]["score"],
        "api history": api["/stocks/KAVERI.DEMO/results"]["items"][0]["score"],
        "api results": api["/results"]["items"][0]["score"],
        "api screener": api["/screener"]["items"][0]["result"]["score"],
        "file": float(dict(zip(file[0].split(","), file[1].split(","), strict=False))["Score"]) / 100,
        "screener file": float(dict(zip(screened[0].split(","), screened[1].split(","), strict=False))["Score"]) / 100,
    }


def test_a_stock_with_bars_for_one_strategy_alone_says_so_to_the_reader_of_the_other(client: Client) -> None:
    load_demo_market()
    ann, bob = make_reader("ann", "technical_rating", [YOUNG]), make_reader("bob", "trend", [YOUNG])
    for user in (ann, bob, ann):
        job = make_finished_job(YOUNG, requested_by=user, strategy=user.strategy)
        assert job.details.get().status == ("failed" if user == ann else "completed")
        stock = Stock.objects.get(pk=YOUNG)
        assert (stock.last_status, stock.last_error) == ("completed", "")
        assert page_of(ann)[YOUNG][0] is None
        assert page_of(bob)[YOUNG][0] == Rating.objects.get(strategy="trend").verdict
    client.force_login(ann)
    for path in (f"/watchlists/{ann.watchlists.get().pk}/", f"/stocks/{YOUNG}/"):
        assert "Not enough history: 43 bars, 50 needed." in client.get(path).text
    client.force_login(bob)
    assert "Not enough history: 43 bars, 50" not in client.get(f"/watchlists/{bob.watchlists.get().pk}/").text


def test_the_state_of_a_young_stock_comes_back_when_a_later_job_is_removed() -> None:
    load_demo_market()
    with time_machine.travel(timezone.now() - timedelta(days=7)):
        make_finished_job(YOUNG)
    later = make_finished_job(YOUNG)
    assert Stock.objects.get(pk=YOUNG).last_result.job == later  # type: ignore[union-attr]
    remove([later])
    stock = Stock.objects.get(pk=YOUNG)
    assert (stock.last_status, stock.last_error) == ("completed", "")
    assert stock.last_result == Result.objects.get()


def test_a_page_takes_as_many_queries_with_three_strategies_as_with_one(client: Client, tickers: list[str]) -> None:
    client.force_login(make_reader("ann", "technical_rating", tickers))
    counts = []
    for names in ((), ("trend", "swing")):
        for name in names:
            make_user(name, strategy=name)
        make_finished_job(*tickers)
        counts.append(count_queries(client))
    assert Rating.objects.values("strategy").distinct().count() == 3
    assert counts[0] == counts[1]


def count_queries(client: Client) -> dict[str, int]:
    """Return the number of queries of each page, at its second request."""
    counts = {}
    for page in (
        f"/watchlists/{Watchlist.objects.get(owner__username='ann').pk}/",
        "/screener/",
        "/stocks/KAVERI.DEMO/",
    ):
        client.get(page)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page).status_code == 200
        counts[page] = len(captured)
    return counts


# Another strategy


def choose(client: Client, strategy: str) -> str:
    form = client.get("/account/").context["form"]
    values = {name: form[name].value() for name in form.fields}
    given = {name: value for name, value in values.items() if value not in (None, False)}
    return client.post("/account/", given | {"strategy": strategy}, follow=True).text


def test_another_strategy_rates_the_latest_results_at_once_from_stored_prices(
    client: Client, tickers: list[str]
) -> None:
    ann = make_reader("ann", "technical_rating", tickers)
    make_finished_job(*tickers)
    jobs = JobDetail.objects.count()
    client.force_login(ann)
    said = choose(client, "swing")
    assert "Your verdicts use Swing now." in said
    ann.refresh_from_db()
    late = stored_ratings("swing")
    assert {ticker for ticker, values in page_of(ann).items() if values[0]} == late.keys()
    assert f"{len(Result.objects.completed())} stocks of your lists were rated from stored prices." in said
    assert JobDetail.objects.count() == jobs
    make_finished_job(*tickers, strategy="swing")
    assert stored_ratings("swing") == late
    assert "rated from stored prices" not in choose(client, "technical_rating")


def test_the_evidence_of_a_late_rating_is_that_of_an_analysis() -> None:
    load_demo_market()
    make_finished_job("KAVERI.DEMO")
    make_user("ann", strategy="momentum")
    rate_latest("momentum")
    late = RawData.objects.get().evidence
    make_finished_job("KAVERI.DEMO")
    assert RawData.objects.get().evidence == late


@pytest.mark.parametrize("as_of", [None, timedelta(days=20)])
def test_a_late_rating_is_that_of_an_analysis_of_the_same_session(as_of: timedelta | None) -> None:
    load_demo_market()
    day = timezone.localdate() - as_of if as_of else None
    make_finished_job("KAVERI.DEMO", as_of=day)
    if as_of is None:  # later bars are stored by then
        with time_machine.travel(timezone.now() + timedelta(days=9)):
            make_finished_job("KAVERI.DEMO", as_of=timezone.localdate() - timedelta(days=9))
    make_user("ann", strategy="trend")
    rate_latest("trend")
    late = stored_ratings("trend")
    assert late
    make_finished_job("KAVERI.DEMO", as_of=day)
    assert stored_ratings("trend") == late


def replace_bars(ticker: str, factor: float) -> None:
    """Store the bars of a stock as a source adjusts them after a split."""
    history = PriceHistory.objects.get(stock=ticker)
    bars = history.unpack()
    prices = {name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")}
    history.bars = pack_bars(replace(bars, **prices))
    history.save(update_fields=["bars"])


def test_a_late_rating_over_bars_that_were_adjusted_since_has_a_plan_in_the_prices_of_the_result() -> None:
    load_demo_market()
    make_finished_job("MERUVANTA.DEMO", strategy="momentum")
    kept = Rating.objects.get(strategy="momentum")
    assert kept.plan
    Rating.objects.filter(strategy="momentum").delete()
    replace_bars("MERUVANTA.DEMO", 0.5)
    rate_latest("momentum")
    late = Rating.objects.get(strategy="momentum")
    assert late.plan
    assert late.plan.entry == kept.plan.entry
    assert (late.plan.stop, late.plan.target) == pytest.approx((kept.plan.stop, kept.plan.target), abs=0.02)


def test_a_late_rating_is_not_stored_beside_a_result_that_was_computed_again_meanwhile() -> None:
    load_demo_market()
    make_finished_job("KAVERI.DEMO")
    stale = find_ratings(["KAVERI.DEMO"], STRATEGIES["trend"])
    replace_bars("KAVERI.DEMO", 0.9)
    make_finished_job("KAVERI.DEMO")
    assert save_ratings(stale) == 0
    rate_latest("trend")
    entry, close = Rating.objects.filter(strategy="trend").values_list("entry", "result__close").get()
    assert entry is None or entry == pytest.approx(close, abs=0.01)


@pytest.mark.parametrize("evidence", [{}, {"something": 1}])
def test_evidence_of_another_form_hinders_no_rating(client: Client, evidence: dict[str, int]) -> None:
    load_demo_market()
    ann = make_reader("ann", "technical_rating", ["KAVERI.DEMO"])
    make_finished_job("KAVERI.DEMO")
    RawData.objects.update(evidence=evidence)
    client.force_login(ann)
    assert client.get("/stocks/KAVERI.DEMO/").status_code == 200
    assert "Your verdicts use Swing now." in choose(client, "swing")
    assert Rating.objects.filter(strategy="swing").count() == 1


def test_a_rating_that_the_database_refuses_is_a_reason_of_its_stock_alone(caplog: pytest.LogCaptureFixture) -> None:
    load_demo_market()
    make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    ratings = find_ratings(["KAVERI.DEMO", "B&D.DEMO"], STRATEGIES["trend"])
    ratings["KAVERI.DEMO"].row.score = 7.0
    with pytest.raises(IntegrityError), transaction.atomic():
        save_ratings(ratings)
    assert save_each(ratings) == 2
    reasons = dict(Rating.objects.filter(strategy="trend").values_list("result__stock", "no_score_reason"))
    assert reasons["KAVERI.DEMO"].startswith("Internal error (IntegrityError): ")
    assert reasons["B&D.DEMO"] == ""
    assert caplog.records


def test_missing_ratings_are_requested_once_however_often_workers_look() -> None:
    load_demo_market()
    make_finished_job("KAVERI.DEMO")
    make_user("ann", strategy="trend")
    for _ in range(3):
        request_missing_ratings()
    assert planned_calls() == [RATE_LATEST]


def test_a_young_stock_that_is_analysed_again_has_the_later_close() -> None:
    load_demo_market()
    make_finished_job(YOUNG)
    before = Result.objects.get().close
    replace_bars(YOUNG, 0.95)
    again = make_finished_job(YOUNG)
    result = Result.objects.get()
    assert before is not None
    assert result.job == again
    assert result.close == pytest.approx(0.95 * before)


def test_a_backfill_rates_sessions_of_other_runs_by_what_they_lack_and_shows_no_half_of_their_reasons(
    client: Client,
) -> None:
    load_demo_market()
    make_finished_job("KAVERI.DEMO")
    days = PriceHistory.objects.get().unpack().session.tolist()
    live = make_finished_job("KAVERI.DEMO", as_of=days[-4])
    make_finished_job("KAVERI.DEMO", source="command", strategy="mean_reversion", since=days[-6], as_of=days[-2])
    result = Result.objects.get(day=days[-4])
    assert (result.job, result.ratings.count()) == (live, 2)
    replace_bars("KAVERI.DEMO", 0.5)
    make_finished_job("KAVERI.DEMO", source="command", strategy="swing", since=days[-6], as_of=days[-2])
    assert set(result.ratings.values_list("strategy", flat=True)) == {"technical_rating", "mean_reversion"}
    client.force_login(make_user("ann", strategy="mean_reversion"))
    answer = client.get(f"/api/stocks/KAVERI.DEMO/results/{days[-4]}").json()
    assert answer["score"] == result.ratings.get(strategy="mean_reversion").score
    assert answer["evidence"]["components"] == []
