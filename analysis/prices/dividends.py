"""Dividends: a check that a source's adjusted prices agree with them, and the latest ones in short."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from analysis.engine.bars import Bars, Floats, Sessions
from analysis.prices.port import Finding, TradedPrices

DIVIDEND_MISMATCH = "dividend_mismatch"
YEAR = timedelta(days=365)
HALF_A_YEAR = timedelta(days=182)  # before which no session is fetched again without all others
DAYS_WITHOUT_SESSION = timedelta(days=10)  # before the first session of a year that is known
TOLERANCE = 0.005  # of the price, between a dividend and its adjustment
LARGE_DIVIDEND = 0.05  # of the price; a smaller one cannot be told from a usual night


def find_dividend_mismatches(
    session: Sessions, close: Floats, adjusted: Floats, dividend: Floats
) -> tuple[Finding, ...]:
    """Return the findings that earlier prices are not adjusted by the share of the price that a dividend paid, if so.

    A session's `dividend` (0 for none) is in the currency of `close`. Yahoo's dividends are often a hundredfold, where
    pence and pounds are mixed, or not adjusted for at all; earlier prices are then off by about the difference.

    Each dividend of the last half year has its own finding, and all before have one: sessions that may be fetched again
    are in no finding with others, so that it is either found again or kept.
    """
    priced = (close > 0) & (adjusted > 0)
    session, close, adjusted, dividend = session[priced], close[priced], adjusted[priced], dividend[priced]
    paid = [row for row in (dividend > 0).nonzero()[0].tolist() if row]
    factor = adjusted / close
    off = {row: abs(dividend[row] / close[row - 1] - (1 - factor[row - 1] / factor[row])) for row in paid}
    wrong = [row for row in paid if off[row] > TOLERANCE or dividend[row] >= close[row - 1]]
    days: list[date] = session[wrong].tolist()
    recent = [day for day in days if day > session[-1].astype(object) - HALF_A_YEAR]
    groups = [days[: len(days) - len(recent)], *([day] for day in recent)]
    return tuple(_describe_mismatch(group) for group in groups if group)


def _describe_mismatch(days: list[date]) -> Finding:
    last = days[-1]
    what = f"1 dividend, on {last}, does" if len(days) == 1 else f"{len(days):,} dividends, the last on {last}, do"
    message = f"{what} not agree with how earlier prices were adjusted: those may be off."
    return Finding(DIVIDEND_MISMATCH, message, "warning", last)


def find_unadjusted_dividends(bars: Bars, dividend: Floats) -> Finding | None:
    """Return the finding that prices which should be adjusted for dividends fell by a large one overnight, if so.

    `dividend` has the shape of the bars, 0 for none, in their currency.
    """
    wrong = []
    for row in (dividend[1:] > 0).nonzero()[0] + 1:
        before, opening = bars.close[row - 1], bars.open[row]
        share = dividend[row] / before if before > 0 else 0.0
        if LARGE_DIVIDEND < share < 1 and opening > 0:
            wrong += [row] if np.log(opening / before) < np.log(1 - share) / 2 else []
    if not wrong:
        return None
    last = bars.session[wrong[-1]].astype(object)
    what = f"a dividend, on {last}" if len(wrong) == 1 else f"{len(wrong):,} dividends, the last on {last}"
    message = f"The file names {what}, and its prices are not adjusted for it although files of this kind usually are."
    return Finding(DIVIDEND_MISMATCH, message, "warning", last)


@dataclass(frozen=True, slots=True)
class Dividend:
    """The cash for one share that trades without it from `day` on."""

    day: date
    amount: float


@dataclass(frozen=True, slots=True)
class DividendSummary:
    """The latest dividends of a stock, all of which are known from the session `since` on.

    `last` is None without any since then; `year_total` is the sum of twelve months up to the last session, None where
    those are not all known.
    """

    since: date
    last: Dividend | None
    year_total: float | None


def summarise_dividends(traded: TradedPrices) -> DividendSummary | None:
    """Return the latest dividends; None if that of the last session is not known."""
    since = traded.knows_dividends_since
    if since is None:
        return None
    paid = {day: amount for day, amount in traded.dividends.items() if day >= since}
    last = max(paid, default=None)
    before = traded.session[-1].astype(object) - YEAR
    is_year_known = since <= before + DAYS_WITHOUT_SESSION
    return DividendSummary(
        since,
        last=Dividend(last, paid[last]) if last else None,
        year_total=sum(amount for day, amount in paid.items() if day > before) if is_year_known else None,
    )
