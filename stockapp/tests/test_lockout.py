"""Wrong passwords: after a few, a name is refused for a while to whoever tried, and to nobody else."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.tests.make import PASSWORD, make_user

pytestmark = pytest.mark.django_db

LIMIT = settings.AXES_FAILURE_LIMIT


def log_in(client: Client, password: str = PASSWORD, name: str = "ann", **extra: Any) -> Any:
    return client.post(reverse("login"), {"username": name, "password": password, "next": "/jobs/"}, **extra)


def guess(client: Client, times: int = LIMIT, **extra: Any) -> int:
    codes: list[int] = [log_in(client, f"guess {n}", **extra).status_code for n in range(times)]
    return codes[-1]


@pytest.fixture(autouse=True)
def ann(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # so many guesses take their time
    make_user("ann")


def test_too_many_wrong_passwords_shut_the_right_one_out_and_say_for_how_long(client: Client) -> None:
    assert guess(client, LIMIT - 1) == 422
    assert guess(client, 1) == 429
    answer = log_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "900")
    assert "Too many wrong passwords. Try again in 15 minutes" in answer.text
    assert 'value="ann"' in answer.text
    assert 'value="/jobs/"' in answer.text


def test_it_ends_by_itself(client: Client) -> None:
    guess(client)
    log_in(client)
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert log_in(client).status_code == 302


def test_others_are_not_shut_out_by_it(client: Client) -> None:
    guess(client, REMOTE_ADDR="203.0.113.9")
    make_user("bob")
    assert log_in(client, name="bob", REMOTE_ADDR="203.0.113.9").status_code == 302
    client.logout()
    assert log_in(client, REMOTE_ADDR="203.0.113.10").status_code == 302


def test_a_right_password_forgives_the_wrong_ones_before(client: Client) -> None:
    for _ in range(2):
        guess(client, LIMIT - 1)
        assert log_in(client).status_code == 302
        client.logout()


def test_the_admin_counts_too(client: Client) -> None:
    address = reverse("admin:login")
    for n in range(LIMIT):
        answer = client.post(address, {"username": "ann", "password": f"guess {n}"})
    assert answer.status_code == 429
    assert log_in(client).status_code == 429


def test_behind_a_proxy_the_address_it_saw_counts(client: Client) -> None:
    guess(client, HTTP_X_FORWARDED_FOR="198.51.100.1, 203.0.113.9")
    assert log_in(client, HTTP_X_FORWARDED_FOR="198.51.100.77, 203.0.113.9").status_code == 429
    assert log_in(client, HTTP_X_FORWARDED_FOR="203.0.113.9, 203.0.113.10").status_code == 302


def test_without_trusted_proxies_the_header_is_not_believed(client: Client, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = []
    for n in range(LIMIT):
        answer = log_in(client, "wrong", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}")
    assert answer.status_code == 429
