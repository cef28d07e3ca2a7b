"""Claim: a slice takes the next stocks of a job, under a lease that names it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from analysis.models import DetailStatus, Job, JobDetail, JobStatus, Stock, StockStatus
from analysis.services.transient import transactional

CHUNK = 50
LEASE = timedelta(seconds=90)


@dataclass(slots=True)
class Lease:
    """The details that one slice holds; `token` is the slice's alone, `until` moves when the lease is renewed."""

    job: Job
    token: uuid.UUID
    until: datetime
    details: list[JobDetail]


@transactional
def claim(job_id: uuid.UUID, token: uuid.UUID) -> Lease | None:
    """Take up to CHUNK queued details of an active job; None when there is nothing to take."""
    now = timezone.now()
    won = (
        Job.objects.active()
        .filter(pk=job_id)
        .exclude(deadline__lte=now)
        .update(status=JobStatus.PROCESSING, started_at=Coalesce("started_at", now), progress_at=now)
    )
    if not won:
        return None
    queued = JobDetail.objects.filter(job_id=job_id, status=DetailStatus.QUEUED).order_by("stock_id")
    taken = list(queued.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CHUNK])
    if not taken:
        return None
    until = now + LEASE
    JobDetail.objects.filter(pk__in=taken).update(
        status=DetailStatus.PROCESSING,
        lease_token=token,
        lease_until=until,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        started_at=now,
    )
    details = list(JobDetail.objects.filter(pk__in=taken).select_related("stock").order_by("stock_id"))
    tickers = [detail.stock_id for detail in details]
    Stock.objects.lock(tickers)
    Stock.objects.filter(pk__in=tickers, last_job_id=job_id).update(last_status=StockStatus.PROCESSING)
    return Lease(Job.objects.get(pk=job_id), token, until, details)


@transactional
def renew(lease: Lease) -> bool:
    """Keep the lease once a third of it has gone; False when the job has ended and the slice must let go."""
    now = timezone.now()
    if lease.until - now < LEASE * 2 / 3:
        lease.until = now + LEASE
        JobDetail.objects.held_by(lease.token).update(lease_until=lease.until)
    return Job.objects.active().filter(pk=lease.job.pk).exclude(deadline__lte=now).exists()


@transactional
def release(lease: Lease) -> None:
    """Let go of what the slice still holds: cancelled when the job has ended, else queued for another."""
    held = list(JobDetail.objects.select_for_update().held_by(lease.token).values_list("pk", "stock_id"))
    ended = not Job.objects.active().filter(pk=lease.job.pk).exists()
    put_back([pk for pk, _ in held], cancelled=ended)


def put_back(details: list[int], *, cancelled: bool) -> None:
    """End the lease of these details of one job and let their stocks say so."""
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
