"""Isolation: every address of the application, walked by the owner of Ann's things, another user, staff and nobody.

A new address without a verdict fails here, and so does a verdict for an address that is gone. Whoever is not the owner
leaves Ann's rows as they were and reads nothing of hers.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from tests.isolation_table import OWN, PEOPLE, SHOWN_TO_STAFF, STAFF_SEE, TABLE, Row
from tests.isolation_world import SECRET, Address, World, addresses, make_world

pytestmark = pytest.mark.django_db

ADDRESSES = {address.key: address for address in addresses()}
MODELS = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in admin.site._registry}
VIEWS = ("changelist", "add", "history", "delete", "change", "")
"""What the admin has for every model; without a name is the old address of a row, which leads to the new one."""
SHOWS_ANN = {key for key, row in TABLE.items() if row.read in {OWN, STAFF_SEE} and key != "watchlist:export_xlsx"}


def rule_of(address: Address) -> tuple[str, str] | None:
    """Model and view of an address that the admin makes for each model; None for any other."""
    if not address.route.startswith("admin/"):
        return None
    app, model, *_ = [*address.route.split("/")[1:], "", ""]
    view = address.name.rpartition("_")[2] if address.name else ""
    if f"{app}_{model}" not in MODELS or view not in VIEWS or address.name == "admin:auth_user_password_change":
        return None
    return f"{app}_{model}", view


RULED = {key: rule for key, address in ADDRESSES.items() if (rule := rule_of(address))}


def test_every_address_has_a_verdict_and_every_verdict_an_address() -> None:
    unjudged = sorted(set(ADDRESSES) - set(TABLE) - set(RULED))
    assert not unjudged, f"Say in tests/isolation_table.py who may use: {', '.join(unjudged)}."
    gone = sorted(set(TABLE) - set(ADDRESSES))
    assert not gone, f"Take out of tests/isolation_table.py what is no address any more: {', '.join(gone)}."


def test_every_address_has_a_verdict_for_reading_and_for_writing() -> None:
    routes: dict[str, list[Row]] = {}
    for key, row in TABLE.items():
        routes.setdefault(ADDRESSES[key].route, []).append(row)
    for route, rows in routes.items():
        assert any(row.read for row in rows), f"Nobody says who may read {route}."
        assert any(row.write for row in rows), f"Nobody says who may write to {route}."


@pytest.fixture
def world(settings: Settings) -> World:
    settings.METRICS_TOKEN = "only Prometheus knows it"
    return make_world()


@pytest.mark.timeout(600)
def test_everybody_gets_what_the_table_says_reads_nothing_of_anns_and_changes_nothing_of_hers(world: World) -> None:
    walk = Walk(world)
    for key in ADDRESSES:
        if key in RULED:
            walk.ruled(ADDRESSES[key], *RULED[key])
        else:
            walk.told(ADDRESSES[key], TABLE[key])
    assert not walk.faults, "\n".join(walk.faults)


class Walk:
    """The faults that were found; every request is taken back, so that each meets the same world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sessions = {person: world.session(person) for person in PEOPLE}
        self.before = world.hers()
        self.faults: list[str] = []
        self.has_written = False

    def _note_write(self, execute: Any, sql: str, *rest: Any) -> Any:
        """Note a statement that may change rows: after a request without one, they need not be compared."""
        self.has_written |= not sql.startswith(("SELECT", "SAVEPOINT", "RELEASE", "ROLLBACK"))
        return execute(sql, *rest)

    def told(self, address: Address, row: Row) -> None:
        """An address with verdicts of its own."""
        path = address.path(self.world.places)
        query = {name: value.format(**self.world.places) for name, _, value in [row.query.partition("=")] if name}
        body = {
            name: value.format(**self.world.places) if isinstance(value, str) else value
            for name, value in row.body.items()
        }
        sent = {"data": body, **({"content_type": "application/json"} if row.is_json else {})}
        for person, verdict in _verdicts(row.read):
            self.visit(address.key, person, "get", path, verdict, data=query)
        for person, verdict in _verdicts(row.write):
            may_change = row.is_leave or person == "owner" or verdict != dict(_verdicts(row.write))["staff"]
            self.visit(address.key, person, row.method, path, verdict, may_change=may_change, **sent)

    def ruled(self, address: Address, model: str, view: str) -> None:
        """An address that the admin has for a model: closed to all but a superuser, who gets what the model offers."""
        model_admin = admin.site._registry[MODELS[model]]
        row = MODELS[model]._default_manager.order_by("pk").first()
        found = str(row.pk) if row else "0"
        path = f"/{address.route.replace('<path:object_id>', quote(found))}"
        request = RequestFactory().get(path)
        request.user = self.world.people["superuser"]
        there = "200" if row else "302"
        superuser = {
            "changelist": "200",
            "add": "200" if model_admin.has_add_permission(request) else "403",
            "change": there,
            "history": there,
            "delete": there if model_admin.has_delete_permission(request, row) else "403",
            "": "302",
        }[view]
        staff = there if view == "history" and not row else "403" if view else "302"
        for person, verdict in _verdicts(f"admin admin {staff} login {superuser}"):
            self.visit(address.key, person, "get", path, verdict)
            self.visit(address.key, person, "post", path, "" if person == "superuser" else verdict)

    def visit(
        self, key: str, person: str, method: str, path: str, verdict: str, *, may_change: bool = False, **sent: Any
    ) -> None:
        """Ask once; without a verdict any answer will do that is no server error."""
        client = Client(raise_request_exception=False)
        if self.sessions[person]:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[person]
        with transaction.atomic(), connection.execute_wrapper(self._note_write):
            self.has_written = False
            answer = getattr(client, method)(path, **sent)
            if self.has_written and not may_change and self.world.hers() != self.before:
                self.faults.append(f"{key}: {method} by {person} changes what is Ann's.")
            transaction.set_rollback(True)
        if not {"no-store", "private"} <= set(answer.headers.get("Cache-Control", "").split(", ")):
            self.faults.append(f"{key}: {method} by {person} may be kept by a browser or a proxy.")
        got = _verdict_of(answer)
        if got != verdict if verdict else answer.status_code >= 500:
            self.faults.append(f"{key}: {method} by {person} is answered with {got}, not {verdict}.")
        is_shown = SECRET in answer.headers.get("Location", "") + answer.content.decode(errors="replace")
        may_see = person == "owner" or (person in {"staff", "superuser"} and _is_staffs(key))
        if is_shown and not may_see:
            self.faults.append(f"{key}: {method} shows {person} what is Ann's.")
        if person == "owner" and method == "get" and key in SHOWS_ANN and not is_shown:
            self.faults.append(f"{key}: does not even show Ann what is hers.")


def _verdicts(row: str) -> list[tuple[str, str]]:
    """Each person with a verdict; the superuser's is that of staff where it is left out."""
    verdicts = row.split()
    return list(zip(PEOPLE, [*verdicts, *verdicts[2:3]][: len(PEOPLE)], strict=True)) if verdicts else []


def _verdict_of(answer: Any) -> str:
    target = answer.headers.get("Location", "")
    if target.startswith(f"{reverse('login')}?"):
        return "login"
    return "admin" if target.startswith(f"{reverse('admin:login')}?") else str(answer.status_code)


def _is_staffs(key: str) -> bool:
    return key in SHOWN_TO_STAFF or key.startswith("admin")


def test_the_size_of_the_table_is_known() -> None:
    """Addresses times people, for reading and for writing: none is left out."""
    walked = sum(len(_verdicts(row.read)) + len(_verdicts(row.write)) for row in TABLE.values())
    assert walked + 2 * len(PEOPLE) * len(RULED) > 2_000
