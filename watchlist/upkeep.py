"""Upkeep: pruning, which spares watched stocks."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Exists, OuterRef

from analysis import queue
from analysis.background import BackgroundSlice
from analysis.models import Stock
from analysis.models.stocks import StockQuerySet
from analysis.timing import TIMING
from analysis.upkeep import retention
from analysis.upkeep.retention import PruneResult
from watchlist.models import WatchlistItem

PRUNE = "watchlist.upkeep.prune_in_background"


def prune(now: datetime | None = None, *, until: Callable[[], bool] = lambda: False) -> PruneResult:
    """Delete old rows and unwatched unconfirmed stocks; see `retention.prune`."""
    return retention.prune(now, unwatched=_unwatched(), until=until)


def would_prune(now: datetime | None = None) -> PruneResult:
    """Return how many rows `prune` would delete."""
    return retention.would_prune(now, unwatched=_unwatched())


def prune_in_background() -> None:
    """Prune for half a lease or until a stock waits, and queue a message for the rest. Called every night."""
    if not prune(until=BackgroundSlice(TIMING.slice.total_seconds()).is_over).is_done:
        queue.enqueue(PRUNE)


def schedule_prune() -> None:
    """Plan the nightly call. Safe to call at every start."""
    queue.every_night("Prune", PRUNE, at=retention.NIGHTLY_AT)


def _unwatched() -> StockQuerySet:
    return Stock.objects.filter(~Exists(WatchlistItem.objects.filter(stock=OuterRef("pk"))))
