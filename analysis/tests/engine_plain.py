"""Plain versions of what the engine computes, by the published rules; and all indicators and strategies."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import talib

from analysis.engine.bars import Bars, Floats
from analysis.engine.indicators import INDICATORS
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import IndicatorGroup

every_strategy = pytest.mark.parametrize("strategy", STRATEGIES.values(), ids=lambda strategy: strategy.key)

EVERY_INDICATOR = replace(
    TECHNICAL_RATING, key="every_indicator", groups=(IndicatorGroup(dict.fromkeys(INDICATORS, 1.0), minimum_weight=1),)
)


def plain_mean(series: Floats) -> Floats:
    return pd.Series(series).rolling(3).apply(lambda three: three.sum() / 3, raw=True).to_numpy()


def plain_stochastic(series: Floats, high: Floats, low: Floats) -> Floats:
    """K, smoothed. Not `talib.STOCH`: its running sum makes 100.00000000000001 of 100, 100, 100, which is a signal."""
    highest, lowest = pd.Series(high).rolling(14).max(), pd.Series(low).rolling(14).min()
    return plain_mean((100 * ((series - lowest) / (highest - lowest))).to_numpy())


def plain_supertrend(bars: Bars) -> tuple[Floats, Floats]:
    """The band that holds and the direction, as published: a band only narrows until a close has crossed it."""
    width, middle = 3 * talib.ATR(bars.high, bars.low, bars.close, 10), (bars.high + bars.low) / 2
    upper, lower, direction = middle + width, middle - width, np.ones(len(bars))
    for x in range(11, len(bars)):
        y = x - 1
        if not (upper[x] < upper[y] or bars.close[y] > upper[y]):
            upper[x] = upper[y]
        if not (lower[x] > lower[y] or bars.close[y] < lower[y]):
            lower[x] = lower[y]
        if direction[y] > 0:
            direction[x] = -1 if bars.close[x] < lower[x] else 1
        else:
            direction[x] = 1 if bars.close[x] > upper[x] else -1
    return np.where(direction > 0, lower, upper), direction


def plain_sar(bars: Bars) -> Floats:
    """Wilder's own rules, begun like TA-Lib: long unless the second bar's fall is the larger move.

    A session's stop is the one in force in it; once touched, it is the extreme of the trade that it ended.
    """
    high, low = bars.high, bars.low
    is_long = not (low[0] - low[1] > max(high[1] - high[0], 0))
    extreme, stop = (high[1], low[0]) if is_long else (low[1], high[0])
    factor, values = 0.02, np.full(len(bars), np.nan)
    low, high = low.copy(), high.copy()
    low[0], high[0] = low[1], high[1]  # TA-Lib takes the first bar no further into account
    for x in range(1, len(bars)):
        if low[x] <= stop if is_long else high[x] >= stop:
            is_long = not is_long
            stop = max(extreme, high[x], high[x - 1]) if not is_long else min(extreme, low[x], low[x - 1])
            values[x] = stop
            extreme, factor = (high[x] if is_long else low[x]), 0.02
        else:
            values[x] = stop
            if high[x] > extreme if is_long else low[x] < extreme:
                extreme, factor = (high[x] if is_long else low[x]), min(factor + 0.02, 0.2)
        stop += factor * (extreme - stop)
        stop = min(stop, low[x], low[x - 1]) if is_long else max(stop, high[x], high[x - 1])
    return values


def plain_indicators(bars: Bars) -> dict[str, Floats]:
    """Return the series behind the signals, from TA-Lib's own functions."""
    high, low, close, volume = bars.high, bars.low, bars.close, bars.volume
    k = plain_stochastic(close, high, low)
    rsi = np.round(talib.RSI(close, 14), 9)
    rsi_k = plain_stochastic(rsi, rsi, rsi)
    conversion, base = talib.MIDPRICE(high, low, 9), talib.MIDPRICE(high, low, 26)
    macd, signal, _ = talib.MACD(close, 12, 26, 9)
    middle = pd.Series(close).rolling(20).mean().to_numpy()
    deviation = pd.Series(close).rolling(20).std(ddof=0).to_numpy()
    obv = np.cumsum(volume * np.sign(np.diff(close, prepend=close[0] - 1)))
    flow = volume * (2 * close - high - low) / np.where(high > low, high - low, np.inf)
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
        "sar": plain_sar(bars),
        "direction": plain_supertrend(bars)[1],
        "lower": middle - 2 * deviation,
        "upper": middle + 2 * deviation,
        "obv": obv,
        "obv_mean": pd.Series(obv).rolling(20).mean().to_numpy(),
        "cmf": (pd.Series(flow).rolling(20).sum() / pd.Series(volume).rolling(20).sum()).to_numpy(),
    }
