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
from analysis.database_faults import find_fault, note_damage
from analysis.jobs.deadlines import count_absence
from analysis.models import Worker, ahead_or_behind
from analysis.process_signals import Signals
from analysis.timing import TIMING
from analysis.worker.recover import is_work_waiting, recover

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5
IDLE_STOP_SECONDS = 10
BREATH_SECONDS = 3  # between two starts of a cluster that ends at once
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
        self.born = 0.0
        self.idle_checks = 0
        self.wrong_by = timedelta()
        work: list[Act] = [
            (TIMING.recovery_interval.total_seconds(), self._recover),
            (TIMING.watch_interval.total_seconds(), self._watch),
            (TIMING.planned_interval.total_seconds(), queue.enqueue_due),
            *chores,
        ]
        self.acts: list[Act] = [(HEARTBEAT_SECONDS, self._beat), *((every, self._at_work(act)) for every, act in work)]

    def run(self) -> None:
        """Run until a signal to stop, let the cluster finish the stocks in work, and end; at a second signal at once.

        Raise OperationalError if the database cannot be reached at the start; later, wait for it.
        """
        connection.ensure_connection()
        signals = Signals()
        due = [0.0 for _ in self.acts]
        self._try(self._beat)
        try:
            while not signals.stopping:
                self._keep_cluster()
                for n, (every, act) in enumerate(self.acts):
                    if time.monotonic() >= due[n]:
                        due[n] = time.monotonic() + every
                        self._try(act)
                signals.wait(max(0.0, min(due) - time.monotonic()))
        finally:
            self._end_cluster(signals)
            self._try(Worker.objects.filter(pk=self.row.pk).delete)

    def _at_work(self, act: Callable[[], object]) -> Callable[[], object]:
        """Return the act, skipped while the clock is wrong."""
        return lambda: None if self.wrong_by else act()

    def _keep_cluster(self) -> None:
        """Start the cluster if none runs, but not while the clock is wrong."""
        if self.cluster.is_running:
            return
        if self.cluster.is_started:
            if time.monotonic() - self.born < BREATH_SECONDS:
                return
            self.cluster.kill()
            self.cluster.forget()
            if not self.row.is_stopping:
                logger.error("The cluster has ended; starting it again")
                self._note(restarts=F("restarts") + 1)
            self._try(self._recover)
        if not self.wrong_by:
            self.cluster.start()
            self.born = time.monotonic()
            self.idle_checks = 0
            self.row.group, self.row.is_stopping = self.cluster.group, False
            self._note(group=self.row.group, is_stopping=False)

    def _ask_to_end(self) -> None:
        self.row.is_stopping = True
        self._note(is_stopping=True)
        self.cluster.ask_to_end()

    def _end_cluster(self, signals: Signals) -> None:
        if not self.cluster.is_started:
            return
        self._ask_to_end()
        idle_from = time.monotonic() + IDLE_STOP_SECONDS
        while self.cluster.is_running:
            self._try(self._beat)
            # A cluster that lost a process may never exit; if it has no task, killing it loses nothing.
            if signals.at_once or (time.monotonic() > idle_from and not self.cluster.is_busy):
                self.cluster.kill()
            signals.wait(1)
        self.cluster.kill()

    def _beat(self) -> None:
        """Report a heartbeat; create the row of this worker if it is missing or was removed."""
        self._check_clock()
        if not self.wrong_by:
            count_absence()
        now, skew = clock.now(), self.wrong_by.total_seconds()
        if not (self.row.pk and Worker.objects.filter(pk=self.row.pk).update(seen_at=now, clock_skew=skew)):
            Worker.objects.filter(seen_at__lt=now - FORGET_AFTER).delete()
            Worker.objects.filter(host=self.row.host, pid=self.row.pid).delete()
            self.row.started_at = self.row.started_at if self.row.pk else now
            self.row.pk, self.row.seen_at, self.row.clock_skew = None, now, skew
            self.row.save(force_insert=True)

    def _check_clock(self) -> None:
        """Stop taking work while this machine's clock is wrong, and start again when it is right."""
        was_wrong, self.wrong_by = self.wrong_by, clock.wrong_by()
        if self.wrong_by and not was_wrong:
            sentence = f"The clock of this machine is {ahead_or_behind(self.wrong_by)} the database's"
            logger.error("%s; taking no work until it is right", sentence)
            if self.cluster.is_running:
                self._ask_to_end()
        elif was_wrong and not self.wrong_by:
            logger.warning("The clock of this machine is right again; taking work")

    def _recover(self) -> None:
        done = recover()
        Worker.objects.filter(pk=self.row.pk).update(
            last_recovery_at=clock.now(), recovered_count=F("recovered_count") + done.total
        )

    def _watch(self) -> None:
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

    def _note(self, **fields: object) -> None:
        self._try(lambda: Worker.objects.filter(pk=self.row.pk).update(**fields))

    def _try(self, act: Callable[[], object]) -> None:
        """Run an act and log a failure of the database; the next round tries again."""
        try:
            close_old_connections()
            act()
        except Exception as error:
            if fault := find_fault(error):
                note_damage(error)
                logger.warning("%s The worker waits: %s", fault.sentence, str(error).strip(), extra={"fault": fault})
            else:
                logger.exception("The worker goes on after an error")
