"""Trend: three components that say which way a stock is going, and nothing about how far it has gone."""

import numpy as np

from analysis.engine import library as talib
from analysis.engine.components.component import Component, Group, Reading, Wording
from analysis.engine.components.rules import Ballot, above
from analysis.engine.indicators import Indicators


def parabolic_sar(indicators: Indicators) -> Reading:
    """Parabolic SAR .02, .2: a stop that follows the price, by .02 to .2 of the way to the trend's extreme a session.

    It changes sides when the price touches it: +1 if the close is above it, -1 if below. In the stock's currency;
    `talib.SAR`, which takes its first side from the second bar's directional movement. From bar 2.
    Source: Wilder, 1978.
    """
    bars = indicators.bars
    value = talib.SAR(bars.high, bars.low, 0.02, 0.2)
    return value, above(bars.close, value, indicators.dust)


def supertrend(indicators: Indicators) -> Reading:
    """Supertrend 10, 3: a band 3 ATR 10 from (high + low) / 2 that only narrows until the close crosses it.

    +1 while the close holds above the lower band, -1 while it holds below the upper one; shows the band that holds, in
    the stock's currency; `talib.SUPERTREND`, which begins upwards. From bar 11. Source: Olivier Seban.
    """
    bars = indicators.bars
    band, direction = talib.SUPERTREND(bars.high, bars.low, bars.close, 10, 3.0)
    return band, Ballot(direction > 0, direction < 0, np.isnan(band))


def ema_50_200(indicators: Indicators) -> Reading:
    """EMA 50 against EMA 200: +1 if the faster average is above the slower one, -1 if below. Shows their difference.

    In the stock's currency; `talib.EMA`. From bar 200.
    """
    fast, slow = indicators.ema(50), indicators.ema(200)
    return fast - slow, above(fast, slow, indicators.dust)


TREND = (
    Component(
        key="parabolic_sar",
        name="Parabolic SAR",
        label="Parabolic SAR .02, .2",
        group=Group.TREND,
        read=parabolic_sar,
        first_vote=2,
        window=10,
        wording=Wording(
            up="Close moved above the Parabolic SAR",
            down="Close moved below the Parabolic SAR",
            up_ended="Close met the Parabolic SAR",
            down_ended="Close met the Parabolic SAR",
        ),
    ),
    Component(
        key="supertrend",
        name="Supertrend",
        label="Supertrend 10, 3",
        group=Group.TREND,
        read=supertrend,
        first_vote=11,
        window=10,
        wording=Wording(
            up="Supertrend turned up",
            down="Supertrend turned down",
            up_ended="Supertrend has no direction",
            down_ended="Supertrend has no direction",
        ),
    ),
    Component(
        key="ema_50_200",
        name="EMA 50 against 200",
        label="EMA 50, 200",
        group=Group.TREND,
        read=ema_50_200,
        first_vote=200,
        window=200,
        wording=Wording(
            up="EMA 50 crossed above EMA 200",
            down="EMA 50 crossed below EMA 200",
            up_ended="EMA 50 met EMA 200",
            down_ended="EMA 50 met EMA 200",
        ),
    ),
)
