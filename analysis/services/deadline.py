"""Deadline: until when a job may run, counting only time in which a worker was there to run it.

A machine that slept over night, a worker that was stopped or a database that was away take nothing from a deadline. A
price source that pauses does: what its stocks wait for is not known to come, and somebody waits for the answer.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F

from analysis import clock
from analysis.models import Job, WorkerPresence
from analysis.models.jobs import JobQuerySet
from analysis.models.workers import ALIVE_FOR
from analysis.services.transient import transactional

BASE = timedelta(hours=1)
THE_ROW = 1


def deadline_of(stocks: int, now: datetime) -> datetime:
    """When a job of so many stocks that begins now must have ended."""
    return now + BASE + stocks * timedelta(seconds=settings.DEADLINE_SECONDS_PER_STOCK)


def overdue(now: datetime) -> JobQuerySet:
    """The active jobs whose deadline has passed."""
    return Job.objects.active().filter(deadline__lte=now)


def count_absence() -> timedelta:
    """Note that a worker is there; the deadlines of active jobs move on by the time in which none was.

    What every worker does with each heartbeat, and whoever recovers before looking at deadlines.
    """
    now = clock.now()
    lately = WorkerPresence.objects.filter(pk=THE_ROW, seen_at__gte=now - ALIVE_FOR)
    return timedelta() if lately.update(seen_at=now) else _move_deadlines()


@transactional
def _move_deadlines() -> timedelta:
    now = clock.now()
    presence, _ = WorkerPresence.objects.select_for_update().get_or_create(pk=THE_ROW, defaults={"seen_at": now})
    absence = now - presence.seen_at
    if absence > ALIVE_FOR:
        waited = Job.objects.active().exclude(deadline=None)
        for pk, created_at in waited.order_by("pk").values_list("pk", "created_at"):
            waited.filter(pk=pk).update(deadline=F("deadline") + (now - max(presence.seen_at, created_at)))
    WorkerPresence.objects.filter(pk=THE_ROW).update(seen_at=now)
    return absence
