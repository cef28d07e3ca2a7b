"""Dividends: a check that the adjusted closes of a source agree with its dividends."""

from analysis.engine.bars import Floats, Sessions
from analysis.prices.port import Finding

TOLERANCE = 0.005  # of the price, between a dividend and its adjustment


def find_dividend_mismatch(session: Sessions, close: Floats, adjusted: Floats, dividend: Floats) -> Finding | None:
    """Return the finding that earlier prices are not adjusted by the share of the price that a dividend paid, if so.

    A session's `dividend` (0 for none) is in the currency of `close`. Yahoo's dividends are often a hundredfold, where
    pence and pounds are mixed, or not adjusted for at all; earlier prices are then off by about the difference.
    """
    priced = (close > 0) & (adjusted > 0)
    session, close, adjusted, dividend = session[priced], close[priced], adjusted[priced], dividend[priced]
    paid = [row for row in (dividend > 0).nonzero()[0].tolist() if row]
    factor = adjusted / close
    off = {row: abs(dividend[row] / close[row - 1] - (1 - factor[row - 1] / factor[row])) for row in paid}
    wrong = [row for row in paid if off[row] > TOLERANCE or dividend[row] >= close[row - 1]]
    if not wrong:
        return None
    last = session[wrong[-1]].astype(object)
    what = f"1 dividend, on {last}, does" if len(wrong) == 1 else f"{len(wrong):,} dividends, the last on {last}, do"
    message = f"{what} not agree with how earlier prices were adjusted: those may be off."
    return Finding("dividend_mismatch", message, "warning", last)
