"""Access to the API: tokens made and revoked on the account page, sessions with CSRF, and nothing else."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analysis.database_faults import DatabaseBusy
from stockapp.accounts.models import ApiToken, TokenScope, User
from stockapp.tests.api_world import call, key_of, program

pytestmark = pytest.mark.django_db

NEW = "accounts:new_token"


@pytest.fixture
def ann(client: Client) -> User:
    user = User.objects.create(username="ann")
    client.force_login(user)
    return user


def test_a_token_is_shown_once_and_only_its_hash_is_kept(client: Client, ann: User) -> None:
    answer = client.post(reverse(NEW), {"name": "Notebook", "scope": "read", "days": "30"})
    assert answer.status_code == 201
    assert "no-store" in answer.headers["Cache-Control"]
    found = re.search(r'token-key">([^<]+)<', answer.text)
    assert found
    assert program(found[1]).get("/api/jobs").status_code == 200
    token = ApiToken.objects.get()
    assert found[1] not in str(vars(token))
    assert token.expires_at
    assert timedelta(days=29) < token.expires_at - timezone.now() <= timedelta(days=30)
    account = client.get(reverse("accounts:account")).text
    assert "Notebook" in account
    assert found[1] not in account


def test_a_token_may_be_for_ever(client: Client, ann: User) -> None:
    answer = client.post(reverse(NEW), {"name": "Server", "scope": "submit", "days": ""})
    assert "works until you revoke it" in answer.text
    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"name": "", "scope": "read"}, "Give the token a name."),
        ({"name": "Used", "scope": "read"}, "You have a token called “Used” already."),
        ({"name": "New", "scope": "everything"}, "everything is not one of the available choices"),
        ({"name": "New", "scope": "read", "days": "1000000"}, "1000000 is not one of the available choices"),
    ],
)
def test_a_token_that_cannot_be_made_says_why(client: Client, ann: User, given: dict[str, str], said: str) -> None:
    ApiToken.objects.create(user=ann, name="Used", digest="0")
    answer = client.post(reverse(NEW), given)
    assert answer.status_code == 422
    assert said in answer.text
    assert ApiToken.objects.count() == 1


def test_a_revoked_token_is_refused_and_gives_its_name_back(client: Client, ann: User) -> None:
    key = key_of(ann)
    token = ApiToken.objects.get()
    answer = client.post(reverse("accounts:revoke_token", args=[token.pk]))
    assert answer.headers["Location"] == reverse("accounts:account")
    assert "is revoked" in str(next(iter(get_messages(answer.wsgi_request))))
    assert program(key).get("/api/jobs").status_code == 401
    assert token.name not in client.get(reverse("accounts:account")).text.split("main")[-1]
    assert client.post(reverse(NEW), {"name": token.name, "scope": "read"}).status_code == 201
    assert client.post(reverse("accounts:revoke_token", args=[token.pk])).status_code == 404


def test_a_token_is_revoked_by_its_owner_alone(client: Client) -> None:
    key_of(User.objects.create(username="ann"))
    address = reverse("accounts:revoke_token", args=[ApiToken.objects.get().pk])
    assert client.post(address).headers["Location"].startswith(reverse("login"))
    assert client.get(reverse(NEW)).headers["Location"].startswith(reverse("login"))
    client.force_login(User.objects.create(username="bob"))
    assert client.post(address).status_code == 404
    assert client.get(address).status_code == 405
    assert ApiToken.objects.unrevoked().exists()


def test_the_last_use_is_kept_and_written_at_most_once_a_minute(ann: User) -> None:
    client, writes = program(key_of(ann)), []
    start = datetime.fromisoformat("2026-11-20T10:00:00+00:00")
    for seconds in (0, 59, 60, 61):
        with (
            time_machine.travel(start + timedelta(seconds=seconds), tick=False),
            CaptureQueriesContext(connection) as q,
        ):
            assert client.get("/api/jobs").status_code == 200
        writes.append(sum("UPDATE" in query["sql"] for query in q))
    assert writes == [1, 0, 1, 0]
    assert ApiToken.objects.get().last_used_at == start + timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
def test_a_token_works_while_the_database_is_too_busy_to_note_its_use(ann: User) -> None:
    client = program(key_of(ann))

    def refuse_writes(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise DatabaseBusy("The database is locked.")
        return execute(sql, *rest)

    with connection.execute_wrapper(refuse_writes):
        assert client.get("/api/jobs").status_code == 200
    assert ApiToken.objects.get().last_used_at is None
    client.get("/api/jobs")
    assert ApiToken.objects.get().last_used_at


def test_a_request_with_a_token_costs_one_query_for_it(ann: User) -> None:
    client = program(key_of(ann))
    client.get("/api/jobs")
    with CaptureQueriesContext(connection) as queries:
        client.get("/api/jobs")
    assert len(queries) == 2


def test_a_session_reads_and_needs_its_csrf_token_to_change_something(ann: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    assert browser.get("/api/watchlists").status_code == 200
    answer = call(browser, "post", "/api/watchlists", {"name": "Banks"})
    assert (answer.status_code, answer.json()["error"]["kind"]) == (403, "forbidden")
    page = browser.get(reverse("accounts:account"))
    browser.defaults["HTTP_X_CSRFTOKEN"] = page.cookies["csrftoken"].value
    assert call(browser, "post", "/api/watchlists", {"name": "Banks"}).status_code == 201


def test_a_bad_token_is_not_helped_by_a_session(client: Client, ann: User) -> None:
    answer = client.get("/api/jobs", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401
    assert "not known" in answer.json()["error"]["message"]


@pytest.mark.parametrize("header", ["Basic YW5uOmFubg==", "Bearer", "Bearer  ", "Bearer \ud800", "nonsense"])
def test_other_headers_are_refused_with_a_sentence(header: str) -> None:
    answer = Client().get("/api/jobs", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["error"]["message"].endswith(".")


def test_nobody_is_told_in_json_and_led_nowhere() -> None:
    answer = call(Client(), "post", "/api/stocks/analyze-all-stocks", {"symbols": ["AAPL"]})
    assert answer.status_code == 401
    assert answer.json() == {
        "error": {"kind": "unauthenticated", "message": "Log in, or send a token: Authorization: Bearer …"}
    }


def test_the_documentation_is_a_page_for_who_is_logged_in_and_needs_no_network(client: Client, ann: User) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    assert not re.search(r"https?://", page.text)
    assert not re.search(r"<script(?![^>]*(src=|application/json))|<style|style=|\son\w+=", page.text)
    assert Client().get("/api/docs").headers["Location"].startswith(reverse("login"))
    assert client.get("/api/").headers["Location"] == "/api/docs"


def test_the_description_is_open_to_all() -> None:
    assert Client().get("/api/openapi.json").json()["openapi"].startswith("3.")


def test_the_account_lists_tokens_with_what_they_may_and_when_they_were_used(client: Client, ann: User) -> None:
    assert "You have none." in client.get(reverse("accounts:account")).text
    key_of(ann, TokenScope.READ, expires_at=timezone.now() - timedelta(days=1), last_used_at=timezone.now())
    text = client.get(reverse("accounts:account")).text
    for said in ("Token 0", "Read", "last used", "expired"):
        assert said in text
