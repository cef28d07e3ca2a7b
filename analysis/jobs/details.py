"""Details: the states of one stock of a job, and every move between them.

    enqueue            claim                 finish
    --------> QUEUED ----------> PROCESSING ----------> COMPLETED or FAILED
               |  ^                |  |  |     fail
               |  '--- requeue ----'  |  '------------> FAILED
               |                      |       cancel
               '----------------------'---------------> CANCELLED

`requeue` is for a worker that was lost; `release` and `defer` are requeues that give the attempt back, `defer` with a
time before which the stock is not claimed again, which `end_wait` takes away. SKIPPED is set by no move: the row of a
deleted stock is deleted with it, and the job then counts it as skipped.

The caller has locked the job and then the details, or has just created the job; a move that changes stocks changes them
after both. A stock shows the state of a move while this job is its newest attempt (`Stock.last_job`).
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db.models import Case, Exists, F, OuterRef, Subquery, Value, When

from analysis import clock
from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, Result, Stock, StockStatus
from analysis.models.details import JobDetailQuerySet
from analysis.models.leases import LEASE_OVER
from analysis.request_pace import Wait

NO_WAIT = {"last_wait": "", "last_wait_until": None}
RUN_FIELDS = [
    "status", "completed_at", "day", "score", "raw_verdict", "verdict", "found", "error_kind", "error_message",
    "result", *LEASE_OVER,
]  # fmt: skip


def enqueue(job: Job, tickers: Sequence[str]) -> None:
    """Create the details of a new job, QUEUED."""
    JobDetail.objects.bulk_create([JobDetail(job=job, stock_id=ticker) for ticker in tickers], batch_size=1000)
    if job.as_of is None:  # a job about the past does not change the stocks' present state
        Stock.objects.filter(pk__in=tickers).update(last_status=StockStatus.QUEUED, last_job=job, **NO_WAIT)


def claim(job: Job, details: Sequence[int], token: uuid.UUID, until: datetime, holder: str) -> list[JobDetail]:
    """Move details from QUEUED to PROCESSING under a lease, and return them by ticker with their stocks."""
    rows = JobDetail.objects.filter(pk__in=details)
    rows.lease(
        token,
        until,
        status=DetailStatus.PROCESSING,
        holder=holder,
        attempts=F("attempts") + 1,
        started_at=clock.now(),
        not_before=None,
        wait_reason="",
    )
    claimed = list(rows.select_related("stock").order_by("stock_id"))
    _update_status(job, claimed, StockStatus.PROCESSING)
    return claimed


def requeue(job: Job, details: Sequence[JobDetail]) -> None:
    """Move details from PROCESSING back to QUEUED; the lost attempt counts."""
    _rows_of(details).end_lease(status=DetailStatus.QUEUED, started_at=None)
    Job.objects.filter(pk=job.pk).update(idle_since=clock.now())
    _update_status(job, details, StockStatus.QUEUED)


def release(job: Job, details: Sequence[JobDetail]) -> None:
    """Move details from PROCESSING back to QUEUED with the attempt given back; CANCELLED if the job has ended."""
    _rows_of(details).update(attempts=F("attempts") - 1)
    if job.is_active:
        requeue(job, details)
    else:
        cancel(job, details)


def defer(job: Job, details: Sequence[JobDetail], wait: Wait, *, is_unanswered: bool) -> None:
    """Release details until a time; `is_unanswered` counts that their source was requested and did not answer."""
    release(job, details)
    if is_unanswered:
        _rows_of(details).update(unanswered=F("unanswered") + 1)
    if job.is_active:
        _rows_of(details).update(not_before=wait.until, wait_reason=wait.reason)
        stocks = Stock.objects.filter(pk__in=_tickers_of(details), last_job=job)
        stocks.update(last_wait=wait.reason, last_wait_until=wait.until)


def end_wait(job: Job, details: Sequence[JobDetail]) -> None:
    """Let queued details be claimed at once."""
    _rows_of(details).update(not_before=None, wait_reason="")
    Stock.objects.filter(pk__in=_tickers_of(details), last_job=job).update(last_wait="", last_wait_until=None)


def cancel(job: Job, details: Sequence[JobDetail]) -> None:
    """Move details from QUEUED or PROCESSING to CANCELLED."""
    _rows_of(details).end_lease(
        status=DetailStatus.CANCELLED, completed_at=clock.now(), not_before=None, wait_reason=""
    )
    _update_status(job, details, StockStatus.CANCELLED)


def fail(job: Job, details: Sequence[JobDetail], kind: ErrorKind, message: str) -> None:
    """Move details whose workers were lost from PROCESSING to FAILED, with one reason."""
    now = clock.now()
    _rows_of(details).end_lease(status=DetailStatus.FAILED, error_kind=kind, error_message=message, completed_at=now)
    Stock.objects.lock(_tickers_of(details))
    update_stocks(job, completed=[], failed=dict.fromkeys(_tickers_of(details), message), now=now)


def finish(job: Job, details: Sequence[JobDetail], now: datetime, *, analysed: Collection[str]) -> None:
    """Move details from PROCESSING to the status that is set on them, COMPLETED or FAILED, with the run's values.

    `analysed` are the stocks that have a result, if not a score by the job's strategy: their details failed then. The
    caller has locked the stocks, before it stored their results.
    """
    for detail in details:
        detail.completed_at = now
        for name, value in LEASE_OVER.items():
            setattr(detail, name, value)
    # One upsert of rows that exist and are locked: an UPDATE of many rows takes ten times as long to compile.
    JobDetail.objects.bulk_create(details, update_conflicts=True, unique_fields=["id"], update_fields=RUN_FIELDS)
    failed = {detail.stock_id: detail.error_message for detail in details if detail.stock_id not in analysed}
    completed = [detail.stock_id for detail in details if detail.stock_id in analysed]
    before = Stock.objects.filter(pk__in=completed, last_result__isnull=False).values_list("last_result", flat=True)
    touched = {*before, *(detail.result_id for detail in details if detail.result_id)}
    update_stocks(job, completed=completed, failed=failed, now=now)
    is_latest = Exists(Stock.objects.filter(last_result=OuterRef("pk")))
    Result.objects.filter(~is_latest, pk__in=touched).exclude(recent_closes=[]).update(recent_closes=[])


def update_stocks(job: Job, *, completed: Sequence[str], failed: Mapping[str, str], now: datetime) -> None:
    """Update the newest success of stocks, and status and error where this job is their newest attempt."""
    newest = Result.objects.completed().filter(stock_id=OuterRef("pk")).order_by("-day").values("pk")[:1]
    Stock.objects.filter(pk__in=completed).update(
        last_result=Subquery(newest), is_confirmed=True, refusals=0, named_by=None
    )
    own = Stock.objects.filter(last_job=job)
    own.filter(pk__in=completed).update(last_status=StockStatus.COMPLETED, last_error="", last_analyzed_at=now)
    if failed:
        sentence = Case(*(When(pk=ticker, then=Value(message)) for ticker, message in failed.items()))
        own.filter(pk__in=failed).update(last_status=StockStatus.FAILED, last_error=sentence, last_analyzed_at=now)


def _update_status(job: Job, details: Sequence[JobDetail], status: StockStatus) -> None:
    tickers = _tickers_of(details)
    Stock.objects.lock(tickers)
    Stock.objects.filter(pk__in=tickers, last_job=job).update(last_status=status, **NO_WAIT)


def _rows_of(details: Sequence[JobDetail]) -> JobDetailQuerySet:
    return JobDetail.objects.filter(pk__in=[detail.pk for detail in details])


def _tickers_of(details: Sequence[JobDetail]) -> list[str]:
    return [detail.stock_id for detail in details]
