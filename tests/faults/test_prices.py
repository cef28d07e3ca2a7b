"""Yahoo that goes away, limits requests or adjusts its prices, while real workers fetch from its stand-in."""

import os
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from analysis.jobs.submit import submit
from analysis.models import Job, JobDetail, PriceHistory, RequestPace, Result, Source, Stock
from analysis.prices.instruments import exchange_of
from analysis.prices.pace import PauseReason
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.request_pace import current_pause
from stockapp.environment import BASE_DIR
from tests.faults.cluster import LONG_LEASE, assert_all_is_well, ended, worker
from tests.processes import wait_for
from tests.yahoo_standin.behaviours import BEHAVIOURS
from tests.yahoo_standin.server import YahooStandIn, running

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
STOCKS = int(os.environ.get("YAHOO_STOCKS", "60"))
TICKERS = [f"T{n:03}.NS" for n in range(STOCKS)]
RETRY_AFTER = 8  # seconds
UNDER_WAY = 3  # requests of the other processes, of two workers with two each, when the first is refused


@pytest.fixture
def standin(settings: Settings) -> Iterator[YahooStandIn]:
    settings.PRICE_SOURCE = "yahoo"  # of the jobs that this process submits
    with running() as server:
        yield server


def yahoo(address: str, **more: str) -> dict[str, str]:
    """The environment of workers that ask the stand-in, thirty times a second; a ticker has a sixth of a lease."""
    env = {"PRICE_SOURCE": "yahoo", "YAHOO_URL": address, "REQUESTS_PER_SECOND": "30", "LEASE_SECONDS": LONG_LEASE}
    return env | more


def done(job: Job) -> int:
    return Job.objects.get(pk=job.pk).done_count


@contextmanager
def standin_process(port: int = 0) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A stand-in that is a process, to be killed, and its address."""
    command = [sys.executable, "-m", "tests.yahoo_standin", "--port", str(port)]
    with subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield process, process.stdout.readline().split()[1].rstrip("/")
        process.kill()


def test_a_source_that_dies_in_the_middle_of_a_job_costs_time_and_nothing_else(
    tmp_path: Path, settings: Settings
) -> None:
    settings.PRICE_SOURCE = "yahoo"
    with standin_process() as (process, address), worker(tmp_path, **yahoo(address)):
        job = submit(TICKERS, source=Source.COMMAND).job
        wait_for(lambda: done(job) >= STOCKS // 4)
        process.kill()
        told = JobDetail.objects.filter(job=job, wait_reason="Yahoo cannot be reached")
        wait_for(told.exists)
        assert not ended(job)
        with standin_process(int(address.rpartition(":")[2])):
            wait_for(lambda: ended(job))
    assert_all_is_well(job)
    assert set(job.details.values_list("attempts", flat=True)) == {1}
    assert set(Stock.objects.values_list("last_wait", flat=True)) == {""}


def test_a_limit_in_the_middle_pauses_all_workers_and_one_request_tries_at_its_end(
    tmp_path: Path, standin: YahooStandIn
) -> None:
    env = yahoo(standin.address, LIMIT_PAUSE_SECONDS="2")
    with worker(tmp_path / "a", **env), worker(tmp_path / "b", **env):
        job = submit(TICKERS, source=Source.COMMAND).job
        wait_for(lambda: done(job) >= STOCKS // 4)
        standin.limit(3600)
        wait_for(current_pause)
        wait_for(lambda: RequestPace.objects.get().strikes >= 3)  # two pauses have ended, and were tried in vain
        asked, strikes = standin.refusals, RequestPace.objects.get().strikes
        assert strikes - 1 <= asked <= strikes + UNDER_WAY
        standin.come_back()
        wait_for(lambda: ended(job))
    assert_all_is_well(job)
    assert set(job.details.values_list("attempts", flat=True)) == {1}


def test_two_workers_keep_one_pace_and_the_time_that_yahoo_names(tmp_path: Path, standin: YahooStandIn) -> None:
    """Four processes; cookies and crumbs of each are requests, too."""
    env = yahoo(standin.address, REQUESTS_PER_SECOND="10", LIMIT_PAUSE_SECONDS="1")
    with worker(tmp_path / "a", **env), worker(tmp_path / "b", **env):
        job = submit(TICKERS, source=Source.COMMAND).job
        wait_for(lambda: done(job) >= STOCKS // 4)
        standin.limit(1.0, retry_after=str(RETRY_AFTER))
        limited_at = time.monotonic()
        pause = wait_for(current_pause)
        assert pause
        assert not ended(job)
        wait_for(lambda: ended(job))
    assert_all_is_well(job)
    first_refusal = next(moment for moment in standin.times if moment >= limited_at)
    in_pause = [moment for moment in standin.times if first_refusal < moment < first_refusal + RETRY_AFTER]
    assert len(in_pause) <= UNDER_WAY
    assert max(in_pause, default=first_refusal) < first_refusal + 1.0
    assert requests_in_a_second(standin.times) <= 10 + UNDER_WAY


def requests_in_a_second(times: list[float]) -> int:
    """Return the most requests within any second."""
    times = sorted(times)
    return max(bisect_left(times, moment + 1.0) - number for number, moment in enumerate(times))


def test_an_interface_that_changes_in_the_middle_of_a_job_costs_time_and_nothing_else(
    tmp_path: Path, standin: YahooStandIn
) -> None:
    with worker(tmp_path, **yahoo(standin.address)):
        job = submit(TICKERS, source=Source.COMMAND).job
        wait_for(lambda: done(job) >= STOCKS // 4)
        standin.everything = BEHAVIOURS["OTHERSHAPE"]
        told = JobDetail.objects.filter(job=job, wait_reason__startswith=PauseReason.NOT_UNDERSTOOD.sentence)
        wait_for(told.exists)
        asked = standin.requests.total()
        standin.everything = None
        assert RequestPace.objects.get().oddity_count >= 1
        assert not ended(job)
        wait_for(lambda: ended(job))
    assert_all_is_well(job)
    assert standin.requests.total() - asked <= STOCKS + UNDER_WAY
    assert set(job.details.values_list("attempts", flat=True)) == {1}


def test_a_split_between_two_runs_changes_new_days_and_leaves_old_ones(tmp_path: Path, standin: YahooStandIn) -> None:
    today = last_closed_session(exchange_of("TCS.NS"), timezone.now())
    *_, yesterday, _ = sessions_between(exchange_of("TCS.NS"), date(today.year - 1, 12, 1), today)
    standin.market.until = lambda _: yesterday
    with worker(tmp_path, **yahoo(standin.address)):
        first = submit(["TCS.NS", "INFY.NS"], source=Source.COMMAND).job
        wait_for(lambda: ended(first))
        old = Result.objects.get(stock="TCS.NS", day=yesterday)
        standin.market.until = lambda _: today
        standin.market.splits["TCS.NS"][today] = 2.0
        second = submit(["INFY.NS", "TCS.NS"], source=Source.COMMAND, strategy="trend").job
        wait_for(lambda: ended(second))
    assert standin.requests == {"TCS.NS": 3, "INFY.NS": 2}  # the split one's history was fetched again
    assert Result.objects.get(stock="TCS.NS", day=yesterday) == old
    assert Result.objects.values_list("close", "updated_at").get(pk=old.pk) == (old.close, old.updated_at)
    new = Result.objects.get(stock="TCS.NS", day=today)
    bars = PriceHistory.objects.get(stock="TCS.NS").unpack()
    assert (new.job, new.close) == (second, float(bars.close[-1]))
    assert new.previous_close == pytest.approx(old.close / 2, rel=1e-4)  # type: ignore[operator]
    codes = {finding["code"] for finding in new.raw_data.evidence["data_quality"]}
    assert "readjusted" in codes
