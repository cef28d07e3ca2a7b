"""Price ranges: highs and lows far from the prices of their session, and prices outside low to high."""

from dataclasses import replace

import numpy as np

from analysis.engine.bars import Bars, Floats
from analysis.prices.discontinuities import SMALL_PRICE, finding_about
from analysis.prices.port import Finding, PriceError, PriceErrorKind

ROUNDING = 1e-6  # relative; adjusting a price moves its last digits
BAD_TICK = 1.5  # from open, close and the close before to the high or low: NSE's most, in March 2020, was 1.27
BAD_TICK_OF_SMALL_PRICE = 3.0  # where one tick is much
MOST_WIDENED = 0.5  # share of sessions, beyond which columns are of different prices
FAR_OUTSIDE = 1.05  # from high or low to a price beyond it, which an auction after the last trade does not explain


def find_bad_ticks(bars: Bars) -> Finding | None:
    """Return the finding that names highs and lows far from the prices beside them; None without any."""
    before = np.concatenate([bars.close[:1], bars.close[:-1]])
    top = np.maximum(np.maximum(bars.open, bars.close), before)
    bottom = np.minimum(np.minimum(bars.open, bars.close), before)
    limit = np.where(bars.low < SMALL_PRICE, BAD_TICK_OF_SMALL_PRICE, BAD_TICK)
    bad = (bars.high > limit * top) | (bars.low * limit < bottom)
    what = "with a high or low far from its other prices, perhaps a bad tick, which moves the ATR and the stop"
    return finding_about("bad_tick", "warning", bars.session[bad], "session", what)


def find_prices_outside(bars: Bars) -> Finding | None:
    """Return the finding that names opens and closes far outside low to high; None without any."""
    price_above = np.maximum(bars.open, bars.close) / np.maximum(bars.high, bars.low)
    price_below = np.minimum(bars.high, bars.low) / np.minimum(bars.open, bars.close)
    is_small = np.minimum(bars.low, bars.close) < SMALL_PRICE
    limit: Floats = np.where(is_small, BAD_TICK, FAR_OUTSIDE)
    far = (price_above > limit) | (price_below > limit)
    what = "whose open or close is far outside its low to high, perhaps a bad tick, which moves the score and the stop"
    return finding_about("price_outside_range", "warning", bars.session[far], "session", what)


def widen_ranges(bars: Bars) -> tuple[Bars, Finding | None]:
    """Return the bars with each high and low moved to hold open and close, and the finding about those moved.

    Raise PriceError if most are: the columns are of different prices, as adjusted closes beside traded opens.
    """
    high = np.maximum(np.maximum(bars.open, bars.close), np.maximum(bars.high, bars.low))
    low = np.minimum(np.minimum(bars.open, bars.close), np.minimum(bars.high, bars.low))
    widened = (high - bars.high) + (bars.low - low) > ROUNDING * bars.close
    if len(bars) and widened.mean() > MOST_WIDENED:
        message = "In most sessions the open or the close is outside low to high: the columns are of different prices."
        raise PriceError(PriceErrorKind.BAD_DATA, message, permanent=False)
    what = "with a price outside low to high widened to hold it"
    finding = finding_about("range_widened", "repair", bars.session[widened], "session", what)
    return replace(bars, high=high, low=low), finding
