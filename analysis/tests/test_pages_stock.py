from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from pytest_django import DjangoAssertNumQueries

from analysis.engine.indicators import INDICATORS
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.models import Job, PriceHistory, RawData, Stock, StockStatus
from analysis.pages.listing import StockListing, split_in_words
from analysis.prices.arrow import pack_traded
from analysis.prices.dividends import DIVIDEND_MISMATCH
from analysis.prices.port import Finding, TradedPrices
from analysis.tests.make import make_finished_job, make_job, make_result, make_stock, make_user, store_events
from analysis.worker.slice import run_slice
from stockapp.templatetags import formats

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
        result.ratings.get().get_verdict_display(),
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
        "signals": {key: [1.0, 0] for key in TECHNICAL_RATING.weights}
        | {"sma_10": [2.0, 1], "rsi_14": [25.0, 1], "cci_20": [None, None]},
        "before": {"rsi_14": 0},
        "unavailable": {"for lack of trading in the window": ["cci_20"]},
        "data_quality": [{"code": "gap", "message": "1 gap was found.", "severity": "warning", "session": None}],
    }
    RawData.objects.filter(result=result).update(evidence=evidence)
    text = client.get(url("stock", "A.NS")).text
    up, flat = text.index("▲ Votes up"), text.index("◆ Without a side")
    assert up < text.index("SMA 10") < flat
    assert up < text.index("RSI 14") < flat < text.rindex("CCI 20")
    assert "<dt>Moving averages</dt>" in text
    assert INDICATORS["rsi_14"].describe(0, 1, 25.0) in text
    assert "from neutral to up" in text
    assert "1 component abstains for lack of trading in the window." in text
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
    rating = result.ratings.get()
    own = next(
        opinion for opinion in comparison.strategy_assessments if opinion.strategy.key == rating.strategy
    ).assessment
    assert (own.score, own.verdict, own.bar_count, own.day) == (
        rating.score, rating.verdict, result.bar_count, result.day,
    )  # fmt: skip
    assert len(comparison.strategy_assessments) == 5
    for opinion in comparison.strategy_assessments:
        assert opinion.strategy.name in answer.text
        assert (opinion.plan is None) == bool(opinion.refusal)


def test_a_track_record_stands_beside_its_baseline_and_says_when_cases_are_few(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", "NAVANKURA.DEMO", requested_by=ann)
    text = client.get(url("stock", "KAVERI.DEMO")).text
    assert "Track record of this stock" in text
    assert "The trades of one stock alone are not judged; <a" in " ".join(text.split())
    assert re.search(r"<dt>Hit rate \(target before stop\)</dt>\s*<dd>\s*[\d.]+% <small>baseline [\d.]+%</small>", text)
    assert "Short signals" not in text
    few = client.get(url("stock", "NAVANKURA.DEMO")).text
    assert "Not enough trades: 0, 20 needed." in few
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


@pytest.fixture
def kaveri(client: Client, ann: User) -> list[date]:
    """The sessions of an analysed stock, 1,000 of them or more."""
    make_finished_job("KAVERI.DEMO", requested_by=ann)
    days: list[date] = PriceHistory.objects.get().unpack().session.tolist()
    return days


def listing_of(client: Client) -> str:
    """The text of the card without markup, or nothing."""
    text = client.get(url("stock", "KAVERI.DEMO")).text
    card = text.partition('id="listing-title"')[2].partition("</section>")[0]
    return " ".join(strip_tags(f"<h2{card}").split()) if card else ""


def test_the_page_shows_what_the_source_says_of_a_stock(client: Client, kaveri: list[date]) -> None:
    dividends = {kaveri[-300]: 10.0, kaveri[-200]: 20.0, kaveri[-2]: 28.125}
    store_events(
        "KAVERI.DEMO",
        dividends=dividends,
        splits={kaveri[-3]: 1.5, kaveri[-900]: 10.0},
        exchange_name="NSE <India>",
        first_trade_date="2002-08-12",
    )
    close = PriceHistory.objects.get().unpack().close[-1]
    assert listing_of(client) == (
        "Listing Exchange NSE &lt;India&gt; First trade 12 Aug 2002 "
        f"Last dividend ₹28.13 ex-date {formats.day(kaveri[-2])} "
        f"Dividends, 12 months ₹48.13 yield {48.125 / close:.2%} Last split 3:2 {formats.day(kaveri[-3])} "
        "As reported by Demo market."
    )


def test_dividends_and_splits_stand_in_tables_beside_the_chart(client: Client, kaveri: list[date]) -> None:
    store_events("KAVERI.DEMO", dividends={kaveri[-2]: 28.0, kaveri[-300]: 10.0}, splits={kaveri[-2]: 0.1})
    table = client.get(url("stock", "KAVERI.DEMO")).text.partition('id="sessions"')[2].partition("</details>")[0]
    sessions, _, events = table.partition("<details")
    assert sessions.count("Dividend ₹28.00") == sessions.count("Split 1:10") == 1
    assert [" ".join(cell.split()) for cell in re.findall(r"<td>(.*?)</td>", events, re.DOTALL)] == [
        "Split 1:10", "Dividend ₹28.00", "Dividend ₹10.00",
    ]  # fmt: skip
    assert f'<th scope="row">{formats.day(kaveri[-300])}</th>' in events


def test_a_stock_without_dividends_says_since_when(client: Client, kaveri: list[date]) -> None:
    store_events("KAVERI.DEMO")
    assert f"Dividends none since {formats.day(kaveri[0])} As" in listing_of(client)
    assert "Dividends and splits" not in client.get(url("stock", "KAVERI.DEMO")).text


def test_dividends_that_are_not_known_are_never_said_to_be_none(client: Client, kaveri: list[date]) -> None:
    assert listing_of(client) == ""
    history = store_events("KAVERI.DEMO", splits={kaveri[-3]: 2.0})
    traded = history.unpack_traded()
    assert traded
    half_known = np.where(np.arange(len(kaveri)) < len(kaveri) - 100, np.nan, 0.0)
    for dividend, said in (
        (np.full(len(kaveri), np.nan), ""),
        (half_known, f"Dividends none since {formats.day(kaveri[-100])} "),
    ):
        history.traded = pack_traded(replace(traded, dividend=dividend))
        history.save()
        assert (
            listing_of(client) == f"Listing {said}Last split 2:1 {formats.day(kaveri[-3])} As reported by Demo market."
        )


def test_the_yield_of_a_dividend_that_prices_contradict_is_left_out(client: Client, kaveri: list[date]) -> None:
    history = store_events("KAVERI.DEMO", dividends={kaveri[-20]: 2800.0})
    finding = Finding(DIVIDEND_MISMATCH, "1 dividend does not agree.", "warning", kaveri[-20])
    for findings, has_yield in (([], True), ([finding.as_dict()], False)):
        history.findings = findings
        history.save()
        assert ("yield" in listing_of(client)) == has_yield
        assert "Dividends, 12 months ₹2,800.00" in listing_of(client)


def test_a_kind_that_pays_nothing_is_named_and_has_no_dividends(client: Client, ann: User) -> None:
    stock = make_stock("^NSEI", kind="index", exchange="NSE")
    assert StockListing(stock, None).kind == "Index"
    traded = TradedPrices(
        np.array(["2026-04-22"], dtype="datetime64[D]"), *(np.array([one]) for one in (1.0, 1.0, 0.0))
    )
    history = PriceHistory(stock=stock, traded=pack_traded(traded))
    assert StockListing(stock, history).dividends is None
    assert "Index" in client.get(url("stock", "^NSEI")).text.partition('id="listing-title"')[2]


def test_damaged_dividends_leave_the_page_as_it_is(client: Client, kaveri: list[date]) -> None:
    PriceHistory.objects.update(traded=b"damaged")
    assert listing_of(client) == ""
    assert client.get(url("stock_series", "KAVERI.DEMO")).json()["events"] == []


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (2.0, "2:1"),
        (1.5, "3:2"),
        (0.1, "1:10"),
        (1 / 120, "1:120"),
        (1.05, "21:20"),
        (1.0834, "1.0834:1"),
        (0.97, "0.97:1"),
    ],
)
def test_a_split_is_written_as_new_and_old_shares(factor: float, words: str) -> None:
    assert split_in_words(factor) == words


def test_signals_are_counted_by_kind_under_words_that_exist(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", strategy="swing")
    ann.strategy = "swing"
    ann.save(update_fields=["strategy"])
    text = client.get(url("stock", "KAVERI.DEMO")).text
    labels = re.findall(r"<dt>(Osc\w+|Mov\w+ \w+|Tre\w+|Vola\w+|Volu\w+)</dt>", text)
    assert labels == ["Oscillators", "Trend", "Volatility", "Volume"]
