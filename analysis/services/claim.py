"""Claim: a slice takes the next stocks of a job, under a lease that names it."""

import os
import socket
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, Exists, F, OuterRef, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from analysis.models import DetailStatus, Job, JobDetail, JobStatus, Stock, StockStatus
from analysis.services.transient import persistent

CHUNK = 50
LEASE = timedelta(seconds=settings.LEASE_SECONDS)
HOST = socket.gethostname()[:80]


@dataclass(slots=True)
class Lease:
    """The details that one slice holds; `token` is the slice's alone, `until` moves when the lease is renewed."""

    job: Job
    token: uuid.UUID
    until: datetime
    details: list[JobDetail]


def holder(pid: int) -> str:
    """A process of this host, as leases name it."""
    return f"{HOST}:{pid}"


@persistent
def next_job() -> uuid.UUID | None:
    """The job to serve next: a new one, else the one served longest ago, so that a small job waits for one chunk."""
    waiting = Exists(JobDetail.objects.filter(job=OuterRef("pk"), status=DetailStatus.QUEUED))
    servable = Job.objects.active().filter(waiting).exclude(deadline__lte=timezone.now())
    in_turn = servable.order_by(Case(When(started_at=None, then=0), default=1), "progress_at")
    return in_turn.values_list("pk", flat=True).first()


@persistent
def claim(job_id: uuid.UUID, token: uuid.UUID) -> Lease | None:
    """Take the next queued details of an active job, CHUNK at most; None when there is nothing to take.

    Stocks whose worker was lost before are taken one at a time: one that kills its worker takes no other with it.
    """
    now = timezone.now()
    won = (
        Job.objects.active()
        .filter(pk=job_id)
        .exclude(deadline__lte=now)
        .update(status=JobStatus.PROCESSING, started_at=Coalesce("started_at", now), progress_at=now)
    )
    if not won:
        return None
    queued = JobDetail.objects.filter(job_id=job_id, status=DetailStatus.QUEUED).order_by("attempts", "stock_id")
    rows = list(queued.select_for_update(skip_locked=True).values_list("pk", "attempts")[:CHUNK])
    taken = [pk for pk, attempts in rows if not attempts] or [pk for pk, _ in rows[:1]]
    if not taken:
        return None
    until = now + LEASE
    JobDetail.objects.filter(pk__in=taken).update(
        status=DetailStatus.PROCESSING,
        lease_token=token,
        lease_until=until,
        holder=holder(os.getpid()),
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        started_at=now,
    )
    details = list(JobDetail.objects.filter(pk__in=taken).select_related("stock").order_by("stock_id"))
    tickers = [detail.stock_id for detail in details]
    Stock.objects.lock(tickers)
    Stock.objects.filter(pk__in=tickers, last_job_id=job_id).update(last_status=StockStatus.PROCESSING)
    return Lease(Job.objects.get(pk=job_id), token, until, details)


@persistent
def renew(lease: Lease) -> bool:
    """Keep the lease once a third of it has gone; False when the job has ended and the slice must let go."""
    now = timezone.now()
    if lease.until - now < LEASE * 2 / 3:
        lease.until = now + LEASE
        JobDetail.objects.held_by(lease.token).update(lease_until=lease.until)
    return Job.objects.active().filter(pk=lease.job.pk).exclude(deadline__lte=now).exists()


@persistent
def release(lease: Lease) -> None:
    """Let go of what the slice still holds: cancelled when the job has ended, else queued, with the attempt back."""
    held = list(JobDetail.objects.select_for_update().held_by(lease.token).values_list("pk", flat=True))
    ended = not Job.objects.active().filter(pk=lease.job.pk).exists()
    put_back(held, cancelled=ended)
    JobDetail.objects.filter(pk__in=held).update(attempts=F("attempts") - 1)


def put_back(details: Sequence[int], *, cancelled: bool) -> None:
    """End the lease of these details and let their stocks say so."""
    now = timezone.now()
    rows = JobDetail.objects.filter(pk__in=details)
    if cancelled:
        rows.update(status=DetailStatus.CANCELLED, completed_at=now, lease_token=None, lease_until=None)
    else:
        rows.update(status=DetailStatus.QUEUED, lease_token=None, lease_until=None)
    for job_id in set(rows.values_list("job_id", flat=True)):
        tickers = list(rows.filter(job_id=job_id).values_list("stock_id", flat=True))
        Stock.objects.lock(tickers)
        Stock.objects.filter(pk__in=tickers, last_job_id=job_id).update(
            last_status=StockStatus.CANCELLED if cancelled else StockStatus.QUEUED
        )
