"""`/healthz`: open to a monitor, 200 while all is well, 503 with a sentence when something is wrong."""

import sqlite3
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from analysis.database_faults import DISK_FULL, clear_damage, record_damage
from analysis.models import Job, Worker
from analysis.prices.source_order import SourceOrder
from analysis.request_pace import YAHOO_PACER
from analysis.tests.make import make_job, make_message, make_user

pytestmark = pytest.mark.django_db(transaction=True)  # health has a connection of its own

NOT_OK = {"ok": False}
ELSEWHERE = "203.0.113.9"


@pytest.fixture(autouse=True)
def yahoo(settings: Settings) -> None:
    settings.PRICE_ORDER = SourceOrder(("yahoo",))


def test_all_is_well(client: Client) -> None:
    Worker.objects.create(host="a", pid=1)
    make_job("KAVERI.DEMO")
    response = client.get("/healthz")
    told = response.json()
    assert (response.status_code, told["ok"], told["problems"]) == (200, True, [])
    assert (told["database"], len(told["workers"]), told["queue_depth"], told["active_jobs"]) == (True, 1, 0, 1)
    assert told["worker_seen_seconds_ago"] < 60


def test_no_worker_is_a_problem(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.json()["problems"]) == (503, ["No worker is running."])
    Worker.objects.create(host="a", pid=1, seen_at=timezone.now() - timedelta(minutes=5))
    assert client.get("/healthz").status_code == 503


def test_stocks_that_are_left_waiting_are_a_problem_but_a_waiting_message_is_not(client: Client) -> None:
    Worker.objects.create(host="a", pid=1)
    job = make_job("KAVERI.DEMO")
    make_message(waited=timedelta(minutes=5))
    response = client.get("/healthz")
    assert (response.status_code, response.json()["queue_depth"]) == (200, 1)
    Job.objects.filter(pk=job.pk).update(progress_at=timezone.now() - timedelta(minutes=5))
    response = client.get("/healthz")
    assert (response.status_code, response.json()["problems"]) == (
        503,
        ["Stocks have waited for more than 60 s for a worker."],
    )


def test_a_pause_of_a_source_that_is_not_used_any_more_is_no_matter(client: Client, settings: Settings) -> None:
    Worker.objects.create(host="a", pid=1)
    YAHOO_PACER.record_oddity()
    assert "does not understand" in client.get("/healthz").json()["problems"][0]
    settings.PRICE_ORDER = SourceOrder(("csv",))
    told = client.get("/healthz").json()
    assert (told["problems"], told["pause"]) == ([], None)


def test_a_pause_is_reported_and_is_no_problem(client: Client) -> None:
    Worker.objects.create(host="a", pid=1)
    assert client.get("/healthz").json()["pause"] is None
    YAHOO_PACER.record_limit()
    job = make_job("AAPL")
    Job.objects.filter(pk=job.pk).update(progress_at=timezone.now() - timedelta(minutes=5))
    job.details.update(not_before=timezone.now() + timedelta(minutes=1), wait_reason="Yahoo limits our requests.")
    response = client.get("/healthz")
    told = response.json()
    assert (response.status_code, told["problems"]) == (200, [])
    assert told["pause"]["reason"] == "Yahoo limits our requests"
    assert datetime.fromisoformat(told["pause"]["until"]) > timezone.now()


def test_a_database_that_does_not_answer_is_a_problem(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OperationalError

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", refuse)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"ok": False, "database": False, "problems": ["The database does not answer."]}


@pytest.mark.parametrize("address", ["/healthz", "/api/health"])
def test_a_stranger_learns_only_whether_all_is_well(client: Client, address: str, settings: Settings) -> None:
    assert (
        client.get(address, REMOTE_ADDR=ELSEWHERE).status_code,
        client.get(address, REMOTE_ADDR=ELSEWHERE).json(),
    ) == (503, NOT_OK)
    assert client.get(address, headers={"X-Forwarded-For": "203.0.113.9"}).json() == NOT_OK
    Worker.objects.create(host="secret-host", pid=1)
    answer = client.get(address, REMOTE_ADDR=ELSEWHERE)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    for name in ("ann", "bob"):
        client.force_login(make_user(name))
        assert client.get(address, REMOTE_ADDR=ELSEWHERE).json() == {"ok": True}
    settings.METRICS_TOKEN = "a-token"
    for given in ("", "Bearer another", "a-token"):
        assert client.get(address, headers={"Authorization": given}).json() == {"ok": True}


def test_staff_and_who_has_the_token_read_the_reasons(client: Client, settings: Settings) -> None:
    said = ["No worker is running."]
    assert client.get("/healthz").json()["problems"] == said
    settings.METRICS_TOKEN = "a-token"
    token = {"Authorization": "Bearer a-token"}
    assert client.get("/healthz", headers=token, REMOTE_ADDR=ELSEWHERE).json()["problems"] == said
    assert client.get("/api/health", headers=token, REMOTE_ADDR=ELSEWHERE).json() == {"ok": False, "problems": said}
    client.force_login(make_user("sam", is_staff=True))
    for address in ("/healthz", "/api/health"):
        assert client.get(address, REMOTE_ADDR=ELSEWHERE).json()["problems"] == said


def test_damage_that_somebody_met_is_a_problem_until_it_is_forgotten(client: Client) -> None:
    Worker.objects.create(host="a", pid=1)
    error = DatabaseError("database disk image is malformed")
    error.__cause__ = sqlite3.DatabaseError()
    error.__cause__.sqlite_errorname = "SQLITE_CORRUPT_INDEX"
    record_damage(error)
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["problems"][0].startswith("The database file is damaged.")
    clear_damage()
    assert client.get("/healthz").status_code == 200


def test_a_full_disk_is_named_though_a_row_can_be_written(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    Worker.objects.create(host="a", pid=1)
    monkeypatch.setattr("stockapp.health.free_space", lambda: 4096)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["problems"]) == (503, [str(DISK_FULL)])
    monkeypatch.setattr("stockapp.health.free_space", lambda: 50 * 2**20)
    assert client.get("/healthz").json()["problems"] == ["Only 50 MB are free on the disk of the database."]
