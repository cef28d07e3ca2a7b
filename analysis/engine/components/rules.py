"""The rules of the vote: from indicator series to where a component votes up, votes down, or abstains.

All series have shape (n,). "Rising" and "falling" compare with the session before; equal is neither.
"""

from functools import reduce
from typing import NamedTuple

import numpy as np

from analysis.engine import library as talib
from analysis.engine.bars import Booleans, Floats
from analysis.engine.indicators import previous


class Ballot(NamedTuple):
    """Where a component votes up (+1) and down (-1), shape (n,); where it abstains neither counts."""

    up: Booleans
    down: Booleans
    abstains: Booleans


def above(series: Floats, reference: Floats, dust: Floats) -> Ballot:
    """+1 where the series is above its reference, -1 where below, 0 where they are no further apart than `dust`."""
    gap = series - reference
    return Ballot(gap > dust, gap < -dust, np.isnan(gap))


def positive(series: Floats) -> Ballot:
    """+1 where the series is above zero, -1 where it is below."""
    return Ballot(series > 0, series < 0, np.isnan(series))


def rising(series: Floats) -> Ballot:
    """+1 where the series rises, -1 where it falls."""
    return positive(talib.MOM(series, 1))


def turning(series: Floats, oversold: float, overbought: float) -> Ballot:
    """+1 where the series rises below `oversold`, -1 where it falls above `overbought`."""
    change = talib.MOM(series, 1)
    return Ballot((series < oversold) & (change > 0), (series > overbought) & (change < 0), np.isnan(change))


def beyond(series: Floats, low: float, high: float) -> Ballot:
    """+1 where the series is above `high`, -1 where it is below `low`."""
    return Ballot(series > high, series < low, np.isnan(series))


def outside(series: Floats, low: Floats, high: Floats, dust: Floats) -> Ballot:
    """+1 where the series is below `low`, -1 where it is above `high`, by more than `dust`.

    It abstains where the two are no further apart than that.
    """
    return Ballot(series < low - dust, series > high + dust, ~(high - low > dust))


def stochastic_turn(k: Floats, d: Floats) -> Ballot:
    """+1 where K and D are below 20 and K is above D, -1 where they are above 80 and K is below D."""
    lower, higher = np.minimum(k, d), np.maximum(k, d)
    return Ballot((higher < 20) & (k > d), (lower > 80) & (k < d), np.isnan(lower))


def stochastic_turn_against(trend: Floats, k: Floats, d: Floats) -> Ballot:
    """`stochastic_turn`, upward only where `trend` (close - EMA 50) is below 0, downward only where it is above."""
    up, down, abstains = stochastic_turn(k, d)
    return Ballot(up & (trend < 0), down & (trend > 0), abstains | np.isnan(trend))


def strengthening(adx: Floats, plus: Floats, minus: Floats) -> Ballot:
    """Where ADX rises above 20: +1 if DI+ is above DI-, -1 if it is below."""
    change = talib.MOM(adx, 1)
    stronger = (adx > 20) & (change > 0)
    return Ballot(stronger & (plus > minus), stronger & (plus < minus), np.isnan(change + plus + minus))


def awesome(oscillator: Floats) -> Ballot:
    """+1 where it crosses above 0, or turns up after a fall while above 0 (a saucer); -1 mirrored."""
    last, earlier = previous(oscillator), previous(oscillator, 2)
    up = (oscillator > 0) & ((last <= 0) | ((oscillator > last) & (earlier > last)))
    down = (oscillator < 0) & ((last >= 0) | ((oscillator < last) & (earlier < last)))
    return Ballot(up, down, np.isnan(oscillator + earlier))


def waning(trend: Floats, bull: Floats, bear: Floats) -> Ballot:
    """+1 where the trend is up and a negative bear power rises, -1 where it is down and a positive bull power falls."""
    bull_change, bear_change = talib.MOM(bull, 1), talib.MOM(bear, 1)
    return Ballot(
        (trend > 0) & (bear < 0) & (bear_change > 0),
        (trend < 0) & (bull > 0) & (bull_change < 0),
        np.isnan(trend + bull_change + bear_change),
    )


def lined_up(close: Floats, conversion: Floats, base: Floats, lead1: Floats, lead2: Floats) -> Ballot:
    """+1 where close > conversion > base > lead1 > lead2, -1 where all of these are the other way round."""
    steps = close - conversion, conversion - base, base - lead1, lead1 - lead2
    least, most = reduce(np.minimum, steps), reduce(np.maximum, steps)
    return Ballot(least > 0, most < 0, np.isnan(least))
