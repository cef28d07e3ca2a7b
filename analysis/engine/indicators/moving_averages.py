"""Moving averages: fifteen indicators that compare the close with averages of earlier closes.

Values are prices in the stock's currency. TA-Lib seeds an EMA with the SMA of its first window, so it is known from
its own length on and approximate until about three times that.
"""

from collections.abc import Callable, Mapping

import numpy as np

from analysis.engine import talib_raw
from analysis.engine.bars import Floats
from analysis.engine.indicators.indicator import Indicator, IndicatorKind, IndicatorSeries, Wording
from analysis.engine.indicators.signal_rules import SignalSeries, above, lined_up
from analysis.engine.series import SeriesCache, previous

LENGTHS = (10, 20, 30, 50, 100, 200)


def sma(length: int) -> Callable[[SeriesCache], Floats]:
    """Return the function of an SMA, the mean close of `length` sessions; `talib.SMA`; from bar `length`."""
    return lambda series: talib_raw.SMA(series.bars.close, length)


def ema(length: int) -> Callable[[SeriesCache], Floats]:
    """Return the function of an EMA, the close weighted by (1 - 2 / (length + 1))^age; `talib.EMA`; from `length`."""
    return lambda series: series.ema(length)


def hull_average(series: SeriesCache) -> Floats:
    """Return Hull MA 9, WMA(2·WMA(close, 4) - WMA(close, 9), 3); `talib.HMA`; from bar 11. Source: Alan Hull, 2005."""
    return talib_raw.HMA(series.bars.close, 9)


def vwma(series: SeriesCache) -> Floats:
    """Return VWMA 20, Σ close·volume / Σ volume over 20 sessions; `talib.VWMA`; from bar 20."""
    return talib_raw.VWMA(series.bars.close, series.bars.volume, 20)


def ichimoku(series: SeriesCache) -> IndicatorSeries:
    """Return the base line of Ichimoku 9, 26, 52; signal where close, conversion, base and both leads are in order.

    Each line is (highest high + lowest low) / 2 of its length (`talib.MIDPRICE`); lead 1 is the mean of conversion and
    base, lead 2 the line of 52. A session is compared with the leads of exactly 26 sessions before, as in the
    published library; a chart that plots the cloud 25 sessions ahead is one session off. From bar 78.
    """
    high, low = series.bars.high, series.bars.low
    conversion, base = talib_raw.MIDPRICE(high, low, 9), talib_raw.MIDPRICE(high, low, 26)
    lead1 = previous((conversion + base) / 2, 26)
    lead2 = previous(talib_raw.MIDPRICE(high, low, 52), 26)
    return base, lined_up(series.bars.close, conversion, base, lead1, lead2)


AVERAGES: Mapping[str, Callable[[SeriesCache], Floats]] = {
    **{f"sma_{length}": sma(length) for length in LENGTHS},
    **{f"ema_{length}": ema(length) for length in LENGTHS},
    "hull_9": hull_average,
    "vwma_20": vwma,
}


def averages(series: SeriesCache) -> dict[str, IndicatorSeries]:
    """Return all averages, in half the time of single calls: +1 where the close is above one, -1 where below."""
    values = [average(series) for average in AVERAGES.values()]
    signals = map(SignalSeries, *above(series.bars.close, np.array(values), series.price_tolerance))
    return dict(zip(AVERAGES, zip(values, signals, strict=True), strict=True))


def _average(
    key: str, label: str, window: int, bars_needed: int | None = None, *, needs_volume: bool = False
) -> Indicator:
    def compute(series: SeriesCache) -> IndicatorSeries:
        return series.compute_once(averages)[key]

    met = f"Close met {label}"
    wording = Wording(f"Close moved above {label}", f"Close moved below {label}", met, met)
    return Indicator(
        key,
        label,
        label,
        IndicatorKind.MOVING_AVERAGE,
        compute,
        bars_needed or window,
        window,
        wording,
        needs_volume=needs_volume,
    )


MOVING_AVERAGES = (
    *(_average(f"sma_{length}", f"SMA {length}", length) for length in LENGTHS),
    *(_average(f"ema_{length}", f"EMA {length}", length) for length in LENGTHS),
    _average("hull_9", "Hull MA 9", window=9, bars_needed=11),
    _average("vwma_20", "VWMA 20", window=20, needs_volume=True),
    Indicator(
        key="ichimoku",
        name="Ichimoku",
        label="Ichimoku 9, 26, 52",
        kind=IndicatorKind.MOVING_AVERAGE,
        compute=ichimoku,
        bars_needed=78,
        window=26,
        wording=Wording(
            up="Ichimoku lined up upwards",
            down="Ichimoku lined up downwards",
            up_ended="Ichimoku is no longer lined up upwards",
            down_ended="Ichimoku is no longer lined up downwards",
        ),
    ),
)
