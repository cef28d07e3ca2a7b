"""Criteria: which values can be used, and how much each removes."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.criteria import CONDITIONS, EMPTY_RANGE, Criteria, Effect, KnownValues, read_criteria
from analysis.screening import stocks_to_screen
from analysis.tests.make import make_rating, make_result, make_stock

pytestmark = pytest.mark.django_db


def test_every_criterion_has_its_condition_and_is_set_by_a_zero_too() -> None:
    assert list(CONDITIONS) == [field.name for field in fields(Criteria)]
    assert Criteria().names == []
    assert Criteria(score_min=0.0, risk_reward=0.0).names == ["score_min", "risk_reward"]


def test_what_cannot_be_used_has_a_sentence_and_the_rest_is_used(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    make_result(make_stock("A.NS", industry="Banks"))
    given = {"q": " a ", "verdict": [], "score_min": 0.5, "score_max": 0.1, "industry": "banks", "index": "None"}
    with django_assert_num_queries(2):  # of industries and indexes alone
        criteria, errors = read_criteria(given, KnownValues())
    assert criteria == Criteria(q="a", score_min=0.5, industry=("Banks",))
    assert errors == {"score_max": EMPTY_RANGE, "index": "There is no index “None”."}


def test_a_range_of_one_number_is_not_empty() -> None:
    criteria, errors = read_criteria({"change_min": 2.0, "change_max": 2.0}, KnownValues())
    assert (criteria.change_min, criteria.change_max, errors) == (2.0, 2.0, {})


def test_the_most_restrictive_criterion_comes_first() -> None:
    for ticker, score, industry in (("A.NS", 0.6, "Banks"), ("B.NS", 0.4, "Banks"), ("C.NS", -0.5, "Metals")):
        make_result(make_stock(ticker, industry=industry), score=score, verdict_since=date(2026, 11, 20))
    criteria = Criteria(score_min=0.5, industry=("Banks",), since=date(2026, 11, 20))
    stocks = stocks_to_screen("technical_rating", long_only=False, now=timezone.now())
    assert [stock.pk for stock in criteria.narrow(stocks)] == ["A.NS"]
    assert criteria.effects(stocks) == [
        Effect("score_min", without=2, alone=1),
        Effect("industry", without=1, alone=2),
        Effect("since", without=1, alone=3),
    ]


def test_verdicts_and_scores_are_those_of_one_strategy() -> None:
    for ticker, verdict, score in (("A.NS", "buy", 0.3), ("B.NS", "sell", -0.3)):
        result = make_result(make_stock(ticker), strategy="trend", verdict=verdict, score=score)
        make_rating(result, strategy="swing", verdict="neutral", score=-score)
    make_result(make_stock("C.NS"), strategy="mean_reversion")

    def find(strategy: str, criteria: Criteria) -> list[str]:
        return [stock.pk for stock in criteria.narrow(stocks_to_screen(strategy, long_only=False, now=timezone.now()))]

    assert find("trend", Criteria(verdict=("buy",))) == find("trend", Criteria(score_min=0.0)) == ["A.NS"]
    assert find("swing", Criteria(verdict=("buy",))) == []
    assert find("swing", Criteria(score_min=0.0)) == ["B.NS"]


def test_a_weekly_verdict_is_any_of_those_given_beside_the_daily_one() -> None:
    for ticker, daily, weekly in (("A.NS", "buy", "sell"), ("B.NS", "sell", "sell"), ("C.NS", "buy", "buy")):
        make_result(make_stock(ticker), verdict=daily, weekly_verdict=weekly, weekly_since=date(2026, 11, 20))
    make_result(make_stock("D.NS"))
    stocks = stocks_to_screen("technical_rating", long_only=False, now=timezone.now())

    def find(criteria: Criteria) -> list[str]:
        return sorted(stock.pk for stock in criteria.narrow(stocks))

    assert find(Criteria(weekly_verdict=("sell", "strong_sell"))) == ["A.NS", "B.NS"]
    against, errors = read_criteria({"verdict": ["buy"], "weekly_verdict": ["sell"]}, KnownValues())
    assert (against, errors) == (Criteria(verdict=("buy",), weekly_verdict=("sell",)), {})
    assert find(against) == ["A.NS"]
