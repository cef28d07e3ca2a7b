"""Supervisor: the process of `manage.py worker`; it owns a django-q2 cluster, recovers jobs and reports a heartbeat."""

import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

from django.db import close_old_connections, connection
from django.db.models import F

from analysis import clock, queue
from analysis.background import PLACE
from analysis.cluster import Cluster
from analysis.database_faults import find_fault, record_damage
from analysis.jobs.deadlines import record_presence
from analysis.models import Worker, ahead_or_behind
from analysis.process_signals import ProcessSignals
from analysis.timing import TIMING
from analysis.worker.recover import is_work_waiting, recover

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5
IDLE_STOP_SECONDS = 10
RESTART_PAUSE_SECONDS = 3  # between two starts of a cluster that ends at once
FORGET_AFTER = timedelta(days=1)

type Act = tuple[float, Callable[[], object]]


class Supervisor:
    """One worker: a cluster under guard in a process group of its own, watched until SIGTERM or SIGINT.

    `chores` are further tasks, each with its interval in seconds: short acts on the database, safe in several workers.
    While the machine's clock is wrong, no cluster runs and no chore is done.
    """

    def __init__(self, chores: Sequence[Act] = ()) -> None:
        self.row = Worker(host=PLACE, pid=os.getpid())
        self.cluster = Cluster()
        self.cluster_started = 0.0
        self.idle_checks = 0
        self.clock_skew = timedelta()
        work: list[Act] = [
            (TIMING.recovery_interval.total_seconds(), self._recover_work),
            (TIMING.watch_interval.total_seconds(), self._check_progress),
            (TIMING.planned_interval.total_seconds(), queue.enqueue_due),
            *chores,
        ]
        self.acts: list[Act] = [
            (HEARTBEAT_SECONDS, self._report_heartbeat),
            *((every, self._unless_clock_is_wrong(act)) for every, act in work),
        ]

    def run(self) -> None:
        """Run until a signal to stop, let the cluster finish the stocks in work, and end; at a second signal at once.

        Raise OperationalError if the database cannot be reached at the start; later, wait for it.
        """
        connection.ensure_connection()
        signals = ProcessSignals()
        due = [0.0 for _ in self.acts]
        self._try_act(self._report_heartbeat)
        try:
            while not signals.is_stopping:
                self._ensure_cluster()
                for n, (every, act) in enumerate(self.acts):
                    if time.monotonic() >= due[n]:
                        due[n] = time.monotonic() + every
                        self._try_act(act)
                signals.wait(max(0.0, min(due) - time.monotonic()))
        finally:
            self._end_cluster(signals)
            self._try_act(Worker.objects.filter(pk=self.row.pk).delete)

    def _unless_clock_is_wrong(self, act: Callable[[], object]) -> Callable[[], object]:
        """Return the act, skipped while the clock is wrong."""
        return lambda: None if self.clock_skew else act()

    def _ensure_cluster(self) -> None:
        """Start the cluster if none runs, but not while the clock is wrong."""
        if self.cluster.is_running:
            return
        if self.cluster.is_started:
            if time.monotonic() - self.cluster_started < RESTART_PAUSE_SECONDS:
                return
            self.cluster.kill()
            self.cluster.reset()
            if not self.row.is_stopping:
                logger.error("The cluster has ended; starting it again")
                self._update_row(restarts=F("restarts") + 1)
            self._try_act(self._recover_work)
        if not self.clock_skew:
            self.cluster.start()
            self.cluster_started = time.monotonic()
            self.idle_checks = 0
            self.row.group, self.row.is_stopping = self.cluster.group, False
            self._update_row(group=self.row.group, is_stopping=False)

    def _request_end(self) -> None:
        self.row.is_stopping = True
        self._update_row(is_stopping=True)
        self.cluster.request_end()

    def _end_cluster(self, signals: ProcessSignals) -> None:
        if not self.cluster.is_started:
            return
        self._request_end()
        idle_from = time.monotonic() + IDLE_STOP_SECONDS
        while self.cluster.is_running:
            self._try_act(self._report_heartbeat)
            # A cluster that lost a process may never exit; if it has no task, killing it loses nothing.
            if signals.is_urgent or (time.monotonic() > idle_from and not self.cluster.is_busy):
                self.cluster.kill()
            signals.wait(1)
        self.cluster.kill()

    def _report_heartbeat(self) -> None:
        """Report a heartbeat; create the row of this worker if it is missing or was removed."""
        self._check_clock()
        if not self.clock_skew:
            record_presence()
        now, skew = clock.now(), self.clock_skew.total_seconds()
        if not (self.row.pk and Worker.objects.filter(pk=self.row.pk).update(seen_at=now, clock_skew=skew)):
            Worker.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()
            Worker.objects.filter(host=self.row.host, pid=self.row.pid).delete()
            self.row.started_at = self.row.started_at if self.row.pk else now
            self.row.pk, self.row.seen_at, self.row.clock_skew = None, now, skew
            self.row.save(force_insert=True)

    def _check_clock(self) -> None:
        """Stop taking work while this machine's clock is wrong, and start again when it is right."""
        was_wrong, self.clock_skew = self.clock_skew, clock.certain_skew()
        if self.clock_skew and not was_wrong:
            sentence = f"The clock of this machine is {ahead_or_behind(self.clock_skew)} the database's"
            logger.error("%s; taking no work until it is right", sentence)
            if self.cluster.is_running:
                self._request_end()
        elif was_wrong and not self.clock_skew:
            logger.warning("The clock of this machine is right again; taking work")

    def _recover_work(self) -> None:
        done = recover()
        Worker.objects.filter(pk=self.row.pk).update(
            last_recovery_at=clock.now(), recovered_count=F("recovered_count") + done.total
        )

    def _check_progress(self) -> None:
        """Kill a cluster that makes no progress for several checks although work has waited for `wedged_after`.

        Checks are counted instead of seconds, so that a slow machine, or one that slept, is not mistaken for a stuck
        cluster. The cluster has no task, so that killing it loses nothing.
        """
        does_something = self.cluster.has_progressed() or self.cluster.is_busy
        if does_something or not self.cluster.is_running or not is_work_waiting(since=TIMING.wedged_after):
            self.idle_checks = 0
            return
        self.idle_checks += 1
        if self.idle_checks >= TIMING.watches:
            logger.error("The cluster leaves work waiting and does none; killing it")
            self.cluster.kill()

    def _update_row(self, **fields: object) -> None:
        self._try_act(lambda: Worker.objects.filter(pk=self.row.pk).update(**fields))

    def _try_act(self, act: Callable[[], object]) -> None:
        """Run an act and log a failure of the database; the next round tries again."""
        try:
            close_old_connections()
            act()
        except Exception as error:
            if fault := find_fault(error):
                record_damage(error)
                logger.warning("%s The worker waits: %s", fault.sentence, str(error).strip(), extra={"fault": fault})
            else:
                logger.exception("The worker goes on after an error")
