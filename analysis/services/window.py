"""Window: which of a stock's bars an analysis looks at, and when it looks."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from analysis.engine import Bars
from analysis.models import PriceHistory
from analysis.prices import Checked, check, exchange_of, last_closed_session

HISTORY = timedelta(days=5 * 365 + 2)
BEFORE_ANY_CLOSE = time(1)  # and after the close that is assumed, at midnight, where none is known


def moment_of(ticker: str, as_of: date | None, now: datetime) -> datetime:
    """When an analysis looks at the market: now, or once the day asked about has closed where the stock trades."""
    if not as_of:
        return now
    next_day = as_of + timedelta(days=1)
    return min(now, datetime.combine(next_day, BEFORE_ANY_CLOSE, ZoneInfo(exchange_of(ticker).timezone)))


def first_day(ticker: str, moment: datetime) -> date:
    """The first day that an analysis at this moment looks at: five years before the newest session that has closed.

    It hangs on the session, not on the clock, so that every run about a session looks at the same bars.
    """
    return last_closed_session(ticker, moment) - HISTORY


def seen(bars: Bars, ticker: str, moment: datetime, as_of: date | None = None) -> Bars:
    """The bars of the years before the analysis, and none after the day asked about."""
    bars = bars.until(as_of) if as_of else bars
    return bars[int(np.searchsorted(bars.session, np.datetime64(first_day(ticker, moment), "D"))) :]


def looked_at(history: PriceHistory, now: datetime) -> Checked:
    """The stored bars that an analysis of today looks at, through the quality gate.

    Raises PriceError where they do not pass it, ValueError where the stored bars are damaged.
    """
    ticker = history.stock_id
    return check(seen(history.unpack(), ticker, now), ticker=ticker, now=now, adjusted=history.adjusted)
