"""The database is away while a real web server is asked: every answer says so, and all is well once it is back."""

import json
from pathlib import Path

import pytest

from analysis.database_faults import GONE, NO_ANSWER, Fault
from tests.processes import wait_for
from tests.web_server import Web, web_server
from tests.with_postgresql import Server

pytestmark = pytest.mark.slow

TOKEN = "a-token-for-monitors"


def assert_it_names(fault: Fault, server: Web) -> None:
    status, headers, page = server.ask("/")
    assert (status, headers["Retry-After"]) == (503, "30")
    assert fault.sentence in page
    assert ("What is stored is safe" in page) is not fault.is_lasting
    assert "css/tokens." in page
    status, headers, told = server.ask("/healthz")
    assert (status, headers["Retry-After"], json.loads(told)) == (503, "30", {"ok": False})
    told = server.ask("/healthz", Authorization=f"Bearer {TOKEN}")[2]
    assert json.loads(told)["problems"] == [str(fault)]
    status, _, told = server.ask("/jobs/", Accept="application/json")
    assert (status, json.loads(told)["detail"]) == (503, fault.sentence)
    status, _, line = server.ask("/jobs/live/", **{"HX-Request": "true"})
    assert (status, line) == (503, fault.sentence)
    assert server.status("/nowhere/") == 503


def test_postgresql_is_stopped_under_a_web_server_and_comes_back(tmp_path: Path) -> None:
    with Server() as database, web_server(database.url, tmp_path, METRICS_TOKEN=TOKEN) as server:
        assert server.status("/") == 302
        database.stop()
        assert_it_names(NO_ANSWER, server)
        database.start()
        wait_for(lambda: server.status("/") == 302)


def test_the_file_of_sqlite_is_moved_away_under_a_web_server_and_comes_back(tmp_path: Path) -> None:
    file, away = tmp_path / "stocks.sqlite3", tmp_path / "away"
    with web_server(f"sqlite:///{file}", tmp_path, METRICS_TOKEN=TOKEN) as server:
        assert server.status("/") == 302
        file.rename(away)
        assert_it_names(GONE, server)
        assert not file.exists()
        away.rename(file)
        wait_for(lambda: server.status("/") == 302)
