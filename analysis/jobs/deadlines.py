"""Deadline: until when a job may run, counting only time with a worker.

A machine that slept, a stopped worker or an unavailable database do not shorten the time of a job. A pause of the price
source does, because its end is unknown and every job has to end.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from analysis import clock
from analysis.db import transactional
from analysis.models import Job, WorkerPresence
from analysis.models.jobs import JobQuerySet
from analysis.models.workers import ALIVE_FOR

BASE = timedelta(hours=1)
THE_ROW = 1


def deadline_of(stocks: int, now: datetime) -> datetime:
    """Return the deadline of a job of so many stocks that begins now."""
    return now + BASE + stocks * timedelta(seconds=settings.DEADLINE_SECONDS_PER_STOCK)


def overdue_jobs(now: datetime) -> JobQuerySet:
    """Return the active jobs whose deadline has passed."""
    return Job.objects.active().filter(deadline__lte=now)


def record_presence() -> timedelta:
    """Record that a worker is present, and extend the deadlines of active jobs by the time without one.

    Called with each heartbeat of a worker, and by `recover` before it compares deadlines. Return the time without a
    worker.
    """
    now = clock.now()
    lately = WorkerPresence.objects.filter(pk=THE_ROW, seen_at__gte=now - ALIVE_FOR)
    return timedelta() if lately.update(seen_at=now) else _extend_deadlines()


@transactional
def _extend_deadlines() -> timedelta:
    now = clock.now()
    presence, _ = WorkerPresence.objects.select_for_update().get_or_create(pk=THE_ROW, defaults={"seen_at": now})
    absence = now - presence.seen_at
    if absence > ALIVE_FOR:
        waited = Job.objects.active().exclude(deadline=None)
        for pk, created_at in waited.order_by("pk").values_list("pk", "created_at"):
            waited.filter(pk=pk).update(deadline=F("deadline") + (now - max(presence.seen_at, created_at)))
    WorkerPresence.objects.filter(pk=THE_ROW).update(seen_at=now)
    return absence
