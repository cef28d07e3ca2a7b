"""Chaos: a large job on two workers whose processes are killed and frozen at random; the seed is printed."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from analysis.jobs.submit import submit
from analysis.models import ErrorKind, Job, JobDetail, Source
from analysis.tests.make import make_finished_job
from tests.faults.cluster import (
    TICKERS,
    Cluster,
    assert_all_is_well,
    audited,
    ended,
    kill_all,
    store_fresh_bars,
    worker,
)
from tests.processes import is_running, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
STOCKS = 2_300
KILLS = int(os.environ.get("CHAOS_KILLS", "8"))
SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(10_000))


def test_a_large_job_survives_random_kills(tmp_path: Path) -> None:
    print(f"CHAOS_SEED={SEED} CHAOS_KILLS={KILLS}")
    dice = random.Random(SEED)
    make_finished_job(TICKERS[0])
    tickers = [f"T{n:04}.NS" for n in range(STOCKS)]
    store_fresh_bars(tickers)
    with worker(tmp_path / "a") as one, worker(tmp_path / "b") as two:
        job = submit(tickers, source=Source.BULK).job
        for _ in range(KILLS):
            strike(dice, dice.choice([one, two]))
            if ended(job):
                break
        wait_for(lambda: ended(job), 240)
    lost = JobDetail.objects.filter(job=job, status="failed")
    assert not lost.exclude(error_kind__in=(ErrorKind.WORKER_LOST, ErrorKind.TIMEOUT), attempts=3).exists()
    assert_all_is_well(Job.objects.get(pk=job.pk), failed=tuple(lost.values_list("stock_id", flat=True)))
    assert set(audited("end").values()) == {1}


def strike(dice: random.Random, cluster: Cluster) -> None:
    """Kill or freeze one process of the cluster, a worker more often than another part; then let some time pass."""
    time.sleep(dice.uniform(0.2, 1.5))
    if not cluster.is_whole():
        return
    victim = dice.choice([*cluster.workers, *cluster.workers, cluster.monitor, cluster.parent, cluster.guard])
    if dice.random() < 0.25:
        os.kill(victim, signal.SIGSTOP)
        time.sleep(dice.uniform(0.5, 2))
        if is_running(victim):
            os.kill(victim, signal.SIGCONT)
    else:
        kill_all([victim])
