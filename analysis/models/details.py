"""Job details: one row for each stock of a job. `analysis.jobs.details` moves them from state to state."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from analysis import clock
from analysis.models.jobs import Job, duration_between
from analysis.models.leases import LeasedQuerySet, LeasedRow, lease_constraint
from analysis.models.statuses import DetailStatus, ErrorKind
from analysis.models.stocks import Stock


class JobDetailQuerySet(LeasedQuerySet["JobDetail"]):
    def of_run(self, first: uuid.UUID | None) -> JobDetailQuerySet:
        """Return the details of all jobs of a run."""
        return self.filter(job__in=Job.objects.of_run(first).values("pk")) if first else self.none()

    def queued(self) -> JobDetailQuerySet:
        return self.filter(status=DetailStatus.QUEUED)

    def in_work(self) -> JobDetailQuerySet:
        return self.filter(status=DetailStatus.PROCESSING)

    def claimable(self, *, by: datetime) -> JobDetailQuerySet:
        """Return queued details that need not wait at that moment."""
        return self.queued().filter(Q(not_before__isnull=True) | Q(not_before__lte=by))

    def waiting(self) -> JobDetailQuerySet:
        """Return queued details whose source cannot be requested yet."""
        return self.queued().filter(not_before__gt=clock.now())

    def most_frequent_wait(self) -> tuple[str, datetime] | None:
        """Return the reason for which most details wait for their source, and the first time; None if none waits."""
        reasons = self.waiting().order_by().values_list("wait_reason")
        rows = reasons.annotate(rows=models.Count("pk"), first=models.Min("not_before"))
        most = rows.order_by("-rows", "wait_reason").first()
        return (most[0], most[2]) if most else None

    def unfinished(self) -> JobDetailQuerySet:
        return self.filter(status__in=(DetailStatus.QUEUED, DetailStatus.PROCESSING))

    def held_in(self, place: str) -> JobDetailQuerySet:
        """Return details that processes of this place hold."""
        return self.leased().filter(holder__startswith=f"{place}:")

    def for_page(self) -> JobDetailQuerySet:
        """Return the details with their stocks: failures first, then those in work, then by ticker."""
        order = {DetailStatus.FAILED: 0, DetailStatus.PROCESSING: 1}
        rank = models.Case(*(models.When(status=status, then=n) for status, n in order.items()), default=2)
        return self.select_related("stock").annotate(rank=rank).order_by("rank", "stock_id")


MAX_ATTEMPTS = 3


class JobDetail(LeasedRow):
    """One stock of a job: its status, the holder of its lease, and what that run found."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="details")
    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="details")
    status = models.CharField(max_length=10, choices=DetailStatus, default=DetailStatus.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    error_kind = models.CharField(max_length=20, choices=ErrorKind, blank=True)
    error_message = models.CharField(max_length=500, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="While queued: not to be claimed before.")
    wait_reason = models.CharField(max_length=500, blank=True, help_text="Why it waits, without the time.")
    unanswered = models.PositiveSmallIntegerField(default=0, help_text="How often its source did not answer for it.")
    result = models.ForeignKey("Result", null=True, blank=True, on_delete=models.SET_NULL, related_name="details")

    day = models.DateField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    raw_verdict = models.CharField(max_length=12, blank=True)
    verdict = models.CharField(max_length=12, blank=True)
    found = models.JSONField(null=True, blank=True, help_text="The plan and prices of this run.")

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
            lease_constraint("detail_is_leased_while_processing", status=DetailStatus.PROCESSING),
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
        """Return how long it was in work, or has been so far; None while it is queued."""
        if self.status == DetailStatus.QUEUED:
            return None
        return duration_between(self.started_at, self.completed_at)

    @property
    def retry(self) -> str:
        """Return which further try runs or waits, as in “2 of 3”; empty at the first."""
        return retry_text(self.status, self.attempts)


def retry_text(status: str, attempts: int) -> str:
    """Return which further try of a stock runs or waits, as in “2 of 3”; empty at the first and after the last."""
    is_lost = status == DetailStatus.QUEUED and attempts > 0
    is_again = status == DetailStatus.PROCESSING and attempts > 1
    return f"{attempts + is_lost} of {MAX_ATTEMPTS}" if is_lost or is_again else ""
