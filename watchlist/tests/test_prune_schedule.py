"""Pruning as the queue does it: every night, for as long as a slice may take, once."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from analysis.jobs.end import cancel
from analysis.models import Job, RawData, Result
from analysis.tests.calls import planned_calls, take_messages
from analysis.tests.make import make_job, make_result, make_stock
from analysis.timing import Timing
from watchlist.schedules import PRUNE, prune_in_background, schedule_prune

pytestmark = pytest.mark.django_db


def test_a_night_that_is_too_short_goes_on_with_another_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watchlist.schedules.TIMING", Timing(timedelta(0)))
    stock, today = make_stock(), timezone.localdate()
    make_result(stock, today - timedelta(days=1001))
    newest = make_result(stock, today - timedelta(days=1000))
    then = timezone.now() - timedelta(days=1000)
    Result.objects.update(updated_at=then, completed_at=then)
    Job.objects.update(status="completed", completed_count=1, created_at=then, completed_at=then)
    prune_in_background()
    assert take_messages() == [PRUNE]
    assert Result.objects.count() == 2
    monkeypatch.undo()
    prune_in_background()
    assert take_messages() == []
    assert Result.objects.get() == newest


def test_pruning_gives_way_to_a_stock_that_waits_after_one_batch(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.KEEP_RAW_DATA_DAYS = 30
    monkeypatch.setattr("analysis.upkeep.retention.BATCH", 2)
    stock, today = make_stock(), timezone.localdate()
    for n in range(6):
        make_result(stock, today - timedelta(days=100 - n))
    then = timezone.now() - timedelta(days=50)
    Result.objects.update(updated_at=then, completed_at=then)
    Job.objects.update(status="completed", completed_count=1, created_at=then, completed_at=then)
    job = make_job("B&D.DEMO")
    prune_in_background()
    assert take_messages() == [PRUNE]
    assert RawData.objects.count() == 4
    cancel(job)
    prune_in_background()
    assert take_messages() == []
    assert RawData.objects.count() == 1


def test_pruning_is_scheduled_every_night_once_however_often_a_worker_starts() -> None:
    schedule_prune()
    first = planned_calls().get()
    planned_calls().update(schedule_type="W")
    schedule_prune()
    again = planned_calls().get()
    assert (again.func, again.next_run, again.schedule_type) == (PRUNE, first.next_run, "W")
    assert timedelta(0) <= again.next_run - timezone.now() <= timedelta(days=1)


def test_a_night_that_two_workers_planned_at_once_is_planned_once_afterwards() -> None:
    schedule_prune()
    first = planned_calls().get()
    planned_calls().create(name=first.name, func=first.func, schedule_type="D", next_run=first.next_run)
    schedule_prune()
    assert planned_calls().get() == first


def test_a_night_that_an_earlier_release_planned_calls_this_one() -> None:
    schedule_prune()
    planned_calls().update(func="analysis.upkeep.retention.prune_in_background")
    schedule_prune()
    assert planned_calls().get().func == PRUNE
