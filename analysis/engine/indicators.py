"""Indicators that several components read, and the small operations on series that all of them share."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from analysis.engine import library as talib
from analysis.engine.bars import Bars, Floats, Indices


class Indicators:
    """Series over one stock's bars, shape (n,), each computed at most once, when first read.

    Several strategies rated over the same `Indicators` share what they have in common.
    """

    def __init__(self, bars: Bars) -> None:
        self.bars = bars
        self._emas: dict[int, Floats] = {}
        self._computed: dict[Callable[[Indicators], Any], Any] = {}

    @classmethod
    def of(cls, bars: "Bars | Indicators") -> "Indicators":
        """Those of some bars; or the ones given."""
        return bars if isinstance(bars, Indicators) else cls(bars)

    def once[T](self, compute: Callable[["Indicators"], T]) -> T:
        """What `compute` makes of these indicators, computed at the first call."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return self._computed[compute]  # type: ignore[no-any-return]

    def ema(self, length: int) -> Floats:
        """EMA of the close, weighted by (1 - a)^age with a = 2 / (length + 1); `talib.EMA`; from bar `length`."""
        if length not in self._emas:
            self._emas[length] = talib.EMA(self.bars.close, length)
        return self._emas[length]

    @cached_property
    def atr(self) -> Floats:
        """ATR 14: the Wilder-smoothed true range, in the stock's currency; `talib.ATR`; from bar 15."""
        return talib.ATR(self.bars.high, self.bars.low, self.bars.close, 14)

    @cached_property
    def idle(self) -> Indices:
        """How many sessions in a row, up to each, the stock has not traded."""
        return idle_sessions(self.bars)

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
    earlier = np.empty_like(series)
    earlier[:sessions] = np.nan
    earlier[sessions:] = series[:-sessions]
    return earlier


def mean_of_three(series: Floats) -> Floats:
    """SMA 3. Unlike TA-Lib's running sum it forgets a NaN after three sessions, and averages 100, 100, 100 to 100."""
    mean = np.empty_like(series)
    mean[:2] = np.nan
    mean[2:] = (series[2:] + series[1:-1] + series[:-2]) / 3
    return mean


def stochastic(series: Floats, high: Floats, low: Floats, length: int) -> Floats:
    """100 · (series - lowest low) / (highest high - lowest low) over `length` sessions; NaN where nothing moved."""
    lowest = talib.MIN(low, length)
    spread = talib.MAX(high, length) - lowest
    spread[spread <= 0] = np.nan
    return 100 * ((series - lowest) / spread)


def idle_sessions(bars: Bars) -> Indices:
    """How many sessions in a row, up to each, the stock has not traded: one single price, or no volume at all.

    A window of w sessions says nothing where this is w or more.
    """
    moved = bars.high != bars.low
    if (moved & (bars.volume > 0)).all():
        return np.zeros(len(bars), dtype=np.int64)
    day = np.arange(len(bars))
    repriced = np.ones_like(moved)
    repriced[1:] = bars.high[1:] != bars.high[:-1]
    fixed_since = np.maximum.accumulate(np.where(moved, day + 1, np.where(repriced, day, 0)))
    silent_since = np.maximum.accumulate(np.where(bars.volume > 0, day + 1, 0))
    idle: Indices = day + 1 - np.minimum(fixed_since, silent_since)
    return idle
