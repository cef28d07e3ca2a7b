"""Requests per minute by user and by address, and logins by address, are limited."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from analysis.tests.make import PASSWORD, make_user
from analysis.tests.together import together
from stockapp import limits
from stockapp.accounts.models import User
from stockapp.api import api
from stockapp.login_throttle import PasswordChecks
from stockapp.meters import Meter
from stockapp.tests.api_world import key_of, program

pytestmark = pytest.mark.django_db

NOW = "2026-11-20T10:00:00+00:00"
HERE: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9"}
THERE: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.10"}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def light_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests that count once, however slow the machine is."""
    monkeypatch.setattr(limits, "PROCESSOR_SECONDS", 1e9)


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    return user


class CountingHasher(MD5PasswordHasher):
    """A hasher that counts its calls."""

    algorithm = "counting"
    checks = 0

    def verify(self, password: str, encoded: str) -> bool:
        CountingHasher.checks += 1
        return super().verify(password, encoded)


def let_through(ask: Callable[[], Any], most: int = 1_000) -> tuple[int, Any]:
    """How many requests pass, and the answer that refuses the next."""
    for passed in range(most):
        answer = ask()
        if answer.status_code == 429:
            return passed, answer
    raise AssertionError(f"{most} requests were let through.")


def test_as_installed_a_user_makes_hundreds_of_requests_at_once_and_ten_a_second_afterwards(
    client: Client, ann: User, clock: Any
) -> None:
    def ask() -> Any:
        return client.get(reverse("accounts:account_example"))

    passed, refusal = let_through(ask)
    assert 590 <= passed <= 600
    assert refusal.headers["Retry-After"] == "3"
    assert ask().status_code == 429
    clock.shift(timedelta(seconds=1))
    for _ in range(30):  # a page that polls in five tabs, for a minute
        clock.shift(timedelta(seconds=2))
        assert [ask().status_code for _ in range(5)] == [422] * 5


def test_a_request_that_needs_much_of_the_processor_counts_as_several(
    client: Client, ann: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PROCESSOR_SECONDS", 1e-6)
    assert client.get(reverse("accounts:account")).status_code == 200
    assert client.get(reverse("accounts:account")).status_code == 429
    bob = program(key_of(make_user("bob")))
    assert bob.get("/api/jobs").status_code == 200
    assert bob.get("/api/jobs").status_code == 429


def test_a_refusal_is_a_plain_page_a_line_for_htmx_and_a_problem_of_the_api(
    client: Client, ann: User, settings: Settings
) -> None:
    settings.REQUESTS_PER_MINUTE_PER_USER = 20
    _, page = let_through(lambda: client.get(reverse("accounts:account")))
    sentence = "You have made more than 20 requests in a minute. Try again in 3 seconds."
    assert sentence in page.text
    assert "css/tokens.css" in page.text
    assert page.headers["Retry-After"] == "3"
    assert page.headers["Cache-Control"] == "private, no-store"
    line = client.get(reverse("analysis:jobs_live"), headers={"HX-Request": "true"})
    assert (line.status_code, line.headers["Content-Type"], line.text) == (429, "text/plain", sentence)
    problem = client.get("/api/jobs")
    assert (problem.status_code, problem.json()["error"]) == (429, {"kind": "over_limit", "message": sentence})
    assert problem.headers["Retry-After"] == "3"


def test_a_user_is_counted_over_sessions_and_tokens_and_nobody_else_is(ann: User, settings: Settings) -> None:
    settings.REQUESTS_PER_MINUTE_PER_USER = 20
    first, second, bob = program(key_of(ann)), program(key_of(ann)), Client()
    passed, refusal = let_through(lambda: first.get("/api/jobs"))
    assert passed == 20
    assert refusal.json()["error"]["kind"] == "over_limit"
    assert refusal.headers["Retry-After"] == "3"
    assert second.get("/api/jobs").status_code == 429
    browser = Client()
    browser.force_login(ann)
    assert browser.get(reverse("accounts:account")).status_code == 429
    bob.force_login(make_user("bob"))
    assert bob.get(reverse("accounts:account")).status_code == 200


def test_nobody_is_counted_by_address_whatever_he_sends(client: Client, settings: Settings) -> None:
    settings.REQUESTS_PER_MINUTE_PER_ADDRESS = 20
    passed, refusal = let_through(lambda: client.get(reverse("login"), **HERE))
    assert passed == 20
    assert "Your address has made more than 20 requests in a minute." in refusal.text
    assert client.get(reverse("login"), headers={"Authorization": "Bearer x"}, **HERE).status_code == 429
    wrong = program("stockapp_wrong")
    assert wrong.get("/api/jobs", **HERE).status_code == 429
    assert wrong.get("/api/jobs", **THERE).status_code == 401
    assert program(key_of(make_user("ann"))).get("/api/jobs", **HERE).status_code == 200
    assert client.get(reverse("login"), **THERE).status_code == 200


def test_what_monitors_ask_is_not_counted(client: Client, settings: Settings) -> None:
    settings.REQUESTS_PER_MINUTE_PER_ADDRESS = 20
    for address in ("/healthz", "/metrics", "/api/health") * 15:
        assert client.get(address).status_code in {200, 503}
    assert client.get(reverse("login")).status_code == 200


def test_counting_costs_a_few_queries_in_thirty_requests_and_none_in_the_others(client: Client, ann: User) -> None:
    address = reverse("analysis:stock_search")
    costs = []
    for _ in range(60):
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        costs.append(len(queries))
    usual = min(costs)
    assert sum(cost > usual for cost in costs) == 2
    assert sum(costs) - 60 * usual <= 2 * 9


def test_processes_share_a_limit_to_a_twentieth_each(settings: Settings) -> None:
    settings.REQUESTS_PER_MINUTE_PER_USER = 200
    processes = [Meter("user", "REQUESTS_PER_MINUTE_PER_USER", parts=20) for _ in range(3)]
    passed = sum(process.take("1") == 0 for _ in range(200) for process in processes)
    assert 200 - 10 <= passed <= 200 + 2 * 10
    assert sum(process.take("2") == 0 for _ in range(30) for process in processes) == 90


@pytest.mark.django_db(transaction=True)
def test_requests_that_come_together_are_all_counted(settings: Settings) -> None:
    settings.LOGINS_PER_MINUTE_PER_ADDRESS = 20
    processes = [Meter("logins", "LOGINS_PER_MINUTE_PER_ADDRESS") for _ in range(4)]
    passed = together([partial(process.take, "203.0.113.9") for process in processes * 10])
    assert passed.count(0) == 20


def test_a_meter_keeps_a_bounded_number_of_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stockapp.meters.MOST_KEYS", 50)
    meter = Meter("user", "REQUESTS_PER_MINUTE_PER_USER", parts=20)
    for n in range(500):
        meter.take(str(n))
    assert len(meter._counts) == 50


def log_in(client: Client, password: str = PASSWORD, name: str = "ann", **extra: Any) -> Any:
    return client.post(reverse("login"), {"username": name, "password": password}, **extra)


@pytest.mark.parametrize("way", ["login", "admin:login"])
def test_an_address_tries_twenty_logins_a_minute_whatever_the_names_and_others_go_on(
    client: Client, way: str, clock: Any
) -> None:
    make_user("ann")
    tries = iter(range(1_000))

    def guess() -> Any:
        return client.post(reverse(way), {"username": f"name{next(tries)}", "password": "guess"}, **HERE)

    passed, refusal = let_through(guess)
    assert passed == 20
    assert "Too many logins were tried from your address. Try again in 3 seconds." in refusal.text
    assert refusal.headers["Retry-After"] == "3"
    assert 'name="password"' in refusal.text
    assert log_in(client, **HERE).status_code == 429  # the right password is not even checked
    assert client.get(reverse("login"), **HERE).status_code == 200
    clock.shift(timedelta(seconds=2))
    assert "Try again in 1 second." in guess().text
    assert log_in(client, **THERE).status_code == 302
    client.logout()
    clock.shift(timedelta(seconds=2))
    assert log_in(client, **HERE).status_code == 302


def test_a_refused_login_checks_no_password_and_counts_for_no_lockout(client: Client, settings: Settings) -> None:
    settings.LOGINS_PER_MINUTE_PER_ADDRESS = 2
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    make_user("ann")
    CountingHasher.checks = 0
    for _ in range(30):
        log_in(client, "guess")
    assert CountingHasher.checks == 2


def test_one_password_is_checked_at_a_time_few_wait_and_the_rest_is_refused_at_once() -> None:
    """Of ten concurrent logins, four are checked one after another, and six are refused while the first is checked."""
    checks, may_end = PasswordChecks(most_waiting=4, patience=60), threading.Event()
    inside, most_inside, answers, lock = [0], [0], [], threading.Lock()

    def check() -> HttpResponse:
        with lock:
            inside[0] += 1
            most_inside[0] = max(most_inside[0], inside[0])
        assert may_end.wait(60)
        with lock:
            inside[0] -= 1
        return HttpResponse("checked")

    def one() -> None:
        answer = checks.run(check, lambda: HttpResponse("busy", status=429))
        with lock:
            answers.append(answer.status_code)
            if answers.count(429) == 6:
                may_end.set()

    threads = [threading.Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200] * 4 + [429] * 6
    assert most_inside == [1]


def test_whoever_waits_too_long_for_a_turn_is_refused_and_a_failure_gives_the_turn_back() -> None:
    checks = PasswordChecks(most_waiting=2, patience=0.01)

    def fail() -> HttpResponse:
        waits = checks.run(lambda: HttpResponse("checked"), lambda: HttpResponse("busy", status=429))
        raise ValueError(waits.status_code)

    with pytest.raises(ValueError, match="429"):
        checks.run(fail, lambda: HttpResponse("busy", status=429))
    assert checks.run(lambda: HttpResponse("checked"), lambda: HttpResponse("busy", status=429)).status_code == 200


def test_every_operation_that_takes_a_token_says_that_it_may_be_asked_too_often() -> None:
    paths = api.get_openapi_schema(path_prefix="/api/")["paths"].items()
    lacking = [
        operation["operationId"]
        for path, operations in paths
        for operation in operations.values()
        if path != "/api/health" and 429 not in operation["responses"]
    ]
    assert not lacking


def test_addresses_that_are_nowhere_are_counted_too(client: Client, settings: Settings) -> None:
    settings.REQUESTS_PER_MINUTE_PER_ADDRESS = 20
    passed, _ = let_through(lambda: client.get("/nowhere/at/all/", **HERE))
    assert passed == 20
