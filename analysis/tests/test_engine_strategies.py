"""Strategies: their weights, what they need, and what they compute; dirty data for each of them."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment, NotEnoughHistory
from analysis.engine.bars import Bars
from analysis.engine.evidence import to_evidence
from analysis.engine.plan import Plan
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import IndicatorGroup, Strategy
from analysis.tests.engine_bars import SAMPLES, flat_bars, joined, make_bars, random_bars, sample_bars
from analysis.tests.engine_plain import every_strategy

WEIGHTS = """
                 trend  mean_reversion  momentum  swing
    macd           2.5             0.5       1.5    1.5
    adx_14         2.5             0.5       1.5    0.5
    ema_50_200     2.0             0.5       1.0    0.6
    parabolic_sar  1.5             0.5       1.0    1.2
    rsi_14         0.5             2.5       2.0    2.0
    stochastic     0.5             2.0       2.0    2.0
    cci_20         0.5             1.5       1.5    1.8
    williams_r_14  0.5             1.5       1.0    1.6
    bollinger_20   0.5             2.5       1.5    1.3
    obv_20         1.0             1.0       2.5    1.2
    cmf_20         1.0             1.0       2.5    1.2
    supertrend     1.5             0.3       0.8    0.6
"""


def weighted(keys: list[str]) -> Strategy:
    """Return a strategy of one group that scores as soon as any signal is available."""
    return replace(TECHNICAL_RATING, groups=(IndicatorGroup(dict.fromkeys(keys, 1.0), minimum_weight=1),))


def numbers(value: object) -> list[float]:
    """Every float anywhere inside."""
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, float) else []


@pytest.mark.parametrize("column", range(4))
def test_the_weights_are_those_of_the_table(column: int) -> None:
    header, *rows = (line.split() for line in WEIGHTS.strip().splitlines())
    assert STRATEGIES[header[column]].weights == {row[0]: float(row[column + 1]) for row in rows}


@pytest.mark.parametrize(
    ("key", "stop_atr", "target_risk", "holding", "bars_needed"),
    [
        ("technical_rating", 2.0, 2.0, 20, 50),
        ("trend", 2.5, 3.0, 40, 34),
        ("mean_reversion", 1.5, 1.5, 10, 20),
        ("momentum", 3.0, 2.5, 20, 21),
        ("swing", 2.0, 2.0, 10, 21),
    ],
)
def test_a_strategy_says_how_it_is_traded_and_how_many_bars_it_needs(
    key: str, stop_atr: float, target_risk: float, holding: int, bars_needed: int
) -> None:
    strategy = STRATEGIES[key]
    assert (strategy.stop_atr, strategy.target_risk, strategy.holding) == (stop_atr, target_risk, holding)
    assert (strategy.bars_needed, strategy.margin) == (bars_needed, 0.15)


@every_strategy
def test_a_strategy_scores_from_the_bars_it_needs_and_not_before(strategy: Strategy) -> None:
    score = rate(random_bars(300), strategy).score
    assert np.isnan(score[: strategy.bars_needed - 1]).all()
    assert not np.isnan(score[strategy.bars_needed - 1 :]).any()


@every_strategy
def test_a_strategy_describes_itself_in_a_paragraph_that_promises_nothing(strategy: Strategy) -> None:
    assert STRATEGIES[strategy.key] is strategy
    assert strategy.name
    assert "a summary of" in strategy.description
    assert strategy.description.endswith("not a prediction.")
    assert "\n" not in strategy.description
    assert json.loads(json.dumps(strategy.parameters())) == strategy.parameters()


def test_the_default_strategy_names_its_source() -> None:
    assert STRATEGIES["technical_rating"] is TECHNICAL_RATING
    assert "43000614331" in TECHNICAL_RATING.description


@every_strategy
@pytest.mark.parametrize("ticker", SAMPLES)
def test_the_score_is_the_weighted_mean_of_the_signals_that_are_available(strategy: Strategy, ticker: str) -> None:
    for count in (60, 300):
        assessment = assess(sample_bars(ticker)[:count], strategy)
        assert isinstance(assessment, Assessment)
        signals = {reading.key: reading.signal for reading in assessment.readings if reading.signal is not None}
        means = [
            sum(weight * signals[key] for key, weight in group.weights.items() if key in signals)
            / sum(weight for key, weight in group.weights.items() if key in signals)
            for group in strategy.groups
        ]
        assert assessment.score == pytest.approx(sum(means) / len(means))
        assert sum(reading.weight * (reading.signal or 0) for reading in assessment.readings) == pytest.approx(
            assessment.score
        )


def test_a_score_needs_the_weight_that_its_group_asks_for() -> None:
    bars = random_bars(20)  # momentum has a signal from bar 12, SMA 20 from bar 20
    group = IndicatorGroup({"momentum_10": 1.0, "sma_20": 3.0}, minimum_weight=3.0)
    strategy = replace(TECHNICAL_RATING, groups=(group,))
    assert strategy.bars_needed == 20
    assert np.isnan(rate(bars, strategy).score[:19]).all()
    assert not math.isnan(rate(bars, strategy).score[19])
    assert replace(strategy, groups=(replace(group, minimum_weight=1.0),)).bars_needed == 12


def test_weights_that_add_up_to_the_needed_one_are_enough_whatever_their_decimals() -> None:
    bars = random_bars(20)  # momentum has a signal from bar 12, stochastic from bar 18; the last one needs 200
    weights = {"momentum_10": 0.7, "stochastic": 0.1, "sma_200": 0.2}
    strategy = replace(TECHNICAL_RATING, groups=(IndicatorGroup(weights, minimum_weight=0.8),))
    assert 0.7 + 0.1 < 0.8
    assert strategy.bars_needed == 18
    score = rate(bars, strategy).score
    assert np.isnan(score[:17]).all()
    assert not np.isnan(score[17:]).any()


def test_strategies_rated_over_the_same_indicators_say_what_each_says_alone_and_share_their_series() -> None:
    bars = sample_bars("IBM")[:700]
    series = SeriesCache(bars)
    ratings = {key: rate(series, strategy) for key, strategy in STRATEGIES.items()}
    for key, strategy in STRATEGIES.items():
        alone = rate(bars, strategy)
        np.testing.assert_array_equal(ratings[key].score, alone.score)
        np.testing.assert_array_equal(ratings[key].steady, alone.steady)
        assert assess(series, strategy) == assess(bars, strategy)
    assert ratings["trend"].values["macd"] is ratings["swing"].values["macd"]
    assert ratings["trend"].values["macd"] is ratings["technical_rating"].values["macd"]


def test_a_strategy_computes_nothing_that_it_does_not_use() -> None:
    series = SeriesCache(random_bars(100))
    rate(series, weighted(["momentum_10", "cmf_20"]))
    assert vars(series).keys().isdisjoint({"rsi", "stochastic", "atr", "price_tolerance"})
    rate(series, weighted(["rsi_14"]))
    assert "rsi" in vars(series)


def no_votes(strategy: Strategy) -> str:
    if strategy is TECHNICAL_RATING:
        return "0 of 15 moving averages vote and 10 are needed, 0 of 11 oscillators vote and 9 are needed"
    return "components with 0% of the weight vote and 75% is needed"


@every_strategy
@pytest.mark.parametrize("volume", [0.0, 1000.0])
def test_a_price_that_never_moved_gets_a_sentence(strategy: Strategy, volume: float) -> None:
    for count in (50, 208, 600):
        result = assess(flat_bars(count, volume=volume), strategy)
        assert isinstance(result, NotEnoughHistory)
        assert result.message == (
            f"not enough trading: no trades in {min(count, 60)} of the last {min(count, 60)} sessions "
            f"(one price, or no volume), {no_votes(strategy)}"
        )


@every_strategy
def test_a_stock_without_volume_gets_a_sentence(strategy: Strategy) -> None:
    bars = random_bars(300)
    bars.volume[:] = 0
    result = assess(bars, strategy)
    assert isinstance(result, NotEnoughHistory)
    assert result.message == (
        f"not enough trading: no trades in 60 of the last 60 sessions (one price, or no volume), {no_votes(strategy)}"
    )


@every_strategy
def test_a_history_of_43_bars_gets_a_score_or_a_sentence(strategy: Strategy) -> None:
    result = assess(random_bars(43), strategy)
    if strategy is TECHNICAL_RATING:
        assert result == NotEnoughHistory(43, 50, "not enough history: 43 bars, 50 needed")
    else:
        assert isinstance(result, Assessment)
        assert result.findings == (
            "The long averages are approximate: 43 bars, 500 settle them.",
            "1 component abstains for lack of bars.",
        )


@every_strategy
@pytest.mark.parametrize("factor", [1.5, 0.5, 0.1])
def test_a_jump_and_a_split_left_unadjusted_get_a_score(strategy: Strategy, factor: float) -> None:
    close = np.concatenate((np.full(300, 500.0), np.full(60, 500.0 * factor))) + np.sin(np.arange(360))
    for count in (300, 301, 302, 320, 360):
        assert isinstance(assess(make_bars(close[:count]), strategy), Assessment)


@settings(deadline=None, max_examples=100)
@given(
    strategy=st.sampled_from([*STRATEGIES.values()]),
    count=st.integers(0, 260),
    halted=st.integers(0, 60),
    silent=st.integers(0, 60),
    scale=st.sampled_from([1e-4, 1.0, 1e6]),
    seed=st.integers(0, 1000),
)
def test_any_history_gets_a_score_or_a_sentence_and_never_a_nan(
    strategy: Strategy, count: int, halted: int, silent: int, scale: float, seed: int
) -> None:
    bars = joined(random_bars(count, seed), flat_bars(halted, 90.0), random_bars(silent, seed + 1))
    bars.volume[count + halted :] = 0
    scaled = Bars(bars.session, bars.open * scale, bars.high * scale, bars.low * scale, bars.close * scale, bars.volume)
    result = assess(scaled, strategy)
    if isinstance(result, NotEnoughHistory):
        assert result.message
    else:
        assert not any(math.isnan(number) for number in numbers(asdict(result)))
        assert isinstance(result.plan, Plan) is not bool(result.no_trade_reason)
        json.dumps(to_evidence([result]), allow_nan=False)
