"""Users and tokens in the admin: a token can be revoked there, and nothing of it widened."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from analysis.tests.make import make_user
from stockapp.accounts.models import ApiToken, TokenScope, User
from stockapp.tests.api_world import call, key_of, program

pytestmark = pytest.mark.django_db

LIST = reverse("admin:accounts_apitoken_changelist")


def staff(client: Client, *rights: str) -> Client:
    user = make_user("cat", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    return client


def revoke(client: Client, *tokens: ApiToken, **more: str) -> Any:
    chosen = [str(token.pk) for token in tokens]
    return client.post(LIST, {"action": "revoke", "_selected_action": chosen, **more}, follow=True)


@pytest.fixture
def ann() -> User:
    return make_user("ann")


def test_a_token_is_not_widened_renewed_or_given_to_another_user(client: Client, ann: User) -> None:
    key = key_of(ann, TokenScope.READ)
    token = ApiToken.objects.get()
    kept = ApiToken.objects.values().get()
    staff(client, "view_apitoken", "change_apitoken", "view_user")
    page = reverse("admin:accounts_apitoken_change", args=[token.pk])
    assert client.get(page).status_code == 200
    bob = make_user("bob")
    wider = {
        "scope": "submit",
        "user": bob.pk,
        "name": "Mine",
        "expires_at_0": "2099-01-01",
        "expires_at_1": "00:00:00",
    }
    client.post(page, {**wider, "revoked_at_0": "", "revoked_at_1": ""})
    assert ApiToken.objects.values().get() == kept
    assert call(program(key), "post", reverse("api:analyze_all_stocks"), {"symbols": ["X.DEMO"]}).status_code == 403


def test_a_revoked_token_stays_revoked(client: Client, ann: User) -> None:
    key = key_of(ann)
    token = ApiToken.objects.get()
    staff(client, "view_apitoken", "change_apitoken")
    revoke(client, token, post="yes")
    client.post(reverse("admin:accounts_apitoken_change", args=[token.pk]), {"name": "New", "scope": "submit"})
    assert call(program(key), "get", reverse("api:list_jobs")).status_code == 401


def test_revoking_asks_first_and_is_written_down(client: Client, ann: User) -> None:
    keys = [key_of(ann), key_of(ann)]
    first, second = ApiToken.objects.order_by("pk")
    staff(client, "view_apitoken", "change_apitoken")
    asked = revoke(client, first)
    assert "Revoke 1 API token?" in asked.text
    assert str(first) in asked.text
    assert ApiToken.objects.unrevoked().count() == 2
    done = revoke(client, first, post="yes")
    assert "1 API token was revoked." in done.text
    assert [call(program(key), "get", reverse("api:list_jobs")).status_code for key in keys] == [401, 200]
    assert list(ApiToken.objects.unrevoked()) == [second]
    assert LogEntry.objects.get().object_id == str(first.pk)
    moment = ApiToken.objects.get(pk=first.pk).revoked_at
    assert "0 API tokens were revoked." in revoke(client, first, post="yes").text
    assert ApiToken.objects.get(pk=first.pk).revoked_at == moment


def test_revoking_takes_the_right_to_change_tokens(client: Client, ann: User) -> None:
    key_of(ann)
    staff(client, "view_apitoken")
    revoke(client, ApiToken.objects.get(), post="yes")
    assert ApiToken.objects.unrevoked().count() == 1


def test_a_tokens_hash_is_not_shown(client: Client, ann: User) -> None:
    key_of(ann)
    token = ApiToken.objects.get()
    staff(client, "view_apitoken", "change_apitoken")
    assert token.digest not in client.get(reverse("admin:accounts_apitoken_change", args=[token.pk])).text


def test_the_mark_of_a_demo_account_is_shown_and_cannot_be_removed(client: Client) -> None:
    demo = make_user("demo", is_demo=True)
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    page = reverse("admin:accounts_user_change", args=[demo.pk])
    shown = client.get(page)
    assert "Demo account" in shown.text
    form = shown.context["adminform"].form
    given = {name: form[name].value() for name in form.fields if form[name].value()}
    moments = {"date_joined_0": "2026-11-26", "date_joined_1": "10:00:00"}
    answer = client.post(page, {**given, **moments, "chart_indicators": "[]", "is_demo": ""})
    assert answer.status_code == 302
    assert User.objects.get(pk=demo.pk).is_demo
