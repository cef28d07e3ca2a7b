"""Trend: three indicators of the direction of a move, whatever its size."""

import numpy as np

from analysis.engine import talib_raw
from analysis.engine.indicators.indicator import Indicator, IndicatorKind, IndicatorSeries, Wording
from analysis.engine.indicators.signal_rules import SignalSeries, above
from analysis.engine.series import SeriesCache


def parabolic_sar(series: SeriesCache) -> IndicatorSeries:
    """Return Parabolic SAR .02, .2: a stop that moves each session by .02 to .2 of the way to the trend's extreme.

    It changes sides when the price touches it. Signal +1 if the close is above it, -1 if below. In the stock's
    currency; `talib.SAR`, which takes its first side from the second bar's directional movement. From bar 2.
    Source: Wilder, 1978.
    """
    bars = series.bars
    value = talib_raw.SAR(bars.high, bars.low, 0.02, 0.2)
    return value, above(bars.close, value, series.price_tolerance)


def supertrend(series: SeriesCache) -> IndicatorSeries:
    """Return supertrend 10, 3: a band 3 ATR 10 from (high + low) / 2 that only narrows until the close crosses it.

    Signal +1 while the close stays above the lower band, -1 while it stays below the upper one. The value is the band
    in force, in the stock's currency; `talib.SUPERTREND`, which begins upwards. From bar 11. Source: Olivier Seban.
    """
    bars = series.bars
    band, direction = talib_raw.SUPERTREND(bars.high, bars.low, bars.close, 10, 3.0)
    return band, SignalSeries(direction > 0, direction < 0, np.isnan(band))


def ema_50_200(series: SeriesCache) -> IndicatorSeries:
    """Return EMA 50 - EMA 200: signal +1 if the faster average is above the slower one, -1 if below.

    In the stock's currency; `talib.EMA`. From bar 200.
    """
    fast, slow = series.ema(50), series.ema(200)
    return fast - slow, above(fast, slow, series.price_tolerance)


TREND = (
    Indicator(
        key="parabolic_sar",
        name="Parabolic SAR",
        label="Parabolic SAR .02, .2",
        kind=IndicatorKind.TREND,
        compute=parabolic_sar,
        bars_needed=2,
        window=10,
        wording=Wording(
            up="Close moved above the Parabolic SAR",
            down="Close moved below the Parabolic SAR",
            up_ended="Close met the Parabolic SAR",
            down_ended="Close met the Parabolic SAR",
        ),
    ),
    Indicator(
        key="supertrend",
        name="Supertrend",
        label="Supertrend 10, 3",
        kind=IndicatorKind.TREND,
        compute=supertrend,
        bars_needed=11,
        window=10,
        wording=Wording(
            up="Supertrend turned up",
            down="Supertrend turned down",
            up_ended="Supertrend has no direction",
            down_ended="Supertrend has no direction",
        ),
    ),
    Indicator(
        key="ema_50_200",
        name="EMA 50 against 200",
        label="EMA 50, 200",
        kind=IndicatorKind.TREND,
        compute=ema_50_200,
        bars_needed=200,
        window=200,
        wording=Wording(
            up="EMA 50 crossed above EMA 200",
            down="EMA 50 crossed below EMA 200",
            up_ended="EMA 50 met EMA 200",
            down_ended="EMA 50 met EMA 200",
        ),
    ),
)
