"""Who gets what from every operation of the API: a table over its schema, so that a new one without a row fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from stockapp.accounts.models import ApiToken, TokenScope, User
from stockapp.api import api
from stockapp.tests.api_world import World, call, key_of, make_world, program

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Row:
    """How an operation is called so that its owner succeeds, and the status that another user gets."""

    method: str
    address: str
    owner: int
    another: int
    body: dict[str, Any] | None = None
    nobody: int = 401


TRANSFER = {"tickers": ["KAVERI.DEMO"], "target": "{second_list}"}

TABLE = {
    "get_health": Row("get", "health", 503, 503, nobody=503),
    "analyze_all_stocks": Row("post", "stocks/analyze-all-stocks", 201, 201, {"symbols": ["B&D.DEMO"]}),
    "search_stocks": Row("get", "stocks?q=kav", 200, 200),
    "get_stock": Row("get", "stocks/{ticker}", 200, 200),
    "get_plan": Row("get", "stocks/{ticker}/plan?capital=50000", 200, 200),
    "list_results": Row("get", "results?day={day}", 200, 200),
    "list_results_of_stock": Row("get", "stocks/{ticker}/results", 200, 200),
    "get_result": Row("get", "stocks/{ticker}/results/{day}", 200, 200),
    "screen_stocks": Row("get", "screener?score_min=-1", 200, 200),
    "get_track_record": Row("get", "track-record", 200, 200),
    "list_jobs": Row("get", "jobs", 200, 200),
    "get_job": Row("get", "jobs/{job}", 200, 404),
    "cancel_job": Row("post", "jobs/{running}/cancel", 200, 404),
    "rerun_job": Row("post", "jobs/{job}/rerun", 201, 404, {"failed_only": True}),
    "list_watchlists": Row("get", "watchlists", 200, 200),
    "create_watchlist": Row("post", "watchlists", 201, 201, {"name": "Steel"}),
    "get_watchlist": Row("get", "watchlists/{list}", 200, 404),
    "rename_watchlist": Row("patch", "watchlists/{list}", 200, 404, {"name": "Steel"}),
    "delete_watchlist": Row("delete", "watchlists/{list}", 204, 404),
    "add_to_watchlist": Row("post", "watchlists/{list}/stocks", 201, 404, {"ticker": "B&D.DEMO"}),
    "remove_stocks": Row("post", "watchlists/{list}/remove", 200, 404, {"tickers": ["KAVERI.DEMO"]}),
    "move_stocks": Row("post", "watchlists/{list}/move", 200, 404, TRANSFER),
    "copy_stocks": Row("post", "watchlists/{list}/copy", 200, 404, TRANSFER),
    "remove_from_watchlist": Row("delete", "watchlists/{list}/stocks/{ticker}", 204, 404),
}
OPERATIONS = {
    operation["operationId"]: method
    for path in api.get_openapi_schema(path_prefix="/api/")["paths"].values()
    for method, operation in path.items()
}


def test_every_operation_has_a_row_in_the_table() -> None:
    assert {name: row.method for name, row in TABLE.items()} == OPERATIONS


@pytest.fixture
def world() -> World:
    return make_world()


def status(row: Row, world: World, key: str) -> int:
    body = row.body and {
        name: int(value.format(**world.places)) if name == "target" else value for name, value in row.body.items()
    }
    answer = call(program(key), row.method, "/api/" + row.address.format(**world.places), body)
    if answer.status_code >= 400 and row.address != "health":
        assert set(answer.json()["error"]) >= {"kind", "message"}
    return int(answer.status_code)


def test_everybody_gets_what_the_table_says_and_who_is_refused_changes_nothing(
    world: World, subtests: pytest.Subtests
) -> None:
    """The owner comes last and still succeeds: whoever came before has changed nothing of the owner's."""
    broken = keys_that_do_not_work(world)
    bobs, reading, anns = key_of(world.bob), key_of(world.ann, TokenScope.READ), key_of(world.ann)
    for name, row in TABLE.items():
        with subtests.test(name), transaction.atomic():
            for key in broken:
                assert status(row, world, key) == row.nobody
            assert status(row, world, bobs) == row.another
            assert status(row, world, reading) == (row.owner if row.method == "get" else 403)
            assert status(row, world, anns) == row.owner
            transaction.set_rollback(True)  # so that each operation meets the same rows


def keys_that_do_not_work(world: World) -> list[str]:
    """None, one that never was, a revoked one, an expired one, and that of a user who is no longer active."""
    revoked = key_of(world.ann)
    ApiToken.objects.update(revoked_at=timezone.now())
    expired = key_of(world.ann, expires_at=timezone.now() - timedelta(seconds=1))
    return ["", "made-up", revoked, expired, key_of(User.objects.create(username="gone", is_active=False))]


@pytest.mark.parametrize("address", ["jobs", "watchlists"])
def test_a_list_of_ones_own_holds_nothing_of_another(address: str, world: World) -> None:
    assert program(key_of(world.ann)).get(f"/api/{address}").json()["items"]
    assert program(key_of(world.bob)).get(f"/api/{address}").json()["items"] == []


def test_staff_see_all_jobs_and_end_only_their_own(world: World) -> None:
    world.bob.is_staff = True
    world.bob.save()
    staff = program(key_of(world.bob))
    assert len(staff.get("/api/jobs").json()["items"]) == 2
    assert staff.get(f"/api/jobs/{world.running.pk}").json()["requested_by"] == "ann"
    assert staff.post(f"/api/jobs/{world.running.pk}/cancel").status_code == 404
