"""Cluster: the processes of a django-q2 cluster, as its supervisor starts, watches and ends them."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from django.conf import settings

DRAIN_SECONDS = 60
LONGEST_START = 120.0  # CPU seconds; a cluster that has used more is no longer starting
PULSES = 65_536
LINUX = Path("/proc/self/stat").exists()
TICKS = os.sysconf("SC_CLK_TCK")


class Cluster:
    """The processes of one worker, in a process group of their own; `start` may be called again after they have ended.

    Its processes report through a pipe, the pulse, that they are ready, have taken a task, or have finished it.
    """

    def __init__(self) -> None:
        self.lifeline, self._owned_end = os.pipe()
        self._pulse, self._pulse_end = os.pipe()
        os.set_blocking(self._pulse, False)
        self._process: subprocess.Popen[bytes] | None = None
        self._cut = b""
        self._busy = set[int]()
        self._is_ready = False
        self._used = 0.0

    @property
    def group(self) -> int:
        """Return the process group, which is also the guard's pid; 0 before the first start."""
        return self._process.pid if self._process else 0

    @property
    def is_started(self) -> bool:
        return self._process is not None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def is_busy(self) -> bool:
        """Return whether a process of the group has a task."""
        self._read_pulse()
        self._busy = {pid for pid in self._busy if self._has_process(pid)}
        return bool(self._busy)

    def start(self) -> None:
        manage = [sys.executable, str(settings.BASE_DIR / "manage.py"), "cluster"]
        pipes = [self.lifeline, self._pulse_end]
        self._read_pulse()
        self._busy, self._is_ready, self._used = set(), False, 0.0
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "analysis.guard", *map(str, pipes), str(DRAIN_SECONDS), *manage],
            cwd=settings.BASE_DIR,
            start_new_session=True,
            pass_fds=pipes,
        )

    def request_end(self) -> None:
        """Make the processes finish their tasks and end; the guard kills them after DRAIN_SECONDS."""
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        """Kill all processes of the group; some may have outlived the guard."""
        with suppress(ProcessLookupError):
            if self._process:
                os.killpg(self._process.pid, signal.SIGKILL)

    def reset(self) -> None:
        """Forget a cluster that has ended."""
        self._process = None

    def has_progressed(self) -> bool:
        """Return whether the cluster has made progress since the last call.

        Progress is to take or finish a task, and, before its processes are ready, to use CPU time: a start does so on
        any machine, however slow.
        """
        was_ready = self._is_ready
        if self._read_pulse():
            return True
        if self._is_ready:
            return not was_ready
        used, self._used = self._used, processor_seconds(self.group)
        return used < self._used < LONGEST_START

    def _read_pulse(self) -> bool:
        """Read the pulse. Return whether a task was taken or finished."""
        *lines, self._cut = (self._cut + self._read_bytes()).split(b"\n")
        for line in lines:
            what, pid = line[:1], int(line[1:])
            self._is_ready = True
            if what == b"T":
                self._busy.add(pid)
            elif what == b"D":
                self._busy.discard(pid)
        return any(line[:1] != b"R" for line in lines)

    def _read_bytes(self) -> bytes:
        try:
            return os.read(self._pulse, PULSES)
        except BlockingIOError:
            return b""

    def _has_process(self, pid: int) -> bool:
        try:
            return self._process is not None and os.getpgid(pid) == self._process.pid
        except ProcessLookupError:
            return False


def processor_seconds(group: int) -> float:
    """Return the CPU seconds of the living processes of a group."""
    stats = Path("/proc").glob("[0-9]*/stat")
    return sum(_spent_in_proc(stat, group) for stat in stats) if LINUX else _spent_in_ps(group)


def _spent_in_proc(stat: Path, group: int) -> float:
    try:
        fields = stat.read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):  # the process has ended meanwhile
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS if int(fields[2]) == group else 0.0


def _spent_in_ps(group: int) -> float:
    """Return the same without /proc, with the resolution of ps."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,time="], capture_output=True, text=True, check=True, timeout=10)  # noqa: S607
    rows = [line.split() for line in listed.stdout.splitlines()]
    return sum(_parse_seconds(spent) for of, spent in rows if of == str(group))


def _parse_seconds(spent: str) -> float:
    """Return the seconds of a time such as 1-02:03:04 or 3:04.56."""
    days, _, clock = spent.rpartition("-")
    seconds = 0.0
    for part in clock.split(":"):
        seconds = 60 * seconds + float(part)
    return seconds + 86_400 * int(days or 0)
