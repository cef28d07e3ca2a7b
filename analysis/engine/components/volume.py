"""Volume: two components that ask whether shares change hands on the way up or on the way down."""

import numpy as np

from analysis.engine import library as talib
from analysis.engine.components.component import Component, Group, Reading, Wording
from analysis.engine.components.rules import above, positive
from analysis.engine.indicators import Indicators


def on_balance_volume(indicators: Indicators) -> Reading:
    """OBV against its mean of 20 sessions, where OBV adds the volume of a rise and takes away that of a fall.

    +1 if it is above, -1 if below. Shows the difference, in shares: OBV itself depends on where the history begins.
    `talib.OBV`, `talib.SMA`. From bar 20. Source: Granville, 1963.
    """
    value = talib.OBV(indicators.bars.close, indicators.bars.volume)
    mean = talib.SMA(value, 20)
    return value - mean, above(value, mean, np.abs(value) * 1e-9)


def chaikin_money_flow(indicators: Indicators) -> Reading:
    """Chaikin money flow 20: Σ volume · ((close - low) - (high - close)) / (high - low) over Σ volume, in [-1, +1].

    +1 if it is above zero, -1 if below; rounded to 9 decimals, so that nothing is zero. A session without range adds
    nothing. `talib.CMF`. From bar 20. Source: Marc Chaikin.
    """
    bars = indicators.bars
    value = np.round(talib.CMF(bars.high, bars.low, bars.close, bars.volume, 20), 9)
    return value, positive(value)


VOLUME = (
    Component(
        key="obv_20",
        name="On-balance volume",
        label="On-balance volume 20",
        group=Group.VOLUME,
        read=on_balance_volume,
        first_vote=20,
        window=20,
        wording=Wording(
            up="On-balance volume rose above its mean",
            down="On-balance volume fell below its mean",
            up_ended="On-balance volume met its mean",
            down_ended="On-balance volume met its mean",
        ),
    ),
    Component(
        key="cmf_20",
        name="Chaikin money flow",
        label="Chaikin money flow 20",
        group=Group.VOLUME,
        read=chaikin_money_flow,
        first_vote=20,
        window=20,
        wording=Wording(
            up="Chaikin money flow turned positive",
            down="Chaikin money flow turned negative",
            up_ended="Chaikin money flow is balanced",
            down_ended="Chaikin money flow is balanced",
        ),
    ),
)
