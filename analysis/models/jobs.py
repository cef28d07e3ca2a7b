"""Jobs: a request for the analysis of some stocks, and its progress."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q, Sum
from django.urls import reverse
from django.utils import timezone

from analysis import clock
from analysis.models.price_histories import PriceSourceName
from analysis.models.statuses import ACTIVE, FINISHED, JobStatus, Source
from stockapp.accounts.models import Person

LEFT = F("total") - F("completed_count") - F("failed_count") - F("skipped_count")


def sees_every_job(person: Person) -> bool:
    """Return whether a person sees all jobs, those without a user included: staff do."""
    return person.is_staff


def may_change_every_job(person: Person) -> bool:
    """Return whether a person may cancel and rerun jobs of others: users who may delete jobs can."""
    return person.has_perm("analysis.delete_job")


class JobQuerySet(models.QuerySet["Job"]):
    def active(self) -> JobQuerySet:
        return self.filter(status__in=ACTIVE)

    def of(self, person: Person) -> JobQuerySet:
        """Return the jobs that a user requested."""
        return self.filter(requested_by_id=person.pk) if person.is_authenticated else self.none()

    def visible_to(self, person: Person) -> JobQuerySet:
        return self if sees_every_job(person) else self.of(person)

    def writable_by(self, person: Person) -> JobQuerySet:
        """Return the jobs that a user may cancel and run again."""
        return self if may_change_every_job(person) else self.of(person)

    def of_run(self, first: uuid.UUID | None) -> JobQuerySet:
        """Return the jobs of a run: its first job and the further parts."""
        return self.filter(Q(pk=first) | Q(part_of=first)) if first else self.none()

    def stocks_left(self) -> int:
        """Return how many stocks of these jobs wait or are at work: one sum over the jobs' counters."""
        return self.aggregate(left=Sum(LEFT))["left"] or 0

    def for_list(self) -> JobQuerySet:
        return self.select_related("requested_by").order_by("-created_at", "-pk")


class Job(models.Model):
    """One request for the analysis of some stocks. Its counters move in the transaction that moves its details."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    source = models.CharField(max_length=10, choices=Source)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="jobs"
    )
    strategy = models.CharField(max_length=32)
    price_source = models.CharField(max_length=8, choices=PriceSourceName)
    as_of = models.DateField(null=True, blank=True)
    since = models.DateField(null=True, blank=True, help_text="A backfill's first day; its last one is as_of.")
    description = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=JobStatus, default=JobStatus.QUEUED)
    total = models.PositiveIntegerField()
    completed_count = models.PositiveIntegerField(default=0)
    failed_count = models.PositiveIntegerField(default=0)
    skipped_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    waited = models.DurationField(
        default=timedelta, help_text="How long, between its start and its end, none of its stocks was in work."
    )
    idle_since = models.DateTimeField(
        null=True, blank=True, help_text="When one of its stocks last left work, unless another was claimed since."
    )
    progress_at = models.DateTimeField(default=timezone.now, help_text="When a stock was last claimed or finished.")
    woken_at = models.DateTimeField(null=True, blank=True, help_text="When it was last woken for want of progress.")
    deadline = models.DateTimeField(null=True, blank=True)
    pruned_at = models.DateTimeField(null=True, blank=True, help_text="When its details were removed for their age.")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="reruns")
    part_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="parts",
        help_text="The first job of the run that this one is a further part of.",
    )
    error_message = models.CharField(max_length=500, blank=True)
    request_key = models.CharField(max_length=64, editable=False)

    objects: ClassVar[models.Manager[Job]] = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["-created_at"], name="job_newest_first"),
            models.Index(fields=["requested_by", "-created_at"], name="job_of_a_user"),
            models.Index(fields=["status", "-created_at"], name="job_by_status"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["request_key"], condition=Q(status__in=ACTIVE), name="one_active_job_per_request"
            ),
            models.CheckConstraint(name="job_status_is_known", condition=Q(status__in=JobStatus.values)),
            models.CheckConstraint(name="job_source_is_known", condition=Q(source__in=Source.values)),
            models.CheckConstraint(
                name="job_counts_are_within_total",
                condition=Q(total__gte=F("completed_count") + F("failed_count") + F("skipped_count")),
            ),
            models.CheckConstraint(name="job_has_stocks", condition=Q(total__gt=0)),
            models.CheckConstraint(
                name="job_backfills_up_to_a_day", condition=Q(since__isnull=True) | Q(since__lte=F("as_of"))
            ),
            models.CheckConstraint(
                name="job_has_completed_at_when_finished",
                condition=Q(status__in=ACTIVE, completed_at__isnull=True)
                | Q(status__in=FINISHED, completed_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.description or self.get_source_display()} ({str(self.pk)[:8]})"

    def get_absolute_url(self) -> str:
        return reverse("analysis:job", args=[self.pk])

    def is_of(self, person: Person) -> bool:
        return bool(person.is_authenticated and self.requested_by_id == person.pk)

    def is_visible_to(self, person: Person) -> bool:
        return self.is_of(person) or sees_every_job(person)

    def is_writable_by(self, person: Person) -> bool:
        return self.is_of(person) or may_change_every_job(person)

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE

    @property
    def done_count(self) -> int:
        return self.completed_count + self.failed_count + self.skipped_count

    @property
    def progress_percent(self) -> int:
        return 100 * self.done_count // self.total

    @property
    def duration(self) -> timedelta | None:
        """Return the time from the first claim to the end, or to now while the job runs; None before the claim."""
        return duration_between(self.started_at, self.completed_at)

    @property
    def queued_for(self) -> timedelta | None:
        """Return the time from the request to the first claim; to the end or to now if there was none."""
        return duration_between(self.created_at, self.started_at or self.completed_at)

    @property
    def has_waited(self) -> bool:
        """Return whether the job has waited for so long that its duration alone would mislead.

        The wait that lasts now, if one does, is not in it.
        """
        return self.waited >= timedelta(seconds=1)

    def waited_until(self, moment: datetime) -> timedelta:
        """Return how long the job has waited since its first claim if none of its stocks is in work now."""
        return self.waited + (duration_between(self.idle_since, moment) or timedelta())


def duration_between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """Return the time between two moments, to now without an end; never below zero, as clocks may be set back."""
    return max((end or clock.now()) - start, timedelta()) if start else None
