"""Series over the sessions of a stock: those that several indicators need, cached, and the operations on series."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from analysis.engine import talib_raw
from analysis.engine.bars import Bars, Booleans, Floats, Indices


class SeriesCache:
    """Cached series over one stock's bars, shape (n,), each computed at most once, when first read.

    Strategies that are rated over the same cache share the series that they have in common. `doubtful` marks the bars,
    shape (n,), that are known to be wrong: a signal that they change is unavailable.
    """

    def __init__(self, bars: Bars, doubtful: Booleans | None = None) -> None:
        self.bars = bars
        self.doubtful = doubtful if doubtful is not None and doubtful.any() and not doubtful.all() else None
        self._emas: dict[int, Floats] = {}
        self._computed: dict[Callable[[SeriesCache], Any], Any] = {}

    @classmethod
    def of(cls, bars: "Bars | SeriesCache") -> "SeriesCache":
        """Return a cache over the bars; a cache is returned as it is."""
        return bars if isinstance(bars, SeriesCache) else cls(bars)

    def compute_once[T](self, compute: Callable[["SeriesCache"], T]) -> T:
        """Return the result of `compute` over this cache, computed at the first call."""
        if compute not in self._computed:
            self._computed[compute] = compute(self)
        return self._computed[compute]  # type: ignore[no-any-return]

    def ema(self, length: int) -> Floats:
        """Return the EMA of the close, weighted by (1 - 2 / (length + 1))^age; `talib.EMA`; from bar `length`."""
        if length not in self._emas:
            self._emas[length] = talib_raw.EMA(self.bars.close, length)
        return self._emas[length]

    @cached_property
    def without_doubtful(self) -> "SeriesCache":
        """Return a cache over the bars that are not doubtful; this one if none are."""
        return self if self.doubtful is None else SeriesCache(self.bars.select(~self.doubtful))

    @cached_property
    def atr(self) -> Floats:
        """Return ATR 14: the Wilder-smoothed true range, in the stock's currency; `talib.ATR`; from bar 15."""
        return talib_raw.ATR(self.bars.high, self.bars.low, self.bars.close, 14)

    @cached_property
    def idle(self) -> Indices:
        """Return the number of sessions in a row, up to each, without any trade."""
        return idle_sessions(self.bars)

    @property
    def is_volume_known(self) -> bool:
        return not np.isnan(self.bars.volume[-1:]).any()

    @cached_property
    def price_tolerance(self) -> Floats:
        """Return a billionth of the close: prices that differ by less differ by rounding errors only."""
        return self.bars.close * 1e-9

    @cached_property
    def rsi(self) -> Floats:
        """Return the relative strength index 14 with Wilder's smoothing, in [0, 100]; `talib.RSI`; from bar 15.

        Rounded to 9 decimals, so that it is constant over sessions with an unchanged close.
        """
        return np.round(talib_raw.RSI(self.bars.close, 14), 9)

    @cached_property
    def stochastic(self) -> Floats:
        """Return the unsmoothed stochastic 14, in [0, 100]; from bar 14."""
        return stochastic(self.bars.close, self.bars.high, self.bars.low, 14)


def previous(series: Floats, sessions: int = 1) -> Floats:
    """Return the series of `sessions` sessions earlier; NaN where there was none."""
    earlier = np.empty_like(series)
    earlier[:sessions] = np.nan
    earlier[sessions:] = series[:-sessions]
    return earlier


def mean_of_three(series: Floats) -> Floats:
    """Return SMA 3. Unlike in TA-Lib's running sum, a NaN ends after three sessions and 100, 100, 100 has mean 100."""
    mean = np.empty_like(series)
    mean[:2] = np.nan
    mean[2:] = (series[2:] + series[1:-1] + series[:-2]) / 3
    return mean


def stochastic(series: Floats, high: Floats, low: Floats, length: int) -> Floats:
    """Return 100 · (series - lowest low) / (highest high - lowest low) over `length` sessions; NaN without a range."""
    lowest = talib_raw.MIN(low, length)
    spread = talib_raw.MAX(high, length) - lowest
    spread[spread <= 0] = np.nan
    return 100 * ((series - lowest) / spread)


def idle_sessions(bars: Bars) -> Indices:
    """Return the number of sessions in a row, up to each, without any trade: one single price, or a volume of 0.

    An indicator with a window of w sessions means nothing where this is w or more.
    """
    moved = bars.high != bars.low
    traded = bars.volume != 0  # an unknown volume, NaN, may have been anything
    if (moved & traded).all():
        return np.zeros(len(bars), dtype=np.int64)
    day = np.arange(len(bars))
    repriced = np.ones_like(moved)
    repriced[1:] = bars.high[1:] != bars.high[:-1]
    fixed_since = np.maximum.accumulate(np.where(moved, day + 1, np.where(repriced, day, 0)))
    silent_since = np.maximum.accumulate(np.where(traded, day + 1, 0))
    idle: Indices = day + 1 - np.minimum(fixed_since, silent_since)
    return idle
