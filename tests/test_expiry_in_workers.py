"""A real worker plans the nightly removal of what has expired, and does it."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule

from analysis.tests.make import make_user
from stockapp.expiry import REMOVE
from tests.processes import manage, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


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
