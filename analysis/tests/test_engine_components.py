"""Components: the published table bar by bar, first votes, and words."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.engine import TECHNICAL_RATING, Group, rate
from analysis.engine.components import COMPONENTS
from analysis.engine.components.moving_averages import AVERAGES
from analysis.tests.engine_bars import flat_bars, joined, random_bars, sample_bars
from analysis.tests.engine_plain import EVERY_COMPONENT, plain_indicators

Rule = Callable[[SimpleNamespace, SimpleNamespace, SimpleNamespace], bool]


def _against_close(key: str) -> tuple[Rule, Rule]:
    """Compared to eight decimals: now and then an average is the close but for rounding errors."""
    return (
        lambda x, y, z: round(getattr(x, key), 8) < round(x.close, 8),
        lambda x, y, z: round(getattr(x, key), 8) > round(x.close, 8),
    )


TABLE: dict[str, tuple[Rule, Rule]] = {
    "ichimoku": (
        lambda x, y, z: x.lead1 > x.lead2 and x.base > x.lead1 and x.conversion > x.base and x.close > x.conversion,
        lambda x, y, z: x.lead1 < x.lead2 and x.base < x.lead1 and x.conversion < x.base and x.close < x.conversion,
    ),
    "rsi_14": (
        lambda x, y, z: x.rsi < 30 and x.rsi > y.rsi,
        lambda x, y, z: x.rsi > 70 and x.rsi < y.rsi,
    ),
    "stochastic": (
        lambda x, y, z: x.k < 20 and x.d < 20 and x.k > x.d,
        lambda x, y, z: x.k > 80 and x.d > 80 and x.k < x.d,
    ),
    "cci_20": (
        lambda x, y, z: x.cci < -100 and x.cci > y.cci,
        lambda x, y, z: x.cci > 100 and x.cci < y.cci,
    ),
    "adx_14": (
        lambda x, y, z: x.adx > 20 and x.adx > y.adx and x.plus > x.minus,
        lambda x, y, z: x.adx > 20 and x.adx > y.adx and x.plus < x.minus,
    ),
    "awesome": (
        lambda x, y, z: (x.ao > 0 >= y.ao) or (x.ao > 0 and y.ao > 0 and x.ao > y.ao and z.ao > y.ao),
        lambda x, y, z: (x.ao < 0 <= y.ao) or (x.ao < 0 and y.ao < 0 and x.ao < y.ao and z.ao < y.ao),
    ),
    "momentum_10": (lambda x, y, z: x.momentum > y.momentum, lambda x, y, z: x.momentum < y.momentum),
    "macd": (lambda x, y, z: x.macd > x.signal, lambda x, y, z: x.macd < x.signal),
    "stochastic_rsi": (
        lambda x, y, z: x.close < x.ema_50 and x.rsi_k < 20 and x.rsi_d < 20 and x.rsi_k > x.rsi_d,
        lambda x, y, z: x.close > x.ema_50 and x.rsi_k > 80 and x.rsi_d > 80 and x.rsi_k < x.rsi_d,
    ),
    "williams_r_14": (
        lambda x, y, z: x.williams < -80 and x.williams > y.williams,
        lambda x, y, z: x.williams > -20 and x.williams < y.williams,
    ),
    "bull_bear_13": (
        lambda x, y, z: x.close > x.ema_50 and x.bear < 0 and x.bear > y.bear,
        lambda x, y, z: x.close < x.ema_50 and x.bull > 0 and x.bull < y.bull,
    ),
    "ultimate": (lambda x, y, z: x.ultimate > 70, lambda x, y, z: x.ultimate < 30),
    "parabolic_sar": (lambda x, y, z: x.close > x.sar, lambda x, y, z: x.close < x.sar),
    "supertrend": (lambda x, y, z: x.direction > 0, lambda x, y, z: x.direction < 0),
    "ema_50_200": (lambda x, y, z: x.ema_50 > x.ema_200, lambda x, y, z: x.ema_50 < x.ema_200),
    "bollinger_20": (lambda x, y, z: x.close < x.lower, lambda x, y, z: x.close > x.upper),
    "obv_20": (lambda x, y, z: x.obv > x.obv_mean, lambda x, y, z: x.obv < x.obv_mean),
    "cmf_20": (lambda x, y, z: x.cmf > 0, lambda x, y, z: x.cmf < 0),
    **{key: _against_close(key) for key in COMPONENTS if key in AVERAGES},
}
"""What votes up and what votes down, for x today, y the session before and z the one before that."""


def test_every_vote_on_real_bars_follows_the_published_table(subtests: pytest.Subtests) -> None:
    bars = sample_bars("IBM")
    indicators = plain_indicators(bars)
    rows = [
        SimpleNamespace(**dict(zip(indicators, row, strict=True)))
        for row in np.column_stack([*indicators.values()]).tolist()
    ]
    first_votes = {key: max(component.first_vote - 1, 2) for key, component in COMPONENTS.items()}
    # Supertrend is begun upwards here, and without a side elsewhere.
    first_votes["supertrend"] = int(np.flatnonzero(indicators["direction"] < 0)[0])
    rating = rate(bars, EVERY_COMPONENT)
    for key, (up, down) in TABLE.items():
        with subtests.test(key):
            expected = [up(x, y, z) - down(x, y, z) for x, y, z in zip(rows[2:], rows[1:], rows, strict=False)]
            votes = rating.votes[key][first_votes[key] :]
            np.testing.assert_array_equal(votes, expected[first_votes[key] - 2 :])
            assert {-1.0, 0.0, 1.0} >= set(votes) >= {-1.0, 1.0}


def test_the_published_table_has_every_component() -> None:
    assert TABLE.keys() == COMPONENTS.keys()


def test_a_component_votes_from_its_first_vote_on_and_not_before(subtests: pytest.Subtests) -> None:
    rating = rate(random_bars(300), EVERY_COMPONENT)
    for key, component in COMPONENTS.items():
        with subtests.test(key):
            assert np.isnan(rating.votes[key][: component.first_vote - 1]).all()
            assert not np.isnan(rating.votes[key][component.first_vote - 1 :]).any()


def test_a_component_abstains_once_its_window_has_no_trade(subtests: pytest.Subtests) -> None:
    for key, component in COMPONENTS.items():
        with subtests.test(key):
            rating = rate(joined(random_bars(300), flat_bars(component.window)), EVERY_COMPONENT)
            assert not np.isnan(rating.votes[key][300 - 1])
            assert np.isnan(rating.votes[key][-1])
            assert np.isnan(rating.values[key][-1])


def test_a_component_abstains_once_its_window_has_no_volume(subtests: pytest.Subtests) -> None:
    for key, component in COMPONENTS.items():
        with subtests.test(key):
            moving = random_bars(300 + component.window)
            moving.volume[300:] = 0
            votes = rate(moving, EVERY_COMPONENT).votes[key]
            assert not np.isnan(votes[-2])
            assert np.isnan(votes[-1])


def test_the_technical_rating_is_fifteen_averages_and_eleven_oscillators_of_equal_weight() -> None:
    groups = [component.group for component in TECHNICAL_RATING.components]
    assert (groups.count(Group.MOVING_AVERAGE), groups.count(Group.OSCILLATOR)) == (15, 11)
    assert set(TECHNICAL_RATING.weights.values()) == {1.0}
    assert [panel.minimum_weight for panel in TECHNICAL_RATING.panels] == [10, 9]
    assert Group.MOVING_AVERAGE.label == "Moving average"


@pytest.mark.parametrize(
    ("key", "before", "after", "value", "sentence"),
    [
        ("sma_20", -1, 1, 101.0, "Close moved above SMA 20"),
        ("sma_20", 1, -1, 99.0, "Close moved below SMA 20"),
        ("sma_20", 1, 0, 100.0, "Close met SMA 20"),
        ("sma_20", 1, None, None, "SMA 20 abstains"),
        ("rsi_14", 0, 1, 29.0, "RSI turned up from oversold"),
        ("rsi_14", 1, 0, 30.0, "RSI left oversold"),
        ("rsi_14", 1, 0, 29.0, "RSI no longer turns up from oversold"),
        ("rsi_14", -1, 0, 70.0, "RSI left overbought"),
        ("rsi_14", -1, 0, 71.0, "RSI no longer turns down from overbought"),
        ("rsi_14", None, 0, 50.0, "RSI began to vote"),
        ("rsi_14", None, -1, 71.0, "RSI turned down from overbought"),
        ("macd", -1, 1, 0.5, "MACD turned up"),
        ("macd", 1, -1, -0.5, "MACD turned down"),
        ("macd", -1, 0, 0.0, "MACD met its signal"),
        ("ichimoku", 1, 0, 100.0, "Ichimoku is no longer lined up upwards"),
    ],
)
def test_a_changed_vote_says_what_happened(
    key: str, before: int | None, after: int | None, value: float | None, sentence: str
) -> None:
    assert COMPONENTS[key].describe(before, after, value) == sentence
