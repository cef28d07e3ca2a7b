"""A cluster as its supervisor sees it: whether its processes use the processor, and what they report."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from analysis import cluster
from analysis.cluster import Cluster, processor_seconds

BUSY, IDLE = "while True: pass", "import time; time.sleep(600)"


@contextmanager
def process(code: str) -> Iterator[int]:
    """A process in a group of its own, with the pid as its number."""
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True) as started:
        try:
            yield started.pid
        finally:
            started.kill()


def eventually(condition: Callable[[], bool]) -> bool:
    ends = time.monotonic() + 60
    while not condition() and time.monotonic() < ends:
        time.sleep(0.1)
    return condition()


@pytest.mark.parametrize("has_proc", [True, False])
def test_the_processor_time_of_a_group_grows_while_it_works(has_proc: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if has_proc and not cluster.LINUX:
        pytest.skip("no /proc")
    monkeypatch.setattr(cluster, "LINUX", has_proc)
    with process(BUSY) as busy, process(IDLE) as idle:
        assert eventually(lambda: processor_seconds(busy) >= 1)
        assert processor_seconds(idle) < 1
    assert processor_seconds(busy) == 0


@pytest.mark.parametrize(
    ("spent", "seconds"), [("0:00.04", 0.04), ("3:04.56", 184.56), ("01:02:03", 3723), ("1-00:00:01", 86_401)]
)
def test_the_times_of_ps_are_read(spent: str, seconds: float) -> None:
    assert cluster._parse_seconds(spent) == pytest.approx(seconds)


class Reporting(Cluster):
    """A cluster whose one process this test is."""

    def report(self, *lines: str) -> None:
        os.write(self._pulse_end, "".join(f"{line}\n" for line in lines).encode())

    def _has_process(self, pid: int) -> bool:
        return pid != 99


def test_a_task_that_was_taken_or_done_is_progress_once() -> None:
    watched = Reporting()
    watched.report("R1", "R2")
    assert watched.has_progressed()
    assert not watched.has_progressed()
    watched.report("T1")
    assert (watched.has_progressed(), watched.is_busy) == (True, True)
    assert not watched.has_progressed()
    watched.report("D1")
    assert (watched.has_progressed(), watched.is_busy) == (True, False)


def test_processes_that_come_up_again_and_again_are_no_progress() -> None:
    watched = Reporting()
    watched.report("R1")
    assert watched.has_progressed()
    watched.report("R2", "R3")
    assert not watched.has_progressed()


def test_a_process_that_died_in_the_middle_of_a_task_does_not_count_as_busy() -> None:
    watched = Reporting()
    watched.report("T99")
    assert not watched.is_busy


def test_a_report_that_is_read_in_two_parts_is_one() -> None:
    watched = Reporting()
    os.write(watched._pulse_end, b"T1")
    assert not watched.is_busy
    os.write(watched._pulse_end, b"2\n")
    assert watched.is_busy
