"""The time of a job: queued, in work and waiting are told apart, whoever waits for what and whatever dies meanwhile."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from pytest_django import Settings

from analysis import clock as database_clock
from analysis.jobs.end import cancel
from analysis.models import Job, JobDetail
from analysis.pages.job_page import JobPage
from analysis.pages.source_notice import read_source_notice
from analysis.prices.source_order import SourceOrder
from analysis.request_pace import YAHOO_PACER, Wait
from analysis.tests.make import details_of, make_job, make_user
from analysis.timing import TIMING
from analysis.worker.claim import Lease, claim, defer, release
from analysis.worker.recover import recover
from analysis.worker.slice import run_slice
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-11-20T11:00:00+00:00")


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def take(job: Job) -> Lease:
    lease = claim(job.pk, uuid4())
    assert lease
    return lease


def times(job: Job) -> dict[str, float]:
    """The times that the job's page shows, in seconds."""
    page = JobPage(Job.objects.get(pk=job.pk), None, read_source_notice())
    return {label: time.total_seconds() for label, time in page.times}


def put_off(lease: Lease, seconds: float) -> None:
    defer(lease, lease.details, Wait(database_clock.now() + timedelta(seconds=seconds), "Yahoo cannot be reached"))


def test_the_time_in_the_queue_moves_on_and_is_no_part_of_the_work(clock: Any) -> None:
    job = make_job("A.NS")
    clock.shift(12)
    assert times(job) == {"Queued": 12}
    take(job)
    clock.shift(5)
    assert times(job) == {"Queued": 12, "Working": 5}


def test_the_wait_for_a_source_does_not_count_as_work(clock: Any) -> None:
    job = make_job("A.NS")
    lease = take(job)
    clock.shift(3)
    put_off(lease, 60)
    clock.shift(40)
    assert times(job) == {"Working": 3, "Waiting": 40, "Left, at least": 20}
    clock.shift(35)
    take(job)
    assert Job.objects.get().has_waited
    clock.shift(4)
    assert times(job) == {"Working": 7, "Waiting": 75}


def test_a_job_waits_only_while_none_of_its_stocks_is_in_work(clock: Any, settings: Settings) -> None:
    job = make_job("A.NS", "B.NS")
    JobDetail.objects.filter(stock="A.NS").update(attempts=1)  # such a stock is claimed alone
    first, second = take(job), take(job)
    put_off(first, 60)
    clock.shift(30)
    assert times(job) == {"Working": 30, "Left, at least": 30}
    assert not Job.objects.get().has_waited
    put_off(second, 30)
    clock.shift(40)
    assert times(job) == {"Working": 30, "Waiting": 40}


def test_a_finished_job_says_how_long_it_took_and_how_much_of_that_it_waited(
    standin: YahooStandIn, settings: Settings, clock: Any, client: Client
) -> None:
    settings.LIMIT_PAUSE_SECONDS = 60
    ann = make_user("ann")
    job = make_job("AAPL", requested_by=ann)
    standin.limit(600)
    run_slice(str(job.pk))
    standin.come_back()
    clock.shift(75)
    run_slice(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.waited) == ("completed", timedelta(seconds=75))
    clock.shift(1000)
    assert times(job) == {"Took": 75, "Working": 0, "Waiting": 75}
    client.force_login(ann)
    assert "<small>waited 1 min 15 s</small>" in client.get("/jobs/").text


def test_a_job_that_is_cancelled_while_it_waits_has_waited_until_then(clock: Any) -> None:
    job = make_job("A.NS")
    lease = take(job)
    clock.shift(5)
    put_off(lease, 600)
    clock.shift(20)
    cancel(job)
    clock.shift(1000)
    assert times(job) == {"Took": 25, "Working": 5, "Waiting": 20}


def test_a_job_that_is_cancelled_while_it_works_has_worked_until_then(clock: Any) -> None:
    job = make_job("A.NS")
    lease = take(job)
    put_off(lease, 5)
    clock.shift(10)
    lease = take(job)
    clock.shift(7)
    cancel(job)
    clock.shift(100)
    release(lease)
    assert times(job) == {"Took": 17, "Working": 7, "Waiting": 10}


def test_a_job_that_is_cancelled_in_the_queue_was_only_queued(clock: Any) -> None:
    job = make_job("A.NS")
    clock.shift(9)
    cancel(job)
    clock.shift(100)
    assert times(job) == {"Queued": 9}


def test_after_a_lost_worker_the_time_until_the_next_claim_is_waiting(clock: Any) -> None:
    job = make_job("A.NS")
    take(job)
    clock.shift(TIMING.lease + timedelta(seconds=1))
    assert recover().requeued == 1
    assert details_of(job)["A.NS"].started_at is None
    clock.shift(50)
    take(job)
    assert times(job) == {"Working": TIMING.lease.total_seconds() + 1, "Waiting": 50}


def test_a_clock_that_was_set_back_makes_no_time_negative(clock: Any) -> None:
    job = make_job("A.NS")
    lease = take(job)
    put_off(lease, 60)
    clock.move_to(NOW - timedelta(hours=1))
    page = JobPage(Job.objects.get(), None)
    assert page.job.duration == page.waited == page.worked == page.job.queued_for == timedelta()


def test_the_rate_is_that_of_the_work_and_what_is_left_counts_the_pause(clock: Any, settings: Settings) -> None:
    settings.PRICE_ORDER = SourceOrder(("yahoo",))
    settings.PRICE_SOURCE, settings.REQUESTS_PER_SECOND, settings.LIMIT_PAUSE_SECONDS = "yahoo", 1, 100
    job = make_job(*(f"S{n}.NS" for n in range(40)))
    Job.objects.update(
        status="processing", started_at=NOW - timedelta(seconds=110), waited=timedelta(seconds=100), completed_count=20
    )
    assert JobPage(Job.objects.get(), None).rate == 2.0
    assert times(job)["Left, about"] == 44
    YAHOO_PACER.record_limit()
    assert times(job)["Left, at least"] == 144


def test_what_is_left_takes_until_the_last_try_of_a_stock_at_least(clock: Any) -> None:
    job = make_job("A.NS")
    put_off(take(job), 80)
    assert times(job)["Left, at least"] == 80
    clock.shift(81)
    assert "Left, at least" not in times(job)


def test_while_yahoo_does_not_answer_what_is_left_is_at_least_that(
    clock: Any, settings: Settings, standin: YahooStandIn
) -> None:
    settings.PRICE_SOURCE, settings.PRICE_ORDER, settings.REQUESTS_PER_SECOND = "yahoo", SourceOrder(("yahoo",)), 0.9
    job = make_job("AAPL")
    assert "Left, about" in times(job)
    standin.go_down(600)
    run_slice(str(job.pk))
    clock.shift(6)  # the time of the next attempt has come
    assert "Left, about" not in times(job)
    assert times(job)["Left, at least"] > 0


def test_the_page_says_the_deadline_in_the_readers_zone_and_until_when_a_pause_lasts(
    client: Client, settings: Settings
) -> None:
    settings.PRICE_SOURCE, settings.PRICE_ORDER = "yahoo", SourceOrder(("yahoo",))
    ann = make_user("ann", time_zone="Asia/Kolkata")
    client.force_login(ann)
    job = make_job("AAPL", requested_by=ann)
    YAHOO_PACER.record_limit()
    text = client.get(job.get_absolute_url()).text
    assert job.deadline
    assert re.search(r"Deadline</dt>\s*<dd>\s*17:30", text)
    assert "at 1 request a second, after the pause until 16:31." in text


ENDS_FIRST = "Its deadline comes before the next attempt: it will be cancelled then; run it again later."


@pytest.mark.parametrize("minutes", [59, 61])
def test_a_job_whose_stock_waits_beyond_its_deadline_says_so(minutes: int, client: Client) -> None:
    client.force_login(ann := make_user("ann"))
    job = make_job("A.NS", requested_by=ann)
    Job.objects.update(deadline=NOW + timedelta(hours=1))
    put_off(take(job), minutes * 60)
    assert (ENDS_FIRST in client.get(job.get_absolute_url()).text) == (minutes > 60)
    cancel(job)
    assert ENDS_FIRST not in client.get(job.get_absolute_url()).text


@pytest.mark.parametrize(("sources", "says_so"), [(("yahoo",), True), (("yahoo", "csv"), False)])
def test_a_pause_beyond_the_deadline_of_a_new_job_is_said_where_no_other_source_may_answer(
    sources: tuple[str, ...], says_so: bool, client: Client, settings: Settings
) -> None:
    settings.PRICE_SOURCE, settings.PRICE_ORDER = "yahoo", SourceOrder(sources)
    client.force_login(ann := make_user("ann"))
    YAHOO_PACER.record_limit(timedelta(hours=2))
    job = make_job("AAPL", requested_by=ann)
    assert (ENDS_FIRST in client.get(job.get_absolute_url()).text) == says_so


def test_a_queued_stock_has_no_duration_even_after_a_lost_attempt(clock: Any) -> None:
    job = make_job("A.NS")
    put_off(take(job), 60)
    clock.shift(30)
    assert job.details.get().duration is None
