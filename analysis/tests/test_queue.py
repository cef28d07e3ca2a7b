"""The queue: a worker calls a fixed list of functions and opens no unsigned pickle, whatever django-q2's tables say."""

import logging
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core import signing
from django.db import connection
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.module_loading import import_string
from django_q.conf import Conf
from django_q.models import Failure, OrmQ, Schedule, Success, Task
from django_q.monitor import save_task
from django_q.signing import SignedPackage
from django_q.tasks import async_task
from picklefield.fields import dbsafe_encode

from analysis import queue
from analysis.jobs.submit import RUN_SLICE
from analysis.tests.make import make_user
from analysis.track_records.refresh import REFRESH

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
JOB = "0192f0c4-0000-7000-8000-000000000000"


@pytest.fixture
def broker() -> queue.Broker:
    return queue.Broker(list_key=settings.Q_CLUSTER["name"])


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A file that exists once injected code has run."""
    return tmp_path / "run-by-somebody-else"


class Trap:
    """A pickle that runs code when it is opened."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def plan(**fields: Any) -> Schedule:
    given = {"name": "Planned", "func": RUN_SLICE, "args": f"'{JOB}'", "schedule_type": Schedule.ONCE}
    planned = Schedule.objects.create(**given, next_run=NOW - timedelta(minutes=1))
    Schedule.objects.filter(pk=planned.pk).update(**fields)
    return planned


def send(**changes: Any) -> None:
    """Return a message signed with the installation's key."""
    task = {"id": "a", "name": "odd", "func": RUN_SLICE, "args": (JOB,), "kwargs": {}, "started": NOW}
    payload = SignedPackage.dumps({**task, **changes})
    OrmQ.objects.create(key="stockapp", payload=payload, lock=NOW - timedelta(minutes=1))


def given_out(broker: queue.Broker) -> list[str]:
    return [payload for _, payload in broker.dequeue()]


def test_every_function_that_the_queue_may_call_is_there() -> None:
    for path in settings.QUEUE_CALLS:
        assert callable(import_string(path))


def test_no_other_function_is_queued() -> None:
    with pytest.raises(queue.ForbiddenCall, match=r"os\.system is not one of QUEUE_CALLS"):
        queue.enqueue("os.system", "true")
    assert not OrmQ.objects.exists()


@time_machine.travel(NOW, tick=False)
def test_a_message_is_given_out_once_and_again_when_nobody_acknowledged_it(broker: queue.Broker) -> None:
    with time_machine.travel(NOW - timedelta(seconds=1), tick=False):
        queue.enqueue(RUN_SLICE, JOB)
    [(pk, payload)] = broker.dequeue()
    assert queue.read_message(payload) == (RUN_SLICE, (JOB,))
    assert broker.dequeue() == []
    with time_machine.travel(NOW + timedelta(seconds=Conf.RETRY + 1), tick=False):
        assert [pk for pk, _ in broker.dequeue()] == [pk]
    broker.acknowledge(pk)
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"func": "os.system", "args": ("true",)},
        {"func": Path.touch, "args": ("x",)},
        {"args": (["a list"],)},
        {"kwargs": {"seconds": 0}},
        {"hook": "os.system"},
        {"chain": [("os.system", ("true",))]},
        {"sync": True},
        {"cached": 60},
    ],
    ids=lambda changes: "-".join(changes),
)
@time_machine.travel(NOW)
def test_a_message_that_asks_for_anything_else_is_removed_and_said(
    changes: dict[str, Any], broker: queue.Broker, caplog: pytest.LogCaptureFixture
) -> None:
    send(**changes)
    with caplog.at_level(logging.ERROR):
        assert given_out(broker) == []
    assert not OrmQ.objects.exists()
    assert "cannot be run and is removed" in caplog.text


@time_machine.travel(NOW)
def test_a_message_without_our_signature_is_removed_unopened(broker: queue.Broker, trap: Path) -> None:
    signed = SignedPackage.dumps(Trap(trap))
    OrmQ.objects.create(key="stockapp", payload="x" + signed, lock=NOW - timedelta(minutes=1))
    queue.enqueue(RUN_SLICE, JOB)
    with time_machine.travel(NOW + timedelta(seconds=1)):
        assert given_out(broker) == []
        [payload] = given_out(broker)
    assert queue.read_message(payload) == (RUN_SLICE, (JOB,))
    assert not trap.exists()


@time_machine.travel(NOW)
def test_a_message_of_an_earlier_release_is_queued_again_under_the_present_name(broker: queue.Broker) -> None:
    send(func="analysis.services.run.run_slice")
    assert given_out(broker) == []
    assert [queue.read_message(message.payload) for message in OrmQ.objects.all()] == [(RUN_SLICE, (JOB,))]


@time_machine.travel(NOW)
def test_a_message_of_a_function_that_is_gone_is_removed_and_the_next_is_given_out(broker: queue.Broker) -> None:
    """As a pickled function object it cannot even be opened, which killed who tried, again and again."""
    pickled = pickle.dumps({"func": spring}, protocol=pickle.HIGHEST_PROTOCOL).replace(b"spring", b"sprang")
    payload = signing.dumps(pickled, key=Conf.SECRET_KEY, salt=Conf.PREFIX, compress=True, serializer=Bytes)
    OrmQ.objects.create(key="stockapp", payload=payload, lock=NOW - timedelta(minutes=2))
    queue.enqueue(RUN_SLICE, JOB)
    with time_machine.travel(NOW + timedelta(seconds=1)):
        assert given_out(broker) == []
        assert len(given_out(broker)) == 1


class Bytes:
    """A serializer of what is serialized already."""

    def dumps(self, obj: Any) -> bytes:
        return bytes(obj)

    def loads(self, data: bytes) -> Any:
        return data


@pytest.mark.parametrize(
    "fields",
    [
        {"func": "os.system", "args": "'true'"},
        {"hook": "os.system"},
        {"kwargs": "{'q_options': {'sync': True}}"},
        {"kwargs": "{'q_options': {'hook': 'os.system'}}"},
        {"args": "[1]"},
        {"args": "__import__('os')"},
        {"args": "'unfinished"},
        {"intended_date_kwarg": "seconds"},
        {"schedule_type": Schedule.CRON, "cron": "* * * * *"},
    ],
    ids=str,
)
@time_machine.travel(NOW)
def test_a_plan_that_asks_for_anything_else_is_removed_and_said(
    fields: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    plan(name="First", **fields)
    plan(name="Second")
    with caplog.at_level(logging.ERROR):
        assert queue.enqueue_due() == 1
    assert not Schedule.objects.exists()
    assert [queue.read_message(message.payload) for message in OrmQ.objects.all()] == [(RUN_SLICE, (JOB,))]
    assert "cannot be made and is removed" in caplog.text


@time_machine.travel(NOW)
def test_a_plan_is_called_once_and_a_nightly_one_made_up_for_once() -> None:
    plan()
    plan(name="Later", next_run=NOW + timedelta(minutes=1))
    plan(name="Never", repeats=0)
    nightly = plan(
        name="Night", func=REFRESH, args="", schedule_type=Schedule.DAILY, next_run=NOW - timedelta(days=5.5)
    )
    twice = plan(name="Twice", schedule_type=Schedule.DAILY, repeats=2)
    assert (queue.enqueue_due(), queue.enqueue_due()) == (3, 0)
    nightly.refresh_from_db()
    twice.refresh_from_db()
    assert (nightly.next_run, nightly.repeats) == (NOW + timedelta(days=0.5), -1)
    assert twice.repeats == 1
    assert set(Schedule.objects.values_list("name", flat=True)) == {"Later", "Never", "Night", "Twice"}
    with time_machine.travel(NOW + timedelta(days=2)):
        assert queue.enqueue_due() == 3
    assert not Schedule.objects.filter(name="Twice").exists()


@time_machine.travel(NOW, tick=False)
@pytest.mark.timeout(30)
def test_a_plan_of_long_ago_keeps_no_worker() -> None:
    minutely = plan(schedule_type=Schedule.MINUTES, minutes=1, next_run=datetime(1, 1, 1, tzinfo=UTC))
    nightly = plan(schedule_type=Schedule.DAILY, next_run=NOW - timedelta(days=800.5))
    assert queue.enqueue_due() == 2
    minutely.refresh_from_db()
    nightly.refresh_from_db()
    assert minutely.next_run == NOW + timedelta(minutes=1)
    assert nightly.next_run == NOW + timedelta(days=0.5)


def nightly_moment() -> datetime:
    moment: datetime = Schedule.objects.get().next_run
    return moment


def test_a_nightly_call_that_a_clock_years_ahead_planned_comes_the_next_night() -> None:
    with time_machine.travel(NOW, tick=False) as moving:
        queue.plan_nightly("Night", REFRESH, at=(4, 30))
        planned = nightly_moment()
        assert NOW < planned <= NOW + timedelta(days=1)
        moving.move_to(NOW + timedelta(days=400))
        assert queue.enqueue_due() == 1
        assert nightly_moment() > NOW + timedelta(days=400)
        moving.move_to(NOW + timedelta(minutes=5))
        queue.plan_nightly("Night", REFRESH, at=(4, 30))
        assert nightly_moment() == planned
        moving.move_to(planned + timedelta(minutes=1))
        assert queue.enqueue_due() == 1


@pytest.mark.parametrize(
    ("kind", "away", "stays"),
    [
        (Schedule.DAILY, timedelta(days=1), True),
        (Schedule.DAILY, timedelta(days=1, minutes=50), True),  # the clock was set back a little
        (Schedule.DAILY, timedelta(days=2), False),
        (Schedule.WEEKLY, timedelta(days=6), True),
        (Schedule.WEEKLY, timedelta(days=9), False),
        (Schedule.ONCE, timedelta(days=9), True),
        (Schedule.CRON, timedelta(days=9), True),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_a_nightly_call_that_was_changed_in_the_admin_stays_within_its_interval(
    kind: str, away: timedelta, *, stays: bool
) -> None:
    plan(name="Night", func=REFRESH, schedule_type=kind, next_run=NOW + away)
    queue.plan_nightly("Night", REFRESH, at=(4, 30))
    assert (nightly_moment() == NOW + away) is stays
    assert stays or NOW <= nightly_moment() <= NOW + timedelta(days=1)


def store_result(trap: Path, *, success: bool, hook: str | None = None) -> Task:
    """Store a row in django-q2's results, as an attacker with write access to the database would."""
    Task.objects.create(id="a" * 32, name="odd", func="f", started=NOW, stopped=NOW, success=success, hook=hook)
    pickled = dbsafe_encode(Trap(trap), pickle_protocol=4, copy=False)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_q_task SET args = %s, kwargs = %s, result = %s", [str(pickled)] * 3)
    return Task(pk="a" * 32)


def test_a_stored_result_is_not_opened_by_the_monitor_and_its_hook_not_called(trap: Path) -> None:
    hook = f"{__name__}.spring"
    store_result(trap, success=False, hook=hook)
    again = {"id": "a" * 32, "name": "odd", "func": RUN_SLICE, "args": (), "kwargs": {}, "started": NOW, "stopped": NOW}
    save_task({**again, "success": False, "result": "It failed.", "sync": True}, queue.Broker())
    assert Task.objects.get().attempt_count == 1
    assert not trap.exists()
    assert not sprung


sprung: list[Any] = []


def spring(task: Any) -> None:
    sprung.append(task)


@pytest.mark.parametrize("success", [True, False])
def test_the_admin_opens_no_stored_result(success: bool, trap: Path, client: Client) -> None:
    task = store_result(trap, success=success)
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    model = "success" if success else "failure"
    if success:
        assert not admin.site.is_registered(Success)
    else:
        listed = reverse("admin:django_q_failure_changelist")
        assert "odd" in client.get(listed).content.decode()
        assert client.get(reverse(f"admin:django_q_{model}_change", args=[task.pk])).status_code == 200
        client.post(listed, {"action": "delete_selected", "_selected_action": [task.pk], "post": "yes"})
        assert not Failure.objects.exists()
    assert not trap.exists()


def rows() -> list[Any]:
    models = [apps.get_model("django_q", name) for name in ("Schedule", "OrmQ")]
    fields = Task.objects.values_list("id", "func", "success", "attempt_count")
    return [list(fields), *(list(model.objects.values()) for model in models)]


def test_staff_who_may_only_look_change_nothing_of_the_queue(trap: Path, client: Client) -> None:
    task = store_result(trap, success=False)
    planned = plan()
    async_task(RUN_SLICE, JOB)
    keys = {"schedule": planned.pk, "failure": task.pk, "ormq": OrmQ.objects.get().pk, "success": task.pk}
    ann = make_user("ann", is_staff=True)
    ann.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client.force_login(ann)
    before = rows()
    for model, key in keys.items():
        listed = f"/admin/django_q/{model}/"
        for action in ("delete_selected", "resubmit_task", "retry_failed"):
            client.post(listed, {"action": action, "_selected_action": [key], "post": "yes"}, follow=True)
        for page in (f"{listed}add/", f"{listed}{key}/change/", f"{listed}{key}/delete/"):
            client.post(page, {"post": "yes", "name": "x", "func": "os.system", "key": "x", "next_run_0": "2026-01-01"})
    assert rows() == before
    assert client.get("/admin/django_q/failure/").status_code == 200
    assert not trap.exists()


def test_staff_who_may_only_look_have_no_action_on_any_page_of_the_admin() -> None:
    ann = make_user("ann", is_staff=True)
    ann.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    request = RequestFactory().get("/admin/")
    request.user = ann
    offered = {str(one.opts): list(one.get_actions(request)) for one in admin.site._registry.values()}
    assert {model: actions for model, actions in offered.items() if actions} == {}
