from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.models import Job, RawData, Stock, StockStatus
from analysis.tests.make import make_finished_job, make_job, make_result, make_stock, make_user
from analysis.worker.slice import run_slice

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
COLUMNS = ["session", "open", "high", "low", "close", "volume", "score"]


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    return user


def url(name: str, ticker: str) -> str:
    return reverse(f"analysis:{name}", args=[ticker])


@pytest.mark.parametrize("ticker", ["M&M.NS", "BAJAJ-AUTO.NS", "^NSEI", "INR=X", "BRK-B", "0700.HK"])
def test_every_well_formed_ticker_has_a_page(client: Client, ann: User, ticker: str) -> None:
    make_stock(ticker)
    answer = client.get(url("stock", ticker))
    assert answer.status_code == 200
    assert "No analysis has succeeded yet." in answer.text
    assert client.get(url("stock", ticker).lower()).status_code == 200


def test_a_stock_that_nobody_knows_is_not_found(client: Client, ann: User) -> None:
    assert client.get(url("stock", "NOBODY.NS")).status_code == 404


def test_an_analysed_stock_shows_verdict_reasons_plan_bars_and_runs(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", requested_by=ann)
    result = Stock.objects.get().last_result
    assert result is not None
    text = client.get(url("stock", "KAVERI.DEMO")).text
    for shown in (
        result.get_verdict_display(),
        "it does not predict",
        "Votes up",
        "Votes down",
        "Plan for you",
        "Newest sessions",
        "Data quality",
        "from Demo market",
        "Results by session",
        "TradingView, Inc.",
        "Demo</span>",
    ):
        assert shown in text, shown
    assert text.count('<th scope="row">') >= 11  # ten sessions and a run


def test_the_plan_names_the_limit_that_binds_this_user(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"))
    assert "your risk per trade, 1.00%" in client.get(url("stock", "A.NS")).text
    get_user_model().objects.update(position_limit_percent=10)
    assert "your largest position, 10.00%" in client.get(url("stock", "A.NS")).text


def test_votes_are_listed_by_weight_with_what_changed_and_what_was_repaired(client: Client, ann: User) -> None:
    result = make_result(make_stock("A.NS"))
    evidence = {
        "components": [
            {"key": "a", "label": "Light", "group": "oscillator", "value": 1.0, "vote": 1, "weight": 0.1},
            {"key": "b", "label": "Heavy", "group": "moving_average", "value": 2.0, "vote": 1, "weight": 0.9},
            {"key": "c", "label": "Silent", "group": "oscillator", "value": None, "vote": None, "weight": 0.0},
        ],
        "changes": [{"key": "a", "label": "Light", "before": 0, "after": 1, "value": 1.0, "sentence": "Light rose."}],
        "data_quality": [{"code": "gap", "message": "1 gap was found.", "severity": "warning", "session": None}],
    }
    RawData.objects.filter(result=result).update(evidence=evidence)
    text = client.get(url("stock", "A.NS")).text
    assert text.index("Heavy") < text.index("Light</span>")
    assert "Light rose." in text
    assert "from neutral to up" in text
    assert "1 gap was found." in text


def test_a_failure_is_said_and_the_last_success_stays(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"))
    Stock.objects.update(last_status=StockStatus.FAILED, last_error="The source is down.")
    text = client.get(url("stock", "A.NS")).text
    assert "The source is down." in text
    assert "Retry" in text
    assert "₹100.00" in text


@pytest.mark.parametrize("runs", [1, 50])
def test_the_page_takes_as_many_queries_for_fifty_runs_as_for_one(
    client: Client, ann: User, runs: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    make_finished_job("KAVERI.DEMO", requested_by=ann)
    stock = Stock.objects.get()
    result = stock.last_result
    assert result is not None
    for n in range(1, runs):
        make_result(stock, day=result.day.replace(year=2020 - n))
    with django_assert_max_num_queries(8):
        assert client.get(url("stock", "KAVERI.DEMO")).status_code == 200


def test_runs_lead_to_ones_own_jobs_only(client: Client, ann: User) -> None:
    own = make_finished_job("KAVERI.DEMO", requested_by=ann)
    assert str(own.pk) in client.get(url("stock", "KAVERI.DEMO")).text
    client.force_login(make_user("bob"))
    assert str(own.pk) not in client.get(url("stock", "KAVERI.DEMO")).text


def test_all_strategies_are_compared_over_the_bars_that_an_analysis_looks_at(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", requested_by=ann)
    answer = client.get(url("stock", "KAVERI.DEMO"))
    comparison = answer.context["page"].comparison
    result = Stock.objects.get().last_result
    assert result is not None
    own = next(
        opinion for opinion in comparison.strategy_assessments if opinion.strategy.key == result.strategy
    ).assessment
    assert (own.score, own.verdict, own.bar_count, own.day) == (
        result.score, result.verdict, result.bar_count, result.day,
    )  # fmt: skip
    assert len(comparison.strategy_assessments) == 5
    for opinion in comparison.strategy_assessments:
        assert opinion.strategy.name in answer.text
        assert (opinion.plan is None) == bool(opinion.refusal)


def test_a_track_record_stands_beside_its_baseline_and_says_when_cases_are_few(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", "NAVANKURA.DEMO", requested_by=ann)
    text = client.get(url("stock", "KAVERI.DEMO")).text
    assert "Track record here" in text
    assert "entering at every session did so in" in text
    assert "Short signals" not in text
    few = client.get(url("stock", "NAVANKURA.DEMO")).text
    assert "Not enough cases: 0 long signals, 20 needed." in few
    assert "Not enough history: 43 bars, 50 needed" in few
    get_user_model().objects.update(long_only=False)
    assert "Short signals" in client.get(url("stock", "KAVERI.DEMO")).text


def test_bars_too_old_to_look_at_are_no_obstacle(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", requested_by=ann)
    with time_machine.travel(timezone.now() + timedelta(days=6 * 365)):
        client.force_login(ann)
        assert "All strategies, at" not in client.get(url("stock", "KAVERI.DEMO")).text


def test_a_result_without_evidence_says_that_no_reasons_were_kept(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"))
    RawData.objects.all().delete()
    assert "a backfill keeps none" in client.get(url("stock", "A.NS")).text


def test_the_user_s_own_strategy_is_used(client: Client, ann: User) -> None:
    make_stock("KAVERI.DEMO")
    get_user_model().objects.update(strategy="swing")
    client.post(url("analyze_stock", "KAVERI.DEMO"))
    assert Job.objects.get().strategy == "swing"


def test_analysing_a_stock_shows_it_happening(client: Client, ann: User) -> None:
    make_stock("KAVERI.DEMO")
    answer = client.post(url("analyze_stock", "KAVERI.DEMO"), headers=HTMX)
    assert "Queued" in answer.text
    assert 'hx-trigger="every 2s"' in answer.text
    assert "<html" not in answer.text
    assert client.get(url("stock_live", "KAVERI.DEMO"), headers=HTMX).status_code == 200
    job = Job.objects.get()
    assert (job.requested_by, job.source) == (ann, "watchlist")
    run_slice(str(job.pk))
    last = client.get(url("stock_live", "KAVERI.DEMO"), headers=HTMX)
    assert last.status_code == 286
    assert "every 2s" not in last.text
    assert 'id="sessions"' in last.text


def test_analysing_without_script_leads_back_to_the_page(client: Client, ann: User) -> None:
    make_stock("M&M.NS")
    assert client.post(url("analyze_stock", "M&M.NS")).headers["Location"] == "/stocks/M&M.NS/"
    again = client.post(url("analyze_stock", "M&M.NS"), follow=True)
    assert "M&amp;M.NS is being analysed already." in again.text
    assert Job.objects.count() == 1


def test_the_chart_gets_columns_of_one_length(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", requested_by=ann)
    series = client.get(url("stock_series", "KAVERI.DEMO")).json()
    assert {len(series[name]) for name in COLUMNS} == {500}
    assert {len(values) for values in series["averages"].values()} == {500}
    assert series["has_more"]
    whole = client.get(url("stock_series", "KAVERI.DEMO"), {"all": 1}).json()
    assert len(whole["session"]) > 1000
    assert whole["session"][-500:] == series["session"]
    assert whole["averages"]["SMA 200"][:199] == [None] * 199


def test_a_chart_without_bars_says_so(client: Client, ann: User) -> None:
    make_stock("A.NS")
    answer = client.get(url("stock_series", "A.NS"))
    assert answer.status_code == 404
    assert "No price history of A.NS" in answer.json()["problem"]


def test_search_finds_by_ticker_and_by_name(client: Client, ann: User) -> None:
    make_stock("TCS.NS", name="Tata Consultancy")
    make_stock("TATASTEEL.NS", name="Tata Steel")
    make_stock("INFY.NS", name="Infosys")
    found = client.get(reverse("analysis:stock_search"), {"q": "tat"}).context["stocks"]
    assert [stock.pk for stock in found] == ["TATASTEEL.NS", "TCS.NS"]


def test_search_for_an_exact_ticker_leads_to_its_page(client: Client, ann: User) -> None:
    make_stock("TCS.NS")
    assert client.get(reverse("analysis:stock_search"), {"q": "tcs.ns"}).headers["Location"] == "/stocks/TCS.NS/"


def test_search_suggests_options_while_somebody_types(client: Client, ann: User) -> None:
    make_stock("TCS.NS", name="<b>Tata</b>")
    answer = client.get(reverse("analysis:stock_search"), {"ticker": "tc"}, headers=HTMX)
    assert 'role="option"' in answer.text
    assert "<b>Tata" not in answer.text
    assert "<html" not in answer.text


def test_search_for_an_unknown_ticker_offers_to_watch_it(client: Client, ann: User) -> None:
    text = client.get(reverse("analysis:stock_search"), {"q": "new.ns"}).text
    assert "“new.ns” is not in the directory. Add it anyway?" in text
    assert 'value="NEW.NS"' in text
    assert "No ticker starts with it" in client.get(reverse("analysis:stock_search"), {"q": "no such"}).text


@pytest.mark.parametrize(
    ("method", "name"),
    [("get", "stock"), ("get", "stock_live"), ("get", "stock_series"), ("post", "analyze_stock")],
)
def test_stocks_are_for_everybody_who_is_logged_in(client: Client, method: str, name: str) -> None:
    make_finished_job("KAVERI.DEMO", requested_by=make_user("ann"))
    address = url(name, "KAVERI.DEMO")
    assert getattr(client, method)(address).headers["Location"].startswith(reverse("login"))
    client.force_login(make_user("bob"))
    assert getattr(client, method)(address).status_code in {200, 286, 302}


def test_analysing_takes_a_post(client: Client, ann: User) -> None:
    make_stock("A.NS")
    assert client.get(url("analyze_stock", "A.NS")).status_code == 405
    assert not Job.objects.exists()


def test_the_top_bar_counts_ones_own_running_jobs(client: Client, ann: User) -> None:
    make_job("KAVERI.DEMO", requested_by=ann)
    make_job("KAVERI.DEMO", requested_by=make_user("bob"))
    assert ">1<span" in client.get(reverse("analysis:stock_search")).text
