"""Learn: holidays, sessions on other days, and sessions with wrong bars, from the stored prices, every night.

Lists and administrators count more: what is learned replaces none of theirs.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import batched

from django.conf import settings

from analysis import clock, queue
from analysis.background import BackgroundSlice
from analysis.calendars.current import FAULTY_SESSIONS, SPECIAL_DAYS
from analysis.db import transactional
from analysis.histories import of_first_source
from analysis.models import FaultySession, PriceHistory, PriceSourceName, SpecialDay
from analysis.prices.exchanges import Exchange, exchange_named
from analysis.prices.faulty_sessions import FaultCounts, SessionFault
from analysis.prices.instruments import InstrumentKind, exchange_of
from analysis.prices.special_days import DaySource, SpecialDays, has_special_days
from analysis.prices.traded_days import FEWEST_STOCKS, LearnedDays, TradedDays
from analysis.prices.trading_calendar import calendar_with
from analysis.timing import TIMING

logger = logging.getLogger(__name__)

LEARN = "analysis.calendars.learn.learn_in_background"
NIGHTLY_AT = (4, 0)
AGAIN_AFTER = timedelta(minutes=10)
MOST_STOCKS = 200  # of an exchange; those that were fetched last
STOCKS_AT_ONCE = 25
FAULTS_WITHIN = timedelta(days=5 * 365)
HOLIDAY, SESSION = "No stock has prices of this day.", "Most stocks traded on this day."


@dataclass(slots=True)
class LearnResult:
    """The numbers of days learned and given up, and of sessions found faulty and corrected, or named as special days.

    `is_done` is False if the time was over before all exchanges.
    """

    learned: int = 0
    withdrawn: int = 0
    faulty: int = 0
    corrected: int = 0
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
    for exchange, tickers in _stocks_to_compare():
        counts = _count_days(tickers[:MOST_STOCKS], until)
        if counts is None:
            done.is_done = False
            break
        traded, faults = counts
        learned, withdrawn = _store_days(
            exchange, traded.find_special_days(exchange, SpecialDay.objects.as_special_days())
        )
        done.learned += learned
        done.withdrawn += withdrawn
        faulty, corrected = _store_faults(exchange, _find_faults(exchange, faults))
        done.faulty += faulty
        done.corrected += corrected
    if done.learned or done.withdrawn:
        SPECIAL_DAYS.forget()
        logger.info("Learned %d special days from prices, and withdrew %d", done.learned, done.withdrawn)
    if done.faulty or done.corrected:
        logger.warning("Sessions with wrong bars: %d new, %d corrected", done.faulty, done.corrected)
    return done


def _stocks_to_compare() -> list[tuple[Exchange, list[str]]]:
    """Return the exchanges with enough stocks to learn from, or with known faults, each with its stocks."""
    tickers = _tickers_by_exchange()
    codes = {code for code, stocks in tickers.items() if len(stocks) >= FEWEST_STOCKS}
    codes |= set(FaultySession.objects.values_list("exchange", flat=True))
    exchanges = [exchange_named(code) for code in sorted(codes)]
    return [(each, tickers.get(each.code, [])) for each in exchanges if has_special_days(each)]


def _tickers_by_exchange() -> dict[str, list[str]]:
    """Return the shares with stored prices of the configured source, those with the latest first."""
    stored = PriceHistory.objects.filter(of_first_source(settings.PRICE_SOURCE), stock__kind=InstrumentKind.SHARE)
    rows = stored.exclude(source=PriceSourceName.DEMO).order_by("-last_session", "stock_id")
    tickers: dict[str, list[str]] = {}
    for ticker, code in rows.values_list("stock_id", "stock__exchange"):
        tickers.setdefault(exchange_of(ticker, code).code, []).append(ticker)
    return tickers


def _count_days(tickers: list[str], until: Callable[[], bool]) -> tuple[TradedDays, FaultCounts] | None:
    """Return on which days these stocks traded, and had faulty bars; None if `until` ended it."""
    traded, faults = TradedDays(), FaultCounts()
    for some in batched(tickers, STOCKS_AT_ONCE):
        if until():
            return None
        rows = PriceHistory.objects.filter(of_first_source(settings.PRICE_SOURCE), stock_id__in=some)
        for history in rows.only("bars"):
            try:
                bars = history.unpack()
                traded.add(bars)
                faults.add(bars)
            except ValueError:
                logger.warning("The stored bars of a stock are damaged; the stock is left out", exc_info=True)
    return traded, faults


def _find_faults(exchange: Exchange, faults: FaultCounts) -> list[SessionFault]:
    """Return the faulty ordinary sessions, which are those of the calendar that no special day names."""
    special = SpecialDay.objects.as_special_days()
    closed = [entry for entry in special.entries if not entry.is_session]
    ordinary = calendar_with(exchange, SpecialDays(closed))
    named = {entry.day for entry in special.entries_of(exchange)}
    source = _first_source(exchange)
    known = FaultySession.objects.as_faulty_sessions().of(source, exchange)
    kinds = {day: fault.kind for day, fault in known.items()}
    found = faults.find_faulty_sessions(source, exchange, ordinary, since=_first_day(), known=kinds)
    return [fault for fault in found if fault.day not in named]


def _first_day() -> date:
    """Return the first day whose faults are kept."""
    return clock.now().date() - FAULTS_WITHIN


def _first_source(exchange: Exchange) -> str:
    order: tuple[str, ...] = settings.PRICE_ORDER.of_exchange(exchange, settings.PRICE_SOURCE)
    return order[0]


@transactional
def _store_faults(exchange: Exchange, faults: Sequence[SessionFault]) -> tuple[int, int]:
    """Store these as the faulty sessions of an exchange. Return how many are new and how many were corrected.

    Those of another source and those that are too old are forgotten, which is no correction.
    """
    stored = FaultySession.objects.filter(exchange=exchange.code)
    before = set(stored.filter(source=_first_source(exchange)).values_list("day", flat=True))
    days = {fault.day for fault in faults}
    stored.exclude(source=_first_source(exchange), day__in=days).delete()
    FaultySession.objects.bulk_create(
        [
            FaultySession(
                source=fault.source,
                exchange=fault.exchange,
                day=fault.day,
                kind=fault.kind.value,
                stocks=fault.stocks,
                of_stocks=fault.of_stocks,
            )
            for fault in faults
        ],
        update_conflicts=True,
        unique_fields=["source", "exchange", "day"],
        update_fields=["kind", "stocks", "of_stocks"],
    )
    FAULTY_SESSIONS.forget()
    return len(days - before), sum(day >= _first_day() for day in before - days)


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
