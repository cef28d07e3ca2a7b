"""The database is away while a real web server is asked: every answer says so, and all is well once it is back."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from stockapp.environment import BASE_DIR
from tests.processes import free_port, wait_for
from tests.with_postgresql import Server

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Web:
    """A gunicorn of the application, behind what says that it speaks https."""

    port: int

    def get(self, address: str, **headers: str) -> tuple[int, dict[str, str], str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        session = {"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345", "X-Forwarded-Proto": "https"}
        connection.request("GET", address, headers={**session, **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()

    def status(self, address: str) -> int:
        try:
            return self.get(address)[0]
        except OSError:
            return 0


@contextmanager
def web(database_url: str, folder: Path) -> Iterator[Web]:
    """Without DEBUG, as on a server."""
    env = {**os.environ, "DATABASE_URL": database_url, "DATA_DIR": str(folder), "DEBUG": "false"}
    for command in (["migrate", "--verbosity", "0"], ["createcachetable"], ["collectstatic", "--no-input"]):
        subprocess.run([sys.executable, "manage.py", *command], cwd=BASE_DIR, env=env, check=True, capture_output=True)
    port = free_port()
    gunicorn = [sys.executable, "-m", "gunicorn", "stockapp.wsgi", "--bind", f"127.0.0.1:{port}", "--threads", "4"]
    with subprocess.Popen(gunicorn, cwd=BASE_DIR, env=env) as process:
        try:
            server = Web(port)
            wait_for(lambda: server.status("/login/") == 200)
            yield server
        finally:
            process.terminate()


def assert_it_says_that_the_database_is_away(server: Web) -> None:
    status, headers, page = server.get("/")
    assert (status, headers["Retry-After"]) == (503, "30")
    assert "The database does not answer." in page
    assert "css/base." in page
    status, headers, told = server.get("/healthz")
    assert (status, headers["Retry-After"]) == (503, "30")
    assert json.loads(told)["problems"] == ["The database does not answer."]
    status, _, told = server.get("/jobs/", Accept="application/json")
    assert (status, json.loads(told)["detail"]) == (503, "The database does not answer.")
    status, _, line = server.get("/jobs/live/", **{"HX-Request": "true"})
    assert (status, line) == (503, "The database does not answer.")
    assert server.status("/nowhere/") == 503


def test_postgresql_is_stopped_under_a_web_server_and_comes_back(tmp_path: Path) -> None:
    with Server() as database, web(database.url, tmp_path) as server:
        assert server.status("/") == 302
        database.stop()
        assert_it_says_that_the_database_is_away(server)
        database.start()
        wait_for(lambda: server.status("/") == 302)


def test_the_file_of_sqlite_is_moved_away_under_a_web_server_and_comes_back(tmp_path: Path) -> None:
    file, away = tmp_path / "stocks.sqlite3", tmp_path / "away"
    with web(f"sqlite:///{file}", tmp_path) as server:
        assert server.status("/") == 302
        file.rename(away)
        assert_it_says_that_the_database_is_away(server)
        for made_anew in tmp_path.glob("stocks.sqlite3*"):
            made_anew.unlink()
        away.rename(file)
        wait_for(lambda: server.status("/") == 302)
