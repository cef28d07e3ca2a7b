"""Supervisor: what `manage.py worker` does; it owns a django-q2 cluster, recovers jobs and reports a heartbeat."""

import ctypes
import logging
import os
import platform
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.db.models import F
from django.utils import timezone

from analysis.models import Worker
from analysis.services import recover
from analysis.signals import Signals

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5
RECOVER_SECONDS = 15
DRAIN_SECONDS = 60
FORGET_AFTER = timedelta(days=1)
PR_SET_PDEATHSIG = 1


class Supervisor:
    """One worker: a cluster in a process group of its own, watched until SIGTERM or SIGINT."""

    def __init__(self) -> None:
        self.cluster: subprocess.Popen[bytes] | None = None
        self.row = Worker(host=socket.gethostname()[:100], pid=os.getpid())

    def run(self) -> None:
        """Serve until told to stop; then let the cluster finish what it has taken, and end."""
        signals = Signals()
        self._register()
        beats: list[tuple[float, Callable[[], object]]] = [
            (HEARTBEAT_SECONDS, self._beat),
            (RECOVER_SECONDS, self._recover),
        ]
        due = [0.0 for _ in beats]
        try:
            while not signals.stopping:
                self._keep_cluster()
                for n, (every, act) in enumerate(beats):
                    if time.monotonic() >= due[n]:
                        due[n] = time.monotonic() + every
                        self._try(act)
                signals.wait(max(0.0, min(due) - time.monotonic()))
        finally:
            self._end_cluster()
            self._try(Worker.objects.filter(pk=self.row.pk).delete)

    def _register(self) -> None:
        Worker.objects.filter(seen_at__lt=timezone.now() - FORGET_AFTER).delete()
        Worker.objects.filter(host=self.row.host, pid=self.row.pid).delete()
        self.row.save(force_insert=True)

    def _keep_cluster(self) -> None:
        if self.cluster and self.cluster.poll() is None:
            return
        if self.cluster:
            logger.error("The cluster ended with exit code %s; starting it again", self.cluster.returncode)
            _kill_group(self.cluster)
            self._try(lambda: Worker.objects.filter(pk=self.row.pk).update(restarts=F("restarts") + 1))
        self.cluster = subprocess.Popen(  # noqa: S603
            [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"],
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )

    def _end_cluster(self) -> None:
        if not self.cluster:
            return
        self.cluster.terminate()
        try:
            self.cluster.wait(DRAIN_SECONDS)
        except subprocess.TimeoutExpired:
            logger.warning("The cluster did not end within %s s; killing it", DRAIN_SECONDS)
        _kill_group(self.cluster)

    def _beat(self) -> None:
        if not Worker.objects.filter(pk=self.row.pk).update(seen_at=timezone.now()):
            self._register()

    def _recover(self) -> None:
        done = recover()
        Worker.objects.filter(pk=self.row.pk).update(
            last_recovery_at=timezone.now(), recovered_count=F("recovered_count") + done.total
        )

    def _try(self, act: Callable[[], object]) -> None:
        """Do what the database may not allow just now; the next round tries again."""
        try:
            act()
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database did not answer: %s", str(error).strip())


def _die_with_parent() -> None:
    """In the child: be told to stop when the supervisor dies, so that no cluster lives on as an orphan (Linux)."""
    if platform.system() == "Linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
