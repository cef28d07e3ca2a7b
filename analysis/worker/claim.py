"""Claim: the job to serve next, and the lease under which a slice works on stocks of it."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Exists, Max, Min, OuterRef, Q
from django.db.models.functions import Coalesce

from analysis import clock
from analysis.background import current_holder, is_stopping
from analysis.db import transactional
from analysis.jobs import details
from analysis.jobs.submit import CHUNK
from analysis.models import ACTIVE, Job, JobDetail, JobStatus
from analysis.request_pace import Wait
from analysis.timing import TIMING

LATELY = timedelta(minutes=5)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Lease:
    """The details that one slice holds. `token` is the slice's alone; `until` moves when the lease is renewed."""

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
    """Claim the next queued details of an active job, CHUNK at most. Return None if there are none.

    Stocks whose worker was lost before are claimed one at a time, so that one that kills its worker harms no other.
    Those whose source did not answer come after the others.
    """
    now = clock.now()
    jobs = Job.objects.active().filter(pk=job_id).exclude(deadline__lte=now)
    before = jobs.select_for_update(no_key=True).first()
    if before is None:
        return None
    queued = JobDetail.objects.claimable(by=now).filter(job_id=job_id)
    in_turn = queued.order_by("attempts", "unanswered", "stock_id")
    rows = list(in_turn.select_for_update(skip_locked=True).values_list("pk", "attempts")[:CHUNK])
    taken = [pk for pk, attempts in rows if not attempts] or [pk for pk, _ in rows[:1]]
    if not taken:
        return None
    waited = before.waited if before.details.in_work().exists() else before.waited_until(now)
    jobs.update(
        status=JobStatus.PROCESSING,
        started_at=Coalesce("started_at", now),
        progress_at=now,
        waited=waited,
        idle_since=None,
    )
    job, until = Job.objects.get(pk=job_id), now + TIMING.lease
    return Lease(job, token, until, details.claim(job, taken, token, until, current_holder()))


@transactional
def renew(lease: Lease) -> bool:
    """Renew a lease that has reached its renewal age. Return False if the slice must give it up.

    It must if the lease or the job is over, or if the worker of this process has to stop.
    """
    now = clock.now()
    if is_stopping():
        return False
    if lease.until - now < TIMING.lease - TIMING.renewal_age:
        lease.until = now + TIMING.lease
        if not JobDetail.objects.renew(lease.token, lease.until):
            return False
    return Job.objects.active().filter(pk=lease.job.pk).exclude(deadline__lte=now).exists()


@transactional
def release(lease: Lease) -> None:
    """Give up what the slice still holds, with the attempt given back."""
    if job := _lock_job(lease):
        held = JobDetail.objects.held_by(lease.token).select_for_update().order_by("pk")
        details.release(job, list(held))


@transactional
def defer(lease: Lease, deferred: Sequence[JobDetail], wait: Wait, *, is_unanswered: bool = False) -> None:
    """Requeue details that the slice still holds until their source can be requested, with the attempt given back.

    `is_unanswered` counts that their source was requested and did not answer.
    """
    if job := _lock_job(lease):
        held = JobDetail.objects.held_by(lease.token).filter(pk__in=[detail.pk for detail in deferred])
        details.defer(job, list(held.select_for_update().order_by("pk")), wait, is_unanswered=is_unanswered)


def _lock_job(lease: Lease) -> Job | None:
    return Job.objects.select_for_update(no_key=True).filter(pk=lease.job.pk).first()


@transactional
def next_wait(job_id: uuid.UUID) -> datetime | None:
    """Return when the first stock that waits for its source may be claimed again; None if none of the job waits."""
    jobs = Job.objects.active().filter(pk=job_id).exclude(deadline__lte=clock.now())
    waits = JobDetail.objects.queued().filter(job__in=jobs).aggregate(first=Min("not_before"))
    first: datetime | None = waits["first"]
    return first


def is_new_job_waiting(job: Job) -> bool:
    """Return whether a job that has not been served yet goes before this one.

    It does if it is of the same user, or of a user without a job in work.
    """
    rows = Job.objects.active().order_by().values_list("status", "requested_by_id").distinct()
    new, in_work = set[int | None](), set[int | None]()
    for status, user in rows:
        (new if status == JobStatus.QUEUED else in_work).add(user)
    return job.requested_by_id in new or bool(new - in_work)
