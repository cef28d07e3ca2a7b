"""Slots at the database: a thread is kept free while others wait, and a short crowd is not turned away."""

import threading
from collections.abc import Iterator

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from analysis.database_faults import Busy
from analysis.tests.make import make_user
from stockapp import reserve
from stockapp.reserve import Slots, keep_threads_free, set_threads
from stockapp.tests.api_world import key_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_threads_afterwards() -> Iterator[None]:
    yield
    set_threads(0)


def test_a_request_that_finds_no_place_is_refused_once_nothing_moves() -> None:
    slots = Slots(1)
    slots.take()
    with pytest.raises(Busy):
        slots.take()
    slots.release()
    slots.take()


def test_a_request_waits_as_long_as_the_others_get_answers() -> None:
    slots, got = Slots(1), threading.Event()
    slots.take()

    def come() -> None:
        slots.take()
        got.set()

    newcomer = threading.Thread(target=come)
    newcomer.start()
    for _ in range(4):
        assert not got.wait(reserve.STILL_SECONDS / 2)
        slots.note_progress()
    slots.release()
    newcomer.join(60)
    assert got.is_set()


def test_those_who_write_leave_a_place_for_those_who_read(client: Client) -> None:
    set_threads(4)
    key = {"Authorization": f"Bearer {key_of(make_user('ann'))}"}
    held = reserve._for_writers[0]
    held.take()
    held.take()
    assert client.get("/api/jobs", headers=key).status_code == 200
    answer = client.post("/api/watchlists", {"name": "New"}, content_type="application/json", headers=key)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "unavailable")
    assert answer.json()["error"]["message"].startswith("The database is busy.")
    held.release()
    answer = client.post("/api/watchlists", {"name": "New"}, content_type="application/json", headers=key)
    assert answer.status_code == 201


def test_a_place_is_given_back_when_the_request_fails() -> None:
    set_threads(3)

    @keep_threads_free
    def fail(_: HttpRequest) -> HttpResponse:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert reserve._for_all[0].free == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail(RequestFactory().get("/"))
    assert reserve._for_all[0].free == 2


def test_a_process_of_one_or_two_threads_has_none_to_spare(client: Client) -> None:
    set_threads(2)
    assert client.get("/login/").status_code == 200
    assert not reserve._for_all
