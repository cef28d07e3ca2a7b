"""Causality: what is said of a session never changes when later bars are added."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment
from analysis.engine.bars import Bars
from analysis.engine.plan import NoPlan, make_plan
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache, idle_sessions
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import trades
from analysis.engine.verdict import Verdict
from analysis.tests.engine_bars import SAMPLES, make_bars, random_bars, sample_bars
from analysis.tests.engine_plain import EVERY_INDICATOR, every_strategy


@st.composite
def histories(draw: st.DrawFn) -> Bars:
    """60 to 300 bars of any shape: trends, halts, days without volume, jumps."""
    count = draw(st.integers(60, 300))
    moves = draw(arrays(np.float64, count, elements=st.floats(-0.2, 0.2), fill=st.just(0.0)))
    spread = draw(arrays(np.float64, count, elements=st.floats(0, 0.1), fill=st.just(0.0)))
    volume = draw(arrays(np.float64, count, elements=st.integers(0, 10**7).map(float), fill=st.just(500.0)))
    close = 100 * np.exp(np.clip(np.cumsum(moves), -8, 8))
    return make_bars(close, high=close * (1 + spread), low=close * (1 - spread / 2), volume=volume)


def assert_causal(bars: Bars, session: int) -> None:
    known = bars[: session + 1]
    then, now = rate(known, EVERY_INDICATOR), rate(bars, EVERY_INDICATOR)
    for key in now.signals_by_key:
        np.testing.assert_array_equal(
            then.signals_by_key[key], now.signals_by_key[key][: session + 1], err_msg=f"signal of {key}"
        )
        np.testing.assert_allclose(then.values[key], now.values[key][: session + 1], rtol=1e-9, err_msg=key)
    for strategy in STRATEGIES.values():
        then, now = rate(known, strategy), rate(bars, strategy)
        np.testing.assert_array_equal(then.score, now.score[: session + 1], err_msg=strategy.key)
        np.testing.assert_array_equal(then.raw, now.raw[: session + 1], err_msg=strategy.key)
        np.testing.assert_array_equal(then.steady, now.steady[: session + 1], err_msg=strategy.key)
    np.testing.assert_array_equal(idle_sessions(known), idle_sessions(bars)[: session + 1])
    np.testing.assert_allclose(SeriesCache(known).atr, SeriesCache(bars).atr[: session + 1], rtol=1e-9)


@settings(deadline=None, max_examples=60)
@given(bars=histories(), data=st.data())
def test_no_series_of_any_bars_looks_ahead(bars: Bars, data: st.DataObject) -> None:
    assert_causal(bars, data.draw(st.integers(0, len(bars) - 1), label="session"))


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), session=st.integers(0, 399))
def test_no_series_of_a_random_walk_looks_ahead(seed: int, session: int) -> None:
    assert_causal(random_bars(400, seed), session)


@pytest.mark.parametrize("ticker", SAMPLES)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_no_series_of_real_bars_looks_ahead(ticker: str, data: st.DataObject) -> None:
    bars = sample_bars(ticker)
    assert_causal(bars, data.draw(st.integers(0, len(bars) - 1), label="session"))


@every_strategy
@settings(deadline=None, max_examples=15)
@given(session=st.integers(60, 999))
def test_a_plan_made_on_the_day_is_the_one_read_off_the_whole_series(strategy: Strategy, session: int) -> None:
    bars = sample_bars("IBM")[:1000]
    series = SeriesCache(bars)
    verdict = Verdict.of(int(rate(series, strategy).steady[session]))
    plan = make_plan(verdict, float(bars.close[session]), float(series.atr[session]), strategy)
    assessment = assess(bars[: session + 1], strategy)
    assert isinstance(assessment, Assessment)
    assert assessment.verdict is verdict
    assert (assessment.plan or NoPlan(assessment.no_trade_reason)) == plan


@every_strategy
@settings(deadline=None, max_examples=15)
@given(count=st.integers(0, 1000))
def test_later_bars_change_no_trade_that_was_over(strategy: Strategy, count: int) -> None:
    bars = sample_bars("MSFT")[:1000]
    over = bars.session[: max(count - strategy.holding, 0)].astype(object).tolist()
    assert trades(bars[:count], strategy) == tuple(trade for trade in trades(bars, strategy) if trade.planned in over)
