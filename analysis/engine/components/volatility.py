"""Volatility: a component that asks how far from its mean a price is, measured by how far it usually goes."""

import numpy as np

from analysis.engine import library as talib
from analysis.engine.components.component import Component, Group, Reading, Wording
from analysis.engine.components.rules import outside
from analysis.engine.indicators import Indicators


def bollinger(indicators: Indicators) -> Reading:
    """Bollinger bands 20, 2: SMA 20 of the close ± 2 standard deviations (of the population, as Bollinger has it).

    +1 if the close is below the lower band, -1 if above the upper: against the move. Shows %B, where the close stands
    between them: 0 on the lower band, 1 on the upper; NaN where they are one. `talib.BBANDS`. From bar 20.
    Source: Bollinger, 2001.
    """
    close = indicators.bars.close
    upper, _, lower = talib.BBANDS(close, 20, 2.0, 2.0)
    ballot = outside(close, lower, upper, indicators.dust)
    width = np.where(ballot.abstains, np.nan, upper - lower)
    return (close - lower) / width, ballot


VOLATILITY = (
    Component(
        key="bollinger_20",
        name="Bollinger bands",
        label="Bollinger bands 20, 2",
        group=Group.VOLATILITY,
        read=bollinger,
        first_vote=20,
        window=20,
        wording=Wording(
            up="Close fell below the lower Bollinger band",
            down="Close rose above the upper Bollinger band",
            up_ended="Close came back above the lower Bollinger band",
            down_ended="Close came back below the upper Bollinger band",
        ),
    ),
)
