"""Odd machines: processes whose clock is wrong, and clusters that start slowly.

A `sitecustomize` at the head of PYTHONPATH is run by every Python process that finds it, before anything else.
"""

from datetime import timedelta
from pathlib import Path

CUSTOMIZE = """
import threading, time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

until_gone = Path({file!r})
journey = time_machine.travel(datetime.now(UTC) + timedelta(seconds={seconds}))
journey.start()


def come_back():
    while until_gone.exists():
        time.sleep(0.1)
    journey.stop()


threading.Thread(target=come_back, daemon=True).start()
"""
SLOW = """
import sys, time

if "cluster" in sys.orig_argv and "analysis.guard" not in sys.orig_argv:
    ends = time.monotonic() + {seconds}
    while time.monotonic() < ends:
        busy_until = time.process_time() + 0.02
        while time.process_time() < busy_until:
            pass
        time.sleep(0.2)
"""


class WrongClock:
    """A clock that is ahead by so much, for the processes that are given its environment."""

    def __init__(self, folder: Path, ahead: timedelta) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "clock-is-wrong"
        self._file.touch()
        text = CUSTOMIZE.format(file=str(self._file), seconds=ahead.total_seconds())
        (folder / "sitecustomize.py").write_text(text)
        self.environment = {"PYTHONPATH": str(folder)}

    def set_right(self) -> None:
        self._file.unlink()


def slow_start(folder: Path, seconds: float) -> dict[str, str]:
    """The environment of a worker whose clusters start as on a machine with much else to do: slowly, with pauses."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(SLOW.format(seconds=seconds))
    return {"PYTHONPATH": str(folder)}
