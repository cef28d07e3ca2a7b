"""Background: where a worker's process runs, whether it has to stop, and slices of work that give way to stocks."""

import hashlib
import os
import socket
import time
import uuid
from pathlib import Path

from analysis import clock
from analysis.models import JobDetail, Worker

CHECK_SECONDS = 0.05  # between two checks for a waiting stock: each is two queries


def _place() -> str:
    """Return where processes with different pids are different processes: this boot and pid namespace of a machine."""
    try:
        kernel = Path("/proc/sys/kernel/random/boot_id").read_text() + str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # no Linux
        kernel = str(uuid.getnode())
    return f"{socket.gethostname()[:60]}/{hashlib.sha256(kernel.encode()).hexdigest()[:12]}"


PLACE = _place()


def current_holder() -> str:
    """Return how this process is named as the holder of a lease: place:pid."""
    return f"{PLACE}:{os.getpid()}"


def is_dead(holder: str) -> bool:
    """Return whether a holder is a process of this place that has ended."""
    place, _, pid = holder.rpartition(":")
    if place != PLACE:
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # another user's, so it exists
        pass
    return False


def is_stopping() -> bool:
    """Return whether the worker of this process has to stop.

    An outdated row belongs to a worker that was killed while it stopped; another group may have its number by now.
    """
    return Worker.objects.alive().filter(host=PLACE, group=os.getpgrp(), is_stopping=True).exists()


class BackgroundSlice:
    """A slice of background work that ends early when a stock waits to be claimed."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._next_check = 0.0

    def is_over(self) -> bool:
        """Return whether its time is over, a stock waits or the worker has to stop. Call it between steps."""
        now = time.monotonic()
        if now >= self._ends:
            return True
        if now < self._next_check:
            return False
        self._next_check = now + CHECK_SECONDS
        return JobDetail.objects.claimable(by=clock.now()).exists() or is_stopping()
