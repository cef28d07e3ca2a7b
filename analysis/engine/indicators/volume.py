"""Volume: two indicators of whether shares are traded while the price rises or while it falls."""

import numpy as np

from analysis.engine import talib_raw
from analysis.engine.indicators.indicator import Indicator, IndicatorKind, IndicatorSeries, Wording
from analysis.engine.indicators.signal_rules import above, positive
from analysis.engine.series import SeriesCache


def on_balance_volume(series: SeriesCache) -> IndicatorSeries:
    """Return OBV less its mean of 20 sessions; OBV adds the volume of a rise and subtracts that of a fall.

    Signal +1 above zero, -1 below. In shares. A difference, because OBV itself depends on where the history begins.
    `talib.OBV`, `talib.SMA`. From bar 20. Source: Granville, 1963.
    """
    value = talib_raw.OBV(series.bars.close, series.bars.volume)
    mean = talib_raw.SMA(value, 20)
    return value - mean, above(value, mean, np.abs(value) * 1e-9)


def chaikin_money_flow(series: SeriesCache) -> IndicatorSeries:
    """Return Chaikin money flow 20, Σ volume · ((close - low) - (high - close)) / (high - low) over Σ volume.

    In [-1, +1]; signal +1 above zero, -1 below; rounded to 9 decimals, so that rounding errors count as zero. A session
    without range adds nothing. `talib.CMF`. From bar 20. Source: Marc Chaikin.
    """
    bars = series.bars
    value = np.round(talib_raw.CMF(bars.high, bars.low, bars.close, bars.volume, 20), 9)
    return value, positive(value)


VOLUME = (
    Indicator(
        key="obv_20",
        name="On-balance volume",
        label="On-balance volume 20",
        kind=IndicatorKind.VOLUME,
        compute=on_balance_volume,
        bars_needed=20,
        window=20,
        needs_volume=True,
        wording=Wording(
            up="On-balance volume rose above its mean",
            down="On-balance volume fell below its mean",
            up_ended="On-balance volume met its mean",
            down_ended="On-balance volume met its mean",
        ),
    ),
    Indicator(
        key="cmf_20",
        name="Chaikin money flow",
        label="Chaikin money flow 20",
        kind=IndicatorKind.VOLUME,
        compute=chaikin_money_flow,
        bars_needed=20,
        window=20,
        needs_volume=True,
        wording=Wording(
            up="Chaikin money flow turned positive",
            down="Chaikin money flow turned negative",
            up_ended="Chaikin money flow is balanced",
            down_ended="Chaikin money flow is balanced",
        ),
    ),
)
