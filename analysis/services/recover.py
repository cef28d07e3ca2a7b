"""Recover: what a dead worker held goes back to the queue or fails, and what was forgotten is woken."""

import logging
import os
import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from analysis import clock, queue
from analysis.models import MAX_ATTEMPTS, DetailStatus, ErrorKind, Job, JobDetail, Stock
from analysis.models.jobs import JobDetailQuerySet, JobQuerySet
from analysis.services import record
from analysis.services.cancel import cancel
from analysis.services.claim import LEASE, PLACE, put_back
from analysis.services.deadline import count_absence, overdue
from analysis.services.finish import count, tell_stocks
from analysis.services.submit import RUN_SLICE, wake_workers
from analysis.services.transient import transactional

logger = logging.getLogger(__name__)

STALLED_AFTER = LEASE / 3
LONGEST_REASON = 500
LOST = f"Worker lost: the process that analysed it died {MAX_ATTEMPTS} times."
LATE = f"Timed out: {MAX_ATTEMPTS} workers did not finish it within {LEASE.total_seconds():.0f} s."


@dataclass(slots=True)
class Recovery:
    """What one recovery did: details put back, failed and cancelled; jobs and records woken, expired and repaired."""

    requeued: int = 0
    failed: int = 0
    cancelled: int = 0
    woken: int = 0
    expired: int = 0
    repaired: int = 0

    @property
    def total(self) -> int:
        return self.requeued + self.failed + self.cancelled + self.woken + self.expired + self.repaired

    def __str__(self) -> str:
        return (
            f"{self.requeued} stocks requeued, {self.failed} failed as lost, {self.cancelled} cancelled; "
            f"{self.woken} woken, {self.expired} past their deadline, {self.repaired} counters repaired"
        )


def recover() -> Recovery:
    """Bring every job back on its way; safe to run at any time, by several at once, and twice."""
    done = Recovery()
    count_absence()
    for job in overdue(clock.now()):
        done.expired += cancel(job, reason=_why_late(job))
    for job_id in list(_lost().order_by().values_list("job_id", flat=True).distinct()):
        requeued, failed, cancelled = end_leases(job_id)
        done.requeued += requeued
        done.failed += failed
        done.cancelled += cancelled
    unfinished = Q(details__status__in=(DetailStatus.QUEUED, DetailStatus.PROCESSING))
    settled = Job.objects.active().annotate(rows_left=Count("details", filter=unfinished)).filter(rows_left=0)
    for job_id in list(settled.values_list("pk", flat=True)):
        done.repaired += reconcile(job_id)
    for jobs in (_forgotten_jobs(), _rested_jobs()):
        for job_id in list(jobs.order_by().values_list("pk", flat=True)):
            done.woken += _wake(jobs, job_id)
    done.woken += record.wake_stalled()
    if done.total:
        logger.info("Recovered: %s", done)
    return done


def _why_late(job: Job) -> str:
    """When the job's deadline passed, and what its stocks were waiting for if it was not for a worker."""
    passed = f"Its deadline passed at {timezone.localtime(job.deadline):%H:%M}"
    told = list(job.details.queued().exclude(wait_reason="").order_by("not_before").values_list("wait_reason"))
    if not told:
        return f"{passed}."
    waited = "1 stock" if len(told) == 1 else f"{len(told):,} stocks"
    return f"{passed} while {waited} waited for their prices. The last they were told: {told[-1][0]}"[:LONGEST_REASON]


def _lost() -> JobDetailQuerySet:
    """Details that nobody works on any more: their lease is over, or its holder, a process of this place, is dead."""
    holders = JobDetail.objects.held_in(PLACE).order_by().values_list("holder", flat=True).distinct()
    dead = [holder for holder in holders if is_dead(holder)]
    return JobDetail.objects.leased().filter(Q(lease_until__lt=clock.now()) | Q(holder__in=dead))


def is_dead(holder: str) -> bool:
    """Whether this is a process of our place that is no more."""
    place, _, pid = holder.rpartition(":")
    if place != PLACE:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # somebody else's, so it is there
        pass
    return False


@transactional
def end_leases(job_id: uuid.UUID) -> tuple[int, int, int]:
    """Returns how many details were put back, failed and cancelled."""
    job = Job.objects.select_for_update(no_key=True).filter(pk=job_id).first()
    if job is None:
        return 0, 0, 0
    now = clock.now()
    expired = list(_lost().filter(job=job).select_for_update(skip_locked=True).order_by("pk"))
    if not job.is_active:
        put_back(job, expired, cancelled=True)
        return 0, 0, len(expired)
    Stock.objects.lock(detail.stock_id for detail in expired)
    again = [detail for detail in expired if detail.attempts < MAX_ATTEMPTS]
    if again:
        put_back(job, again, cancelled=False)
        queue.enqueue(RUN_SLICE, str(job_id))
    failed = {}
    for detail in expired:
        if detail.attempts >= MAX_ATTEMPTS:
            # Its queue kills a process that works for too long, so the dead may have been late before.
            late = detail.lease_until is None or detail.lease_until < now
            detail.error_kind, detail.error_message = (
                (ErrorKind.TIMEOUT, LATE) if late else (ErrorKind.WORKER_LOST, LOST)
            )
            detail.status, detail.completed_at = DetailStatus.FAILED, now
            detail.lease_token = detail.lease_until = None
            detail.save(
                update_fields=["status", "error_kind", "error_message", "completed_at", "lease_token", "lease_until"]
            )
            failed[detail.stock_id] = detail.error_message
    if failed:
        tell_stocks(job, completed=[], failed=failed, now=now)
        count(job, failed=len(failed))
    return len(again), len(failed), 0


def is_work_waiting(*, since: timedelta) -> bool:
    """Whether stocks or messages have waited for so long that a worker which is well would have taken them."""
    return queue.oldest_wait() > since or unserved_jobs(since=since).exists()


def unserved_jobs(*, since: timedelta) -> JobQuerySet:
    """Active jobs with stocks that could have been claimed, of which none was claimed or finished for so long."""
    long_ago = clock.now() - since
    waiting = Exists(JobDetail.objects.claimable(by=long_ago).filter(job=OuterRef("pk")))
    return Job.objects.active().filter(waiting, progress_at__lt=long_ago)


def _forgotten_jobs() -> JobQuerySet:
    """Jobs that nobody has served or woken for long."""
    long_ago = clock.now() - STALLED_AFTER
    return unserved_jobs(since=STALLED_AFTER).filter(Q(woken_at__isnull=True) | Q(woken_at__lt=long_ago))


def _rested_jobs() -> JobQuerySet:
    """Active jobs of which a stock's wait for its source has ended since they were last woken."""
    last_woken = Coalesce(OuterRef("woken_at"), OuterRef("created_at"))
    over = JobDetail.objects.queued().filter(not_before__lte=clock.now(), not_before__gt=last_woken)
    return Job.objects.active().filter(Exists(over.filter(job=OuterRef("pk"))))


@transactional
def _wake(jobs: JobQuerySet, job_id: uuid.UUID) -> bool:
    """Wake the job if it is still among these."""
    now = clock.now()
    won = jobs.filter(pk=job_id).update(woken_at=now)
    if won:
        wake_workers(job_id, stocks=JobDetail.objects.claimable(by=now).filter(job=job_id).count())
    return bool(won)


@transactional
def reconcile(job_id: uuid.UUID) -> bool:
    """Set the counters of a job whose details have all ended to what its rows say, and complete it."""
    job = Job.objects.select_for_update(no_key=True).filter(pk=job_id).first()
    if job is None:
        return False
    rows = dict(job.details.order_by().values_list("status").annotate(Count("pk")))
    if not job.is_active or rows.get(DetailStatus.QUEUED, 0) + rows.get(DetailStatus.PROCESSING, 0):
        return False
    job.completed_count = rows.get(DetailStatus.COMPLETED, 0)
    job.failed_count = rows.get(DetailStatus.FAILED, 0)
    job.skipped_count = job.total - job.completed_count - job.failed_count
    job.save(update_fields=["completed_count", "failed_count", "skipped_count"])
    return count(job)
