"""Schedules: the time at which each exchange's stocks are analysed, its runs, and their ends for the digest."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from analysis import clock
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.models.jobs import Job
from analysis.prices.exchanges import Exchange, exchange_named
from stockapp.accounts.models import strategy_choices

LEAST_DELAY, LONGEST_DELAY = 30, 720  # minutes; a session counts as closed half an hour after its close
MAX_NOTIFY_ATTEMPTS = 5
CHECK_AGAIN = timedelta(seconds=30)


class ExchangeSchedule(models.Model):
    """The schedule of one exchange: its stocks are analysed after the close of each of its sessions."""

    exchange = models.CharField(primary_key=True, max_length=16)
    is_enabled = models.BooleanField("enabled", default=True)
    delay_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(LEAST_DELAY), MaxValueValidator(LONGEST_DELAY)],
        help_text="Minutes after the close; empty for the installation's SCHEDULE_DELAY_MINUTES.",
    )
    all_active = models.BooleanField(
        default=False, help_text="All active stocks, not only those that somebody watches."
    )
    strategy = models.CharField(max_length=32, default=TECHNICAL_RATING.key, choices=strategy_choices)
    last_session = models.DateField(
        null=True, blank=True, help_text="The newest session that was run, or had closed when this was switched on."
    )
    next_run_at = models.DateTimeField(null=True, blank=True)
    woken_at = models.DateTimeField(null=True, blank=True, help_text="When a run that was due was last asked for.")
    problem = models.CharField(
        max_length=500, blank=True, help_text="Why a run that is due was not submitted, or not all of it."
    )

    class Meta:
        ordering = ["next_run_at", "exchange"]
        constraints = [
            models.CheckConstraint(
                name="schedule_delay_is_possible",
                condition=Q(delay_minutes__isnull=True)
                | Q(delay_minutes__gte=LEAST_DELAY, delay_minutes__lte=LONGEST_DELAY),
            ),
        ]

    def __str__(self) -> str:
        return self.market.name

    @property
    def market(self) -> Exchange:
        return exchange_named(self.exchange)

    @property
    def delay(self) -> timedelta:
        return timedelta(minutes=self.delay_minutes or settings.SCHEDULE_DELAY_MINUTES)


class ScheduledRun(models.Model):
    """One session of an exchange that was analysed by schedule; a constraint allows one run per session.

    `job` is the first job of the run; further jobs are parts of it.
    """

    schedule = models.ForeignKey(ExchangeSchedule, on_delete=models.CASCADE, related_name="runs")
    session = models.DateField()
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.SET_NULL, related_name="scheduled_runs")
    is_whole = models.BooleanField(
        "submitted",
        default=True,
        help_text="Whether all its stocks were submitted; before that its session is still due.",
    )
    note = models.CharField(max_length=500, blank=True, help_text="Why there is no job.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "session"], name="one_run_per_exchange_and_session"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} after {self.session}"


class EndingQuerySet(models.QuerySet["Ending"]):
    def pending(self) -> EndingQuerySet:
        return self.filter(notified_at__isnull=True, attempts__lt=MAX_NOTIFY_ATTEMPTS)

    def to_wake(self) -> EndingQuerySet:
        """Return pending endings for which no worker was woken lately."""
        return self.pending().filter(Q(woken_at__isnull=True) | Q(woken_at__lt=clock.now() - CHECK_AGAIN))


class Ending(models.Model):
    """The end of a scheduled run, for the digest; written in the transaction that ends its last job."""

    job = models.OneToOneField(Job, primary_key=True, on_delete=models.CASCADE, related_name="ending")
    created_at = models.DateTimeField(default=timezone.now)
    notified_at = models.DateTimeField(null=True, blank=True)
    woken_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error_message = models.CharField(max_length=500, blank=True)

    objects: ClassVar[models.Manager[Ending]] = EndingQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(F("created_at"), condition=Q(notified_at__isnull=True), name="ending_pending"),
        ]

    def __str__(self) -> str:
        return f"End of {self.job_id}"
