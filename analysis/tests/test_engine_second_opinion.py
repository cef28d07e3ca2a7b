"""A second opinion on every value: pandas-ta's, and where it cannot be followed, the published rules."""

import numpy as np
import pandas as pd
import pandas_ta as ta
import pytest

from analysis.engine.bars import Bars, Floats
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.tests.engine_bars import SAMPLES, frame, sample_bars
from analysis.tests.engine_plain import EVERY_INDICATOR, plain_indicators, plain_sar, plain_supertrend


def second_opinion(bars: Bars) -> dict[str, Floats]:
    """pandas-ta's own computation of each value shown: `talib=False`, except where that one is wrong.

    ADX, MACD, RSI and ATR are seeded differently there and agree once the seed is forgotten. CCI is asked with
    `talib=True`, because its own gives -5271 for -145; Bollinger bands likewise, because its own deviation is that of
    a sample (ddof 1), where Bollinger and TA-Lib take that of the population. Columns are taken by position.

    Parabolic SAR and Supertrend are not here. pandas-ta's SAR differs from TA-Lib's on a third of the bars, and its
    Supertrend lets the band that does not hold widen. TA-Lib is followed, and checked against the published rules.
    """
    table = frame(bars)
    high, low, close, volume = table["high"], table["low"], table["close"], table["volume"]
    power = ta.eri(high=high, low=low, close=close, length=13)
    obv = ta.obv(close=close, volume=volume, talib=False)
    strategy_assessments: dict[str, pd.Series] = {
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
        "ema_50_200": ta.ema(close=close, length=50, talib=False) - ta.ema(close=close, length=200, talib=False),
        "bollinger_20": ta.bbands(close=close, length=20, talib=True).iloc[:, 4],
        "obv_20": obv - ta.sma(close=obv, length=20, talib=False),
        "cmf_20": ta.cmf(high=high, low=low, close=close, volume=volume, length=20),
        "atr_14": ta.atr(high=high, low=low, close=close, length=14, talib=False),
    }
    return {key: series.to_numpy() for key, series in strategy_assessments.items()}


@pytest.mark.parametrize("ticker", ["AAPL", "GOOG", "IBM", "MSFT"])
def test_pandas_ta_agrees_with_every_value_after_its_warm_up(ticker: str) -> None:
    bars = sample_bars(ticker)[:1000]
    values = {**rate(bars, EVERY_INDICATOR).values, "atr_14": SeriesCache(bars).atr}
    strategy_assessments = second_opinion(bars)
    assert strategy_assessments.keys() == values.keys() - {"parabolic_sar", "supertrend"}
    settled = slice(400, None)
    for key, opinion in strategy_assessments.items():
        np.testing.assert_allclose(values[key][settled], opinion[settled], rtol=1e-6, atol=1e-6, err_msg=key)


@pytest.mark.parametrize("ticker", SAMPLES)
def test_the_parabolic_sar_is_wilders(ticker: str) -> None:
    bars = sample_bars(ticker)
    np.testing.assert_allclose(rate(bars, EVERY_INDICATOR).values["parabolic_sar"], plain_sar(bars), rtol=1e-9)


@pytest.mark.parametrize("ticker", SAMPLES)
def test_the_supertrend_is_the_published_one_and_pandas_ta_takes_the_same_side_but_for_a_bar_in_a_thousand(
    ticker: str,
) -> None:
    bars, table = sample_bars(ticker), frame(sample_bars(ticker))
    rating, (band, direction) = rate(bars, EVERY_INDICATOR), plain_supertrend(bars)
    turned = int(np.flatnonzero(direction < 0)[0])
    np.testing.assert_array_equal(rating.signals_by_key["supertrend"][turned:], direction[turned:])
    np.testing.assert_allclose(rating.values["supertrend"][turned:], band[turned:], rtol=1e-9)
    lines = ta.supertrend(high=table["high"], low=table["low"], close=table["close"], length=10, multiplier=3.0)
    assert np.mean(rating.signals_by_key["supertrend"][10:] == lines.iloc[10:, 1]) > 0.999


def test_pandas_ta_agrees_with_the_lines_behind_the_signals() -> None:
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
