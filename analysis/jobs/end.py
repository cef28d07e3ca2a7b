"""End: cancel or remove a job, and record the end of a scheduled run for the digest.

A job also ends with its last stock, in `analysis.jobs.counters`.
"""

from collections.abc import Sequence

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from analysis import clock
from analysis.db import transactional
from analysis.jobs import details
from analysis.models import (
    DetailStatus,
    Ending,
    ErrorKind,
    Job,
    JobDetail,
    JobStatus,
    Result,
    ResultStatus,
    ScheduledRun,
    Stock,
    StockStatus,
)

BATCH = 500


@transactional
def cancel(job: Job, *, reason: str = "") -> bool:
    """End an active job. Return False, and change nothing, if it has ended already.

    Queued stocks are cancelled now; a slice gives up those in work before its next group of stocks.
    """
    now = clock.now()
    changes = {"status": JobStatus.CANCELLED, "completed_at": now, "error_message": reason}
    if not Job.objects.active().filter(pk=job.pk).update(**changes):
        return False
    if not JobDetail.objects.in_work().filter(job=job).exists():
        Job.objects.filter(pk=job.pk).update(waited=Job.objects.get(pk=job.pk).waited_until(now))
    record_end(job)
    queued = JobDetail.objects.queued().filter(job=job).order_by("pk").select_for_update()
    details.cancel(job, list(queued.only("stock_id")))
    return True


def record_end(job: Job) -> None:
    """Record the end of a scheduled run if this job was its last; part of the transaction that ends the job.

    The run is locked, because two of its jobs may end at once without seeing each other's end.
    """
    first = job.part_of_id or job.pk
    runs = list(ScheduledRun.objects.filter(job=first).order_by("pk").select_for_update())
    if runs and all(run.is_whole for run in runs) and not Job.objects.active().of_run(first).exists():
        Ending.objects.get_or_create(job_id=first)


@transactional
def mark_notified(ending: Ending) -> bool:
    """Record that the messages about this end are written. Return False if another process has written them."""
    pending = Ending.objects.filter(pk=ending.pk, notified_at__isnull=True)
    return bool(pending.update(notified_at=clock.now(), error_message=""))


def remove(jobs: Sequence[Job]) -> int:
    """Delete jobs, each in a transaction of its own; active ones are cancelled first. Return how many were deleted."""
    return sum(_remove(job) for job in jobs)


@transactional
def _remove(job: Job) -> int:
    cancel(job)
    if not Job.objects.select_for_update(no_key=True).filter(pk=job.pk).first():
        return 0
    tickers = _stocks_of(job)
    Stock.objects.lock(tickers)
    deleted = Job.objects.filter(pk=job.pk).delete()[1].get("analysis.Job", 0)
    for start in range(0, len(tickers), BATCH):
        restore_last_state(tickers[start : start + BATCH])
    return deleted


def _stocks_of(job: Job) -> list[str]:
    """Return the stocks of a job; if its details were pruned, those with its results or its name."""
    by_detail = JobDetail.objects.filter(job=job).values_list("stock_id", flat=True)
    by_result = Result.objects.filter(job=job).values_list("stock_id", flat=True)
    by_name = Stock.objects.filter(last_job=job).values_list("pk", flat=True)
    return sorted({*by_detail, *by_result, *by_name})


def restore_last_state(tickers: Sequence[str]) -> None:
    """Set the last state of stocks from their remaining details and results.

    A stock whose newest attempt was pruned from a job that still exists keeps the state in which that ended.
    """
    attempts = JobDetail.objects.filter(stock=OuterRef("pk"), job__as_of=None).order_by("-pk")
    ended = attempts.filter(status__in=(DetailStatus.COMPLETED, DetailStatus.FAILED))
    successes = Result.objects.completed().filter(stock=OuterRef("pk")).order_by("-day").values("pk")
    lacks_bars = Q(error_kind=ErrorKind.NOT_ENOUGH_HISTORY, result__status=ResultStatus.COMPLETED)
    # A stock that has a result is analysed, if it has too few bars for the job's strategy.
    rated = When(lacks_bars, then=Value(DetailStatus.COMPLETED))
    status = Case(rated, default=F("status"), output_field=CharField())
    error = Case(When(lacks_bars, then=Value("")), default=F("error_message"), output_field=CharField())
    statuses = attempts.exclude(status=DetailStatus.SKIPPED).values_list(status)
    never = When(last_result=None, then=Value(StockStatus.NEVER))
    without_any = Case(never, default=Value(StockStatus.COMPLETED), output_field=CharField())
    Stock.objects.filter(pk__in=tickers).update(last_result=Subquery(successes[:1]))
    known = Exists(JobDetail.objects.filter(job=OuterRef("last_job"), stock=OuterRef("pk")))
    Stock.objects.filter(Q(last_job=None) | known, pk__in=tickers).update(
        last_job=Subquery(attempts.values("job")[:1]),
        last_status=Coalesce(Subquery(statuses[:1]), without_any),
        last_error=Coalesce(Subquery(attempts.values_list(error)[:1]), Value("")),
        last_analyzed_at=Coalesce(
            Subquery(ended.values("completed_at")[:1]), Subquery(successes.values("completed_at")[:1])
        ),
    )
