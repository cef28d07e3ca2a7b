"""Whose request it is: forwarded headers count from trusted proxies alone, however addresses are written."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from analysis.tests.make import PASSWORD, make_user
from stockapp import client as clients
from stockapp.accounts.models import User

PROXY, SOMEBODY = "127.0.0.1", "203.0.113.9"
WRONG = "a guess"
LIMIT = 8


def seen(forwarded: str | None = None, peer: str = PROXY) -> str | None:
    extra = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    return clients.address(RequestFactory().get("/", REMOTE_ADDR=peer, **extra))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("written", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:203.0.113.9]:4711", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("[2001:db8:1:2:aaaa::1]", "2001:db8:1:2::"),
        ("[2001:db8:1:2::ffff]:443", "2001:db8:1:2::"),
        ('"[2001:db8:1:2::7]:443"', "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("unknown", PROXY),
        ("_hidden", PROXY),
        ("", PROXY),
        (",,", PROXY),
        ("999.1.1.1", PROXY),
        ("'; drop table", PROXY),
        ("\u0661.2.3.4", PROXY),
    ],
)
def test_an_address_is_read_as_proxies_write_it_and_anything_else_is_the_proxy(written: str, counted: str) -> None:
    assert seen(written) == counted
    assert seen(f"198.51.100.1, {written}") == counted


@pytest.mark.parametrize(("peer", "counted"), [("::1", "::1"), ("2001:db8::5", "2001:db8::"), ("", None)])
def test_without_a_header_the_peer_counts(peer: str, counted: str | None) -> None:
    assert seen(peer=peer) == counted


def test_our_own_proxies_are_passed_over_and_what_stands_before_the_client_is_not_read(settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/28", "2001:db8:ffff::/64"]
    assert seen("198.51.100.7, 203.0.113.9, 10.0.0.5:80, 2001:db8:ffff::1", peer="10.0.0.2") == SOMEBODY
    assert seen("198.51.100.7, 10.0.0.77", peer="10.0.0.2") == "10.0.0.77"
    assert seen("10.0.0.3", peer="10.0.0.2") == "10.0.0.3"


@pytest.mark.parametrize(
    ("named", "peer"),
    [
        ("10.0.0.2", "::ffff:10.0.0.2"),
        ("::ffff:10.0.0.2", "10.0.0.2"),
        ("::ffff:10.0.0.0/124", "::ffff:10.0.0.2"),
        ("fe80::/64", "fe80::2%eth0"),
        ("fe80::2%eth0", "fe80::2%eth0"),
    ],
)
def test_a_proxy_is_trusted_however_it_is_named(named: str, peer: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = [named]
    assert seen(SOMEBODY, peer=peer) == SOMEBODY


@pytest.mark.parametrize("peer", [SOMEBODY, "10.0.0.99", "2001:db8::1", "nonsense", ""])
def test_a_peer_that_is_no_trusted_proxy_is_not_believed(peer: str, settings: Settings) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/28"]
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert clients.address(request) == seen(peer=peer)
    assert clients.address(request) != "198.51.100.1"


def test_a_proxy_at_a_socket_file_is_trusted_by_its_word(settings: Settings) -> None:
    assert seen(SOMEBODY, peer="") == SOMEBODY
    settings.TRUSTED_PROXIES = ["127.0.0.1"]
    assert seen(SOMEBODY, peer="") is None


def log_in(client: Client, password: str = WRONG, **extra: Any) -> int:
    return client.post(reverse("login"), {"username": "ann", "password": password}, **extra).status_code


@pytest.fixture
def ann(settings: Settings) -> User:
    settings.LOGINS_PER_MINUTE_PER_ADDRESS = 1_000
    return make_user("ann")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "forwarded", ["unknown", "1.2.3.4:4711", "[2001:db8::1]:443", "_hidden", "x" * 200, "fe80::1%eth0", "1.2.3.4,"]
)
def test_no_address_that_a_proxy_may_write_makes_a_login_an_error(client: Client, ann: User, forwarded: str) -> None:
    assert log_in(client, HTTP_X_FORWARDED_FOR=forwarded) == 422
    assert log_in(client, PASSWORD, HTTP_X_FORWARDED_FOR=forwarded) == 302


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address", ["203.0.113.9:{}", "[2001:db8:1:2::{}]:80", "2001:db8:1:2::{}", "2001:db8:1:2:{}::1"]
)
def test_neither_another_port_nor_another_address_of_the_same_network_gives_further_guesses(
    client: Client, ann: User, address: str
) -> None:
    codes = [log_in(client, HTTP_X_FORWARDED_FOR=address.format(1000 + n)) for n in range(LIMIT)]
    assert codes[-1] == 429
    assert log_in(client, PASSWORD, HTTP_X_FORWARDED_FOR=address.format(9)) == 429
    assert log_in(client, PASSWORD, HTTP_X_FORWARDED_FOR="2001:db8:1:3::1") == 302


@pytest.mark.django_db
def test_behind_a_proxy_nobody_is_shut_out_by_another_and_without_one_nobody_escapes(client: Client, ann: User) -> None:
    """Default: a proxy of this machine is trusted, other peers are not."""
    for _ in range(LIMIT):
        log_in(client, HTTP_X_FORWARDED_FOR=SOMEBODY)
    assert log_in(client, PASSWORD, HTTP_X_FORWARDED_FOR=SOMEBODY) == 429
    assert log_in(client, PASSWORD, HTTP_X_FORWARDED_FOR="203.0.113.10") == 302
    client.logout()
    codes = [log_in(client, REMOTE_ADDR="198.51.100.5", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}") for n in range(LIMIT)]
    assert codes[-1] == 429


@pytest.mark.django_db
def test_https_is_believed_from_a_trusted_proxy_alone(client: Client, ann: User, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    https: dict[str, Any] = {"HTTP_X_FORWARDED_PROTO": "https"}
    assert client.get("/login/", **https).status_code == 200
    assert client.get("/login/", HTTP_X_FORWARDED_PROTO="http").status_code == 301
    assert client.get("/login/", HTTP_SCHEME_OF_TRUSTED_PROXY="https").status_code == 301
    answer = client.get("/login/?next=/jobs/", REMOTE_ADDR="10.0.0.99", **https)
    assert answer.status_code == 400  # a redirect would never end
    assert "add 10.0.0.99 to TRUSTED_PROXIES" in answer.text
    assert "css/tokens.css" in answer.text
    assert "frame-ancestors" in answer.headers["Content-Security-Policy"]
    assert client.get("/login/", REMOTE_ADDR="10.0.0.99").status_code == 301
    settings.TRUSTED_PROXIES = ["10.0.0.96/29"]
    assert client.get("/login/", REMOTE_ADDR="10.0.0.99", **https).status_code == 200
    assert client.get("/healthz", REMOTE_ADDR="10.0.0.200", **https).status_code == 503


@pytest.mark.django_db
def test_an_untrusted_proxy_is_said_in_the_log_once_a_minute_and_to_staff_until_it_is_trusted(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    jobs = reverse("analysis:jobs")
    client.force_login(make_user("dee", is_staff=True))
    with caplog.at_level(logging.WARNING, logger="stockapp.client"):
        assert "TRUSTED_PROXIES" not in client.get(jobs).text
        for _ in range(3):
            client.get(jobs, REMOTE_ADDR="10.0.0.99", HTTP_X_FORWARDED_FOR=SOMEBODY)
    assert caplog.text.count("add 10.0.0.99 to TRUSTED_PROXIES") == 1
    assert "add 10.0.0.99 to TRUSTED_PROXIES" in client.get(jobs).text
    client.force_login(make_user("ann"))
    assert "TRUSTED_PROXIES" not in client.get(jobs).text
    settings.TRUSTED_PROXIES = ["10.0.0.99"]
    client.force_login(User.objects.get(username="dee"))
    assert "TRUSTED_PROXIES" not in client.get(jobs).text
