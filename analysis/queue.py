"""The queue: the one door to django-q2. A message only wakes a worker; all truth is in our rows."""

from datetime import datetime, timedelta

from django.utils import timezone
from django_q.models import OrmQ, Schedule
from django_q.tasks import async_task


def enqueue(path: str, *ids: str) -> None:
    """Queue a call of the function at a dotted path; inside a transaction the message commits with its rows."""
    async_task(path, *ids)


def every_night(name: str, path: str, *, at: tuple[int, int]) -> None:
    """See to it that the function at a dotted path is called every night at this hour and minute, local time.

    What somebody has changed about the schedule of this name stays; missed nights are made up for once.
    """
    hour, minute = at
    first = timezone.localtime().replace(hour=hour, minute=minute, second=0, microsecond=0)
    if first < timezone.now():
        first += timedelta(days=1)
    given = {"func": path, "schedule_type": Schedule.DAILY, "next_run": first}
    Schedule.objects.get_or_create(name=name, defaults=given)


def depth() -> int:
    """Messages that nobody has taken yet."""
    return int(OrmQ.objects.filter(lock__lte=timezone.now()).count())


def oldest_wait() -> timedelta:
    """How long the oldest message has waited to be taken; zero when none waits."""
    now = timezone.now()
    oldest: datetime | None = OrmQ.objects.filter(lock__lte=now).order_by("lock").values_list("lock", flat=True).first()
    return now - oldest if oldest else timedelta()
