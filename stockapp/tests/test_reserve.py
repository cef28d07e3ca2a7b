"""Slots at the database: a thread is kept free while others wait, and a short crowd is not turned away."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from analysis.database_faults import DatabaseBusy
from analysis.tests.make import make_user
from stockapp import reserve
from stockapp.reserve import DatabaseSlots, keep_threads_free, set_threads
from stockapp.tests.api_world import key_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_threads_afterwards() -> Iterator[None]:
    yield
    set_threads(0)


def taker(slots: DatabaseSlots) -> tuple[threading.Thread, threading.Event]:
    """A thread that takes a slot, and what it sets then."""
    got = threading.Event()

    def take() -> None:
        slots.take()
        got.set()

    thread = threading.Thread(target=take)
    thread.start()
    return thread, got


def test_a_request_that_finds_no_place_is_refused_once_the_database_answers_nobody() -> None:
    slots = DatabaseSlots(1)
    with slots.slot_for_statement(), pytest.raises(DatabaseBusy):
        slots.take()
    slots.take()


def test_a_request_waits_as_long_as_the_others_get_answers() -> None:
    slots = DatabaseSlots(1)
    slots.take()
    newcomer, got = taker(slots)
    for _ in range(4):
        with slots.statement():
            assert not got.wait(reserve.STILL_SECONDS / 2)
    slots.release()
    newcomer.join(60)
    assert got.is_set()


def test_a_request_waits_for_one_that_holds_a_place_and_does_not_ask_the_database() -> None:
    slots = DatabaseSlots(1)
    slots.take()
    newcomer, got = taker(slots)
    assert not got.wait(4 * reserve.STILL_SECONDS)
    slots.release()
    newcomer.join(60)
    assert got.is_set()


def test_readers_who_compute_hold_no_place() -> None:
    set_threads(3)

    @keep_threads_free
    def compute(request: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert reserve._for_all[0].free == 2
        return HttpResponse()

    assert compute(RequestFactory().get("/")).status_code == 200


def test_those_who_write_leave_a_place_for_those_who_read(client: Client) -> None:
    set_threads(4)
    key = {"Authorization": f"Bearer {key_of(make_user('ann'))}"}
    writers = reserve._for_writers[0]
    with writers.slot_for_statement(), writers.slot_for_statement():
        assert client.get("/api/jobs", headers=key).status_code == 200
        answer = client.post("/api/watchlists", {"name": "New"}, content_type="application/json", headers=key)
        assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "unavailable")
        assert answer.json()["error"]["message"].startswith("The database is busy.")
    answer = client.post("/api/watchlists", {"name": "New"}, content_type="application/json", headers=key)
    assert answer.status_code == 201


def test_a_place_is_given_back_when_the_request_fails() -> None:
    set_threads(3)

    @keep_threads_free
    def fail(_: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert reserve._for_writers[0].free == 0
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(RequestFactory().post("/"))
    assert (reserve._for_writers[0].free, reserve._for_all[0].free) == (1, 2)


def test_a_process_of_one_or_two_threads_has_none_to_spare(client: Client) -> None:
    set_threads(2)
    assert client.get("/login/").status_code == 200
    assert not reserve._for_all
