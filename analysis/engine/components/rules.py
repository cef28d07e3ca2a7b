"""The rules of the vote: from indicator series to +1, 0, -1, or NaN where the indicator is not known.

All series have shape (n,). "Rising" and "falling" compare with the session before; equal is neither.
"""

import numpy as np
import talib
from numpy.typing import NDArray

from analysis.engine.bars import Floats
from analysis.engine.indicators import previous

Booleans = NDArray[np.bool_]


def _votes(up: Booleans, down: Booleans, known: Floats) -> Floats:
    """+1 where `up`, -1 where `down`, 0 elsewhere; NaN where `known` is NaN."""
    votes = np.subtract(up, down, dtype=np.float64)
    votes[np.isnan(known)] = np.nan
    return votes


def above(series: Floats, reference: Floats, dust: Floats) -> Floats:
    """+1 where the series is above its reference, -1 where below, 0 where they are no further apart than `dust`."""
    gap = series - reference
    return np.sign(gap) * (np.abs(gap) > dust)


def rising(series: Floats) -> Floats:
    """+1 where the series rises, -1 where it falls."""
    return np.sign(talib.MOM(series, 1))


def turning(series: Floats, oversold: float, overbought: float) -> Floats:
    """+1 where the series rises below `oversold`, -1 where it falls above `overbought`."""
    change = talib.MOM(series, 1)
    return _votes((series < oversold) & (change > 0), (series > overbought) & (change < 0), change)


def beyond(series: Floats, low: float, high: float) -> Floats:
    """+1 where the series is above `high`, -1 where it is below `low`."""
    return _votes(series > high, series < low, series)


def stochastic_turn(k: Floats, d: Floats) -> Floats:
    """+1 where K and D are below 20 and K is above D, -1 where they are above 80 and K is below D."""
    return _votes((k < 20) & (d < 20) & (k > d), (k > 80) & (d > 80) & (k < d), k + d)


def stochastic_turn_against(trend: Floats, k: Floats, d: Floats) -> Floats:
    """`stochastic_turn`, upward only where `trend` (close - EMA 50) is below 0, downward only where it is above."""
    turn = stochastic_turn(k, d)
    turn[turn * trend >= 0] = 0
    return turn + 0 * trend  # NaN where the trend is not known


def strengthening(adx: Floats, plus: Floats, minus: Floats) -> Floats:
    """Where ADX rises above 20: +1 if DI+ is above DI-, -1 if it is below."""
    change = talib.MOM(adx, 1)
    stronger = (adx > 20) & (change > 0)
    return _votes(stronger & (plus > minus), stronger & (plus < minus), change + plus + minus)


def awesome(oscillator: Floats) -> Floats:
    """+1 where it crosses above 0, or turns up after a fall while above 0 (a saucer); -1 mirrored."""
    last, earlier = previous(oscillator), previous(oscillator, 2)
    up = (oscillator > 0) & ((last <= 0) | ((oscillator > last) & (earlier > last)))
    down = (oscillator < 0) & ((last >= 0) | ((oscillator < last) & (earlier < last)))
    return _votes(up, down, oscillator + earlier)


def waning(trend: Floats, bull: Floats, bear: Floats) -> Floats:
    """+1 where the trend is up and a negative bear power rises, -1 where it is down and a positive bull power falls."""
    bull_change, bear_change = talib.MOM(bull, 1), talib.MOM(bear, 1)
    return _votes(
        (trend > 0) & (bear < 0) & (bear_change > 0),
        (trend < 0) & (bull > 0) & (bull_change < 0),
        trend + bull_change + bear_change,
    )


def lined_up(close: Floats, conversion: Floats, base: Floats, lead1: Floats, lead2: Floats) -> Floats:
    """+1 where close > conversion > base > lead1 > lead2, -1 where all of these are the other way round."""
    return _votes(
        (close > conversion) & (conversion > base) & (base > lead1) & (lead1 > lead2),
        (close < conversion) & (conversion < base) & (base < lead1) & (lead1 < lead2),
        close + conversion + base + lead1 + lead2,
    )
