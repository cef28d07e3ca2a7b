"""What can be done from the screener: keep a screen, drop it, put stocks on a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError
from django.db.models import Max

from analysis.models import Stock
from analysis.services import Refused
from analysis.services.transient import transactional
from watchlist.models import Screen, Watchlist, WatchlistItem

MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Added:
    """How many stocks a list has won, and how many were on it before."""

    added: int
    there: int


def keep(screen: Screen) -> None:
    """Save a screen under its name. Refused when its owner gave another screen this name at the same moment."""
    try:
        _save(screen)
    except IntegrityError:
        raise Refused(f"You have a screen called “{screen}” already.") from None


@transactional
def _save(screen: Screen) -> None:
    screen.save()


@transactional
def drop(screen: Screen) -> None:
    screen.delete()


def add_all(watchlist: Watchlist, tickers: Sequence[str]) -> Added:
    """Put stocks at the end of a list, in this order; those that are on it stay where they are.

    Refused for more than `MOST_AT_ONCE`, and when none of them is a stock.
    """
    if len(tickers) > MOST_AT_ONCE:
        raise Refused(f"{len(tickers):,} stocks are too many: a list takes {MOST_AT_ONCE} at once. Filter further.")
    return _add_all(watchlist, tickers)


@transactional
def _add_all(watchlist: Watchlist, tickers: Sequence[str]) -> Added:
    known = set(Stock.objects.filter(pk__in=tickers).values_list("pk", flat=True))
    wanted = [ticker for ticker in dict.fromkeys(tickers) if ticker in known]
    if not wanted:
        raise Refused("None of these is a stock any more.")
    there = set(watchlist.items.filter(stock__in=wanted).values_list("stock_id", flat=True))
    last = watchlist.items.aggregate(Max("position"))["position__max"]
    start = 0 if last is None else last + 1
    new = [ticker for ticker in wanted if ticker not in there]
    WatchlistItem.objects.bulk_create(
        [WatchlistItem(watchlist=watchlist, stock_id=ticker, position=start + n) for n, ticker in enumerate(new)],
        ignore_conflicts=True,
    )
    return Added(len(new), len(there))
