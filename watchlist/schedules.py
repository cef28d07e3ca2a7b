"""Schedules over watched stocks: the stocks of a run are selected here, its time in `analysis.jobs.schedules`."""

from analysis.jobs.schedules import plan_schedules, run_due
from analysis.models import ExchangeSchedule, Stock
from watchlist.models import WatchlistItem
from watchlist.upkeep import schedule_prune

RUN = "watchlist.schedules.run"


def setup_schedules() -> list[ExchangeSchedule]:
    """Plan the next run of every exchange that stocks are of, and the nightly pruning.

    Idempotent; a worker does it at its start and again. Returns the exchanges' schedules.
    """
    schedule_prune()
    return plan_schedules(RUN)


def run(exchange: str) -> str | None:
    """Analyse the watched stocks of an exchange if a session of it is due; the job's id. What the queue calls."""
    watched = Stock.objects.to_schedule().filter(pk__in=WatchlistItem.objects.order_by().values("stock_id"))
    done = run_due(exchange, set(watched.values_list("pk", flat=True)))
    setup_schedules()
    return str(done.job_id) if done and done.job_id else None
