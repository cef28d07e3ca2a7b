"""A lock is held: every wait for it ends, and health checks do not wait."""

import json
import sqlite3
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from analysis.tests.make import make_stock, make_user
from stockapp.accounts.models import ApiToken, TokenScope
from stockapp.accounts.tokens import create_token
from tests.processes import database_url
from tests.web_server import GUNICORN, SERVE, Web, web_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SUBMISSIONS = 12
AT_ONCE = 2.0  # seconds; a machine with other work to do is given another one beyond the second that is promised


@contextmanager
def held(ticker: str) -> Iterator[None]:
    """One stock's row locked by another session; in SQLite, which has one lock, the whole file."""
    if connection.vendor == "sqlite":
        other = sqlite3.connect(connection.settings_dict["NAME"], timeout=30, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("COMMIT")
        other.close()
        return
    with psycopg.connect(database_url()) as session:
        session.execute("SELECT 1 FROM analysis_stock WHERE ticker = %s FOR UPDATE", [ticker])
        yield


def submit(server: Web, token: str, n: int) -> tuple[int, dict[str, object]]:
    """Each names the stock and one of its own, so that none is the duplicate of another."""
    body = json.dumps({"symbols": ["KAVERI.DEMO", f"OTHER{n}.NS"]})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    status, _, text = server.ask("/api/stocks/analyze-all-stocks", "POST", body, **headers)
    return status, json.loads(text)


@pytest.mark.parametrize("command", [GUNICORN, SERVE], ids=["gunicorn", "serve"])
def test_health_and_pages_are_answered_while_submissions_wait_for_a_lock(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    make_stock("KAVERI.DEMO")
    token = create_token(ApiToken(user=make_user("ann"), name="Program", scope=TokenScope.SUBMIT))
    with web_server(database_url(), tmp_path, command) as server, ThreadPoolExecutor(SUBMISSIONS) as clients:
        server.ask("/healthz")
        with held("KAVERI.DEMO"):
            waiting = [clients.submit(submit, server, token, n) for n in range(SUBMISSIONS)]
            asked = list(_ask_while(waiting, server, "/healthz"))
            answers = [answer.result() for answer in waiting]
        again = submit(server, token, 99)
    assert max(seconds for seconds, _ in asked) < AT_ONCE, asked
    assert {status for status, _ in answers} == {503}
    assert again[0] == 201


def _ask_while(
    waiting: list[Future[tuple[int, dict[str, object]]]], server: Web, address: str
) -> Iterator[tuple[float, int]]:
    yield server.time(address)
    while not all(answer.done() for answer in waiting):
        yield server.time(address)
