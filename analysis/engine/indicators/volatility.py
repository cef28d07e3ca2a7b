"""Volatility: an indicator of the distance of a price from its mean, relative to its usual distance."""

import numpy as np

from analysis.engine import talib_raw
from analysis.engine.indicators.indicator import Indicator, IndicatorKind, IndicatorSeries, Wording
from analysis.engine.indicators.signal_rules import outside
from analysis.engine.series import SeriesCache


def bollinger(series: SeriesCache) -> IndicatorSeries:
    """Return %B of Bollinger bands 20, 2: SMA 20 of the close ± 2 standard deviations (population, as published).

    Signal +1 if the close is below the lower band, -1 if above the upper: against the move. %B is the position of the
    close between the bands: 0 on the lower, 1 on the upper, NaN where they are equal. `talib.BBANDS`. From bar 20.
    Source: Bollinger, 2001.
    """
    close = series.bars.close
    upper, _, lower = talib_raw.BBANDS(close, 20, 2.0, 2.0)
    signals = outside(close, lower, upper, series.price_tolerance)
    width = np.where(signals.unavailable, np.nan, upper - lower)
    return (close - lower) / width, signals


VOLATILITY = (
    Indicator(
        key="bollinger_20",
        name="Bollinger bands",
        label="Bollinger bands 20, 2",
        kind=IndicatorKind.VOLATILITY,
        compute=bollinger,
        bars_needed=20,
        window=20,
        wording=Wording(
            up="Close fell below the lower Bollinger band",
            down="Close rose above the upper Bollinger band",
            up_ended="Close came back above the lower Bollinger band",
            down_ended="Close came back below the upper Bollinger band",
        ),
    ),
)
