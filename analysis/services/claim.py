"""Claim: a slice takes the next stocks of a job, under a lease that names it."""

import hashlib
import os
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from django.conf import settings
from django.db.models import Exists, F, Max, Min, OuterRef, Q
from django.db.models.functions import Coalesce

from analysis import clock
from analysis.models import ACTIVE, DetailStatus, Job, JobDetail, JobStatus, Stock, StockStatus, Worker
from analysis.services.transient import transactional

CHUNK = 50
LATELY = timedelta(minutes=5)
LONG_AGO = datetime.min.replace(tzinfo=UTC)
LEASE = timedelta(seconds=settings.LEASE_SECONDS)
LOOK_SECONDS = 0.05  # between two checks of housekeeping for a waiting stock: each is two queries


@dataclass(frozen=True, slots=True)
class Wait:
    """Until when a stock is not to be claimed again, and why, in a sentence."""

    until: datetime
    reason: str


def _place() -> str:
    """Where processes with different pids are different processes: this boot of this machine, this pid namespace."""
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text() + str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # no Linux
        kernel = str(uuid.getnode())
    return f"{socket.gethostname()[:60]}/{hashlib.sha256(kernel.encode()).hexdigest()[:12]}"


PLACE = _place()


@dataclass(slots=True)
class Lease:
    """The details that one slice holds; `token` is the slice's alone, `until` moves when the lease is renewed."""

    job: Job
    token: uuid.UUID
    until: datetime
    details: list[JobDetail]


@transactional
def next_job() -> uuid.UUID | None:
    """Return the job to serve next: of the user served longest ago, a new job, else the one served longest ago.

    A user's hundred jobs thus get no more chunks than another user's one, and a small job waits for one chunk of each
    user. Scheduled jobs, and others without a user, count as those of one user.
    """
    now = clock.now()
    waiting = Exists(JobDetail.objects.claimable(by=now).filter(job=OuterRef("pk")))
    servable = Job.objects.active().filter(waiting).exclude(deadline__lte=now).order_by("created_at")
    jobs = list(servable.values_list("pk", "requested_by_id", "started_at", "progress_at"))
    if len(jobs) <= 1:
        return jobs[0][0] if jobs else None
    served = _last_served(now)

    def turn(job: tuple[uuid.UUID, int | None, datetime | None, datetime]) -> tuple[datetime, bool, datetime]:
        _, user, started_at, progress_at = job
        return served.get(user, LONG_AGO), started_at is not None, progress_at

    return min(jobs, key=turn)[0]


def _last_served(now: datetime) -> dict[int | None, datetime]:
    """Return when each user was last served, within LATELY; ended jobs count, because small ones end soon."""
    lately = Q(created_at__gte=now - LATELY) | Q(status__in=ACTIVE)
    served = Job.objects.filter(lately, started_at__isnull=False).order_by()
    return dict(served.values_list("requested_by_id").annotate(Max("progress_at")))


@transactional
def claim(job_id: uuid.UUID, token: uuid.UUID) -> Lease | None:
    """Take the next queued details of an active job, CHUNK at most; None when there is nothing to take.

    Stocks whose worker was lost before are taken one at a time: one that kills its worker takes no other with it.
    Those that their source did not answer for come after the others.
    """
    now = clock.now()
    jobs = Job.objects.active().filter(pk=job_id).exclude(deadline__lte=now)
    if not jobs.select_for_update(no_key=True).first():
        return None
    queued = JobDetail.objects.claimable(by=now).filter(job_id=job_id)
    in_turn = queued.order_by("attempts", "unanswered", "stock_id")
    rows = list(in_turn.select_for_update(skip_locked=True).values_list("pk", "attempts")[:CHUNK])
    taken = [pk for pk, attempts in rows if not attempts] or [pk for pk, _ in rows[:1]]
    if not taken:
        return None
    jobs.update(status=JobStatus.PROCESSING, started_at=Coalesce("started_at", now), progress_at=now)
    until = now + LEASE
    JobDetail.objects.filter(pk__in=taken).update(
        status=DetailStatus.PROCESSING,
        lease_token=token,
        lease_until=until,
        holder=f"{PLACE}:{os.getpid()}",
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        started_at=now,
        not_before=None,
        wait_reason="",
    )
    details = list(JobDetail.objects.filter(pk__in=taken).select_related("stock").order_by("stock_id"))
    tickers = [detail.stock_id for detail in details]
    Stock.objects.lock(tickers)
    Stock.objects.filter(pk__in=tickers, last_job_id=job_id).update(last_status=StockStatus.PROCESSING, last_wait="")
    return Lease(Job.objects.get(pk=job_id), token, until, details)


@transactional
def renew(lease: Lease) -> bool:
    """Keep the lease once a third of it has gone; False when the slice must let go.

    That is when the lease or the job is over, or the worker that this process belongs to has been asked to stop.
    """
    now = clock.now()
    if is_stopping():
        return False
    if lease.until - now < LEASE * 2 / 3:
        lease.until = now + LEASE
        if not JobDetail.objects.held_by(lease.token).update(lease_until=lease.until):
            return False
    return Job.objects.active().filter(pk=lease.job.pk).exclude(deadline__lte=now).exists()


def is_stopping() -> bool:
    """Return whether the worker of this process has been asked to stop.

    An outdated row belongs to a worker that was killed while it stopped; another group may have its number by now.
    """
    return Worker.objects.alive().filter(host=PLACE, group=os.getpgrp(), is_stopping=True).exists()


@transactional
def release(lease: Lease) -> None:
    """Let go of what the slice still holds: cancelled when the job has ended, else queued, with the attempt back."""
    job = Job.objects.select_for_update(no_key=True).filter(pk=lease.job.pk).first()
    if job:
        held = list(JobDetail.objects.held_by(lease.token).select_for_update().order_by("pk"))
        JobDetail.objects.filter(pk__in=[detail.pk for detail in held]).update(attempts=F("attempts") - 1)
        put_back(job, held, cancelled=not job.is_active)


@transactional
def defer(lease: Lease, details: Sequence[JobDetail], wait: Wait, *, is_unanswered: bool = False) -> None:
    """Put details that the slice still holds back until their source can be asked, with the attempt back.

    `is_unanswered` counts that the source was asked for them in vain.
    """
    job = Job.objects.select_for_update(no_key=True).filter(pk=lease.job.pk).first()
    if job is None:
        return
    wanted = JobDetail.objects.held_by(lease.token).filter(pk__in=[detail.pk for detail in details])
    held = list(wanted.select_for_update().order_by("pk"))
    rows = JobDetail.objects.filter(pk__in=[detail.pk for detail in held])
    rows.update(attempts=F("attempts") - 1, unanswered=F("unanswered") + int(is_unanswered))
    put_back(job, held, cancelled=not job.is_active)
    if job.is_active:
        rows.update(not_before=wait.until, wait_reason=wait.reason, started_at=None)
        tickers = [detail.stock_id for detail in held]
        Stock.objects.filter(pk__in=tickers, last_job=job).update(last_wait=wait.reason)


@transactional
def next_wait(job_id: uuid.UUID) -> datetime | None:
    """When the first stock that waits for its source may be claimed again; None when none of an active job does."""
    jobs = Job.objects.active().filter(pk=job_id).exclude(deadline__lte=clock.now())
    waits = JobDetail.objects.queued().filter(job__in=jobs).aggregate(first=Min("not_before"))
    return cast("datetime | None", waits["first"])


def put_back(job: Job, details: Sequence[JobDetail], *, cancelled: bool) -> None:
    """End the lease of these locked details of a locked job, and let their stocks say so."""
    rows = JobDetail.objects.filter(pk__in=[detail.pk for detail in details])
    if cancelled:
        rows.update(status=DetailStatus.CANCELLED, completed_at=clock.now(), lease_token=None, lease_until=None)
    else:
        rows.update(status=DetailStatus.QUEUED, lease_token=None, lease_until=None)
    tickers = [detail.stock_id for detail in details]
    Stock.objects.lock(tickers)
    Stock.objects.filter(pk__in=tickers, last_job=job).update(
        last_status=StockStatus.CANCELLED if cancelled else StockStatus.QUEUED, last_wait=""
    )


class Housekeeping:
    """A slice of background work that ends early when a stock waits to be claimed."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._look_at = 0.0

    def is_over(self) -> bool:
        """Return whether its time is over, a stock waits or the worker has to stop. Call it between steps."""
        now = time.monotonic()
        if now >= self._ends:
            return True
        if now < self._look_at:
            return False
        self._look_at = now + LOOK_SECONDS
        return JobDetail.objects.claimable(by=clock.now()).exists() or is_stopping()


def is_new_job_waiting(job: Job) -> bool:
    """Return whether a job that has not been served yet goes before this one.

    It does if it is of the same user, or of a user without a job in work.
    """
    rows = Job.objects.active().order_by().values_list("status", "requested_by_id").distinct()
    new, in_work = set[int | None](), set[int | None]()
    for status, user in rows:
        (new if status == JobStatus.QUEUED else in_work).add(user)
    return job.requested_by_id in new or bool(new - in_work)
