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

    What somebody has changed about the schedule of this name stays; missed nights are made up for once. Two at once may
    plan it twice, so the function must be safe to call twice; whoever comes next leaves the first of the two.
    """
    waiting = Schedule.objects.filter(name=name).order_by("pk")
    if first_planned := waiting.first():
        waiting.filter(pk__gt=first_planned.pk).delete()
        waiting.exclude(func=path).update(func=path)  # an earlier release called it otherwise
        return
    hour, minute = at
    first = timezone.localtime().replace(hour=hour, minute=minute, second=0, microsecond=0)
    if first < timezone.now():
        first += timedelta(days=1)
    Schedule.objects.create(name=name, func=path, schedule_type=Schedule.DAILY, next_run=first)


def enqueue_at(name: str, moment: datetime, path: str, *ids: str) -> None:
    """Queue a call once, at a moment; the call of this name that waits for another moment is moved."""
    waiting = Schedule.objects.filter(name=name)
    given = {"func": path, "args": ",".join(map(repr, ids)), "schedule_type": Schedule.ONCE, "next_run": moment}
    if waiting.exists():
        waiting.exclude(next_run=moment).update(**given)
    else:
        Schedule.objects.create(name=name, **given)


def is_waiting(name: str) -> bool:
    """Whether a call of this name waits for its moment."""
    return bool(Schedule.objects.filter(name=name).exists())


def forget(name: str) -> None:
    """Take back the call of this name, if it still waits for its moment."""
    Schedule.objects.filter(name=name).delete()


def depth() -> int:
    """Messages that nobody has taken yet."""
    return int(OrmQ.objects.filter(lock__lte=timezone.now()).count())


def oldest_wait() -> timedelta:
    """How long the oldest message has waited to be taken; zero when none waits."""
    now = timezone.now()
    oldest: datetime | None = OrmQ.objects.filter(lock__lte=now).order_by("lock").values_list("lock", flat=True).first()
    return now - oldest if oldest else timedelta()
