"""Retention: deletes old rows in short transactions while the application runs.

The age of a result is counted from when it was computed, not from its session: a backfill of old sessions stays as long
as any other work. `old_rows` selects the rows; the dry run counts them, and pruning deletes them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from analysis import clock
from analysis.db import refresh_planner_statistics, transactional
from analysis.models import (
    ACTIVE,
    FINISHED,
    LARGE_TABLES,
    DetailStatus,
    ErrorKind,
    Job,
    JobDetail,
    RawData,
    Result,
    Stock,
)
from analysis.models.stocks import StockQuerySet

NIGHTLY_AT = (3, 30)
READ = 5_000
BATCH = 100
"""Rows deleted by one transaction, so that nobody waits for it longer than 50 ms."""


@dataclass(slots=True)
class PruneResult:
    """The number of rows of each kind; `is_done` is False if the time was over before all old rows were deleted."""

    raw_data: int = 0
    details: int = 0
    results: int = 0
    jobs: int = 0
    stocks: int = 0
    is_done: bool = True

    def __str__(self) -> str:
        return (
            f"the raw data of {self.raw_data:,} results, {self.details:,} details of jobs, {self.results:,} results, "
            f"{self.jobs:,} jobs and {self.stocks:,} unconfirmed stocks that nobody watches"
        )


@dataclass(frozen=True, slots=True)
class OldRows:
    """The rows that are too old at a moment. Each set is the same before and after the deletion of the earlier ones."""

    raw_data: QuerySet[RawData]
    details: QuerySet[JobDetail]
    results: QuerySet[Result]
    jobs: QuerySet[Job]
    stocks: StockQuerySet


def old_rows(now: datetime, unwatched: StockQuerySet) -> OldRows:
    """Return the rows that `prune` deletes now; a stock's newest result, its evidence and its job stay."""
    results = _removable_results(Result.objects.filter(updated_at__lt=now - timedelta(days=settings.KEEP_RESULTS_DAYS)))
    remaining = Result.objects.filter(job=OuterRef("pk")).exclude(Exists(results.filter(pk=OuterRef("pk"))))
    ended = Job.objects.filter(status__in=FINISHED)
    raw_since = now - timedelta(days=settings.KEEP_RAW_DATA_DAYS)
    old_results = _removable_results(Result.objects.filter(pk=OuterRef("pk"), updated_at__lt=raw_since))
    return OldRows(
        raw_data=RawData.objects.filter(Exists(old_results), result__updated_at__lt=raw_since),
        details=JobDetail.objects.filter(
            job__status__in=FINISHED, job__completed_at__lt=now - timedelta(days=settings.KEEP_DETAILS_DAYS)
        ),
        results=results,
        jobs=ended.filter(~Exists(remaining), completed_at__lt=now - timedelta(days=settings.KEEP_RESULTS_DAYS)),
        stocks=_unwanted_stocks(unwatched),
    )


def _unwanted_stocks(unwatched: StockQuerySet) -> StockQuerySet:
    """Return unconfirmed stocks that a source has refused, or was never requested for.

    A stock whose source did not answer stays as long as the failed detail, so that its job can be run again.
    """
    details = JobDetail.objects.filter(stock=OuterRef("pk"))
    in_work = details.filter(Q(job__status__in=ACTIVE) | Q(status=DetailStatus.PROCESSING))
    unanswered = details.filter(status=DetailStatus.FAILED).exclude(error_kind=ErrorKind.UNKNOWN_TICKER)
    return unwatched.unconfirmed().filter(Q(refusals__gt=0) | ~Exists(unanswered), ~Exists(in_work))


def _removable_results(results: QuerySet[Result]) -> QuerySet[Result]:
    """Return the results that are not a stock's newest or last one and that no detail of an active job refers to."""
    newer = Result.objects.filter(stock=OuterRef("stock"), day__gt=OuterRef("day"))
    last_of = Stock.objects.filter(last_result=OuterRef("pk"))
    in_use = JobDetail.objects.filter(result=OuterRef("pk"), job__status__in=ACTIVE)
    return results.filter(Exists(newer), ~Exists(last_of), ~Exists(in_use))


def would_prune(now: datetime | None = None, *, unwatched: StockQuerySet | None = None) -> PruneResult:
    """Return how many rows `prune` would delete."""
    refresh_planner_statistics(LARGE_TABLES)
    old = old_rows(now or clock.now(), unwatched if unwatched is not None else Stock.objects.none())
    return PruneResult(
        old.raw_data.count(), old.details.count(), old.results.count(), old.jobs.count(), old.stocks.count()
    )


def prune(
    now: datetime | None = None,
    *,
    unwatched: StockQuerySet | None = None,
    until: Callable[[], bool] = lambda: False,
) -> PruneResult:
    """Delete old rows, batch by batch, until `until` returns True. Safe to run at any time, concurrently and partly.

    Unconfirmed stocks are deleted only among `unwatched`, which the caller gives: `analysis` knows no watchlists.
    """
    refresh_planner_statistics(LARGE_TABLES)
    old = old_rows(now or clock.now(), unwatched if unwatched is not None else Stock.objects.none())
    done = PruneResult()
    done.raw_data, done.is_done = delete_in_batches(old.raw_data, _delete_raw_data, until)
    if done.is_done:
        done.details, done.is_done = delete_in_batches(old.details, _delete_details, until)
    if done.is_done:
        done.results, done.is_done = delete_in_batches(old.results, _delete_results, until)
    if done.is_done:
        done.jobs, done.is_done = delete_in_batches(old.jobs, _delete_jobs, until)
    if done.is_done:
        done.stocks, done.is_done = delete_in_batches(old.stocks, _delete_stocks, until)
    return done


def delete_in_batches[M: Model](
    rows: QuerySet[M],
    delete: Callable[[QuerySet[M], list[Any]], int],
    until: Callable[[], bool],
    *,
    size: int | None = None,
) -> tuple[int, bool]:
    """Delete rows in batches of `size`, else of BATCH, until `until` returns True.

    Return how many, and whether all were deleted.

    Candidates are read outside of any transaction; each batch checks again the rows that it deletes.
    """
    cursor: Any = None
    deleted, step = 0, size or BATCH
    while True:
        left = rows.filter(pk__gt=cursor) if cursor is not None else rows
        keys = list(left.order_by("pk").values_list("pk", flat=True)[:READ])
        for start in range(0, len(keys), step):
            began = time.monotonic()
            deleted += delete(rows, keys[start : start + step])
            if until():  # checked after each batch, so that each run deletes at least one
                return deleted, False
            time.sleep(time.monotonic() - began)  # so that other writers get half of the time
        if len(keys) < READ:
            return deleted, True
        cursor = keys[-1]


@transactional
def _delete_raw_data(rows: QuerySet[RawData], keys: list[int]) -> int:
    # Not only the evidence but its result is locked, so that no run of today comes between the check and the deletion.
    held = list(rows.filter(pk__in=keys).select_for_update(skip_locked=True).values_list("pk", flat=True))
    return RawData.objects.filter(pk__in=held).delete()[0]


@transactional
def _delete_details(rows: QuerySet[JobDetail], keys: list[int]) -> int:
    held = rows.filter(pk__in=keys).order_by("pk").select_for_update(of=("self",), skip_locked=True)
    expired = list(held.values_list("pk", "job_id"))
    Job.objects.filter(pk__in={job for _, job in expired}).update(pruned_at=Coalesce("pruned_at", clock.now()))
    return JobDetail.objects.filter(pk__in=[pk for pk, _ in expired]).delete()[0]


@transactional
def _delete_results(rows: QuerySet[Result], keys: list[int]) -> int:
    """Delete these results; the stocks are locked, so that no other process changes their last results meanwhile."""
    Stock.objects.lock(set(Result.objects.filter(pk__in=keys).values_list("stock_id", flat=True)))
    held = list(rows.filter(pk__in=keys).select_for_update(skip_locked=True).values_list("pk", flat=True))
    RawData.objects.filter(pk__in=held).delete()
    return Result.objects.filter(pk__in=held).delete()[1].get("analysis.Result", 0)


@transactional
def _delete_jobs(rows: QuerySet[Job], keys: list[Any]) -> int:
    """Delete these jobs; references of stocks and reruns to them become null, and the stocks' last states stay."""
    held = list(
        rows.filter(pk__in=keys).order_by("pk").select_for_update(skip_locked=True).values_list("pk", flat=True)
    )
    Stock.objects.lock(list(Stock.objects.filter(last_job__in=held).values_list("pk", flat=True)))
    return Job.objects.filter(pk__in=held).delete()[1].get("analysis.Job", 0)


@transactional
def _delete_stocks(rows: QuerySet[Stock], keys: list[str]) -> int:
    """Lock the stocks, check them again and delete them; adding a stock to a list or a job locks it too.

    Their details in ended jobs are deleted with them; the counts of these jobs stay.
    """
    held = Stock.objects.filter(pk__in=keys).order_by("pk").select_for_update(skip_locked=True)
    still = rows.filter(pk__in=list(held.values_list("pk", flat=True)))
    return Stock.objects.filter(pk__in=list(still.values_list("pk", flat=True))).delete()[1].get("analysis.Stock", 0)
