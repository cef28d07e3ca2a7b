"""The overlay: moving averages drawn over the price chart."""

from analysis.engine import library as talib
from analysis.engine.bars import Bars, Floats


def moving_averages(bars: Bars) -> dict[str, Floats]:
    """SMA 20, SMA 50 and SMA 200 of the close by name, shape (n,), NaN until there are so many bars; `talib.SMA`."""
    return {f"SMA {length}": talib.SMA(bars.close, length) for length in (20, 50, 200)}
