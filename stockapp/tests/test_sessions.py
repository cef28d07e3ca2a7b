"""Sessions end when they are not used and after a longest time, and rows that have expired are removed every night."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.database_faults import DatabaseBusy
from analysis.tests.make import PASSWORD, make_user
from stockapp import expiry
from stockapp.environment import BadEnvironment, read
from stockapp.tests.test_environment import environment as environment

pytestmark = pytest.mark.django_db

PAGE = reverse("accounts:account_example")
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
IDLE = timedelta(days=django_settings.SESSION_IDLE_DAYS)
LONGEST = timedelta(days=django_settings.SESSION_MAX_DAYS)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ann(client: Client) -> Client:
    """A browser in which Ann has logged in by the form."""
    make_user("ann")
    assert client.post(reverse("login"), {"username": "ann", "password": PASSWORD}).status_code == 302
    return client


def is_logged_in(client: Client) -> bool:
    return bool(client.get(PAGE).status_code == 422)


def writes(client: Client) -> list[str]:
    """The statements that change rows during one request."""
    with CaptureQueriesContext(connection) as asked:
        assert is_logged_in(client)
    return [query["sql"] for query in asked if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]


def test_a_session_that_is_not_used_ends(ann: Client, clock: time_machine.Traveller) -> None:
    clock.shift(IDLE - timedelta(minutes=1))
    assert is_logged_in(ann)
    clock.shift(IDLE + timedelta(minutes=1))
    answer = ann.get(reverse("accounts:account"), follow=True)
    assert "Your session has ended." in answer.text


def test_a_session_in_use_goes_on_past_the_idle_time_and_ends_after_the_longest(
    ann: Client, clock: time_machine.Traveller
) -> None:
    step = IDLE / 2
    for _ in range(int(LONGEST / step)):
        assert is_logged_in(ann)
        clock.shift(step)
    clock.move_to(NOON + LONGEST - timedelta(seconds=1))
    assert is_logged_in(ann)
    clock.move_to(NOON + LONGEST)
    assert not is_logged_in(ann)


def test_a_session_is_written_at_most_once_an_hour(ann: Client, clock: time_machine.Traveller) -> None:
    assert writes(ann) == []
    clock.shift(timedelta(minutes=59))
    assert writes(ann) == []
    clock.shift(timedelta(minutes=1))
    assert len(writes(ann)) == 1
    assert writes(ann) == []


def test_the_cookie_lives_as_long_as_its_session(ann: Client, clock: time_machine.Traveller) -> None:
    assert ann.cookies["sessionid"]["max-age"] == IDLE.total_seconds()
    clock.shift(timedelta(hours=2))
    answer = ann.get(PAGE)
    assert answer.cookies["sessionid"]["max-age"] == IDLE.total_seconds()
    for _ in range(int(LONGEST / IDLE)):
        clock.shift(IDLE - timedelta(hours=1))
        answer = ann.get(PAGE)
    assert timezone.now() + timedelta(seconds=answer.cookies["sessionid"]["max-age"]) == NOON + LONGEST
    assert Session.objects.get().expire_date == NOON + LONGEST


def test_an_act_with_a_session_changes_neither_limit(ann: Client, clock: time_machine.Traveller) -> None:
    clock.shift(timedelta(days=3))
    new = "staple battery horse"
    ann.post(reverse("password_change"), {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    while timezone.now() < NOON + LONGEST - IDLE:
        clock.shift(IDLE - timedelta(hours=1))
        assert is_logged_in(ann)
    clock.move_to(NOON + LONGEST)
    assert not is_logged_in(ann)


def test_a_new_login_begins_anew(ann: Client, clock: time_machine.Traveller) -> None:
    clock.shift(IDLE - timedelta(days=1))
    ann.post(reverse("logout"))
    ann.post(reverse("login"), {"username": "ann", "password": PASSWORD})
    clock.shift(IDLE - timedelta(hours=1))
    assert is_logged_in(ann)


def test_a_session_of_before_the_upgrade_goes_on_and_has_its_limits_from_then_on(
    client: Client, clock: time_machine.Traveller
) -> None:
    client.force_login(make_user("ann"))
    kept: Any = client.session
    row = Session.objects.get()
    old = {name: value for name, value in kept.items() if name.startswith("_auth")}
    row.session_data, row.expire_date = kept.encode(old), timezone.now() + timedelta(days=10)
    row.save()
    assert is_logged_in(client)
    assert Session.objects.get().expire_date == NOON + IDLE


def test_the_settings_are_days_that_agree(environment: pytest.MonkeyPatch) -> None:
    assert (read().session_idle_days, read().session_max_days) == (14, 90)
    environment.setenv("SESSION_IDLE_DAYS", "100")
    with pytest.raises(BadEnvironment, match="SESSION_IDLE_DAYS must not be more than SESSION_MAX_DAYS"):
        read()
    environment.setenv("SESSION_IDLE_DAYS", "0")
    with pytest.raises(BadEnvironment, match="SESSION_IDLE_DAYS"):
        read()


# Every night


@pytest.fixture
def expired(clock: time_machine.Traveller) -> None:
    """Two of everything that expires; after it one of each still counts."""
    call_command("createcachetable", verbosity=0)
    attempt = {"user_agent": "x", "http_accept": "x", "path_info": "/login/", "failures_since_start": 3}
    for name in ("old", "new"):
        Client().force_login(make_user(name))
        cache.set(name, "value", timeout=IDLE.total_seconds())
        AccessAttempt.objects.create(username=name, ip_address="203.0.113.9", get_data="", post_data="", **attempt)
        if name == "old":
            clock.shift(IDLE + timedelta(minutes=1))


def names() -> tuple[int, list[str], int]:
    """How many sessions there are, whose wrong passwords are counted, and how many of our values are cached."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cache")
        cached = sum(key.endswith((":old", ":new")) for (key,) in cursor.fetchall())
    return Session.objects.count(), list(AccessAttempt.objects.values_list("username", flat=True)), cached


def test_what_has_expired_is_removed_and_nothing_else(expired: None, ann: Client) -> None:
    AccessAttempt.objects.filter(username="old").update(attempt_time=NOON)
    sessions, _, cached = names()
    assert (sessions, cached) == (3, 2)
    expiry.remove_expired()
    assert names() == (2, ["new"], 1)
    assert is_logged_in(ann)
    assert cache.get("new") == "value"
    expiry.remove_expired()
    assert names() == (2, ["new"], 1)


def test_it_is_removed_in_short_transactions(clock: time_machine.Traveller, settings: Settings) -> None:
    call_command("createcachetable", verbosity=0)
    Session.objects.bulk_create(
        Session(session_key=f"{n:032}", session_data="", expire_date=NOON) for n in range(1_200)
    )
    clock.shift(timedelta(seconds=1))
    with CaptureQueriesContext(connection) as asked:
        expiry.remove_expired()
    assert not Session.objects.exists()
    deletions = [query["sql"] for query in asked if query["sql"].startswith('DELETE FROM "django_session"')]
    assert len(deletions) == 3


def test_cached_values_are_removed_in_short_transactions_too(clock: time_machine.Traveller) -> None:
    call_command("createcachetable", verbosity=0)
    for n in range(1_200):
        cache.set(f"old-{n}", "value", timeout=1)
    cache.set("new", "value", timeout=3600)
    clock.shift(timedelta(minutes=1))
    with CaptureQueriesContext(connection) as asked:
        expiry.remove_expired()
    deletions = [query["sql"] for query in asked if query["sql"].startswith('DELETE FROM "cache"')]
    assert (len(deletions), names()[2]) == (3, 1)


def test_without_the_caches_table_the_rest_is_removed(expired: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE cache")
    expiry.remove_expired()
    assert Session.objects.count() == 1


def test_a_session_that_a_busy_database_did_not_save_is_not_said_to_be_gone(ann: Client) -> None:
    session = ann.session
    session["chosen"] = "this"
    with connection.execute_wrapper(refuse_writes), pytest.raises(DatabaseBusy):
        session.save()
    assert is_logged_in(ann)


def test_pages_are_read_while_a_busy_database_cannot_move_the_end_of_a_session(
    clock: time_machine.Traveller, ann: Client
) -> None:
    clock.shift(timedelta(hours=2))
    with connection.execute_wrapper(refuse_writes):
        assert ann.get(reverse("accounts:account")).status_code == 200
    before = Session.objects.get().expire_date
    assert ann.get(reverse("accounts:account")).status_code == 200
    assert Session.objects.get().expire_date == before + timedelta(hours=2)


def test_a_session_that_is_gone_is_still_said_to_be_gone(clock: time_machine.Traveller, ann: Client) -> None:
    clock.shift(timedelta(hours=2))

    def remove(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            execute("DELETE FROM django_session", None, *rest[1:])
        return execute(sql, *rest)

    with connection.execute_wrapper(remove):
        assert ann.get(reverse("accounts:account")).status_code == 400


def refuse_writes(execute: Any, sql: str, *rest: Any) -> Any:
    if sql.startswith("UPDATE"):
        raise DatabaseBusy("The database is locked.")
    return execute(sql, *rest)
