"""Recover: stocks of lost workers are requeued or failed, and jobs without progress are woken."""

import logging
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Coalesce

from analysis import clock, queue
from analysis.background import PLACE, is_dead
from analysis.db import transactional
from analysis.jobs import details
from analysis.jobs.counters import add_to_counters, complete_if_done, recount
from analysis.jobs.deadlines import overdue_jobs, record_presence
from analysis.jobs.end import cancel
from analysis.jobs.submit import RUN_SLICE, wake_workers
from analysis.models import MAX_ATTEMPTS, ErrorKind, Job, JobDetail, Stock
from analysis.models.details import JobDetailQuerySet
from analysis.models.jobs import JobQuerySet
from analysis.request_pace import latest_wait
from analysis.timing import TIMING
from analysis.track_records.refresh import request_outdated, wake_stalled

logger = logging.getLogger(__name__)

LONGEST_REASON = 500
LOST = f"Worker lost: the process that analysed it died {MAX_ATTEMPTS} times."
LATE = f"Timed out: {MAX_ATTEMPTS} workers did not finish it within {TIMING.lease.total_seconds():.0f} s."


@dataclass(slots=True)
class Recovery:
    """The counts of one recovery: requeued, failed, cancelled details; woken, expired, repaired jobs and records."""

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


def end_if_overdue(job_id: uuid.UUID) -> None:
    """Cancel what is left of a job if its deadline has passed."""
    for job in overdue_jobs(clock.now()):
        if job.pk == job_id:
            _end_at_deadline(job)


def _end_at_deadline(job: Job) -> bool:
    return cancel(job, reason=_expiry_reason(job))


def recover() -> Recovery:
    """Resume every job that a crash has stopped. Safe to run at any time, by several at once, and twice."""
    done = Recovery()
    record_presence()
    for job in overdue_jobs(clock.now()):
        done.expired += _end_at_deadline(job)
    for job_id in list(_lost_details().order_by().values_list("job_id", flat=True).distinct()):
        requeued, failed, cancelled = end_leases(job_id)
        done.requeued += requeued
        done.failed += failed
        done.cancelled += cancelled
    unfinished = JobDetail.objects.unfinished().filter(job=OuterRef("pk"))
    for job_id in list(Job.objects.active().filter(~Exists(unfinished)).values_list("pk", flat=True)):
        done.repaired += recount(job_id)
    latest = latest_wait()
    for job_id in list(_overlong_waits(latest).order_by().values_list("job_id", flat=True).distinct()):
        done.woken += end_overlong_waits(job_id, latest)
    for jobs in (_unserved_unwoken_jobs(), _jobs_whose_wait_ended()):
        for job_id in list(jobs.order_by().values_list("pk", flat=True)):
            done.woken += _wake_job(jobs, job_id)
    request_outdated()
    done.woken += wake_stalled()
    if done.total:
        logger.info("Recovered: %s", done)
    return done


def _expiry_reason(job: Job) -> str:
    """Return a sentence about the deadline and, if stocks waited for their source, the reason."""
    passed = "Its deadline passed"
    reasons = list(job.details.queued().exclude(wait_reason="").order_by("not_before").values_list("wait_reason"))
    if not reasons:
        return f"{passed}."
    waited = "1 stock" if len(reasons) == 1 else f"{len(reasons):,} stocks"
    latest = str(reasons[-1][0]).removesuffix(".")
    return f"{passed} while {waited} waited for their prices. Latest reason: {latest}."[:LONGEST_REASON]


def _lost_details() -> JobDetailQuerySet:
    """Return details whose lease has expired, or whose holder, a process of this place, is dead."""
    holders = JobDetail.objects.held_in(PLACE).order_by().values_list("holder", flat=True).distinct()
    dead = [holder for holder in holders if is_dead(holder)]
    return JobDetail.objects.leased().filter(Q(lease_until__lt=clock.now()) | Q(holder__in=dead))


@transactional
def end_leases(job_id: uuid.UUID) -> tuple[int, int, int]:
    """End the lost leases of a job. Return how many details were requeued, failed and cancelled."""
    job = Job.objects.select_for_update(no_key=True).filter(pk=job_id).first()
    if job is None:
        return 0, 0, 0
    now = clock.now()
    lost = list(_lost_details().filter(job=job).select_for_update(skip_locked=True).order_by("pk"))
    if not job.is_active:
        details.cancel(job, lost)
        return 0, 0, len(lost)
    Stock.objects.lock(detail.stock_id for detail in lost)
    again = [detail for detail in lost if detail.attempts < MAX_ATTEMPTS]
    if again:
        details.requeue(job, again)
        queue.enqueue(RUN_SLICE, str(job_id))
    failed = [detail for detail in lost if detail.attempts >= MAX_ATTEMPTS]
    # django-q2 kills a process that works for too long, so a dead one may have been late before.
    late = [detail for detail in failed if detail.lease_until is None or detail.lease_until < now]
    details.fail(job, late, ErrorKind.TIMEOUT, LATE)
    details.fail(job, [detail for detail in failed if detail not in late], ErrorKind.WORKER_LOST, LOST)
    if failed:
        add_to_counters(job, failed=len(failed))
        complete_if_done(job)
    return len(again), len(failed), 0


def _overlong_waits(latest: datetime) -> JobDetailQuerySet:
    """Return details that wait longer than their source can make them, because the clock was set back."""
    return JobDetail.objects.queued().filter(not_before__gt=latest, job__in=Job.objects.active())


@transactional
def end_overlong_waits(job_id: uuid.UUID, latest: datetime) -> bool:
    """Let stocks of a job be claimed that wait for longer than until `latest`, and wake workers for them."""
    job = Job.objects.active().select_for_update(no_key=True).filter(pk=job_id).first()
    if job is None:
        return False
    waiting = list(
        _overlong_waits(latest).filter(job=job).select_for_update(of=["self"], skip_locked=True).order_by("pk")
    )
    if not waiting:
        return False
    Stock.objects.lock(detail.stock_id for detail in waiting)
    details.end_wait(job, waiting)
    Job.objects.filter(pk=job_id).update(woken_at=clock.now())
    wake_workers(job_id, stocks=len(waiting))
    return True


def is_work_waiting(*, since: timedelta) -> bool:
    """Return whether stocks or messages have waited for so long that a working worker would have claimed them."""
    return queue.oldest_wait() > since or unserved_jobs(since=since).exists()


def unserved_jobs(*, since: timedelta) -> JobQuerySet:
    """Return active jobs with stocks to claim of which none was claimed or finished for so long."""
    long_ago = clock.now() - since
    waiting = Exists(JobDetail.objects.claimable(by=long_ago).filter(job=OuterRef("pk")))
    return Job.objects.active().filter(waiting, progress_at__lt=long_ago)


def _unserved_unwoken_jobs() -> JobQuerySet:
    """Return jobs that were neither served nor woken for `stalled_after`."""
    long_ago = clock.now() - TIMING.stalled_after
    return unserved_jobs(since=TIMING.stalled_after).filter(Q(woken_at__isnull=True) | Q(woken_at__lt=long_ago))


def _jobs_whose_wait_ended() -> JobQuerySet:
    """Return active jobs of which a stock's wait for its source has ended since they were last woken."""
    last_woken = Coalesce(OuterRef("woken_at"), OuterRef("created_at"))
    over = JobDetail.objects.queued().filter(not_before__lte=clock.now(), not_before__gt=last_woken)
    return Job.objects.active().filter(Exists(over.filter(job=OuterRef("pk"))))


@transactional
def _wake_job(jobs: JobQuerySet, job_id: uuid.UUID) -> bool:
    """Wake the job if it is still among these."""
    now = clock.now()
    won = jobs.filter(pk=job_id).update(woken_at=now)
    if won:
        wake_workers(job_id, stocks=JobDetail.objects.claimable(by=now).filter(job=job_id).count())
    return bool(won)
