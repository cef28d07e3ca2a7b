"""A folder per process: yfinance keeps cookies in SQLite, and processes that share a file wait for each other."""

import fcntl
import os
from functools import cache
from itertools import count
from pathlib import Path


def own_folder(parent: Path) -> Path:
    """A folder under `parent` that no other process uses while this one lives, made if there is none.

    A process that ends, however it ends, leaves its folder to the next: there are never more than processes at once.
    """
    return _claimed(parent, os.getpid())  # a forked process claims its own


@cache
def _claimed(parent: Path, _: int) -> Path:
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
