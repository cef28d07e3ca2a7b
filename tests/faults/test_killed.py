"""Processes that are killed, one part of a worker after the other, while a stock of the job is being analysed."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.jobs.end import cancel
from analysis.jobs.submit import submit
from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, JobStatus, Source, Worker
from tests.faults.cluster import (
    BLOCKED,
    LEASE_SECONDS,
    LONG_LEASE,
    TICKERS,
    Cluster,
    Gate,
    assert_all_is_well,
    ended,
    holder_of,
    kill,
    kill_all,
    reads_a_pipe,
    worker,
)
from tests.odd_machines import slow_start
from tests.processes import is_running, manage, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]


def submitted() -> Job:
    return submit([*TICKERS, BLOCKED], source=Source.COMMAND).job


PARTS: dict[str, Callable[[Cluster], list[int]]] = {
    "a busy worker": lambda _: [holder_of(BLOCKED)],
    "the monitor": lambda cluster: [cluster.monitor],
    "the cluster's parent": lambda cluster: [cluster.parent],
    "the sentinel": lambda cluster: [cluster.sentinel],
    "the guard": lambda cluster: [cluster.guard],
    "the whole cluster": lambda cluster: sorted(cluster.family),
}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_killed_while_a_stock_is_analysed(part: str, tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with worker(tmp_path) as cluster:
        job = submitted()
        gate.wait_for()
        kill_all(PARTS[part](cluster))
        gate.open_for_good()
        if part == "the monitor":  # its death stops nobody, so who stands before the gate has to be let through
            gate.let_through()
        wait_for(lambda: ended(job))
    assert_all_is_well(job)
    assert job.status == JobStatus.COMPLETED


def test_idle_workers_are_killed(tmp_path: Path) -> None:
    with worker(tmp_path) as cluster:
        wait_for(cluster.is_idle)
        kill_all(cluster.workers)
        job = submit(TICKERS, source=Source.COMMAND).job
        wait_for(lambda: ended(job))
        assert Worker.objects.get().restarts >= 1  # more where the next one is slow to come up
    assert_all_is_well(job)


def test_without_the_supervisor_killed_idle_workers_leave_the_cluster_standing_still(tmp_path: Path) -> None:
    """What the supervisor is there for: every process alive, and nothing runs."""
    with manage("qcluster", folder=tmp_path, WORKERS="2") as process:
        cluster = Cluster(process.pid)

        def parts() -> list[int]:
            sentinel = min(cluster.family, default=0)
            others = sorted(cluster.family - {sentinel})
            return others if len(others) >= 4 and reads_a_pipe(others[:2]) else []

        kill_all(wait_for(parts)[:2])
        job = submit(TICKERS, source=Source.COMMAND).job
        with pytest.raises(AssertionError, match="in vain"):
            wait_for(lambda: ended(job), 2 * LEASE_SECONDS)
        assert len([pid for pid in cluster.family if is_running(pid)]) >= 5
        kill_all([process.pid, *cluster.family])
    cancel(job)


def test_the_supervisor_is_killed_and_another_worker_goes_on(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with worker(tmp_path) as first:
        job = submitted()
        gate.wait_for()
        family = first.family
        kill(first.supervisor)
        gate.open_for_good()
        gate.let_through()
        wait_for(lambda: not [pid for pid in family if is_running(pid)])
    with worker(tmp_path):
        wait_for(lambda: ended(job))
    assert_all_is_well(job)


def test_the_supervisor_and_the_guard_are_killed_together_and_nothing_works_on(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with worker(tmp_path) as first:
        job = submitted()
        gate.wait_for()
        family, guard = first.family, first.guard
        os.kill(guard, signal.SIGSTOP)  # so that it sees nothing of what happens to the other
        kill(first.supervisor)
        kill(guard)
        wait_for(lambda: not [pid for pid in family if is_running(pid)])
    gate.open_for_good()
    with worker(tmp_path):
        wait_for(lambda: ended(job))
    assert_all_is_well(job)


def test_a_cluster_that_starts_slowly_is_waited_for(tmp_path: Path) -> None:
    """It takes several times as long as a cluster may stand still, and the work waits all the time."""
    job = submit(TICKERS, source=Source.COMMAND).job
    with manage(
        "worker",
        folder=tmp_path,
        LEASE_SECONDS=str(LEASE_SECONDS),
        CSV_PRICES_DIR=str(tmp_path),
        **slow_start(tmp_path / "slow", seconds=30),
    ):
        wait_for(lambda: ended(job))
        assert Worker.objects.get().restarts == 0
    assert_all_is_well(job)


def test_sigterm_while_a_stock_is_analysed_lets_it_finish(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with worker(tmp_path, LEASE_SECONDS=LONG_LEASE) as cluster:
        job = submit([BLOCKED], source=Source.COMMAND).job
        gate.wait_for()
        os.kill(cluster.supervisor, signal.SIGTERM)
        gate.let_through()
        wait_for(lambda: not is_running(cluster.supervisor))
    assert ended(job)
    assert JobDetail.objects.get().attempts == 1
    assert_all_is_well(job)


def test_a_stock_that_kills_its_worker_every_time_fails_alone(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with worker(tmp_path, LEASE_SECONDS=LONG_LEASE):
        job = submitted()
        for attempt in (1, 2, 3):
            kill(gate.wait_for(attempt))
        wait_for(lambda: ended(job))
    assert_all_is_well(job, failed=(BLOCKED,))
    detail = JobDetail.objects.get(stock=BLOCKED)
    assert (detail.error_kind, detail.attempts) == (ErrorKind.WORKER_LOST, 3)


def test_a_stock_that_hangs_fails_alone(tmp_path: Path) -> None:
    Gate(tmp_path)
    with worker(tmp_path):
        job = submitted()
        wait_for(lambda: ended(job))
    assert_all_is_well(job, failed=(BLOCKED,))
    detail = JobDetail.objects.get(stock=BLOCKED)
    assert (detail.error_kind, detail.attempts) == (ErrorKind.TIMEOUT, 3)


def test_a_worker_frozen_past_its_lease_writes_nothing_when_it_wakes(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with worker(tmp_path):
        job = submit([BLOCKED], source=Source.COMMAND).job
        frozen = gate.wait_for()
        os.kill(frozen, signal.SIGSTOP)
        gate.open_for_good()
        wait_for(lambda: ended(job))
        os.kill(frozen, signal.SIGCONT)
        later = submit(TICKERS[:2], source=Source.COMMAND).job
        wait_for(lambda: ended(later))
    assert JobDetail.objects.get(stock=BLOCKED).fence >= 2
    assert_all_is_well(job, later)


def test_cancelled_while_a_stock_is_analysed(tmp_path: Path) -> None:
    gate = Gate(tmp_path)
    with worker(tmp_path, LEASE_SECONDS=LONG_LEASE):
        job = submitted()
        gate.wait_for()
        assert cancel(job)
        gate.let_through()
        wait_for(lambda: not JobDetail.objects.filter(status=DetailStatus.PROCESSING).exists())
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert_all_is_well(job)
