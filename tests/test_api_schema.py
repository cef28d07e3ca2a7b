"""The API against its own schema: schemathesis calls every operation of the real application, on a real database.

Half of the calls name what there is (a ticker of the demo market, jobs and a list of the caller), so that success is
tried as well as failure; every operation must have been seen to succeed.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analysis.models import Worker
from analysis.tests.make import make_job
from stockapp.api import api
from stockapp.tests.api_world import World, key_of, make_world
from stockapp.wsgi import application
from watchlist.models import Watchlist, WatchlistItem

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

OPERATIONS = sorted(
    operation["operationId"]
    for path in api.get_openapi_schema(path_prefix="/api/")["paths"].values()
    for operation in path.values()
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = int(os.environ.get("API_EXAMPLES", "40"))


@pytest.fixture
def world() -> World:
    return make_world()


@pytest.fixture(autouse=True)
def connection_of_the_test() -> Iterator[None]:
    """The application leaves the test's connection open, as it does for Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_keeps_to_its_schema_and_succeeds_too(name: str, world: World) -> None:
    Worker.objects.create(host="a", pid=1)
    headers = {"Authorization": f"Bearer {key_of(world.ann)}", "Accept-Encoding": "identity"}
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
    (operation,) = (
        found.ok() for found in schema.include(operation_id=name).get_all_operations() if isinstance(found, Ok)
    )
    seen: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(), is_real=st.booleans())
    def keeps_to_its_schema(case: Case[Any], is_real: bool) -> None:
        if is_real:
            name_what_there_is(case, world)
        response = case.call(headers=headers)
        seen[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    keeps_to_its_schema()
    assert any(200 <= status < 300 for status in seen), seen


def name_what_there_is(case: Case[Any], world: World) -> None:
    """Put real names into the address and the body; what the operation ends or deletes is made for the call."""
    banks, _ = Watchlist.objects.get_or_create(owner=world.ann, name="Listed")
    WatchlistItem.objects.get_or_create(watchlist=banks, stock_id="KAVERI.DEMO")
    job = make_job("KAVERI.DEMO", requested_by=world.ann) if case.path.endswith("/cancel") else world.done
    places: dict[str, Any] = {
        "ticker": "KAVERI.DEMO",
        "job_id": str(job.pk),
        "watchlist_id": banks.pk,
        "day": world.places["day"],
    }
    case.path_parameters.update({name: places[name] for name in case.path_parameters or {}})
    case.query.pop("cursor", None)
    if case.path.endswith("/analyze-all-stocks"):
        case.body = {"symbols": ["KAVERI.DEMO", "MERUVANTA.DEMO"]}
    elif case.path.endswith(("/move", "/copy")):
        target, _ = Watchlist.objects.get_or_create(owner=world.ann, name="Target")
        case.body = {"tickers": ["KAVERI.DEMO"], "target": target.pk}
    elif case.path.endswith("/rerun"):
        case.body = {"failed_only": False}
