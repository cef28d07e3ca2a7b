"""Signal rules: functions that turn indicator series into signals.

All series have shape (n,). "Rising" and "falling" compare with the previous session; equal is neither.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np

from analysis.engine import talib_raw
from analysis.engine.bars import Booleans, Floats
from analysis.engine.series import previous


class SignalSeries(NamedTuple):
    """Sessions with signal +1 and with signal -1, shape (n,); where the signal is unavailable neither counts."""

    up: Booleans
    down: Booleans
    unavailable: Booleans


def above(series: Floats, reference: Floats, tolerance: Floats) -> SignalSeries:
    """Signal +1 where the series is above its reference, -1 where below, 0 where they differ by at most `tolerance`."""
    gap = series - reference
    return SignalSeries(gap > tolerance, gap < -tolerance, np.isnan(gap))


def positive(series: Floats) -> SignalSeries:
    """Signal +1 where the series is above zero, -1 where it is below."""
    return SignalSeries(series > 0, series < 0, np.isnan(series))


def rising(series: Floats) -> SignalSeries:
    """Signal +1 where the series rises, -1 where it falls."""
    return positive(talib_raw.MOM(series, 1))


def turning(series: Floats, oversold: float, overbought: float) -> SignalSeries:
    """Signal +1 where the series rises below `oversold`, -1 where it falls above `overbought`."""
    change = talib_raw.MOM(series, 1)
    return SignalSeries((series < oversold) & (change > 0), (series > overbought) & (change < 0), np.isnan(change))


def beyond(series: Floats, low: float, high: float) -> SignalSeries:
    """Signal +1 where the series is above `high`, -1 where it is below `low`."""
    return SignalSeries(series > high, series < low, np.isnan(series))


def outside(series: Floats, low: Floats, high: Floats, tolerance: Floats) -> SignalSeries:
    """Signal +1 where the series is below `low`, -1 where it is above `high`, by more than `tolerance`.

    The signal is unavailable where the two differ by at most the tolerance.
    """
    return SignalSeries(series < low - tolerance, series > high + tolerance, ~(high - low > tolerance))


def stochastic_turn(k: Floats, d: Floats) -> SignalSeries:
    """Signal +1 where K and D are below 20 and K is above D, -1 where they are above 80 and K is below D."""
    lower, higher = np.minimum(k, d), np.maximum(k, d)
    return SignalSeries((higher < 20) & (k > d), (lower > 80) & (k < d), np.isnan(lower))


def stochastic_turn_against(trend: Floats, k: Floats, d: Floats) -> SignalSeries:
    """Signal as `stochastic_turn`, +1 only where `trend` (close - EMA 50) is below 0, -1 only where it is above."""
    up, down, unavailable = stochastic_turn(k, d)
    return SignalSeries(up & (trend < 0), down & (trend > 0), unavailable | np.isnan(trend))


def trend_strengthening(adx: Floats, plus: Floats, minus: Floats) -> SignalSeries:
    """Signal where ADX rises above 20: +1 if DI+ is above DI-, -1 if it is below."""
    change = talib_raw.MOM(adx, 1)
    stronger = (adx > 20) & (change > 0)
    return SignalSeries(stronger & (plus > minus), stronger & (plus < minus), np.isnan(change + plus + minus))


def zero_cross_or_saucer(oscillator: Floats) -> SignalSeries:
    """Signal +1 where it crosses above 0, or turns up after a fall while above 0 (a saucer); -1 mirrored."""
    last, earlier = previous(oscillator), previous(oscillator, 2)
    up = (oscillator > 0) & ((last <= 0) | ((oscillator > last) & (earlier > last)))
    down = (oscillator < 0) & ((last >= 0) | ((oscillator < last) & (earlier < last)))
    return SignalSeries(up, down, np.isnan(oscillator + earlier))


def counter_power_fading(trend: Floats, bull: Floats, bear: Floats) -> SignalSeries:
    """Signal +1 in an uptrend if a negative bear power rises, -1 in a downtrend if a positive bull power falls."""
    bull_change, bear_change = talib_raw.MOM(bull, 1), talib_raw.MOM(bear, 1)
    return SignalSeries(
        (trend > 0) & (bear < 0) & (bear_change > 0),
        (trend < 0) & (bull > 0) & (bull_change < 0),
        np.isnan(trend + bull_change + bear_change),
    )


def lined_up(close: Floats, conversion: Floats, base: Floats, lead1: Floats, lead2: Floats) -> SignalSeries:
    """Signal +1 where close > conversion > base > lead1 > lead2, -1 where they are in the opposite order."""
    steps = close - conversion, conversion - base, base - lead1, lead1 - lead2
    least, most = reduce(np.minimum, steps), reduce(np.maximum, steps)
    return SignalSeries(least > 0, most < 0, np.isnan(least))
