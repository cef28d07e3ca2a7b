"""The chart's numbers by week and month, as JSON."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from analysis.engine.bars import Bars
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Verdict
from analysis.models import PriceHistory, Stock
from analysis.prices.arrow import pack_bars
from analysis.prices.demo import DemoMarket
from analysis.prices.periods import Period
from analysis.prices.port import History
from analysis.tests.engine_plain import every_strategy
from analysis.tests.make import make_finished_job, make_result, make_stock, make_user, store_events

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

TICKER, YOUNG = "KAVERI.DEMO", "NAVANKURA.DEMO"
LONGER = (Period.WEEK, Period.MONTH)


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    return user


def series_of(client: Client, ticker: str, **query: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(reverse("analysis:stock_series", args=[ticker]), query).json()
    return found


def store_bars(bars: Bars) -> None:
    PriceHistory.objects.update(bars=pack_bars(bars), last_session=bars.last_session)


def in_the_middle(bars: Bars, period: Period) -> date:
    """A Wednesday some weeks ago, or a day in the middle of a month some months ago."""
    days: list[date] = bars.session[-120:-10].tolist()
    return next(day for day in days[::-1] if (day.weekday() == 2 if period is Period.WEEK else 10 < day.day < 20))


def last_complete(series: dict[str, Any]) -> int:
    return len(series["session"]) - (2 if series["is_running"] else 1)


@every_strategy
def test_the_last_completed_week_has_the_weekly_verdict_of_the_rating(
    client: Client, ann: User, strategy: Strategy
) -> None:
    ann.strategy = strategy.key
    ann.save()
    make_finished_job(TICKER, requested_by=ann)
    rating = Stock.objects.get().last_result.ratings.get(strategy=strategy.key)  # type: ignore[union-attr]
    series = series_of(client, TICKER, period="week")
    verdicts, last = series["verdict"], last_complete(series)
    assert verdicts[last] == Verdict(rating.weekly_verdict).code
    assert set(verdicts[last + 1 :]) <= {None}
    began = next(n for n in range(last, -1, -1) if verdicts[n - 1] != verdicts[n])
    assert series["session"][began] == str(rating.weekly_since)
    assert series["no_verdict_reason"] == ""


@pytest.mark.parametrize("period", LONGER)
def test_a_running_week_or_month_is_marked_unrated_and_changes_no_verdict_before_it(
    client: Client, ann: User, period: Period
) -> None:
    make_finished_job(TICKER, requested_by=ann)
    bars = PriceHistory.objects.get().unpack()
    before = series_of(client, TICKER, period=period)
    assert series_of(client, TICKER)["is_running"] is False
    store_bars(bars.until(in_the_middle(bars, period)))
    series = series_of(client, TICKER, period=period)
    assert series["is_running"] is True
    assert (series["score"][-1], series["verdict"][-1]) == (None, None)
    complete = len(series["session"]) - 1
    assert series["session"][:complete] == before["session"][:complete]
    latest = slice(complete - 5, complete)  # earlier verdicts may rest on a week that has left the five years
    assert series["verdict"][latest] == before["verdict"][latest]
    assert None not in series["verdict"][latest]
    assert series["close"][-1] == pytest.approx(float(bars.until(date.fromisoformat(series["session"][-1])).close[-1]))


def test_a_young_stock_has_candles_and_a_sentence_instead_of_verdicts(client: Client, ann: User) -> None:
    ann.strategy = "momentum"
    ann.save()
    make_finished_job(YOUNG, requested_by=ann)
    rating = Stock.objects.get().last_result.ratings.get(strategy="momentum")  # type: ignore[union-attr]
    weeks, months = (series_of(client, YOUNG, period=period) for period in LONGER)
    assert weeks["no_verdict_reason"] == rating.no_weekly_reason
    assert weeks["no_verdict_reason"].endswith("completed weeks, 21 needed.")
    assert months["no_verdict_reason"].startswith("Not enough history: ")
    assert set(weeks["verdict"]) == set(months["verdict"]) == {None}
    assert series_of(client, YOUNG)["no_verdict_reason"] == ""
    answer = client.get(reverse("analysis:indicator_series", args=[YOUNG, "sma"]), {"length": "20", "period": "week"})
    assert answer.json()["problem"] == f"SMA 20 has no value over {len(weeks['session'])} weeks."


@pytest.mark.parametrize("key", ["pivots", "vwap"])
@pytest.mark.parametrize("period", LONGER)
def test_an_indicator_of_calendar_months_has_the_values_of_the_days(
    client: Client, ann: User, key: str, period: Period
) -> None:
    make_finished_job(TICKER, requested_by=ann)
    address = reverse("analysis:indicator_series", args=[TICKER, key])
    days, longer = client.get(address, {"all": "1"}).json(), client.get(address, {"period": period}).json()
    for line, of_days in zip(longer["lines"], days["lines"], strict=True):
        by_day = dict(zip(days["session"], of_days["values"], strict=True))
        assert line["values"] == [by_day[session] for session in longer["session"]]
    assert (days["is_of_days"], longer["is_of_days"]) == (True, True)
    sma = client.get(reverse("analysis:indicator_series", args=[TICKER, "sma"]), {"period": period}).json()
    assert sma["is_of_days"] is False


@pytest.mark.parametrize("period", LONGER)
def test_a_week_or_month_that_has_ended_without_its_last_price_is_late(
    client: Client, ann: User, period: Period
) -> None:
    make_finished_job(TICKER, requested_by=ann)
    assert series_of(client, TICKER, period=period)["is_late"] is False
    bars = PriceHistory.objects.get().unpack()
    store_bars(bars.until(in_the_middle(bars, period)))
    series = series_of(client, TICKER, period=period)
    assert (series["is_running"], series["is_late"]) == (True, True)


def test_weeks_before_the_bars_of_an_analysis_are_drawn_and_not_rated(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    whole = DemoMarket().fetch_daily([TICKER], None)[TICKER]
    assert isinstance(whole, History)
    first = series_of(client, TICKER, period="week")
    store_bars(whole.bars)
    series = series_of(client, TICKER, period="week")
    added = len(series["session"]) - len(first["session"])
    assert added > 50
    assert series["session"][0] < "2019-01-10"
    assert series["verdict"][added:] == first["verdict"]
    assert set(series["score"][:added]) == {None}
    assert len(series["averages"]["SMA 200"]) == len(series["session"])


@pytest.mark.parametrize("period", LONGER)
def test_dividends_and_splits_fall_on_their_week_or_month(client: Client, ann: User, period: Period) -> None:
    make_finished_job(TICKER, requested_by=ann)
    bars = PriceHistory.objects.get().unpack()
    days = bars.session.tolist()
    store_events(TICKER, dividends={days[0]: 1.0, days[-200]: 2.0, days[-1]: 3.0}, splits={days[-201]: 2.0})
    numbers = pd.DatetimeIndex(bars.session).to_period("W-SUN" if period is Period.WEEK else "M")
    last_of = {number: day.isoformat() for number, day in zip(numbers, days, strict=True)}
    events = series_of(client, TICKER, period=period)["events"]
    expected = [last_of[numbers[row]] for row in (-1, -200, -201, 0)]
    assert [event["session"] for event in events] == expected
    assert [event["dividend"] or event["split"] for event in events] == [3.0, 2.0, "2:1", 1.0]


def test_all_weeks_and_months_come_at_once_without_spans_and_with_the_same_levels(client: Client, ann: User) -> None:
    stock = make_stock(TICKER)
    make_finished_job(TICKER, requested_by=ann)
    bars = PriceHistory.objects.get().unpack()
    store_bars(bars.select(np.arange(len(bars)) != len(bars) - 4))
    levels = {"side": "long", "entry": 100.0, "stop": 90.0, "target": 120.0, "risk_reward": 2.0}
    make_result(stock, bars.last_session + timedelta(days=1), strategy=ann.strategy, verdict="buy", **levels)
    assert series_of(client, TICKER)["spans"] != {}
    plans = [series_of(client, TICKER, period=period)["levels"] for period in Period]
    assert plans == [{"entry": 100.0, "stop": 90.0, "target": 120.0}] * 3
    for period in LONGER:
        series = series_of(client, TICKER, period=period)
        assert (series["spans"], series["has_more"]) == ({}, False)
        assert series == series_of(client, TICKER, period=period, all="1")
        assert series["session"][0] < bars.session[40].astype(str)


@pytest.mark.parametrize("period", LONGER)
def test_averages_and_indicators_count_the_weeks_or_months(client: Client, ann: User, period: Period) -> None:
    make_finished_job(TICKER, requested_by=ann)
    series = series_of(client, TICKER, period=period)
    means = pd.Series(series["close"]).rolling(20).mean()
    assert series["averages"]["SMA 20"][:19] == [None] * 19
    assert series["averages"]["SMA 20"][19:] == pytest.approx(means[19:].tolist(), rel=1e-6)
    url = reverse("analysis:indicator_series", args=[TICKER, "sma"])
    indicator = client.get(url, {"length": "20", "period": period}).json()
    assert indicator["session"] == series["session"]
    assert indicator["lines"][0]["values"][19:] == pytest.approx(series["averages"]["SMA 20"][19:])


@pytest.mark.parametrize("period", ["", "weeks", "Week", "year", "<b>"])
def test_another_period_is_refused_in_a_sentence(client: Client, ann: User, period: str) -> None:
    make_finished_job(TICKER, requested_by=ann)
    for name, args in (("stock_series", [TICKER]), ("indicator_series", [TICKER, "rsi"])):
        answer = client.get(reverse(f"analysis:{name}", args=args), {"period": period})
        assert answer.status_code == 422
        assert answer.json() == {"problem": "The period must be day, week or month."}


@pytest.mark.parametrize("period", Period)
def test_a_chart_of_weeks_takes_as_many_queries_as_one_of_days(
    client: Client, ann: User, period: Period, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_finished_job(TICKER, requested_by=ann)
    with django_assert_num_queries(4):
        assert series_of(client, TICKER, period=period)["period"] == period
