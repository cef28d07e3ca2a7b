"""What SECURITY.md promises of cookies, headers, hosts, logins and logs, with DEBUG off."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.tests.make import PASSWORD, make_user
from stockapp.accounts.models import User
from stockapp.environment import BASE_DIR
from stockapp.tests.api_world import call, key_of, program

pytestmark = pytest.mark.django_db

SECURE = """
import json, stockapp.settings as s
print(json.dumps({name: getattr(s, name) for name in dir(s) if name.isupper() and isinstance(getattr(s, name), bool | int | str)}))
"""  # noqa: E501

HSTS = """
import django; django.setup()
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from django.test import RequestFactory
answer = SecurityMiddleware(lambda request: HttpResponse())(RequestFactory().get("/", secure=True))
print(answer.headers["Strict-Transport-Security"])
"""


@pytest.fixture
def ann(settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_user("ann")


def test_with_debug_off_cookies_go_over_https_only() -> None:
    environment = {**os.environ, "DEBUG": "false", "ENV_FILE": ""}
    found = subprocess.run(
        [sys.executable, "-c", SECURE], env=environment, cwd=BASE_DIR, capture_output=True, text=True, check=True
    )
    kept = json.loads(found.stdout)
    for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS"):
        assert kept[name], name


def test_browsers_are_bound_to_https_for_other_hosts_of_the_domain_by_setting_only() -> None:
    def header(**env: str) -> str:
        environment = {**os.environ, "DEBUG": "false", "ENV_FILE": "", **env}
        found = subprocess.run(
            [sys.executable, "-c", HSTS], env=environment, cwd=BASE_DIR, capture_output=True, text=True, check=True
        )
        return found.stdout.strip()

    assert header() == "max-age=31536000"
    assert header(HSTS_SUBDOMAINS="true") == "max-age=31536000; includeSubDomains"
    assert header(HSTS_SUBDOMAINS="true", HSTS_PRELOAD="true") == "max-age=31536000; includeSubDomains; preload"


def test_the_session_is_out_of_reach_of_scripts_and_other_sites(client: Client, ann: User, settings: Settings) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client.get(reverse("login"))
    client.post(reverse("login"), {"username": "ann", "password": PASSWORD})
    session, csrf = client.cookies["sessionid"], client.cookies["csrftoken"]
    assert (session["httponly"], session["secure"], session["samesite"]) == (True, True, "Lax")
    assert (csrf["secure"], csrf["samesite"]) == (True, "Lax")
    client.session.flush()
    client.get(reverse("analysis:jobs_live"), headers={"HX-Request": "true"})
    ended = client.cookies["session_ended"]
    assert (ended["httponly"], ended["secure"], ended["samesite"]) == (True, True, "Lax")


@pytest.mark.parametrize("person", ["ann", "dee", "nobody"])
@pytest.mark.parametrize(
    "address", ["/jobs/", "/login/", "/nowhere/", "/admin/", "/admin/accounts/user/", "/api/docs", "/healthz"]
)
def test_every_answer_has_a_policy_and_is_never_framed(person: str, address: str, client: Client, ann: User) -> None:
    if person != "nobody":
        client.force_login(ann if person == "ann" else User.objects.create(username="dee", is_staff=True))
    _is_guarded(client.get(address))


def _is_guarded(answer: object) -> None:
    headers = answer.headers  # type: ignore[attr-defined]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("is_secure", [True, False])
def test_another_host_is_refused_on_a_guarded_page_of_ours(client: Client, is_secure: bool, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for host in ("evil.example", "testserver:80@evil.example", "", "testserver, evil.example"):
        answer = client.get("/login/", HTTP_HOST=host, secure=is_secure)
        assert answer.status_code == 400, host
        assert "css/tokens.css" in answer.text
        assert "evil" not in answer.text
        _is_guarded(answer)


def test_a_wrong_name_a_wrong_password_and_an_inactive_user_are_answered_alike(client: Client, ann: User) -> None:
    make_user("gone", is_active=False)
    answers = {
        name: client.post(reverse("login"), {"username": name, "password": password})
        for name, password in (("ann", "wrong"), ("no-such", PASSWORD), ("gone", PASSWORD))
    }
    assert {answer.status_code for answer in answers.values()} == {422}
    said = {str(answer.context["form"].non_field_errors()) for answer in answers.values()}
    assert len(said) == 1


@pytest.mark.parametrize("written", ["ann", "ａｎｎ", " ann "])
def test_another_way_to_write_a_name_gives_no_further_guesses(client: Client, ann: User, written: str) -> None:
    for n in range(4):
        client.post(reverse("login"), {"username": "ann", "password": f"guess {n}"})
    for n in range(4):
        answer = client.post(reverse("login"), {"username": written, "password": f"guess {n}"})
    assert answer.status_code == 429
    assert client.post(reverse("login"), {"username": written, "password": PASSWORD}).status_code == 429


def test_neither_a_token_nor_a_password_stands_in_a_log(
    client: Client, ann: User, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = key_of(ann)
    for address in ("/api/jobs", "/api/nowhere", "/api/watchlists/999", "/api/stocks/nothing%20at%20all"):
        program(key).get(address)
        program(f"{key}x").get(address)
    call(program(key), "post", "/api/watchlists", {"name": ""})
    client.post(reverse("login"), {"username": "ann", "password": "a-wrong-secret"})
    assert "Not Found: /api/nowhere" in caplog.text
    assert key not in caplog.text
    assert key.removeprefix("stockapp_")[:20] not in caplog.text
    assert "a-wrong-secret" not in caplog.text
