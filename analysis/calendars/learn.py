"""Learn: holidays on which no stock has prices, and sessions on other days, from the stored prices, every night.

Lists and administrators count more: what is learned replaces none of theirs.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched

from django.conf import settings

from analysis import clock, queue
from analysis.background import BackgroundSlice
from analysis.calendars.current import SPECIAL_DAYS
from analysis.db import transactional
from analysis.models import PriceHistory, PriceSourceName, SpecialDay
from analysis.prices.exchanges import EXCHANGE_BY_CODE, Exchange
from analysis.prices.instruments import InstrumentKind, exchange_of
from analysis.prices.special_days import DaySource, has_special_days
from analysis.prices.traded_days import FEWEST_STOCKS, LearnedDays, TradedDays
from analysis.timing import TIMING

logger = logging.getLogger(__name__)

LEARN = "analysis.calendars.learn.learn_in_background"
NIGHTLY_AT = (4, 0)
AGAIN_AFTER = timedelta(minutes=10)
MOST_STOCKS = 200  # of an exchange; those that were fetched last
STOCKS_AT_ONCE = 25
HOLIDAY, SESSION = "No stock has prices of this day.", "Most stocks traded on this day."


@dataclass(slots=True)
class LearnResult:
    """The numbers of days learned and given up; `is_done` is False if the time was over before all exchanges."""

    learned: int = 0
    withdrawn: int = 0
    is_done: bool = True


def schedule_learning() -> None:
    """Plan the nightly call. Safe to call at every start."""
    queue.plan_nightly("Learn holidays", LEARN, at=NIGHTLY_AT)


def learn_in_background() -> None:
    """Learn for half a lease or until a stock waits, and then again later. A queue call, every night."""
    if not learn_days(until=BackgroundSlice(TIMING.slice.total_seconds()).is_over).is_done:
        queue.enqueue_at("Learn holidays again", clock.now() + AGAIN_AFTER, LEARN)


def learn_days(*, until: Callable[[], bool] = lambda: False) -> LearnResult:
    """Compare the calendars with the stored prices of shares, and store on which days they differ.

    Only prices of the configured source count, never the demo market's. Safe to run at any time and repeatedly: a
    learned day that prices now contradict is removed.
    """
    done = LearnResult()
    for code, tickers in sorted(_tickers_by_exchange().items()):
        exchange = EXCHANGE_BY_CODE[code]
        if len(tickers) < FEWEST_STOCKS or not has_special_days(exchange):
            continue
        traded = _count_days(tickers[:MOST_STOCKS], until)
        if traded is None:
            done.is_done = False
            break
        found = traded.find_special_days(exchange, SpecialDay.objects.as_special_days())
        learned, withdrawn = _store_days(exchange, found)
        done.learned += learned
        done.withdrawn += withdrawn
    if done.learned or done.withdrawn:
        SPECIAL_DAYS.forget()
        logger.info("Learned %d special days from prices, and withdrew %d", done.learned, done.withdrawn)
    return done


def _tickers_by_exchange() -> dict[str, list[str]]:
    """Return the shares with stored prices of the configured source, those with the latest first."""
    stored = PriceHistory.objects.filter(source=settings.PRICE_SOURCE, stock__kind=InstrumentKind.SHARE)
    rows = stored.exclude(source=PriceSourceName.DEMO).order_by("-last_session", "stock_id")
    tickers: dict[str, list[str]] = {}
    for ticker, code in rows.values_list("stock_id", "stock__exchange"):
        tickers.setdefault(exchange_of(ticker, code).code, []).append(ticker)
    return tickers


def _count_days(tickers: list[str], until: Callable[[], bool]) -> TradedDays | None:
    """Return on which days these stocks traded; None if `until` ended it."""
    traded = TradedDays()
    for some in batched(tickers, STOCKS_AT_ONCE):
        if until():
            return None
        for history in PriceHistory.objects.filter(stock_id__in=some, source=settings.PRICE_SOURCE).only("bars"):
            try:
                traded.add(history.unpack())
            except ValueError:
                logger.warning("The stored bars of a stock are damaged; the stock is left out", exc_info=True)
    return traded


@transactional
def _store_days(exchange: Exchange, found: LearnedDays) -> tuple[int, int]:
    """Store these days as the learned ones of an exchange. Return how many are new and how many were withdrawn."""
    wanted = dict.fromkeys(found.holidays, False) | dict.fromkeys(found.sessions, True)
    stored = SpecialDay.objects.filter(exchange=exchange.code)
    before = dict(stored.values_list("day", "source"))
    learned = dict(stored.filter(source=DaySource.LEARNED).values_list("day", "is_session"))
    gone = [day for day, is_session in learned.items() if wanted.get(day) is not is_session]
    stored.filter(source=DaySource.LEARNED, day__in=gone).delete()
    new = [
        SpecialDay(
            exchange=exchange.code,
            day=day,
            is_session=wanted[day],
            name=SESSION if wanted[day] else HOLIDAY,
            source=DaySource.LEARNED,
        )
        for day in sorted(wanted)
        if day not in before or day in gone
    ]
    SpecialDay.objects.bulk_create(new, ignore_conflicts=True)
    return len(new), len(gone)
