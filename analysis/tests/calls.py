"""The queue's calls for tests: those that wait for their moment, and those that are due."""

from datetime import datetime

from django.db.models import QuerySet
from django_q.models import OrmQ, Schedule

from analysis import queue


def take_due_calls(name: str) -> list[list[str]]:
    """Queue what is due, empty the queue, and give the arguments of the calls of this function."""
    queue.enqueue_due()
    tasks = [message.task for message in OrmQ.objects.order_by("pk")]
    OrmQ.objects.all().delete()
    return [list(task["args"]) for task in tasks if task["func"] == name]


def waiting_calls() -> list[tuple[str, str, datetime]]:
    """Name, function and moment of what waits."""
    return list(Schedule.objects.order_by("pk").values_list("name", "func", "next_run"))


def lose_waiting_calls() -> None:
    Schedule.objects.all().delete()


def planned_calls() -> QuerySet[Schedule]:
    """The rows of what waits for its moment."""
    rows: QuerySet[Schedule] = Schedule.objects.order_by("pk")
    return rows


def take_messages() -> list[str]:
    """Empty the queue; the functions that its messages call."""
    functions = [message.func() for message in OrmQ.objects.order_by("pk")]
    OrmQ.objects.all().delete()
    return functions
