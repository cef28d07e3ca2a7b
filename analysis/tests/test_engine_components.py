"""Components: the published table bar by bar, first votes, words, and pandas-ta's second opinion."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pandas_ta as ta
import pytest
import talib

from analysis.engine import TECHNICAL_RATING, Bars, Group, rate
from analysis.engine.assess import average_true_range
from analysis.engine.bars import Floats
from analysis.engine.components import COMPONENTS, Component
from analysis.tests.engine_bars import flat_bars, frame, joined, random_bars, sample_bars


def plain_mean(series: Floats) -> Floats:
    return pd.Series(series).rolling(3).apply(lambda three: three.sum() / 3, raw=True).to_numpy()


def plain_stochastic(series: Floats, high: Floats, low: Floats) -> Floats:
    """K, smoothed. Not `talib.STOCH`: its running sum makes 100.00000000000001 of 100, 100, 100, which is a vote."""
    highest, lowest = pd.Series(high).rolling(14).max(), pd.Series(low).rolling(14).min()
    return plain_mean((100 * ((series - lowest) / (highest - lowest))).to_numpy())


def plain_indicators(bars: Bars) -> dict[str, Floats]:
    """What the votes are made of, from TA-Lib's own functions."""
    high, low, close, volume = bars.high, bars.low, bars.close, bars.volume
    k = plain_stochastic(close, high, low)
    rsi = np.round(talib.RSI(close, 14), 9)
    rsi_k = plain_stochastic(rsi, rsi, rsi)
    conversion, base = talib.MIDPRICE(high, low, 9), talib.MIDPRICE(high, low, 26)
    macd, signal, _ = talib.MACD(close, 12, 26, 9)
    return {
        **{f"sma_{n}": talib.SMA(close, n) for n in (10, 20, 30, 50, 100, 200)},
        **{f"ema_{n}": talib.EMA(close, n) for n in (10, 13, 20, 30, 50, 100, 200)},
        "hull_9": talib.WMA(2 * talib.WMA(close, 4) - talib.WMA(close, 9), 3),
        "vwma_20": talib.SMA(close * volume, 20) / talib.SMA(volume, 20),
        "conversion": conversion,
        "base": base,
        "lead1": np.concatenate((np.full(26, np.nan), ((conversion + base) / 2)[:-26])),
        "lead2": np.concatenate((np.full(26, np.nan), talib.MIDPRICE(high, low, 52)[:-26])),
        "close": close,
        "rsi": rsi,
        "k": k,
        "d": plain_mean(k),
        "rsi_k": rsi_k,
        "rsi_d": plain_mean(rsi_k),
        "cci": talib.CCI(high, low, close, 20),
        "adx": talib.ADX(high, low, close, 14),
        "plus": talib.PLUS_DI(high, low, close, 14),
        "minus": talib.MINUS_DI(high, low, close, 14),
        "ao": talib.SMA((high + low) / 2, 5) - talib.SMA((high + low) / 2, 34),
        "momentum": talib.MOM(close, 10),
        "macd": macd,
        "signal": signal,
        "williams": talib.WILLR(high, low, close, 14),
        "bull": high - talib.EMA(close, 13),
        "bear": low - talib.EMA(close, 13),
        "ultimate": talib.ULTOSC(high, low, close, 7, 14, 28),
    }


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
    **{key: _against_close(key) for key in COMPONENTS if key.startswith(("sma", "ema", "hull", "vwma"))},
}
"""What votes up and what votes down, for x today, y the session before and z the one before that."""


@pytest.mark.parametrize("key", COMPONENTS)
def test_every_vote_on_real_bars_follows_the_published_table(key: str) -> None:
    bars = sample_bars("IBM")
    indicators = plain_indicators(bars)
    rows = [
        SimpleNamespace(**dict(zip(indicators, row, strict=True)))
        for row in np.column_stack([*indicators.values()]).tolist()
    ]
    up, down = TABLE[key]
    expected = [up(x, y, z) - down(x, y, z) for x, y, z in zip(rows[2:], rows[1:], rows, strict=False)]
    first = COMPONENTS[key].first_vote - 1
    votes = rate(bars).votes[key][first:]
    np.testing.assert_array_equal(votes, expected[first - 2 :])
    assert {-1.0, 0.0, 1.0} >= set(votes) >= {-1.0, 1.0}


@pytest.mark.parametrize("component", COMPONENTS.values(), ids=lambda component: component.key)
def test_a_component_votes_from_its_first_vote_on_and_not_before(component: Component) -> None:
    votes = rate(random_bars(300)).votes[component.key]
    assert np.isnan(votes[: component.first_vote - 1]).all()
    assert not np.isnan(votes[component.first_vote - 1 :]).any()


@pytest.mark.parametrize("component", COMPONENTS.values(), ids=lambda component: component.key)
def test_a_component_abstains_once_its_window_has_no_trade(component: Component) -> None:
    bars = joined(random_bars(300), flat_bars(component.window))
    rating = rate(bars)
    assert not np.isnan(rating.votes[component.key][300 - 1])
    assert np.isnan(rating.votes[component.key][-1])
    assert np.isnan(rating.values[component.key][-1])


@pytest.mark.parametrize("component", COMPONENTS.values(), ids=lambda component: component.key)
def test_a_component_abstains_once_its_window_has_no_volume(component: Component) -> None:
    moving = random_bars(300 + component.window)
    moving.volume[300:] = 0
    votes = rate(moving).votes[component.key]
    assert not np.isnan(votes[-2])
    assert np.isnan(votes[-1])


def test_the_technical_rating_is_fifteen_averages_and_eleven_oscillators_of_equal_weight() -> None:
    groups = [component.group for component in TECHNICAL_RATING.components]
    assert (groups.count(Group.MOVING_AVERAGE), groups.count(Group.OSCILLATOR)) == (15, 11)
    assert set(TECHNICAL_RATING.weights.values()) == {1.0}
    assert [panel.minimum_votes for panel in TECHNICAL_RATING.panels] == [10, 9]
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


def second_opinion(bars: Bars) -> dict[str, Floats]:
    """pandas-ta's own computation of each value shown: `talib=False`, except where that one is wrong.

    ADX, MACD, RSI and ATR are seeded differently there and agree once the seed is forgotten. CCI is asked with
    `talib=True`, because its own gives -5271 for -145. Columns are taken by position.
    """
    table = frame(bars)
    high, low, close, volume = table["high"], table["low"], table["close"], table["volume"]
    power = ta.eri(high=high, low=low, close=close, length=13)
    opinions: dict[str, pd.Series] = {
        **{f"sma_{n}": ta.sma(close=close, length=n, talib=False) for n in (10, 20, 30, 50, 100, 200)},
        **{f"ema_{n}": ta.ema(close=close, length=n, talib=False) for n in (10, 20, 30, 50, 100, 200)},
        "hull_9": ta.hma(close=close, length=9),
        "vwma_20": ta.vwma(close=close, volume=volume, length=20),
        "ichimoku": ta.ichimoku(high=high, low=low, close=close, tenkan=9, kijun=26, senkou=52)[0].iloc[:, 3],
        "rsi_14": ta.rsi(close=close, length=14, talib=False),
        "stochastic": ta.stoch(high=high, low=low, close=close, k=14, d=3, smooth_k=3, talib=False).iloc[:, 0],
        "cci_20": ta.cci(high=high, low=low, close=close, length=20, talib=True),
        "adx_14": ta.adx(high=high, low=low, close=close, length=14, talib=False).iloc[:, 0],
        "awesome": ta.ao(high=high, low=low, fast=5, slow=34),
        "momentum_10": ta.mom(close=close, length=10, talib=False),
        "macd": ta.macd(close=close, fast=12, slow=26, signal=9, talib=False).iloc[:, 0],
        "stochastic_rsi": ta.stochrsi(close=close, length=14, rsi_length=14, k=3, d=3, talib=True).iloc[:, 0],
        "williams_r_14": ta.willr(high=high, low=low, close=close, length=14, talib=False),
        "bull_bear_13": power.iloc[:, 0] + power.iloc[:, 1],
        "ultimate": ta.uo(high=high, low=low, close=close, fast=7, medium=14, slow=28, talib=False),
        "atr_14": ta.atr(high=high, low=low, close=close, length=14, talib=False),
    }
    return {key: series.to_numpy() for key, series in opinions.items()}


@pytest.mark.parametrize("ticker", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_pandas_ta_agrees_with_every_value_after_its_warm_up(ticker: str) -> None:
    bars = sample_bars(ticker)[:1000]
    values = {**rate(bars).values, "atr_14": average_true_range(bars)}
    opinions = second_opinion(bars)
    assert opinions.keys() == values.keys()
    settled = slice(400, None)
    for key, opinion in opinions.items():
        np.testing.assert_allclose(values[key][settled], opinion[settled], rtol=1e-6, atol=1e-6, err_msg=key)


def test_pandas_ta_agrees_with_the_lines_behind_the_votes() -> None:
    bars = sample_bars("IBM")[:1000]
    table, plain = frame(bars), plain_indicators(bars)
    high, low, close = table["high"], table["low"], table["close"]
    cloud = ta.ichimoku(high=high, low=low, close=close, tenkan=9, kijun=26, senkou=52)[0]
    stochastic = ta.stoch(high=high, low=low, close=close, k=14, d=3, smooth_k=3, talib=False)
    movement = ta.adx(high=high, low=low, close=close, length=14, talib=False)
    macd = ta.macd(close=close, fast=12, slow=26, signal=9, talib=False)
    lines = {
        "conversion": cloud.iloc[:, 2],
        "lead1": cloud.iloc[:, 0].shift(1),  # drawn 25 sessions ahead there, read 26 sessions back here
        "lead2": cloud.iloc[:, 1].shift(1),
        "d": stochastic.iloc[:, 1],
        "plus": movement.iloc[:, 2],
        "minus": movement.iloc[:, 3],
        "signal": macd.iloc[:, 2],
    }
    for name, line in lines.items():
        np.testing.assert_allclose(plain[name][400:], line.to_numpy()[400:], rtol=1e-6, atol=1e-6, err_msg=name)
