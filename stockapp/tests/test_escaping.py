"""What people and modules write into pages is escaped: no template takes a text for markup."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from django import forms
from django.http import HttpRequest
from django.shortcuts import render
from django.test import Client
from django.urls import reverse
from ninja import Swagger

from analysis.tests.make import make_user
from stockapp.api import api
from stockapp.environment import BASE_DIR

pytestmark = pytest.mark.django_db

MARKUP = "<b onclick='x'>&</b>"


MARKUP_OF_DJANGO = {"error_reports.py"}
"""Modules that change a page which Django has rendered."""


class Odd(forms.Form):
    """A field whose words hold markup, as a name typed by a user may."""

    text = forms.CharField(label=MARKUP, help_text=MARKUP)
    tick = forms.BooleanField(label=MARKUP, help_text=MARKUP)


@pytest.mark.parametrize("name", ["text", "tick"])
def test_a_fields_words_are_escaped(name: str) -> None:
    shown = render(HttpRequest(), "field.html", {"field": Odd()[name]}).text
    assert "<b " not in shown
    assert shown.count("&lt;b onclick=&#x27;x&#x27;&gt;&amp;") == 2


def test_help_that_is_meant_as_markup_is_still_shown_as_such(client: Client) -> None:
    client.force_login(make_user("ann"))
    account = client.get(reverse("accounts:account")).text
    assert f'<a href="{reverse("analysis:strategies")}">' in account
    assert "&lt;a" not in account
    rules = client.get(reverse("password_change")).text
    assert "<li>Your password must contain at least 12 characters.</li>" in rules
    assert "&lt;li" not in rules


def test_the_settings_of_the_apis_page_cannot_leave_their_script(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.force_login(make_user("ann"))
    monkeypatch.setitem(cast(Swagger, api.docs).settings, "odd", "</script><b>")
    page = client.get(reverse("api:openapi-view")).text
    assert "</script><b>" not in page
    assert reverse("api:openapi-json") in page


def test_no_template_and_no_module_takes_a_text_for_markup() -> None:
    """Markup is made by templates and `format_html`; a plain-text message is the one place that does not escape."""
    found: list[Any] = []
    for path in BASE_DIR.glob("templates/**/*.*"):
        bad = r"\|\s*safe\b|\|\s*safeseq\b" + ("" if path.suffix == ".txt" else r"|autoescape\s+off")
        found += [f"{path.name}: {hit}" for hit in re.findall(bad, path.read_text())]
    for folder in ("stockapp", "analysis", "watchlist"):
        for path in BASE_DIR.glob(f"{folder}/**/*.py"):
            if "tests" not in path.parts and path.name not in MARKUP_OF_DJANGO:
                found += [f"{path.name}: {hit}" for hit in re.findall(r"mark_safe|SafeString\(", path.read_text())]
    assert found == []
