"""The screener of the API: what it finds, what it refuses, and that its page finds and refuses the same."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from django.utils.http import urlencode

from analysis.criteria import EMPTY_RANGE
from analysis.models import Index, Result, Stock
from analysis.prices.demo_companies import COMPANIES
from analysis.tests.make import make_finished_job, make_rating, make_result, make_stock
from stockapp.accounts.models import User
from watchlist.screener.page import Screener

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)
OLD_NAMES = {
    "min_score": "score_min",
    "max_score": "score_max",
    "min_change": "change_min",
    "max_change": "change_max",
    "min_risk_reward": "risk_reward",
    "new_since": "since",
}


@pytest.fixture
def ann(client: Client) -> User:
    user = User.objects.create(username="ann")
    client.force_login(user)
    return user


def found(client: Client, **query: Any) -> list[str]:
    return [row["ticker"] for row in client.get("/api/screener", query).json()["items"]]


def errors(client: Client, **query: Any) -> dict[str, list[str]]:
    answer = client.get("/api/screener", query)
    assert answer.status_code == 422
    fields: dict[str, list[str]] = answer.json()["error"]["fields"]
    return fields


def make_index(name: str, *tickers: str) -> None:
    Index.objects.create(name=name, loaded_at=timezone.now()).stocks.set(Stock.objects.filter(pk__in=tickers))


def test_the_screener_finds_by_what_results_say(client: Client, ann: User) -> None:
    up = make_stock("UP.NS", name="Upward Ltd", industry="Banks", exchange="NSE")
    make_result(up, score=0.6, verdict="strong_buy", close=110, previous_close=100, risk_reward=3, verdict_since=DAY)
    make_result(make_stock("DOWN.NS", industry="Steel"), score=-0.2, verdict="sell", close=90, previous_close=100)
    make_result(make_stock("FIRST.NS"), score=0.1, verdict="neutral", risk_reward=None, verdict_since=DAY)
    make_stock("NEVER.NS")
    make_index("Nifty", "UP.NS")
    assert found(client) == ["UP.NS", "FIRST.NS", "DOWN.NS"]
    assert found(client, verdict=["sell", "strong_buy"]) == ["UP.NS", "DOWN.NS"]
    assert found(client, score_min=0, score_max=0.5) == ["FIRST.NS"]
    assert found(client, change_min=5) == ["UP.NS"]
    assert found(client, change_max=-5) == ["DOWN.NS"]
    assert found(client, industry="banks") == found(client, index="nifty") == found(client, exchange="nse") == ["UP.NS"]
    assert found(client, risk_reward=2.5) == found(client, q="up") == found(client, q=" ward ") == ["UP.NS"]
    assert found(client, since=DAY) == ["UP.NS"]  # neutral is no signal
    assert found(client, since=DAY + timedelta(days=1)) == []


def test_the_screener_finds_by_the_weekly_verdict_of_the_callers_strategy(client: Client, ann: User) -> None:
    for ticker, weekly, other in (("A.NS", "sell", "buy"), ("B.NS", "buy", "sell"), ("C.NS", "neutral", "sell")):
        result = make_result(make_stock(ticker), weekly_verdict=weekly, weekly_since=DAY)
        make_rating(result, strategy="trend", weekly_verdict=other, weekly_since=DAY)
    make_result(make_stock("D.NS"), no_weekly_reason="Not enough history: 30 completed weeks, 50 needed.")
    assert found(client, weekly_verdict="sell") == ["A.NS"]
    assert found(client, weekly_verdict=["sell", "neutral"]) == ["A.NS", "C.NS"]
    assert found(client, weekly_verdict="sell", verdict="sell") == []
    User.objects.update(strategy="trend")
    assert found(client, weekly_verdict="sell") == ["B.NS", "C.NS"]


def test_a_close_of_zero_before_is_no_change_at_all(client: Client, ann: User) -> None:
    make_result(make_stock("UP.NS"), close=110, previous_close=0)
    assert found(client, change_min=-100) == []
    assert found(client) == ["UP.NS"]


def test_the_names_of_before_are_refused_with_the_new_ones(client: Client, ann: User) -> None:
    for old, new in OLD_NAMES.items():
        assert errors(client, **{old: "0.5"}) == {old: [f"{old} is not a parameter; did you mean {new}?"]}


@pytest.mark.parametrize(
    ("query", "name", "sentence"),
    [
        ({"score_min": "0.5", "score_max": "0.1"}, "score_max", EMPTY_RANGE),
        ({"change_min": "1", "change_max": "-1"}, "change_max", EMPTY_RANGE),
        ({"industry": "Spice"}, "industry", "No analysed stock is of “Spice”."),
        ({"exchange": "MARS"}, "exchange", "No analysed stock trades on “MARS”."),
        ({"index": "Nowhere"}, "index", "There is no index “Nowhere”."),
        ({"industry": " "}, "industry", "No analysed stock is of “ ”."),
        ({"exchange": " \t"}, "exchange", "No analysed stock trades on “ \t”."),
        ({"index": "\u3000"}, "index", "There is no index “\u3000”."),
    ],
)
def test_page_and_api_refuse_a_criterion_in_the_same_words(
    client: Client, ann: User, query: dict[str, str], name: str, sentence: str
) -> None:
    make_result(make_stock("UP.NS", industry="Banks", exchange="NSE"))
    make_index(" ", "UP.NS")
    assert errors(client, **query) == {name: [sentence]}
    assert Screener(QueryDict(urlencode(query)), ann).form.errors == {name: [sentence]}


@pytest.mark.parametrize(
    ("name", "of_page", "of_api"),
    [
        ("score_min", "101", "1.01"),
        ("score_max", "-101", "-1.01"),
        ("change_min", "-101", "-101"),
        ("change_max", "10001", "10001"),
        ("risk_reward", "-1", "-1"),
        ("risk_reward", "1001", "1001"),
        ("change_min", "nan", "nan"),
        ("q", "x" * 61, "x" * 61),
        ("index", "x" * 101, "x" * 101),
        ("industry", "Banks" + " " * 100, "Banks" + " " * 100),
        ("since", "20.11.2026", "20.11.2026"),
        ("verdict", "hold", "hold"),
        ("weekly_verdict", "hold", "hold"),
    ],
)
def test_page_and_api_refuse_the_same_values(client: Client, ann: User, name: str, of_page: str, of_api: str) -> None:
    make_result(make_stock("UP.NS", industry="Banks"))
    (refused,) = errors(client, **{name: of_api})
    assert refused.startswith(name)
    assert list(Screener(QueryDict(urlencode({name: of_page})), ann).form.errors) == [name]


@pytest.mark.parametrize("name", ["score_min", "score_max", "change_min", "change_max", "risk_reward"])
def test_a_number_that_is_not_finite_is_refused_as_such(client: Client, ann: User, name: str) -> None:
    for value in ("nan", "inf", "-inf"):
        assert errors(client, **{name: value}) == {name: ["Input should be a finite number."]}


def test_an_index_is_found_whatever_its_case_and_of_two_the_one_that_is_spelt_so(client: Client, ann: User) -> None:
    for ticker in ("A.NS", "B.NS"):
        make_result(make_stock(ticker, industry="Banks"))
    make_index("Mine", "A.NS")
    make_index("MINE", "B.NS")
    for typed, ticker in (("Mine", "A.NS"), ("MINE", "B.NS"), (" Mine", "A.NS"), ("MINE ", "B.NS")):
        page = Screener(QueryDict(urlencode({"index": typed})), ann)
        assert found(client, index=typed) == [row.stock.pk for row in page.rows] == [ticker]
        assert page.form["index"].value() == typed.strip()
    page = Screener(QueryDict("industry=+bANKS+"), ann)
    assert (page.criteria.industry, page.query) == (("Banks",), "industry=Banks")
    assert page.form["industry"].value() == "Banks"


@pytest.mark.parametrize("name", ["industry", "exchange"])
@pytest.mark.parametrize("typed", ["éner", "ÉNER", "Éner", "ÉnEr", " éner "])
def test_a_value_has_the_stocks_of_all_its_spellings(client: Client, ann: User, name: str, typed: str) -> None:
    for n, spelling in enumerate(("éner", "Éner", "ÉNER", "Éner ", "Other", "", " ")):
        make_result(make_stock(f"S{n}.NS", **{name: spelling}))
    expected = ["S0.NS", "S1.NS", "S2.NS", "S3.NS"]
    page = Screener(QueryDict(urlencode({name: typed})), ann)
    assert found(client, **{name: typed}) == [row.stock.pk for row in page.rows] == expected
    offered = [value for value, _ in page.form.fields[name].widget.choices]
    assert page.problems == []
    assert len(offered) == 3  # any, one spelling, and the other value
    assert page.form[name].value() in offered
    again = Screener(QueryDict(page.query), ann)
    assert (again.count, again.query) == (4, page.query)


def test_a_stock_of_an_index_is_found_once(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"))
    for name in ("Mine", "MINE"):
        make_index(name, "A.NS")
    for typed in ("mine", "Mine", "MINE"):
        page = Screener(QueryDict(urlencode({"index": typed})), ann)
        assert found(client, index=typed) == [row.stock.pk for row in page.rows] == ["A.NS"]


def test_the_screener_answers_programs_as_its_page_answers_people(client: Client, ann: User) -> None:
    """Over the demo market, at every edge there is: each shown number as a bound, each day, verdict and name."""
    make_finished_job(*(company.ticker for company in COMPANIES))
    results = list(Result.objects.with_rating(ann.strategy).completed())
    assert len(results) > 30
    make_index("Every third", *(result.stock_id for result in results[::3]))
    halves = [result.stock_id for result in results[::2]], [result.stock_id for result in results[1::2]]
    for tickers, exchange, industry in zip(halves, ("NSE", "BSE"), ("Banks", "Oil & gas"), strict=True):
        Stock.objects.filter(pk__in=tickers).update(exchange=exchange, industry=industry)
    values = _values_at_edges(results)
    several = _draw_queries(values, 100)
    queries: list[dict[str, str]] = [{}, *several, *({name: value} for name, some in values.items() for value in some)]
    of_plans = [query for query in queries if "risk_reward" in query]
    seen = set()
    for long_only, asked in ((True, queries), (False, of_plans)):
        User.objects.update(long_only=long_only)
        user = User.objects.get()
        for query in asked:
            page = Screener(QueryDict(urlencode(query)), user)
            in_api = query | {name: str(float(query[name]) / 100) for name in query if name.startswith("score_")}
            if page.problems:
                assert page.form.errors == errors(client, **in_api)
                continue
            rows = [row.stock.pk for row in page.rows]
            assert found(client, **in_api) == rows, (query, long_only)
            seen.add(len(rows))
    assert {0, 1, len(results)} < seen


def _values_at_edges(results: list[Result]) -> dict[str, set[str]]:
    """Return for each criterion, as the page has it, every value at which its answer may change."""
    ratings = [result.rating for result in results if result.rating]
    scores = {str(round(100 * rating.score)) for rating in ratings if rating.score is not None}
    changes = {f"{result.change_percent:.2f}" for result in results if result.change_percent is not None}
    return {
        "q": {result.stock_id[:2].lower() for result in results},
        "verdict": {rating.verdict for rating in ratings if rating.verdict},
        "weekly_verdict": {rating.weekly_verdict for rating in ratings if rating.weekly_verdict},
        "score_min": scores,
        "score_max": scores,
        "change_min": changes,
        "change_max": changes,
        "risk_reward": {f"{rating.risk_reward:.2f}" for rating in ratings if rating.risk_reward is not None},
        "since": {str(rating.verdict_since) for rating in ratings if rating.verdict_since},
        "industry": {"Banks", "Oil & gas"},
        "exchange": {"NSE", "BSE"},
        "index": {"Every third"},
    }


def _draw_queries(values: dict[str, set[str]], count: int) -> list[dict[str, str]]:
    """Return queries of two to four criteria each, the same ones on every run."""
    chance = Random(11)
    names = sorted(values)
    return [
        {name: chance.choice(sorted(values[name])) for name in chance.sample(names, k=chance.randint(2, 4))}
        for _ in range(count)
    ]


def test_criteria_are_the_same_set_on_the_page_and_in_the_api(client: Client, ann: User) -> None:
    parameters = client.get("/api/openapi.json").json()["paths"]["/api/screener"]["get"]["parameters"]
    of_api = {parameter["name"] for parameter in parameters} - {"cursor", "limit"}
    assert of_api == set(Screener(QueryDict(), ann).form.fields)
