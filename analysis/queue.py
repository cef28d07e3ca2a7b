"""Queue: the adapter to django-q2. A message only wakes a worker; our own rows hold the state.

Only functions of QUEUE_CALLS are called, with ids as arguments, so that write access to django-q2's tables does not
allow running code: a message is read only if its signature is valid, a planned call only as text, a result never.
"""

import ast
import logging
import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_save
from django.utils import timezone
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule, Task
from django_q.signals import call_hook, post_execute_in_worker, post_spawn, pre_execute
from django_q.signing import SignedPackage
from django_q.tasks import async_task
from picklefield import PickledObjectField

from analysis import clock

logger = logging.getLogger(__name__)

KEYS = {"id", "name", "func", "args", "kwargs", "started", "group", "cluster", "ack_failure"}
"""Keys of our messages. django-q2 has others, some of which name a further function; they are refused."""

MOST_MISSED = 1_000
CLOCK_TOLERANCE = timedelta(hours=1)  # by which a clock may be set back without a further call


class ForbiddenCall(ValueError):
    """Refusal of a message or planned call of a function that is not one of QUEUE_CALLS."""


def enqueue(path: str, *ids: str) -> None:
    """Queue a call of the function at a dotted path; inside a transaction the message commits with its rows.

    Raise ForbiddenCall if it is not one of QUEUE_CALLS.
    """
    _check_call(path, ids)
    async_task(path, *ids)


def plan_nightly(name: str, path: str, *, at: tuple[int, int]) -> None:
    """Plan a call of the function at a dotted path every night at this hour and minute, local time.

    Changes made to the schedule of this name in the admin stay; missed nights are made up for once. A next call that is
    further away than the schedule allows was planned by a clock that was ahead: it is moved to the coming night.
    Two concurrent calls may plan it twice, so the function must be safe to call twice; the next call removes the
    second plan.
    """
    now = clock.now()
    waiting = Schedule.objects.filter(name=name).order_by("pk")
    if first_planned := waiting.first():
        waiting.filter(pk__gt=first_planned.pk).delete()
        waiting.exclude(func=path).update(func=path)  # an earlier release used another function
        if _is_too_far(first_planned, now):
            planned_at = timezone.localtime(first_planned.next_run)
            waiting.update(next_run=_coming_night(now, planned_at.hour, planned_at.minute))
        return
    Schedule.objects.create(name=name, func=path, schedule_type=Schedule.DAILY, next_run=_coming_night(now, *at))


def _coming_night(now: datetime, hour: int, minute: int) -> datetime:
    """Return the next time with this hour and minute, local time."""
    moment = timezone.localtime(now).replace(hour=hour, minute=minute, second=0, microsecond=0)
    return moment if moment >= now else moment + timedelta(days=1)


def _is_too_far(planned: Any, now: datetime) -> bool:
    """Return whether the next time of a repeated call is more than one interval away."""
    if planned.schedule_type in (Schedule.ONCE, Schedule.CRON):
        return False
    farthest: datetime = planned.calculate_next_run(now)
    return bool(planned.next_run > farthest + CLOCK_TOLERANCE)


def enqueue_at(name: str, moment: datetime, path: str, *ids: str) -> None:
    """Plan one call at a moment; a planned call of this name is moved to the moment."""
    waiting = Schedule.objects.filter(name=name)
    given = {"func": path, "args": ",".join(map(repr, ids)), "schedule_type": Schedule.ONCE, "next_run": moment}
    if waiting.exists():
        waiting.exclude(next_run=moment).update(**given)
    else:
        Schedule.objects.create(name=name, **given)


def is_planned(name: str) -> bool:
    """Return whether a call of this name is planned."""
    return bool(Schedule.objects.filter(name=name).exists())


def cancel_planned(name: str) -> None:
    """Remove the planned call of this name, if there is one."""
    Schedule.objects.filter(name=name).delete()


def enqueue_due() -> int:
    """Queue the planned calls that are due and return how many. Called regularly by every worker."""
    due = Schedule.objects.exclude(repeats=0).filter(next_run__lt=clock.now())
    if not due.exists():
        return 0
    with transaction.atomic():
        return sum(map(_enqueue_planned, due.select_for_update(skip_locked=True).order_by("pk")))


def _enqueue_planned(planned: Any) -> bool:
    """Queue a planned call and plan its next time; remove it if it is not allowed or not readable."""
    try:
        if planned.hook or planned.kwargs or planned.intended_date_kwarg:
            raise ForbiddenCall("it asks for more than a call with ids")
        ids = ast.literal_eval(f"({planned.args},)") if planned.args else ()
        _check_call(planned.func, ids)
        following = None if planned.schedule_type == Schedule.ONCE else _next_time(planned)
    except Exception:
        logger.exception("The planned call of %.100r cannot be made and is removed", planned.func)
        Schedule.objects.filter(pk=planned.pk).delete()
        return False
    async_task(planned.func, *ids)
    if following is None or planned.repeats == 1:
        Schedule.objects.filter(pk=planned.pk).delete()
    else:
        repeats = max(planned.repeats - 1, -1)
        Schedule.objects.filter(pk=planned.pk).update(next_run=following, repeats=repeats)
    return True


def _next_time(planned: Any) -> datetime:
    """Return the next time of a repeated call that is after now; missed times are not repeated.

    After MOST_MISSED missed times, count from now: a plan with a distant start must not keep the worker busy.
    """
    now = clock.now()
    following: datetime = planned.next_run
    for _ in range(MOST_MISSED):
        following = planned.calculate_next_run(following)
        if following > now:
            return following
    anew: datetime = planned.calculate_next_run(now)
    return anew


def waiting_count() -> int:
    """Return how many messages no process has taken yet."""
    return int(OrmQ.objects.filter(lock__lte=clock.now()).count())


def oldest_wait() -> timedelta:
    """Return how long the oldest message has waited to be taken; zero if none waits."""
    now = clock.now()
    oldest: datetime | None = OrmQ.objects.filter(lock__lte=now).order_by("lock").values_list("lock", flat=True).first()
    return now - oldest if oldest else timedelta()


class Broker(ORM):
    """django-q2's ORM broker with the database's clock; it deletes messages that are not allowed.

    It keeps no statistics in the cache, because they are unsigned pickles, written twice a second.
    """

    @staticmethod
    def get_cache() -> None:
        return None

    def enqueue(self, task: str) -> int:
        return int(self.get_connection().create(key=self.list_key, payload=task, lock=clock.now()).pk)

    def dequeue(self) -> list[tuple[int, str]]:
        """Take the oldest messages, up to Conf.BULK; sleep for Conf.POLL if there is none."""
        now = clock.now()
        waiting = self.get_connection().filter(key=self.list_key, lock__lt=now).order_by("lock")[: Conf.BULK]
        taken = [message for message in waiting if self._lock_message(message, now + timedelta(seconds=Conf.RETRY))]
        if not taken:
            time.sleep(Conf.POLL)
        return [(message.pk, message.payload) for message in taken if self._is_allowed(message)]

    def _lock_message(self, message: Any, until: datetime) -> bool:
        """Lock a message. Return False if another cluster was faster."""
        return bool(self.get_connection().filter(pk=message.pk, lock=message.lock).update(lock=until))

    def _is_allowed(self, message: Any) -> bool:
        """Return whether a message may be executed. Delete others, and queue those of an earlier release again."""
        try:
            path, ids = read_message(message.payload)
        except Exception:
            logger.exception("Message %s cannot be run and is removed", message.pk)
            self.delete(message.pk)
            return False
        if path not in settings.RENAMED_QUEUE_CALLS:
            return True
        enqueue(settings.RENAMED_QUEUE_CALLS[path], *ids)
        self.delete(message.pk)
        return False


def read_message(payload: str) -> tuple[str, tuple[str, ...]]:
    """Return the function and the ids of a message. Raise BadSignature, ForbiddenCall, or an error of unpickling."""
    task: dict[str, Any] = SignedPackage.loads(payload)
    if task.get("kwargs") or task.keys() - KEYS:
        raise ForbiddenCall("it asks for more than a call with ids")
    _check_call(task["func"], task["args"])
    return task["func"], tuple(task["args"])


def _check_call(path: object, ids: Sequence[object]) -> None:
    if path not in settings.QUEUE_CALLS and path not in settings.RENAMED_QUEUE_CALLS:
        raise ForbiddenCall(f"{path!s:.100} is not one of QUEUE_CALLS")
    if not all(isinstance(one, str) for one in ids):
        raise ForbiddenCall("it has other arguments than ids")


def never_unpickle() -> None:
    """Read no pickled field of django-q2's results in this process, and call no hook: their rows are not signed."""
    for field in Task._meta.fields:
        if isinstance(field, PickledObjectField):
            field.from_db_value = lambda *_: None
    post_save.disconnect(call_hook, sender=Task)


def report_progress(pipe: int) -> None:
    """Let forked workers report to a pipe: R for ready, T for a task taken, D for done."""

    def write(what: str) -> None:
        try:
            os.write(pipe, f"{what}{os.getpid()}\n".encode())
        except OSError:  # the reader has ended or is too slow
            logger.debug("Progress could not be reported", exc_info=True)

    os.set_blocking(pipe, False)
    for signal, what in ((post_spawn, "R"), (pre_execute, "T"), (post_execute_in_worker, "D")):
        signal.connect(lambda what=what, **_: write(what), weak=False)
