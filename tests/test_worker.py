"""The worker: real processes on the real queue."""

import os
import signal
from pathlib import Path

import pytest
from django_q.models import OrmQ

from analysis.jobs.submit import submit
from analysis.models import DetailStatus, Job, JobDetail, JobStatus, Result, Source, Stock, Worker
from analysis.prices.demo_companies import COMPANIES
from analysis.tests.make import make_job
from tests.processes import children_of, is_running, manage, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
TICKERS = [company.ticker for company in COMPANIES if company.source == "up"]


def ended(job: Job) -> bool:
    return not Job.objects.get(pk=job.pk).is_active


def test_a_worker_runs_a_submitted_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    job = submit(TICKERS, source=Source.COMMAND).job
    with manage("worker", folder=tmp_path) as worker:
        wait_for(lambda: ended(job))
        heartbeat = Worker.objects.get()
        assert heartbeat.pid == worker.pid
        family = children_of(worker.pid)
        assert family
    assert worker.returncode == 0
    assert not [pid for pid in family if is_running(pid)]
    assert not Worker.objects.exists()
    job.refresh_from_db()
    rows = list(JobDetail.objects.filter(job=job).values_list("status", flat=True))
    assert job.status == JobStatus.COMPLETED
    assert (job.completed_count, job.failed_count) == (rows.count("completed"), rows.count("failed"))
    assert job.completed_count + job.failed_count == job.total == len(TICKERS)
    assert Result.objects.count() == len(TICKERS)
    assert not OrmQ.objects.exists()


def test_a_killed_cluster_is_started_again_and_the_job_completes(tmp_path: Path) -> None:
    with manage("worker", folder=tmp_path) as worker:
        wait_for(Worker.objects.exists)
        cluster = wait_for(lambda: children_of(worker.pid))
        os.killpg(min(cluster), signal.SIGKILL)
        wait_for(lambda: Worker.objects.get().restarts == 1)
        job = submit(["KAVERI.DEMO"], source=Source.COMMAND).job
        wait_for(lambda: ended(job))
    assert Job.objects.get().status == JobStatus.COMPLETED


def test_a_forgotten_job_is_found_by_the_worker(tmp_path: Path) -> None:
    """No message at all: what the rows say is enough."""
    job = make_job("KAVERI.DEMO")
    Job.objects.update(progress_at=job.created_at.replace(year=2020))
    with manage("worker", folder=tmp_path):
        wait_for(lambda: ended(job))
    assert JobDetail.objects.get().status == DetailStatus.COMPLETED


def test_two_workers_share_the_work_and_do_nothing_twice(tmp_path: Path) -> None:
    for n in range(3):
        submit(TICKERS[n::3], source=Source.COMMAND)
    with manage("worker", folder=tmp_path / "a"), manage("worker", folder=tmp_path / "b"):
        wait_for(lambda: not Job.objects.active().exists())
    assert set(JobDetail.objects.values_list("attempts", flat=True)) == {1}
    assert Result.objects.count() == Stock.objects.count() == len(TICKERS)


def test_a_supervisor_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    with manage("worker", folder=tmp_path) as worker:
        wait_for(lambda: len(children_of(worker.pid)) >= 5)
        family = children_of(worker.pid)
        worker.kill()
        wait_for(lambda: not [pid for pid in family if is_running(pid)])
