"""A folder per process: yfinance stores cookies in SQLite, and processes that share a file block each other."""

import fcntl
import os
from functools import cache
from itertools import count
from pathlib import Path


def process_folder(parent: Path) -> Path:
    """Return a folder under `parent` that no other process uses while this one lives; create it if necessary.

    When a process ends, in any way, its folder is free for the next: there are never more than processes at once.
    """
    return _claim_folder(parent, os.getpid())  # a forked process claims its own


@cache
def _claim_folder(parent: Path, _: int) -> Path:
    for number in count(1):
        folder = parent / f"process-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
        else:
            return folder  # the lock stays open: the system releases it with the process
    raise AssertionError("unreachable")
