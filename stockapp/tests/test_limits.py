"""What is too large is refused in words, by every way in, and nothing of it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from stockapp.accounts.models import User
from watchlist.models import Watchlist
from watchlist.tests.make import make_list, url

pytestmark = pytest.mark.django_db

TOO_LARGE = b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
TOO_MANY = {"remove": ["AAPL"] * (settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}


@pytest.fixture
def ann() -> User:
    return User.objects.create(username="ann")


@pytest.fixture
def mine(ann: User) -> Watchlist:
    return make_list(ann, "KAVERI.DEMO")


def sent_by(person: str, address: str, data: Any, **extra: Any) -> Any:
    """The answer to a browser in which this person has logged in."""
    client = Client(raise_request_exception=False)
    if person != "nobody":
        client.force_login(User.objects.get_or_create(username=person)[0])
    return client.post(address, data, **extra)


@pytest.mark.parametrize("person", ["ann", "bob", "nobody"])
@pytest.mark.parametrize("way", ["pasted", "file", "raw"])
def test_what_is_larger_than_the_limit_is_refused_with_a_page_that_says_so(
    person: str, way: str, mine: Watchlist
) -> None:
    ways: dict[str, dict[str, Any]] = {
        "pasted": {"data": {"text": TOO_LARGE.decode()}},
        "file": {"data": {"file": SimpleUploadedFile("list.csv", TOO_LARGE)}},
        "raw": {"data": TOO_LARGE, "content_type": "application/octet-stream"},
    }
    answer = sent_by(person, url("import", mine), **ways[way])
    assert answer.status_code == 413
    assert "larger than 2.5 MB" in answer.text
    assert "css/tokens.css" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert list(mine.items.values_list("stock", flat=True)) == ["KAVERI.DEMO"]


def test_a_form_with_too_many_fields_is_refused_with_a_page_that_says_so(mine: Watchlist) -> None:
    answer = sent_by("ann", url("remove", mine), TOO_MANY)
    assert answer.status_code == 400
    assert "The form has too many fields." in answer.text
    assert "css/tokens.css" in answer.text
    assert sent_by("bob", url("remove", mine), TOO_MANY).status_code == 404
    assert sent_by("nobody", url("remove", mine), TOO_MANY).headers["Location"].startswith(reverse("login"))
    assert mine.items.count() == 1


def test_htmx_is_told_in_a_line(ann: User, mine: Watchlist) -> None:
    headers = {"HX-Request": "true"}
    answer = sent_by("ann", url("note", mine), {"note": TOO_LARGE.decode()}, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "text/plain")
    assert answer.text.startswith("This is larger than 2.5 MB")
    many = sent_by("ann", url("remove", mine), TOO_MANY, headers=headers)
    assert (many.status_code, many.headers["Content-Type"]) == (400, "text/plain")


@pytest.mark.parametrize("person", ["ann", "bob", "nobody"])
def test_a_program_is_told_in_json(person: str, mine: Watchlist) -> None:
    address = reverse("api:create_watchlist")
    answer = sent_by(person, address, TOO_LARGE, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json()["error"]["kind"] == "too_large"
    assert "2.5 MB" in answer.json()["error"]["message"]


def test_what_is_just_within_the_limit_is_read(ann: User, mine: Watchlist) -> None:
    """And then refused by the import, whose own limit is lower, on its page."""
    file = SimpleUploadedFile("list.csv", b"x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE - 1_000))
    answer = sent_by("ann", url("import", mine), {"file": file})
    assert answer.status_code == 422
    assert "The file is larger than 500 KB" in answer.text


@pytest.mark.parametrize("length", ["", "-1", "many", "٣"])
def test_a_length_that_is_none_is_no_matter(client: Client, length: str) -> None:
    assert client.post(reverse("login"), {"username": "ann"}, CONTENT_LENGTH=length).status_code in {400, 403, 422}
