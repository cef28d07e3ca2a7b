"""Supervisor: what `manage.py worker` does; it owns a django-q2 cluster, recovers jobs and reports a heartbeat."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import close_old_connections, connection
from django.db.models import F
from django.utils import timezone

from analysis.database_faults import find_fault, note_damage
from analysis.models import JobDetail, Worker
from analysis.process_signals import Signals
from analysis.services import is_work_waiting, recover
from analysis.services.claim import LEASE, PLACE

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5
RECOVER_SECONDS = LEASE.total_seconds() / 6
WATCH_SECONDS = LEASE.total_seconds() / 18
DRAIN_SECONDS = 60
IDLE_STOP_SECONDS = 10
BREATH_SECONDS = 3  # between two starts of a cluster that ends at once
WEDGED_AFTER = LEASE / 3
PATIENCE = max(WEDGED_AFTER, timedelta(seconds=10)).total_seconds()  # with a cluster that comes up
SUSPICIONS = 2  # in a row: between two slices a cluster that is well holds nothing for a moment
FORGET_AFTER = timedelta(days=1)


class Supervisor:
    """One worker: a cluster under guard in a process group of its own, watched until SIGTERM or SIGINT.

    `chores` are done besides, each every so many seconds: short acts on the database, safe to do in several workers.
    """

    def __init__(self, chores: Sequence[tuple[float, Callable[[], object]]] = ()) -> None:
        self.chores = chores
        self.row = Worker(host=PLACE, pid=os.getpid())
        self.lifeline, self.owned_end = os.pipe()
        self.cluster: subprocess.Popen[bytes] | None = None
        self.born = 0.0
        self.suspicions = 0
        self.patience = PATIENCE

    def run(self) -> None:
        """Serve until told to stop; then let the cluster finish the stocks in hand, and end. Told twice, end at once.

        Raises OperationalError when the database cannot be reached at the start; later it is waited for.
        """
        connection.ensure_connection()
        signals = Signals()
        acts: list[tuple[float, Callable[[], object]]] = [
            (HEARTBEAT_SECONDS, self._beat),
            (RECOVER_SECONDS, self._recover),
            (WATCH_SECONDS, self._watch),
            *self.chores,
        ]
        due = [0.0 for _ in acts]
        try:
            while not signals.stopping:
                self._keep_cluster()
                for n, (every, act) in enumerate(acts):
                    if time.monotonic() >= due[n]:
                        due[n] = time.monotonic() + every
                        self._try(act)
                signals.wait(max(0.0, min(due) - time.monotonic()))
        finally:
            self._end_cluster(signals)
            self._try(Worker.objects.filter(pk=self.row.pk).delete)

    def _keep_cluster(self) -> None:
        if self.cluster and self.cluster.poll() is None:
            return
        if self.cluster:
            if time.monotonic() - self.born < BREATH_SECONDS:
                return
            logger.error("The cluster has ended; starting it again")
            self._kill_group()
            self._try(lambda: Worker.objects.filter(pk=self.row.pk).update(restarts=F("restarts") + 1))
            self._try(self._recover)
        cluster = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
        self.cluster = subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "analysis.guard", str(self.lifeline), str(DRAIN_SECONDS), *cluster],
            cwd=settings.BASE_DIR,
            start_new_session=True,
            pass_fds=[self.lifeline],
        )
        self.born = time.monotonic()
        self.row.group = self.cluster.pid
        self._try(lambda: Worker.objects.filter(pk=self.row.pk).update(group=self.row.group))

    def _end_cluster(self, signals: Signals) -> None:
        if self.cluster is None:
            return
        self._try(lambda: Worker.objects.filter(pk=self.row.pk).update(is_stopping=True))
        self.cluster.terminate()
        idle_from = time.monotonic() + IDLE_STOP_SECONDS
        while self.cluster.poll() is None:
            # A cluster that lost a part of itself may never end by itself; when it holds nothing, nothing is lost.
            if signals.at_once:
                self._kill_group()
            elif time.monotonic() > idle_from:
                self._try(self._kill_idle)
            signals.wait(1)
        self._kill_group()

    def _kill_idle(self) -> None:
        if not self._holds_work():
            self._kill_group()

    def _kill_group(self) -> None:
        """Kill what there is of the cluster's group; it may have outlived its guard."""
        with suppress(ProcessLookupError):
            if self.cluster:
                os.killpg(self.cluster.pid, signal.SIGKILL)

    def _beat(self) -> None:
        """Say that we are alive; a row that is not there, or was removed as forgotten, is written."""
        now = timezone.now()
        if not (self.row.pk and Worker.objects.filter(pk=self.row.pk).update(seen_at=now)):
            Worker.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()
            Worker.objects.filter(host=self.row.host, pid=self.row.pid).delete()
            self.row.pk, self.row.seen_at = None, now
            self.row.save(force_insert=True)

    def _recover(self) -> None:
        done = recover()
        Worker.objects.filter(pk=self.row.pk).update(
            last_recovery_at=timezone.now(), recovered_count=F("recovered_count") + done.total
        )

    def _watch(self) -> None:
        """Kill a cluster that stands still: work has waited for long, and it holds none although it had the time to.

        As it holds nothing, nothing is lost if it was only slow.
        """
        age = time.monotonic() - self.born
        looks_wedged = age > self.patience and is_work_waiting(since=WEDGED_AFTER) and not self._holds_work()
        self.suspicions = self.suspicions + 1 if looks_wedged else 0
        if self.cluster and self.suspicions >= SUSPICIONS:
            logger.error("The cluster leaves work waiting and does none; killing it")
            self._kill_group()
            # It may only have been slow to come up, and so will be the next: killing one after the other helps nobody.
            self.patience = 2 * self.patience if age < 2 * self.patience else PATIENCE

    def _holds_work(self) -> bool:
        """Whether a process of our cluster's group holds a lease that has not run out."""
        held = JobDetail.objects.held_in(PLACE).filter(lease_until__gt=timezone.now())
        names = held.order_by().values_list("holder", flat=True).distinct()
        return any(self._is_ours(int(name.rpartition(":")[2])) for name in names)

    def _is_ours(self, pid: int) -> bool:
        try:
            return self.cluster is not None and os.getpgid(pid) == self.cluster.pid
        except ProcessLookupError:
            return False

    def _try(self, act: Callable[[], object]) -> None:
        """Do what the database may not allow just now; the next round tries again."""
        try:
            close_old_connections()
            act()
        except Exception as error:
            if fault := find_fault(error):
                note_damage(error)
                logger.warning("%s The worker waits: %s", fault.sentence, str(error).strip(), extra={"error": error})
            else:
                logger.exception("The worker goes on after an error")
