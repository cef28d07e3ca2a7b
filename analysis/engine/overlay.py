"""The overlay: moving averages drawn over the price chart."""

from analysis.engine import talib_raw
from analysis.engine.bars import Bars, Floats


def moving_averages(bars: Bars) -> dict[str, Floats]:
    """Return SMA 20, SMA 50 and SMA 200 of the close by name, shape (n,), NaN for the first sessions; `talib.SMA`."""
    return {f"SMA {length}": talib_raw.SMA(bars.close, length) for length in (20, 50, 200)}
