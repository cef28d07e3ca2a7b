"""A machine with a wrong clock beside one with a right clock, and time without a worker."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from analysis.jobs.submit import submit
from analysis.models import DetailStatus, Job, JobDetail, JobStatus, Source, Worker, WorkerPresence
from tests.faults.cluster import BLOCKED, TICKERS, Gate, assert_all_is_well, ended, worker
from tests.odd_machines import WrongClock
from tests.processes import children_of, manage, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

BEATS = 3
ENDLESS = "300"  # a lease that does not run out while another worker starts, twice, on a machine with much to do


def wait_for_beats(pid: int, beats: int) -> None:
    for _ in range(beats):
        seen_at = Worker.objects.get(pid=pid).seen_at
        wait_for(lambda seen_at=seen_at: Worker.objects.get(pid=pid).seen_at > seen_at)  # type: ignore[misc]


@pytest.mark.parametrize(
    "ahead",
    [
        pytest.param(timedelta(hours=2), id="past every deadline"),
        pytest.param(timedelta(minutes=50), id="past every lease"),
        pytest.param(-timedelta(hours=2), id="long ago"),
    ],
)
def test_a_worker_whose_clock_is_wrong_disturbs_nobody_and_works_once_it_is_right(
    ahead: timedelta, tmp_path: Path, client: Client
) -> None:
    if connection.vendor == "sqlite":
        pytest.skip("the processes on a database file share the clock of their machine")
    gate, wrong = Gate(tmp_path / "right"), WrongClock(tmp_path / "clock", ahead)
    with worker(tmp_path / "right", LEASE_SECONDS=ENDLESS) as right:
        job = submit([*TICKERS, BLOCKED], source=Source.COMMAND).job
        holder = gate.wait_for()
        with manage("worker", folder=tmp_path / "wrong", LEASE_SECONDS=ENDLESS, **wrong.environment) as other:
            wait_for(lambda: Worker.objects.filter(pid=other.pid).exists())
            wait_for_beats(other.pid, BEATS)
            assert not children_of(other.pid)
            assert Worker.objects.get(pid=other.pid).clock_problem
            assert Worker.objects.at_work().get().pid == right.supervisor
            health = client.get("/healthz")
            [problem] = health.json()["problems"]
            assert health.status_code == 503
            assert ("ahead of" if ahead > timedelta() else "behind") in problem
            held = JobDetail.objects.get(stock=BLOCKED)
            assert (held.status, held.attempts) == (DetailStatus.PROCESSING, 1)
            assert held.holder.endswith(f":{holder}")
            assert Job.objects.get(pk=job.pk).is_active
            wrong.set_right()
            wait_for(lambda: children_of(other.pid))
            wait_for(lambda: Worker.objects.at_work().count() == 2)
            gate.open_for_good()
            gate.let_through()
            wait_for(lambda: ended(job))
    assert_all_is_well(job)


def test_a_night_without_a_worker_takes_nothing_from_a_deadline(tmp_path: Path) -> None:
    """As on a laptop that slept: the deadline passed while no worker was there."""
    job = submit(TICKERS, source=Source.COMMAND).job
    now = timezone.now()
    Job.objects.update(created_at=now - timedelta(hours=8, minutes=1), deadline=now - timedelta(hours=7))
    WorkerPresence.objects.create(pk=1, seen_at=now - timedelta(hours=8))
    with worker(tmp_path):
        wait_for(lambda: ended(job))
    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    assert_all_is_well(job)
