"""Real web servers for tests: gunicorn or `manage.py serve` on a free port, as on a server."""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stockapp.environment import BASE_DIR
from tests.processes import free_port, wait_for

GUNICORN = ("-m", "gunicorn", "stockapp.wsgi", "--bind", "127.0.0.1:{port}", "--threads", "8", "--no-control-socket")
SERVE = ("manage.py", "serve", "--bind", "127.0.0.1:{port}")
PREPARE = (["migrate", "--verbosity", "0"], ["createcachetable"], ["collectstatic", "--no-input"])


@dataclass(frozen=True)
class Web:
    """A web server of the application, behind a proxy that speaks https."""

    port: int
    pid: int

    def ask(self, address: str, method: str = "GET", body: str = "", **headers: str) -> tuple[int, dict[str, str], str]:
        """Return the status, the headers and the text of an answer, without a session."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        proxy = {"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345", "X-Forwarded-Proto": "https"}
        connection.request(method, address, body, headers={**proxy, **headers})
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read().decode()

    def status(self, address: str) -> int:
        """Return the status; 0 while the server does not listen."""
        try:
            return self.ask(address)[0]
        except OSError:
            return 0

    def time(self, address: str) -> tuple[float, int]:
        """How many seconds an answer took, and its status."""
        began = time.monotonic()
        status = self.ask(address)[0]
        return time.monotonic() - began, status


@contextmanager
def web_server(
    database_url: str, folder: Path, command: tuple[str, ...] = GUNICORN, *, log: Path | None = None, **settings: str
) -> Iterator[Web]:
    """A server without DEBUG on this database, whose tables are made first; its log goes to a file if one is given."""
    env = {**os.environ, "DATABASE_URL": database_url, "DATA_DIR": str(folder), "DEBUG": "false", **settings}
    for prepare in PREPARE:
        subprocess.run([sys.executable, "manage.py", *prepare], cwd=BASE_DIR, env=env, check=True, capture_output=True)
    port = free_port()
    arguments = [argument.format(port=port) for argument in command]
    with (
        (log or Path(os.devnull)).open("a") as errors,
        subprocess.Popen(
            [sys.executable, *arguments], cwd=BASE_DIR, env=env, stderr=errors if log else None
        ) as process,
    ):
        try:
            server = Web(port, process.pid)
            wait_for(lambda: server.status("/login/") == 200)
            yield server
        finally:
            process.terminate()
