"""Addresses given to the application lead to its own pages only, however they are written."""

from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.tests.make import PASSWORD, make_user
from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

TARGETS = [
    "https://evil.example/", "//evil.example", "///evil.example", "https:evil.example", "https:///evil.example",
    "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "http://testserver@evil.example/",
    "/%09/evil.example", "\t//evil.example", "/\r\nLocation: https://evil.example", "nowhere", "login", "",
]  # fmt: skip


@pytest.fixture(autouse=True)
def ann(settings: Settings) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return make_user("ann")


@pytest.mark.parametrize("target", TARGETS)
def test_the_theme_switch_and_the_login_lead_to_no_other_site(client: Client, ann: User, target: str) -> None:
    given = {"username": "ann", "password": PASSWORD}
    query = urlencode({"next": target})
    client.force_login(ann)
    answers = [
        client.post(reverse("theme"), {"theme": "dark", "next": target}),
        client.get(f"{reverse('login')}?{query}"),
    ]
    for address, form in (("login", {"next": target}), (f"login?{query}", {}), (f"admin:login?{query}", {})):
        client.logout()
        name, _, asked = address.partition("?")
        answers.append(client.post(f"{reverse(name)}?{asked}", given | form))
    assert [answer.status_code for answer in answers[:4]] == [302] * 4
    assert {_host(answer) for answer in answers} == {"testserver"}


@pytest.mark.parametrize("target", TARGETS)
def test_who_is_led_to_the_login_is_led_back_to_no_other_site(client: Client, target: str) -> None:
    """Neither the page that a form stood on nor the address asked for names another site."""
    for headers in ({"Referer": target.partition("\r")[0]}, {"Referer": "http://testserver//evil.example/"}):
        answer = client.post(reverse("theme"), headers=headers)
        assert answer.headers["Location"].startswith("/login/?next=")
        back = client.post(answer.headers["Location"], {"username": "ann", "password": PASSWORD})
        assert _host(back) == "testserver"
        client.logout()


def test_a_very_long_address_leads_to_the_login_or_is_refused_on_a_page_of_ours(client: Client) -> None:
    for length in (1_000, 10_000):
        answer = client.get(f"/stocks/?q={'x' * length}")
        assert answer.status_code in {302, 400}
        assert _host(answer) == "testserver" if answer.status_code == 302 else "css/tokens.css" in answer.text


def _host(answer: Any) -> str:
    """Where a browser goes from the login page; it takes a backslash for a slash."""
    target: str = answer.headers.get("Location", "").replace("\\", "/").replace("\t", "")
    return str(urlsplit(urljoin("http://testserver/login/", target)).netloc)
