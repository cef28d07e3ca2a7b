"""Real processes for tests: `manage.py` commands on the test's own database."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.db import connection

from stockapp.environment import BASE_DIR

PATIENCE = 180  # a slow machine with other work to do; who waits in vain fails with a sentence


def database_url() -> str:
    """The address of the database that this test uses."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return f"postgresql://{database['USER']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


def environment(folder: Path, **env: str) -> dict[str, str]:
    """What a process is given that shall work on this test's database, with files of its own in `folder`."""
    return {**os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(folder), "CLOCK_OF_TESTS": "real", **env}


@contextmanager
def manage(*args: str, folder: Path, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py ARGS` as a process in a session of its own; it is asked to end afterwards, and its group has to."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", *args],
        cwd=BASE_DIR,
        env=environment(folder, **env),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def free_port() -> int:
    """Return a port of 127.0.0.1 without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for[T](condition: Callable[[], T], seconds: float = PATIENCE) -> T:
    """The first truthy answer; AssertionError when none came in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if answer := condition():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited {seconds} s in vain")


def children_of(pid: int) -> set[int]:
    """The pids of all descendants, from /proc."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, wave = set[int](), {pid}
    while wave:
        wave = {child for child, parent in parents.items() if parent in wave} - found
        found |= wave
    return found


def is_running(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
