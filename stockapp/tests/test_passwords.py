"""Changing a password: what ends with the old one, which new ones are taken, how often the old one may be guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from analysis.tests.make import PASSWORD, make_user
from stockapp.accounts import passwords
from stockapp.accounts.models import User
from stockapp.tests.api_world import call, key_of, program

pytestmark = pytest.mark.django_db

PAGE = "/account/password/"
NEW = "staple battery horse"
LIMIT = settings.AXES_FAILURE_LIMIT
NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ann() -> User:
    return make_user("ann")


def change(client: Client, old: str = PASSWORD, new: str = NEW, **more: Any) -> Any:
    sent = {"old_password": old, "new_password1": new, "new_password2": new, **more}
    return client.post(PAGE, {name: value for name, value in sent.items() if value is not None})


def works(key: str) -> bool:
    return bool(call(program(key), "get", reverse("api:list_jobs")).status_code == 200)


# Tokens


def test_tokens_end_with_the_password_unless_the_person_keeps_them(client: Client, ann: User) -> None:
    keys, other = [key_of(ann), key_of(ann)], key_of(make_user("bob"))
    client.force_login(ann)
    page = client.get(PAGE).text
    assert "Revoke my API tokens too" in page
    assert 'name="revoke_tokens"' in page
    assert "checked" in page
    assert change(client, revoke_tokens=None).status_code == 302
    assert [works(key) for key in keys] == [True, True]
    answer = change(client, old=NEW, new=PASSWORD, revoke_tokens="on")
    assert "2 API tokens were revoked." in client.get(answer.headers["Location"]).text
    assert [works(key) for key in keys] == [False, False]
    assert works(other)


def test_a_password_that_is_not_changed_leaves_the_tokens(client: Client, ann: User) -> None:
    key = key_of(ann)
    client.force_login(ann)
    assert change(client, old="wrong", revoke_tokens="on").status_code == 422
    assert change(client, new="short", revoke_tokens="on").status_code == 422
    assert works(key)


def test_who_has_no_token_is_not_asked_about_them(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert "API tokens" not in client.get(PAGE).text
    assert change(client).status_code == 302


def test_all_tokens_are_revoked_from_the_account_after_a_question(client: Client, ann: User) -> None:
    keys, other = [key_of(ann), key_of(ann)], key_of(make_user("bob"))
    client.force_login(ann)
    page = client.get(reverse("accounts:account")).text
    assert "Revoke all" in page
    assert "Programs that use any of them will be refused, for good." in page
    address = reverse("accounts:revoke_all_tokens")
    assert client.get(address).status_code == 405
    assert [works(key) for key in keys] == [True, True]
    answer = client.post(address)
    assert "2 API tokens were revoked." in client.get(answer.headers["Location"]).text
    assert [works(key) for key in keys] == [False, False]
    assert works(other)
    assert "Revoke all" not in client.get(reverse("accounts:account")).text


def test_one_token_has_no_second_button_to_revoke_it(client: Client, ann: User) -> None:
    key_of(ann)
    client.force_login(ann)
    assert "Revoke all" not in client.get(reverse("accounts:account")).text


@pytest.mark.parametrize("is_ticked", [True, False])
def test_a_password_that_an_administrator_sets_ends_sessions_and_by_default_tokens(
    client: Client, ann: User, is_ticked: bool
) -> None:
    key, hers = key_of(ann), Client()
    hers.force_login(ann)
    cat = make_user("cat", is_staff=True)
    cat.user_permissions.set(Permission.objects.filter(codename__in=["view_user", "change_user"]))
    client.force_login(cat)
    page = reverse("admin:auth_user_password_change", args=[ann.pk])
    shown = client.get(page)
    assert shown.context["form"]["revoke_tokens"].value() is True
    assert "Revoke the user’s API tokens too" in shown.text
    ticked = {"revoke_tokens": "on"} if is_ticked else {}
    sent = {"password1": NEW, "password2": NEW, "usable_password": "true", "set-password": "1", **ticked}
    assert client.post(page, sent).status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(NEW)
    assert works(key) is not is_ticked
    assert hers.get(reverse("accounts:account")).status_code == 302


# Sessions


def test_other_sessions_end_with_the_password_and_the_page_says_so(client: Client, ann: User) -> None:
    other = Client()
    client.force_login(ann)
    other.force_login(ann)
    assert "Your other sessions end" in client.get(PAGE).text
    answer = change(client)
    said = client.get(answer.headers["Location"])
    assert said.status_code == 200
    assert "Your password was changed, and your other sessions have ended." in said.text
    assert other.get(reverse("accounts:account")).status_code == 302


# Guesses


def test_too_many_wrong_old_passwords_are_refused_for_a_while_whatever_comes_then(
    client: Client, ann: User, clock: time_machine.Traveller
) -> None:
    client.force_login(ann)
    assert [change(client, old=f"guess {n}").status_code for n in range(LIMIT - 1)] == [422] * (LIMIT - 1)
    assert change(client, old="guess").status_code == 429
    refused = change(client)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "900")
    assert "Too many wrong passwords. You can try again in 15 minutes." in refused.text
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)
    clock.shift(timedelta(minutes=10))
    assert change(client).headers["Retry-After"] == "300"
    assert "in 5 minutes" in change(client).text
    clock.shift(timedelta(minutes=5))
    assert change(client).status_code == 302


def test_guesses_from_several_addresses_and_sessions_count_together(client: Client, ann: User) -> None:
    client.force_login(ann)
    for n in range(LIMIT):
        other = Client(REMOTE_ADDR=f"203.0.113.{n}")
        other.force_login(ann)
        change(other, old=f"guess {n}")
    assert change(client).status_code == 429


def test_the_guesses_of_one_user_are_not_anothers(client: Client, ann: User) -> None:
    client.force_login(ann)
    for n in range(LIMIT):
        change(client, old=f"guess {n}")
    client.force_login(make_user("bob"))
    assert change(client).status_code == 302


def test_the_right_old_password_forgives_the_wrong_ones_before(client: Client, ann: User) -> None:
    client.force_login(ann)
    for _ in range(2):
        for n in range(LIMIT - 1):
            change(client, old=f"guess {n}")
        assert change(client, new="short").status_code == 422
    assert change(client).status_code == 302
    for n in range(LIMIT - 1):
        assert change(client, old=f"guess {n}").status_code == 422


def test_a_form_without_an_old_password_is_no_guess(client: Client, ann: User) -> None:
    client.force_login(ann)
    assert {change(client, old="").status_code for _ in range(LIMIT + 1)} == {422}
    assert change(client).status_code == 302


def test_guesses_are_claimed_before_they_are_looked_at_so_none_is_let_in_beside_the_limit(ann: User) -> None:
    claims = [User.objects.get(pk=ann.pk) for _ in range(LIMIT + 3)]  # each as a request of its own has read it
    assert [passwords.claim_try(user) for user in claims] == [True] * LIMIT + [False] * 3


def test_the_admins_page_for_ones_own_password_is_the_accounts(client: Client) -> None:
    client.force_login(make_user("cat", is_staff=True))
    assert client.get("/admin/password_change/").headers["Location"] == PAGE
    assert client.post("/admin/password_change/", {"old_password": "guess"}).headers["Location"] == PAGE


# Rules


def test_a_new_password_has_twelve_characters_and_old_shorter_ones_still_work(client: Client) -> None:
    ann = User.objects.create_user("ann", password="old8word")
    assert client.post(reverse("login"), {"username": "ann", "password": "old8word"}).status_code == 302
    assert "at least 12 characters" in client.get(PAGE).text
    refused = change(client, old="old8word", new="eleven-char")
    assert refused.status_code == 422
    assert "This password is too short. It must contain at least 12 characters." in refused.text
    assert change(client, old="old8word", new="twelve-chars").status_code == 302
    ann.refresh_from_db()
    assert ann.check_password("twelve-chars")


def test_commands_and_the_admin_take_no_shorter_one(client: Client, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = reverse("admin:auth_user_password_change", args=[ann.pk])
    sent = {"password1": "eleven-char", "password2": "eleven-char", "usable_password": "true", "set-password": "1"}
    assert "at least 12 characters" in client.post(page, sent).text
    ann.refresh_from_db()
    assert ann.check_password(PASSWORD)
    monkeypatch.setattr("getpass.getpass", lambda prompt: "eleven-char")
    with pytest.raises(CommandError, match="Aborting password change"):
        call_command("changepassword", "ann")
