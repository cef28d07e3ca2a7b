"""The chart's candles of weeks and months, and their verdicts."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.engine.bars import Bars
from analysis.engine.rating import rate
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.pages.chart_bars import ChartBars
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.exchanges import CRYPTO, EXCHANGE_BY_SUFFIX, US, Exchange
from analysis.prices.periods import Period, completed_periods
from analysis.prices.trading_calendar import trading_calendar_of
from analysis.tests.engine_bars import random_bars, sample_bars
from analysis.tests.engine_plain import every_strategy

SAUDI = EXCHANGE_BY_SUFFIX["SR"]
FIRST_LAST = {"open": "first", "high": "max", "low": "min", "close": "last"}


def checked(bars: Bars) -> CheckedBars:
    return CheckedBars(bars, (), np.zeros(len(bars), dtype=np.bool_), None, "", 0, np.zeros(len(bars), dtype=np.bool_))


def bars_of(exchange: Exchange, count: int, until: str) -> Bars:
    """A random walk over the last sessions of an exchange up to a day."""
    calendar, walk = trading_calendar_of(exchange), random_bars(count)
    end = calendar.count_until(date.fromisoformat(until))
    columns = (walk.open, walk.high, walk.low, walk.close, walk.volume)
    return Bars(calendar.sessions[end - count : end].astype("datetime64[D]"), *columns)


def grouped(bars: Bars, frequency: str) -> pd.DataFrame:
    """The bars combined by pandas, which knows no trading calendar."""
    days = pd.DatetimeIndex(bars.session)
    table = pd.DataFrame(
        {name: getattr(bars, name) for name in (*FIRST_LAST, "volume")} | {"session": days}, index=days
    )
    known = {"volume": lambda volumes: volumes.sum(skipna=False)}
    return table.groupby(days.to_period(frequency)).agg({**FIRST_LAST, **known, "session": "last"})


def assert_same(bars: Bars, expected: pd.DataFrame) -> None:
    assert bars.session.tolist() == [day.date() for day in expected["session"]]
    for name in FIRST_LAST:
        assert getattr(bars, name).tolist() == expected[name].tolist(), name
    np.testing.assert_allclose(bars.volume, expected["volume"], rtol=1e-12)


@pytest.mark.parametrize(
    ("exchange", "count", "week"),
    [(US, 1300, "W-SUN"), (SAUDI, 1200, "W-SAT"), (CRYPTO, 1500, "W-SUN"), (US, 3, "W-SUN"), (US, 1, "W-SUN")],
    ids=["with holidays", "Sunday to Thursday", "every day", "three bars", "one bar"],
)
def test_candles_of_weeks_and_months_equal_those_that_pandas_groups(exchange: Exchange, count: int, week: str) -> None:
    bars = bars_of(exchange, count, "2026-11-25")
    assert_same(ChartBars.of(Period.WEEK, checked(bars), exchange).bars, grouped(bars, week))
    assert_same(ChartBars.of(Period.MONTH, checked(bars), exchange).bars, grouped(bars, "M"))
    assert ChartBars.of(Period.DAY, checked(bars), exchange).bars is bars


def test_candles_of_a_real_stock_equal_those_that_pandas_groups() -> None:
    bars = sample_bars("IBM")
    assert_same(ChartBars.of(Period.WEEK, checked(bars), US).bars, grouped(bars, "W-SUN"))
    assert_same(ChartBars.of(Period.MONTH, checked(bars), US).bars, grouped(bars, "M"))


def test_an_index_without_volume_has_candles_without_volume() -> None:
    index = replace(bars_of(US, 300, "2026-11-25"), volume=np.full(300, np.nan))
    for period, frequency in zip((Period.WEEK, Period.MONTH), ("W-SUN", "M"), strict=True):
        candles = ChartBars.of(period, checked(index), US).bars
        assert np.isnan(candles.volume).all()
        assert_same(candles, grouped(index, frequency))


@pytest.mark.parametrize(
    ("exchange", "day", "running"),
    [
        # Thursday 26 November 2026 is Thanksgiving; the last session of the month is Monday the 30th.
        (US, "2026-11-25", {Period.WEEK, Period.MONTH}),
        (US, "2026-11-27", {Period.MONTH}),
        (US, "2026-11-30", {Period.WEEK}),
        (US, "2026-05-29", set()),
        (CRYPTO, "2026-05-30", {Period.WEEK, Period.MONTH}),
        (CRYPTO, "2026-05-31", set()),
        (SAUDI, "2026-11-19", {Period.MONTH}),
        (SAUDI, "2026-11-22", {Period.WEEK, Period.MONTH}),
    ],
)
def test_a_week_or_month_runs_until_its_last_session(exchange: Exchange, day: str, running: set[Period]) -> None:
    bars = bars_of(exchange, 30, day)
    assert {each for each in Period if ChartBars.of(each, checked(bars), exchange).is_running} == running


@pytest.mark.parametrize(
    ("count", "until", "months"),
    [
        (21, "2026-11-27", []),
        (62, "2026-11-27", ["2026-09-30", "2026-10-30"]),
        (21, "2026-10-30", []),  # the month has 22 sessions
        (22, "2026-10-30", ["2026-10-30"]),
        (22, "2026-10-29", []),
    ],
)
def test_a_month_is_complete_from_its_first_session_to_its_last(count: int, until: str, months: list[str]) -> None:
    found = completed_periods(Period.MONTH, checked(bars_of(US, count, until)), US).bars.session.astype(str).tolist()
    assert found == months


@every_strategy
def test_completed_months_are_rated_and_the_month_so_far_is_not(strategy: Strategy) -> None:
    bars = bars_of(US, 1300, "2026-11-25")
    rated = ChartBars.of(Period.MONTH, checked(bars), US).rate(checked(bars), strategy)
    months = grouped(bars, "M").iloc[1:-1]  # the first is not whole
    columns = {name: months[name].to_numpy(np.float64) for name in (*FIRST_LAST, "volume")}
    expected = rate(Bars(months["session"].to_numpy().astype("datetime64[D]"), **columns), strategy)
    np.testing.assert_array_equal(rated.score, [np.nan, *expected.score, np.nan])
    assert rated.verdict[-2] == expected.steady[-1]
    assert np.isnan(rated.verdict[[0, -1]]).all()
    assert rated.no_verdict_reason == ""


def test_a_week_without_a_score_has_no_verdict_and_the_chart_says_why() -> None:
    bars = bars_of(US, 600, "2026-11-27")
    for prices in (bars.open, bars.high, bars.low, bars.close):
        prices[400:] = 50.0  # and no trade since
    rated = ChartBars.of(Period.WEEK, checked(bars), US).rate(checked(bars), STRATEGIES["technical_rating"])
    assert np.isnan(rated.score[-1])
    assert np.isnan(rated.verdict[-1])
    assert np.isfinite(rated.verdict[75])
    assert rated.no_verdict_reason == "Too few signals are available over the completed weeks."
