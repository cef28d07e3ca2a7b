"""Scheduled calls that need the watchlists: analyse watched stocks after a close, prune unwatched ones at night."""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Exists, OuterRef

from analysis import clock, queue
from analysis.background import BackgroundSlice
from analysis.calendars.learn import schedule_learning
from analysis.jobs.schedules import plan_schedules, run_due
from analysis.models import ExchangeSchedule, Stock
from analysis.models.stocks import StockQuerySet
from analysis.ratings import request_missing_ratings
from analysis.timing import TIMING
from analysis.upkeep import retention
from analysis.upkeep.retention import PruneResult
from watchlist.changes import delete_old_changes
from watchlist.demo_market import resume_removal
from watchlist.models import WatchlistItem

RUN = "watchlist.schedules.run"
PRUNE = "watchlist.schedules.prune_in_background"


def setup_schedules() -> list[ExchangeSchedule]:
    """Plan the next run of every exchange with stocks, and the nightly calls; return the exchanges' schedules.

    A removal of the demo market that is not complete goes on, and ratings that latest results lack are requested.

    Idempotent: a worker calls it at its start and every minute.
    """
    schedule_prune()
    resume_removal()
    schedule_learning()
    request_missing_ratings()
    return plan_schedules(RUN)


def run(exchange: str) -> str | None:
    """Analyse the watched stocks of an exchange if one of its sessions is due; return the job's id. A queue call."""
    watched = Stock.objects.filter(pk__in=WatchlistItem.objects.order_by().values("stock_id"))
    submitted = run_due(exchange, set(watched.to_schedule().without_demo().values_list("pk", flat=True)))
    setup_schedules()
    return str(submitted.job_id) if submitted and submitted.job_id else None


def schedule_prune() -> None:
    """Plan the nightly call. Safe to call at every start."""
    queue.plan_nightly("Prune", PRUNE, at=retention.NIGHTLY_AT)


def prune_in_background() -> None:
    """Prune for half a lease or until a stock waits, and queue a message for the rest. A queue call, every night."""
    if not prune(until=BackgroundSlice(TIMING.slice.total_seconds()).is_over).is_done:
        queue.enqueue(PRUNE)


def prune(now: datetime | None = None, *, until: Callable[[], bool] = lambda: False) -> PruneResult:
    """Delete old rows, old changes of lists and unwatched unconfirmed stocks; see `retention.prune`."""
    delete_old_changes(now or clock.now())
    return retention.prune(now, unwatched=_unwatched(), until=until)


def would_prune(now: datetime | None = None) -> PruneResult:
    """Return how many rows `prune` would delete."""
    return retention.would_prune(now, unwatched=_unwatched())


def _unwatched() -> StockQuerySet:
    return Stock.objects.filter(~Exists(WatchlistItem.objects.filter(stock=OuterRef("pk"))))
