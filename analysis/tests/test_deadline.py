"""Deadlines: they count the time in which a worker was there."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from analysis.jobs.deadlines import record_presence
from analysis.models import Job, JobStatus, WorkerPresence
from analysis.tests.make import make_job
from analysis.worker.recover import recover

pytestmark = pytest.mark.django_db

EVENING = datetime(2026, 3, 4, 22, tzinfo=UTC)
MORNING = EVENING + timedelta(hours=9)


def made(moment: datetime) -> Job:
    with time_machine.travel(moment, tick=False):
        return make_job(f"T{moment:%d%H%M}.NS")


def deadline_of(job: Job) -> datetime:
    job.refresh_from_db()
    assert job.deadline
    return job.deadline


def recover_at(moment: datetime) -> int:
    with time_machine.travel(moment, tick=False):
        return recover().expired


def test_a_laptop_that_slept_over_night_wakes_to_a_job_that_goes_on() -> None:
    recover_at(EVENING)
    job = made(EVENING)
    due = deadline_of(job)
    assert recover_at(MORNING) == 0
    assert deadline_of(job) == due + (MORNING - EVENING)
    assert recover_at(MORNING + timedelta(seconds=30)) == 0
    assert deadline_of(job) == due + (MORNING - EVENING)


def test_a_job_that_was_asked_for_while_no_worker_was_there_has_all_its_time_left() -> None:
    recover_at(EVENING)
    asked_for = EVENING + timedelta(hours=5)
    job = made(asked_for)
    left = deadline_of(job) - asked_for
    recover_at(MORNING)
    assert deadline_of(job) - MORNING == left


def test_a_deadline_passes_while_a_worker_is_there_whatever_its_stocks_wait_for() -> None:
    job = made(EVENING)
    job.details.update(not_before=MORNING, wait_reason="Yahoo limits our requests.")
    moment, expired = EVENING, 0
    while moment < deadline_of(job) + timedelta(seconds=30):
        expired += recover_at(moment)
        moment += timedelta(seconds=30)
    job.refresh_from_db()
    assert (expired, job.status) == (1, JobStatus.CANCELLED)


def test_a_job_that_has_ended_keeps_its_deadline() -> None:
    recover_at(EVENING)
    job = made(EVENING)
    due = deadline_of(job)
    Job.objects.update(status=JobStatus.CANCELLED, completed_at=EVENING)
    recover_at(MORNING)
    assert deadline_of(job) == due


def test_several_workers_count_an_absence_once() -> None:
    recover_at(EVENING)
    with time_machine.travel(MORNING, tick=False):
        assert record_presence() == MORNING - EVENING
        assert record_presence() == timedelta()
    assert WorkerPresence.objects.get().seen_at == MORNING
