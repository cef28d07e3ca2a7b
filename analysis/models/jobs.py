"""Jobs: what was asked for, how far it is, and one detail row per stock."""

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
from analysis.models.people import Person, may_change_every_job, sees_every_job
from analysis.models.statuses import ACTIVE, FINISHED, DetailStatus, ErrorKind, JobStatus, Source
from analysis.models.stocks import PriceSourceName, Stock

LEFT = F("total") - F("completed_count") - F("failed_count") - F("skipped_count")


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
        """From the first claim to the end, or to now while it runs."""
        return _between(self.started_at, self.completed_at)


class JobDetailQuerySet(models.QuerySet["JobDetail"]):
    def of_run(self, first: uuid.UUID | None) -> JobDetailQuerySet:
        """Return the details of all jobs of a run."""
        return self.filter(job__in=Job.objects.of_run(first).values("pk")) if first else self.none()

    def queued(self) -> JobDetailQuerySet:
        return self.filter(status=DetailStatus.QUEUED)

    def claimable(self, *, by: datetime) -> JobDetailQuerySet:
        """Queued details that need not wait at that moment."""
        return self.queued().filter(Q(not_before__isnull=True) | Q(not_before__lte=by))

    def waiting(self) -> JobDetailQuerySet:
        """Queued details whose source cannot be asked yet."""
        return self.queued().filter(not_before__gt=clock.now())

    def unfinished(self) -> JobDetailQuerySet:
        return self.filter(status__in=(DetailStatus.QUEUED, DetailStatus.PROCESSING))

    def held_by(self, token: uuid.UUID) -> JobDetailQuerySet:
        """Details whose lease this slice still holds."""
        return self.filter(lease_token=token, status=DetailStatus.PROCESSING)

    def leased(self) -> JobDetailQuerySet:
        """Details at work: a constraint says that those alone are leased, and their index has nothing else."""
        return self.filter(lease_until__isnull=False)

    def held_in(self, place: str) -> JobDetailQuerySet:
        """Details that processes of this place hold."""
        return self.leased().filter(holder__startswith=f"{place}:")

    def for_page(self) -> JobDetailQuerySet:
        """Failures first, then what runs, then by ticker."""
        order = {DetailStatus.FAILED: 0, DetailStatus.PROCESSING: 1}
        rank = models.Case(*(models.When(status=status, then=n) for status, n in order.items()), default=2)
        return self.select_related("stock").annotate(rank=rank).order_by("rank", "stock_id")


MAX_ATTEMPTS = 3


class JobDetail(models.Model):
    """One stock of a job: where it stands, who holds its lease, and what that run found."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="details")
    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="details")
    status = models.CharField(max_length=10, choices=DetailStatus, default=DetailStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    error_kind = models.CharField(max_length=20, choices=ErrorKind, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="While queued: not to be claimed before.")
    wait_reason = models.CharField(max_length=500, blank=True)
    unanswered = models.PositiveSmallIntegerField(default=0, help_text="How often its source did not answer for it.")
    result = models.ForeignKey("Result", null=True, blank=True, on_delete=models.SET_NULL, related_name="details")

    day = models.DateField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    raw_verdict = models.CharField(max_length=12, blank=True)
    verdict = models.CharField(max_length=12, blank=True)
    found = models.JSONField(null=True, blank=True, help_text="The plan and prices of this run.")

    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    holder = models.CharField(max_length=100, blank=True, help_text="The process that last held the lease, host:pid.")

    objects: ClassVar[models.Manager[JobDetail]] = JobDetailQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["job", "status", "stock"], name="detail_to_claim"),
            models.Index(fields=["lease_until"], condition=Q(lease_until__isnull=False), name="detail_leased"),
            models.Index(fields=["stock", "-id"], name="detail_newest_of_a_stock"),
            models.Index(fields=["status", "error_kind"], name="detail_by_error"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["job", "stock"], name="one_detail_per_job_and_stock"),
            models.CheckConstraint(name="detail_status_is_known", condition=Q(status__in=DetailStatus.values)),
            models.CheckConstraint(
                name="detail_is_leased_while_processing",
                condition=Q(status=DetailStatus.PROCESSING, lease_token__isnull=False, lease_until__isnull=False)
                | (~Q(status=DetailStatus.PROCESSING) & Q(lease_token__isnull=True, lease_until__isnull=True)),
            ),
            models.CheckConstraint(
                name="detail_waits_while_queued_and_says_why",
                condition=Q(not_before__isnull=True, wait_reason="")
                | Q(status=DetailStatus.QUEUED, not_before__isnull=False) & ~Q(wait_reason=""),
            ),
            models.CheckConstraint(
                name="detail_failure_says_why",
                condition=~Q(status=DetailStatus.FAILED) | ~Q(error_message="") & ~Q(error_kind=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stock_id} of {self.job_id}"

    @property
    def duration(self) -> timedelta | None:
        return _between(self.started_at, self.completed_at)

    @property
    def retry(self) -> str:
        """Which further try runs or waits, as in “2 of 3”; empty at the first."""
        return retry_text(self.status, self.attempts)


def retry_text(status: str, attempts: int) -> str:
    """Which further try of a stock runs or waits, as in “2 of 3”; empty at the first and when none is to come."""
    is_lost = status == DetailStatus.QUEUED and attempts > 0
    is_again = status == DetailStatus.PROCESSING and attempts > 1
    return f"{attempts + is_lost} of {MAX_ATTEMPTS}" if is_lost or is_again else ""


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    return (end or clock.now()) - start if start else None
