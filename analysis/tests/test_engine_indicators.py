"""Indicators: the published table bar by bar, first signals, and words."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from analysis.engine.indicators import INDICATORS
from analysis.engine.indicators.indicator import IndicatorKind
from analysis.engine.indicators.moving_averages import AVERAGES
from analysis.engine.rating import rate
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.tests.engine_bars import flat_bars, joined, random_bars, sample_bars
from analysis.tests.engine_plain import EVERY_INDICATOR, plain_indicators

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
    **{key: _against_close(key) for key in INDICATORS if key in AVERAGES},
}
"""The conditions of signal +1 and of signal -1, for x today, y the session before and z the one before that."""


def test_every_signal_on_real_bars_follows_the_published_table(subtests: pytest.Subtests) -> None:
    bars = sample_bars("IBM")
    series = plain_indicators(bars)
    rows = [
        SimpleNamespace(**dict(zip(series, row, strict=True))) for row in np.column_stack([*series.values()]).tolist()
    ]
    bars_needed = {key: max(indicator.bars_needed - 1, 2) for key, indicator in INDICATORS.items()}
    # Supertrend is begun upwards here, and without a side elsewhere.
    bars_needed["supertrend"] = int(np.flatnonzero(series["direction"] < 0)[0])
    rating = rate(bars, EVERY_INDICATOR)
    for key, (up, down) in TABLE.items():
        with subtests.test(key):
            expected = [up(x, y, z) - down(x, y, z) for x, y, z in zip(rows[2:], rows[1:], rows, strict=False)]
            signals = rating.signals_by_key[key][bars_needed[key] :]
            np.testing.assert_array_equal(signals, expected[bars_needed[key] - 2 :])
            assert {-1.0, 0.0, 1.0} >= set(signals) >= {-1.0, 1.0}


def test_the_published_table_has_every_indicator() -> None:
    assert TABLE.keys() == INDICATORS.keys()


def test_an_indicator_has_a_signal_from_the_bars_it_needs_on_and_not_before(subtests: pytest.Subtests) -> None:
    rating = rate(random_bars(300), EVERY_INDICATOR)
    for key, indicator in INDICATORS.items():
        with subtests.test(key):
            assert np.isnan(rating.signals_by_key[key][: indicator.bars_needed - 1]).all()
            assert not np.isnan(rating.signals_by_key[key][indicator.bars_needed - 1 :]).any()


def test_a_signal_is_unavailable_once_the_window_has_no_trade(subtests: pytest.Subtests) -> None:
    for key, indicator in INDICATORS.items():
        with subtests.test(key):
            rating = rate(joined(random_bars(300), flat_bars(indicator.window)), EVERY_INDICATOR)
            assert not np.isnan(rating.signals_by_key[key][300 - 1])
            assert np.isnan(rating.signals_by_key[key][-1])
            assert np.isnan(rating.values[key][-1])


def test_a_signal_is_unavailable_once_the_window_has_no_volume(subtests: pytest.Subtests) -> None:
    for key, indicator in INDICATORS.items():
        with subtests.test(key):
            moving = random_bars(300 + indicator.window)
            moving.volume[300:] = 0
            signals = rate(moving, EVERY_INDICATOR).signals_by_key[key]
            assert not np.isnan(signals[-2])
            assert np.isnan(signals[-1])


def test_the_technical_rating_is_fifteen_averages_and_eleven_oscillators_of_equal_weight() -> None:
    groups = [indicator.kind for indicator in TECHNICAL_RATING.indicators]
    assert (groups.count(IndicatorKind.MOVING_AVERAGE), groups.count(IndicatorKind.OSCILLATOR)) == (15, 11)
    assert set(TECHNICAL_RATING.weights.values()) == {1.0}
    assert [group.minimum_weight for group in TECHNICAL_RATING.groups] == [10, 9]
    assert IndicatorKind.MOVING_AVERAGE.label == "Moving average"


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
def test_a_changed_signal_says_what_happened(
    key: str, before: int | None, after: int | None, value: float | None, sentence: str
) -> None:
    assert INDICATORS[key].describe(before, after, value) == sentence
