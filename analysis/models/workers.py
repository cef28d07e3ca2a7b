"""Workers: one heartbeat row per worker, and one row with the last heartbeat of any."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

from analysis import clock

ALIVE_FOR = timedelta(seconds=45)


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> WorkerQuerySet:
        return self.filter(seen_at__gte=clock.now() - ALIVE_FOR)

    def at_work(self) -> WorkerQuerySet:
        """Return live workers that take work; a worker whose clock is wrong takes none."""
        return self.alive().filter(clock_skew=0)


class Worker(models.Model):
    """A `manage.py worker`, as it last reported itself."""

    host = models.CharField(max_length=100)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    group = models.PositiveIntegerField(default=0, help_text="The process group of its cluster.")
    is_stopping = models.BooleanField(default=False)
    restarts = models.PositiveIntegerField(default=0)
    last_recovery_at = models.DateTimeField(null=True, blank=True)
    recovered_count = models.PositiveIntegerField(default=0)
    clock_skew = models.FloatField(default=0.0, help_text="Seconds that its clock is wrong by; 0 when it is right.")

    objects: ClassVar[models.Manager[Worker]] = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["-seen_at"]
        indexes = [models.Index(fields=["-seen_at"], name="worker_newest_first")]
        constraints = [models.UniqueConstraint(fields=["host", "pid"], name="one_row_per_worker")]

    def __str__(self) -> str:
        return f"{self.host.partition('/')[0]}:{self.pid}"

    @property
    def is_alive(self) -> bool:
        return self.seen_at >= clock.now() - ALIVE_FOR

    @property
    def is_at_work(self) -> bool:
        return self.is_alive and not self.clock_skew

    @property
    def clock_problem(self) -> str:
        """Return a sentence about its machine's wrong clock; empty if the clock is right."""
        if not self.clock_skew:
            return ""
        wrong = ahead_or_behind(timedelta(seconds=self.clock_skew))
        return f"The clock of worker {self} is {wrong} the database’s clock. It takes no work until its clock is right."


class WorkerPresence(models.Model):
    """One row: the time at which any worker was last present. Deadlines do not count time without a worker."""

    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"A worker was there at {self.seen_at}"


def ahead_or_behind(skew: timedelta) -> str:
    """Return a clock's error in words: “2 h ahead of”, “40 s behind”."""
    seconds = round(abs(skew.total_seconds()))
    units = ((86_400, "days"), (3_600, "h"), (60, "min"), (1, "s"))
    size, unit = next((size, unit) for size, unit in units if seconds >= 2 * size or size == 1)
    return f"{seconds // size} {unit} {'ahead of' if skew > timedelta() else 'behind'}"
