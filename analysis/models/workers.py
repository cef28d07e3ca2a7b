"""Workers: one heartbeat row per worker process."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.utils import timezone

ALIVE_FOR = timedelta(seconds=45)


class WorkerQuerySet(models.QuerySet["Worker"]):
    def alive(self) -> WorkerQuerySet:
        return self.filter(seen_at__gte=timezone.now() - ALIVE_FOR)


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

    objects: ClassVar[models.Manager[Worker]] = WorkerQuerySet.as_manager()

    class Meta:
        ordering = ["-seen_at"]
        indexes = [models.Index(fields=["-seen_at"], name="worker_newest_first")]
        constraints = [models.UniqueConstraint(fields=["host", "pid"], name="one_row_per_worker")]

    def __str__(self) -> str:
        return f"{self.host.partition('/')[0]}:{self.pid}"

    @property
    def is_alive(self) -> bool:
        return self.seen_at >= timezone.now() - ALIVE_FOR
