"""The clock: leases, deadlines and waits go by the database's time, however wrong the machine's clock is."""

import uuid
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from analysis import clock
from analysis.background import PLACE
from analysis.models import DetailStatus, JobStatus, Worker, ahead_or_behind
from analysis.tests.make import details_of, make_job
from analysis.worker.bars import BarLoader
from analysis.worker.claim import claim, renew
from analysis.worker.recover import recover
from analysis.worker.slice import run_slice

pytestmark = [pytest.mark.django_db, pytest.mark.machine_clock]
AHEAD = [timedelta(hours=2), timedelta(minutes=2), -timedelta(hours=2)]


@pytest.fixture
def server_clock(settings: Settings) -> None:
    """The database's own clock, which does not travel with the test."""
    if connection.vendor == "sqlite":
        pytest.skip("a database file has the clock of its machine")
    settings.DATABASE_HAS_CLOCK = True


def wrong(ahead: timedelta) -> time_machine.travel:
    return time_machine.travel(timezone.now() + ahead)


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_the_time_is_the_databases_however_wrong_the_machines_clock_is(server_clock: None, ahead: timedelta) -> None:
    before = clock.now()
    assert not clock.certain_skew()
    with wrong(ahead):
        passed = clock.now() - before  # from two measurements, which each have an error
        assert -clock.LIMIT < passed < timedelta(minutes=1)
        assert abs(clock.skew() - ahead) < clock.LIMIT
        assert clock.certain_skew()
    assert not clock.certain_skew()


def test_a_clock_that_is_a_second_off_is_right(server_clock: None) -> None:
    with wrong(timedelta(seconds=1)):
        assert not clock.certain_skew()


def test_reading_the_time_costs_no_query(
    server_clock: None, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    clock.now()
    with django_assert_max_num_queries(clock.TRIES):  # once in ten seconds, and a slow machine may take as long
        for _ in range(1000):
            clock.now()


def test_a_database_file_has_the_clock_of_its_machine(settings: Settings) -> None:
    settings.DATABASE_HAS_CLOCK = False
    with wrong(timedelta(hours=2)):
        assert abs(clock.now() - timezone.now()) < timedelta(seconds=10)
        assert not clock.certain_skew()


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_a_wrong_clock_takes_no_lease_and_cancels_no_job(server_clock: None, ahead: timedelta) -> None:
    job = make_job("KAVERI.DEMO")
    lease = claim(job.pk, uuid.uuid4())
    assert lease
    with wrong(ahead):
        assert recover().total == 0
        assert claim(job.pk, uuid.uuid4()) is None
        assert renew(lease)
    job.refresh_from_db()
    assert job.status == JobStatus.PROCESSING


@pytest.mark.parametrize("ahead", AHEAD, ids=str)
def test_a_wrong_clock_neither_asks_a_source_early_nor_keeps_a_stock_waiting(
    server_clock: None, ahead: timedelta
) -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    waits = job.details.filter(stock="KAVERI.DEMO")
    waits.update(not_before=clock.now() + timedelta(hours=1), wait_reason="Yahoo limits our requests.")
    with wrong(ahead):
        assert run_slice(str(job.pk)) == 1
    assert details_of(job)["KAVERI.DEMO"].status == DetailStatus.QUEUED
    assert details_of(job)["B&D.DEMO"].status == DetailStatus.COMPLETED


def test_a_wrong_clock_takes_no_open_session_for_a_closed_one(server_clock: None) -> None:
    job = make_job("KAVERI.DEMO")
    loader = BarLoader(job, list(job.details.select_related("stock")))
    with wrong(timedelta(days=7)):
        late = BarLoader(job, loader.details)
    assert late.expected_day("KAVERI.DEMO") == loader.expected_day("KAVERI.DEMO")


@pytest.mark.django_db(transaction=True)  # health looks through a connection of its own
def test_the_page_of_jobs_and_the_health_name_the_worker_with_the_wrong_clock(
    client: Client, django_user_model: type
) -> None:
    Worker.objects.create(host="desk", pid=7, clock_skew=7_400.0)
    Worker.objects.create(host="shelf", pid=8)
    sentence = (
        "The clock of worker desk:7 is 2 h ahead of the database’s clock. It takes no work until its clock is right."
    )
    health = client.get("/healthz")
    assert (health.status_code, health.json()["problems"]) == (503, [sentence])
    assert Worker.objects.at_work().get().host == "shelf"
    client.force_login(django_user_model.objects.create_user("root", is_staff=True))  # type: ignore[attr-defined]
    page = client.get("/jobs/").content.decode()
    assert sentence in page
    assert page.count("Wrong clock") == 1


@pytest.mark.django_db(transaction=True)  # as above
def test_the_health_names_a_web_server_whose_clock_is_wrong(server_clock: None, client: Client) -> None:
    Worker.objects.create(host=PLACE, pid=1)
    assert client.get("/healthz").json()["problems"] == []
    with wrong(timedelta(minutes=-10)):
        problems = client.get("/healthz").json()["problems"]
    assert problems == ["The clock of this web server is 10 min behind the database’s clock."]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (7, "7 s ahead of"),
        (-100, "100 s behind"),
        (125, "2 min ahead of"),
        (7_200, "2 h ahead of"),
        (-3e5, "3 days behind"),
    ],
)
def test_how_wrong_a_clock_is_is_said_as_people_say_it(seconds: float, said: str) -> None:
    assert ahead_or_behind(timedelta(seconds=seconds)) == said
