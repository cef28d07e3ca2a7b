"""The nightly removal of what has expired is planned once, by workers, and done by a real one."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from analysis.tests.make import make_user
from stockapp.expiry import REMOVE, schedule_expiry
from tests.processes import manage, wait_for


@pytest.mark.django_db
def test_it_is_queued_every_night_once_however_often_a_worker_starts() -> None:
    for _ in range(2):
        schedule_expiry()
    planned = Schedule.objects.get()
    assert (planned.func, planned.schedule_type) == (REMOVE, Schedule.DAILY)
    assert planned.next_run > timezone.now()
    assert not OrmQ.objects.exists()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_worker_removes_expired_sessions_at_night(tmp_path: Path) -> None:
    call_command("createcachetable", verbosity=0)
    for name in ("old", "new"):
        Client().force_login(make_user(name))
    old = Session.objects.order_by("pk")[0]
    Session.objects.filter(pk=old.pk).update(expire_date=timezone.now() - timedelta(minutes=1))
    planned = Schedule.objects.filter(func=REMOVE)
    with manage("worker", folder=tmp_path):
        wait_for(planned.exists)
        planned.update(next_run=timezone.now() - timedelta(seconds=1))  # the night has come
        wait_for(lambda: not Session.objects.filter(pk=old.pk).exists())
    assert Session.objects.count() == 1
    assert planned.get().next_run > timezone.now()
