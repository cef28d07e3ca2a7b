"""Indicators that several components read, and the small operations on series that all of them share."""

from functools import cached_property

import numpy as np
import talib
from numpy.typing import NDArray

from analysis.engine.bars import Bars, Floats


class Indicators:
    """Series over one stock's bars, shape (n,), each computed at most once, when first read."""

    def __init__(self, bars: Bars) -> None:
        self.bars = bars

    @cached_property
    def ema_50(self) -> Floats:
        """EMA 50 of the close, the trend that two oscillators ask about; `talib.EMA`; from bar 50."""
        return talib.EMA(self.bars.close, 50)

    @cached_property
    def dust(self) -> Floats:
        """A billionth of the close: two prices nearer than this differ by rounding errors only."""
        return self.bars.close * 1e-9

    @cached_property
    def rsi(self) -> Floats:
        """Relative strength index 14 with Wilder's smoothing, in [0, 100]; `talib.RSI`; from bar 15.

        Rounded to 9 decimals, so that it stands still, and does not turn, over sessions with an unchanged close.
        """
        return np.round(talib.RSI(self.bars.close, 14), 9)

    @cached_property
    def stochastic(self) -> Floats:
        """The unsmoothed stochastic 14, in [0, 100]; from bar 14."""
        return stochastic(self.bars.close, self.bars.high, self.bars.low, 14)


def previous(series: Floats, sessions: int = 1) -> Floats:
    """The series as it was so many sessions earlier; NaN where there was none."""
    earlier = np.full_like(series, np.nan)
    earlier[sessions:] = series[:-sessions]
    return earlier


def mean_of_three(series: Floats) -> Floats:
    """SMA 3. Unlike TA-Lib's running sum it forgets a NaN after three sessions, and averages 100, 100, 100 to 100."""
    mean = np.full_like(series, np.nan)
    mean[2:] = (series[2:] + series[1:-1] + series[:-2]) / 3
    return mean


def stochastic(series: Floats, high: Floats, low: Floats, length: int) -> Floats:
    """100 · (series - lowest low) / (highest high - lowest low) over `length` sessions; NaN where nothing moved."""
    lowest = talib.MIN(low, length)
    spread = talib.MAX(high, length) - lowest
    moved = spread > 0
    return 100 * np.divide(series - lowest, spread, out=np.full_like(series, np.nan), where=moved)


def idle_sessions(bars: Bars) -> NDArray[np.int64]:
    """How many sessions in a row, up to each, the stock has not traded: one single price, or no volume at all.

    A window of w sessions says nothing where this is w or more.
    """
    day = np.arange(len(bars))
    moved = bars.high != bars.low
    repriced = np.ones_like(moved)
    repriced[1:] = bars.high[1:] != bars.high[:-1]
    fixed_since = np.maximum.accumulate(np.where(moved, day + 1, np.where(repriced, day, 0)))
    silent_since = np.maximum.accumulate(np.where(bars.volume > 0, day + 1, 0))
    idle: NDArray[np.int64] = day + 1 - np.minimum(fixed_since, silent_since)
    return idle
