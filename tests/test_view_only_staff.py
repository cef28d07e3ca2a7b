"""Staff that may only view change nothing in the admin: every model, action, form, button and address is tried.

The same requests of a superuser do change rows, so that the walk is known to try what works.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task
from django_q.signing import SignedPackage

from analysis.models import (
    ExchangeSchedule,
    FaultySession,
    FormerTicker,
    Index,
    IndexMember,
    QuietStock,
    RequestPace,
    ScheduledRun,
    SpecialDay,
    Stock,
    StrategyRecord,
    Worker,
)
from analysis.tests.make import make_user
from tests.isolation_world import make_world

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300)]

MODELS = {model._meta.label: model for model in admin.site._registry}
STANDARD = ("changelist", "add", "history", "delete", "change")
NEW_PASSWORD = "staple battery horse"


@pytest.fixture
def viewer(root: Client) -> Client:
    """Staff with the right to view everything, in an installation with a row of every kind; logged in."""
    world = make_world()
    job = world.ann.jobs.filter(completed_at__isnull=False).get()
    index = Index.objects.create(name="Large companies", loaded_at=timezone.now())
    IndexMember.objects.create(index=index, stock=Stock.objects.earliest("pk"))
    FormerTicker.objects.create(ticker="FORMER.DEMO", stock=Stock.objects.earliest("pk"))
    exchange = ExchangeSchedule.objects.create(exchange="NSE")
    ScheduledRun.objects.create(schedule=exchange, session=date(2026, 11, 20), job=job)
    SpecialDay.objects.create(exchange="NSE", day=date(2027, 1, 26), source="list")
    StrategyRecord.objects.create(strategy="trend", price_source="demo")
    RequestPace.objects.create(source="yahoo")
    FaultySession.objects.create(
        source="yahoo", exchange="NSE", day=date(2026, 11, 20), kind="flat", stocks=50, of_stocks=60
    )
    QuietStock.objects.create(
        stock=Stock.objects.earliest("pk"),
        source="yahoo",
        requests=4,
        requested_on=date(2026, 11, 20),
        next_request=date(2026, 11, 22),
    )
    Worker.objects.create(host="here", pid=1)
    Group.objects.create(name="Editors")
    now, call = (
        timezone.now(),
        {"func": "analysis.worker.recover.recover", "started": timezone.now(), "stopped": timezone.now()},
    )
    Task.objects.create(id="a" * 32, name="done", success=True, **call)
    Task.objects.create(id="b" * 32, name="failed", success=False, **call)
    Schedule.objects.create(name="Nightly", func=call["func"], next_run=now)
    message = {"id": "c" * 32, "name": "waiting", "func": call["func"], "args": (), "kwargs": {}}
    OrmQ.objects.create(key="stockapp", lock=now, payload=SignedPackage.dumps(message))
    staff = make_user("viewer", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    client = Client()
    client.force_login(staff)
    attempt = {
        "username": "ann",
        "ip_address": "203.0.113.9",
        "user_agent": "x",
        "http_accept": "x",
        "path_info": "/login/",
    }
    AccessAttempt.objects.create(**attempt, get_data="", post_data="", failures_since_start=3)
    AccessAttempt.objects.update(attempt_time=now - timedelta(days=30))
    AccessLog.objects.create(**attempt)
    AccessFailureLog.objects.create(**attempt)
    return client


@pytest.fixture
def root() -> Client:
    client = Client()
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def test_staff_that_may_only_view_change_no_row(viewer: Client, root: Client) -> None:
    before, faults, idle = rows(), set(), []
    for label, model in MODELS.items():
        acts = list(_acts(model, root))
        shown = viewer.get(reverse(f"admin:{_place(model)}_changelist"))
        assert shown.status_code == 200
        assert not shown.context["cl"].formset
        faults |= {f"{label}: offers an action"} if shown.context["action_form"] else set()
        faults |= {f"{label}: {act.name}" for act in acts if _changes(viewer, act, before)}
        if _may_be_changed(model) and not any(_changes(root, act, before) for act in acts):
            idle.append(label)
    assert not faults, "Staff that may only view change rows by: " + ", ".join(sorted(faults))
    assert not idle, "Not even a superuser changes anything there, so this test tries nothing."
    assert rows() == before


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of every table."""
    models = [model for model in apps.get_models(include_auto_created=True) if not model._meta.proxy]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in models}


@dataclass(frozen=True)
class Act:
    """One request that changes something, for those that may."""

    name: str
    path: str
    sent: dict[str, Any] = field(default_factory=dict)


def _changes(client: Client, act: Act, before: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether it changes any row; it is taken back."""
    with transaction.atomic():
        answer = client.post(act.path, act.sent)
        assert answer.status_code < 500, act.name
        has_changed = rows() != before
        transaction.set_rollback(True)
    return has_changed


def _acts(model: type[Model], root: Client) -> Iterator[Act]:
    """Every request that the admin of a model has for who may change something, found as a superuser."""
    model_admin, place = admin.site._registry[model], _place(model)
    row = model_admin.get_queryset(_request()).order_by("pk").first()
    assert row is not None, f"Make a row of {model._meta.label} for this test."
    chosen = {"_selected_action": [str(row.pk)], "index": "0", "select_across": "0"}
    listed = reverse(f"admin:{place}_changelist")
    for name in model_admin.get_actions(_request()):
        yield Act(f"action {name}", listed, {**chosen, "action": name})
        yield Act(f"action {name}, confirmed", listed, {**chosen, "action": name, "post": "yes"})
    yield from _forms("list", listed, root, {"_save": "Save"})
    for name in ("change", "delete"):
        path = reverse(f"admin:{place}_{name}", args=[quote(row.pk)])
        yield Act(f"{name} confirmed", path, {"post": "yes"})
        yield from _forms(name, path, root, {})
    yield from _forms("add", reverse(f"admin:{place}_add"), root, {})
    for pattern in model_admin.get_urls():
        if pattern.name and not pattern.name.endswith(STANDARD):
            own = reverse(f"admin:{pattern.name}", args=[row.pk])
            password = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD, "usable_password": "true"}
            yield Act(f"address {pattern.name}", own, {"post": "yes", **password})


def _forms(name: str, path: str, root: Client, more: dict[str, str]) -> Iterator[Act]:
    """What the page's form sends for each of its buttons, each text and number changed."""
    answer = root.get(path)
    if answer.status_code != 200:
        return
    page = Page()
    page.feed(answer.text)
    for button in page.buttons or [""]:
        yield Act(f"{name} form, button {button or 'Save'}", path, {**page.fields, button: "1", **more})


class Page(HTMLParser):
    """The fields of a page's forms, with values that are there, and the names of their buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self.buttons: list[str] = []
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in given:
            self.fields[self.select] = given.get("value", "")
        elif tag == "textarea":
            self.fields[name] = "[]"
        elif tag in {"input", "button"} and kind == "submit":
            self.buttons += [name] if name else []
        elif tag == "input" and name and (kind not in {"checkbox", "radio"} or "checked" in given):
            self.fields[name] = given.get("value", "")


def _place(model: type[Model]) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def _request() -> Any:
    request: Any = RequestFactory().get("/")
    request.user = apps.get_model("accounts", "User").objects.get(username="root")
    return request


def _may_be_changed(model: type[Model]) -> bool:
    model_admin, request = admin.site._registry[model], _request()
    row = model_admin.get_queryset(request).order_by("pk").first()
    return model_admin.has_change_permission(request, row) or model_admin.has_delete_permission(request, row)
