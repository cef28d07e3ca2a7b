"""Demo removal: the demo market and all that was computed for it are deleted for good, in short transactions.

The mark comes first: from then on nothing adds a demo stock or submits one. Every step reads what is left, so a removal
that stopped anywhere goes on with the next call. Stocks that a worker has in hand are left for a later call; their job
is cancelled, so the worker gives them up before its next group of stocks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from analysis import clock, queue
from analysis.db import transactional
from analysis.jobs.end import cancel, remove
from analysis.jobs.schedules import DEMO_EXCHANGES, NAME
from analysis.models import (
    DemoRemoval,
    ExchangeSchedule,
    Index,
    Job,
    JobDetail,
    PriceSourceName,
    RawData,
    Result,
    Source,
    Stock,
    StrategyRecord,
)
from analysis.models.jobs import JobQuerySet
from analysis.models.stocks import StockQuerySet
from analysis.prices.tickers import DEMO_SUFFIX
from analysis.stock_lists.load import DEMO_INDEX
from analysis.upkeep.retention import delete_in_batches
from stockapp.accounts.models import Person

REASON = "The demo market was removed."
STOCKS_AT_ONCE = 5
"""Stocks deleted by one transaction, with their price histories and rows on lists."""


@dataclass(frozen=True, slots=True)
class DemoCounts:
    """How much there is of the demo market; `jobs` are those with demo stocks alone."""

    stocks: int
    results: int
    jobs: int


def count_demo() -> DemoCounts:
    return DemoCounts(
        Stock.objects.demo().count(),
        Result.objects.filter(stock__in=Stock.objects.demo()).count(),
        _demo_jobs().count(),
    )


@transactional
def mark_removed(person: Person | None) -> None:
    """Write the mark that keeps the demo market out; safe to repeat."""
    values = {"removed_by_id": person.pk if person else None, "requested_at": clock.now(), "completed_at": None}
    DemoRemoval.objects.update_or_create(pk=DemoRemoval.ONLY, defaults=values)


def delete_demo(*, until: Callable[[], bool] = lambda: False) -> bool:
    """Delete the demo market, which has been marked as removed. Return False if something is left for a later call.

    `until` ends it early; it is asked after each transaction.
    """
    for job in Job.objects.active().filter(_has_demo_detail()):
        cancel(job, reason=REASON)
    is_done = _delete_rows(until)
    if is_done and not Stock.objects.demo().exists():
        _delete_settings_of_demo()
        return True
    return False


def _delete_rows(until: Callable[[], bool]) -> bool:
    """Delete results, jobs, details and stocks, in this order; return False if `until` ended it."""
    details = JobDetail.objects.filter(stock__in=_free_stocks(), job__in=_ended_jobs())
    return (
        delete_in_batches(Result.objects.filter(stock__in=_free_stocks()), _delete_results, until)[1]
        and _remove_jobs(until)
        and delete_in_batches(details, _delete_details, until)[1]
        and delete_in_batches(_free_stocks(), _delete_stocks, until, size=STOCKS_AT_ONCE)[1]
    )


def _free_stocks() -> StockQuerySet:
    """Return the demo stocks that no worker has in hand."""
    return Stock.objects.demo().filter(~Exists(JobDetail.objects.leased().filter(stock=OuterRef("pk"))))


def _has_demo_detail() -> Exists:
    return Exists(JobDetail.objects.filter(job=OuterRef("pk"), stock__ticker__endswith=DEMO_SUFFIX))


def _ended_jobs() -> QuerySet[Job]:
    return Job.objects.exclude(pk__in=Job.objects.active().values("pk"))


def _demo_jobs() -> JobQuerySet:
    """Return the jobs with demo stocks alone. An old job without details is one only if it loaded the demo market."""
    real = JobDetail.objects.filter(job=OuterRef("pk")).exclude(stock__ticker__endswith=DEMO_SUFFIX)
    return Job.objects.filter(_has_demo_detail() | Q(source=Source.DEMO), ~Exists(real))


def _remove_jobs(until: Callable[[], bool]) -> bool:
    in_hand = JobDetail.objects.leased().filter(job=OuterRef("pk"))
    keys: list[UUID] = list(_demo_jobs().filter(~Exists(in_hand)).values_list("pk", flat=True))
    for key in keys:
        remove(list(Job.objects.filter(pk=key)))
        if until():
            return False
    return True


@transactional
def _delete_results(rows: QuerySet[Result], keys: list[int]) -> int:
    Stock.objects.lock(set(Result.objects.filter(pk__in=keys).values_list("stock_id", flat=True)))
    held = list(rows.filter(pk__in=keys).select_for_update(of=("self",), skip_locked=True).values_list("pk", flat=True))
    RawData.objects.filter(pk__in=held).delete()
    return Result.objects.filter(pk__in=held).delete()[1].get("analysis.Result", 0)


@transactional
def _delete_details(rows: QuerySet[JobDetail], keys: list[int]) -> int:
    held = rows.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",), skip_locked=True)
    return JobDetail.objects.filter(pk__in=list(held.values_list("pk", flat=True))).delete()[0]


@transactional
def _delete_stocks(rows: QuerySet[Stock], keys: list[Any]) -> int:
    """Lock the stocks, check them again and delete them with histories, memberships and rows on lists."""
    Stock.objects.lock(keys)
    still = list(rows.filter(pk__in=keys).values_list("pk", flat=True))
    return Stock.objects.filter(pk__in=still).delete()[1].get("analysis.Stock", 0)


@transactional
def _delete_settings_of_demo() -> None:
    """Delete the market's index, schedules and records, and set when the removal was complete."""
    Index.objects.filter(name=DEMO_INDEX, members=None).delete()
    for code in sorted(DEMO_EXCHANGES):
        queue.cancel_planned(NAME.format(code))
    ExchangeSchedule.objects.filter(pk__in=DEMO_EXCHANGES).delete()
    StrategyRecord.objects.filter(price_source=PriceSourceName.DEMO).delete()
    DemoRemoval.objects.filter(completed_at=None).update(completed_at=clock.now())
