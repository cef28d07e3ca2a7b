"""Moving averages: fifteen components that compare the close with where it has been.

Values are prices in the stock's currency. TA-Lib seeds an EMA with the SMA of its first window, so it is known from
its own length on and approximate until about three times that.
"""

from collections.abc import Callable, Mapping

import numpy as np

from analysis.engine import library as talib
from analysis.engine.bars import Floats
from analysis.engine.components.component import Component, Group, Reading, Wording
from analysis.engine.components.rules import Ballot, above, lined_up
from analysis.engine.indicators import Indicators, previous

LENGTHS = (10, 20, 30, 50, 100, 200)


def simple(length: int) -> Callable[[Indicators], Floats]:
    """SMA: the mean close of `length` sessions; `talib.SMA`; from bar `length`."""
    return lambda indicators: talib.SMA(indicators.bars.close, length)


def exponential(length: int) -> Callable[[Indicators], Floats]:
    """EMA: the close weighted by (1 - a)^age with a = 2 / (length + 1); `talib.EMA`; from bar `length`."""
    return lambda indicators: indicators.ema(length)


def hull(indicators: Indicators) -> Floats:
    """Hull MA 9: WMA(2·WMA(close, 4) - WMA(close, 9), 3); `talib.HMA`; from bar 11. Source: Alan Hull, 2005."""
    return talib.HMA(indicators.bars.close, 9)


def volume_weighted(indicators: Indicators) -> Floats:
    """VWMA 20: Σ close·volume / Σ volume over 20 sessions; `talib.VWMA`; from bar 20."""
    return talib.VWMA(indicators.bars.close, indicators.bars.volume, 20)


def ichimoku(indicators: Indicators) -> Reading:
    """Ichimoku 9, 26, 52: are close, conversion, base and both leads in one order? Shows the base line.

    Each line is (highest high + lowest low) / 2 of its length (`talib.MIDPRICE`); lead 1 is the mean of conversion and
    base, lead 2 the line of 52. A session is compared with the leads of exactly 26 sessions before, as in the
    published library; a chart that plots the cloud 25 sessions ahead shows its neighbour. From bar 78.
    """
    high, low = indicators.bars.high, indicators.bars.low
    conversion, base = talib.MIDPRICE(high, low, 9), talib.MIDPRICE(high, low, 26)
    lead1 = previous((conversion + base) / 2, 26)
    lead2 = previous(talib.MIDPRICE(high, low, 52), 26)
    return base, lined_up(indicators.bars.close, conversion, base, lead1, lead2)


AVERAGES: Mapping[str, Callable[[Indicators], Floats]] = {
    **{f"sma_{length}": simple(length) for length in LENGTHS},
    **{f"ema_{length}": exponential(length) for length in LENGTHS},
    "hull_9": hull,
    "vwma_20": volume_weighted,
}


def averages(indicators: Indicators) -> dict[str, Reading]:
    """All averages at once, which takes half the time: +1 where the close is above one, -1 where it is below."""
    values = [average(indicators) for average in AVERAGES.values()]
    ballots = map(Ballot, *above(indicators.bars.close, np.array(values), indicators.dust))
    return dict(zip(AVERAGES, zip(values, ballots, strict=True), strict=True))


def _average(key: str, label: str, window: int, first_vote: int | None = None) -> Component:
    def read(indicators: Indicators) -> Reading:
        return indicators.once(averages)[key]

    met = f"Close met {label}"
    wording = Wording(f"Close moved above {label}", f"Close moved below {label}", met, met)
    return Component(key, label, label, Group.MOVING_AVERAGE, read, first_vote or window, window, wording)


MOVING_AVERAGES = (
    *(_average(f"sma_{length}", f"SMA {length}", length) for length in LENGTHS),
    *(_average(f"ema_{length}", f"EMA {length}", length) for length in LENGTHS),
    _average("hull_9", "Hull MA 9", window=9, first_vote=11),
    _average("vwma_20", "VWMA 20", window=20),
    Component(
        key="ichimoku",
        name="Ichimoku",
        label="Ichimoku 9, 26, 52",
        group=Group.MOVING_AVERAGE,
        read=ichimoku,
        first_vote=78,
        window=26,
        wording=Wording(
            up="Ichimoku lined up upwards",
            down="Ichimoku lined up downwards",
            up_ended="Ichimoku is no longer lined up upwards",
            down_ended="Ichimoku is no longer lined up downwards",
        ),
    ),
)
