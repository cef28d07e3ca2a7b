"""Results: one row per stock and trading day, and its evidence in a table of its own."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from analysis.models.jobs import Job
from analysis.models.price_histories import PriceSourceName
from analysis.models.ratings import Rating
from analysis.models.statuses import ResultStatus, Source
from analysis.models.stocks import RATING, Stock


class ResultQuerySet(models.QuerySet["Result"]):
    def completed(self) -> ResultQuerySet:
        return self.filter(status=ResultStatus.COMPLETED)

    def newest_first(self) -> ResultQuerySet:
        return self.order_by("-day")

    def with_rating(self, strategy: str) -> ResultQuerySet:
        """Read each result's rating by a strategy with it, as `rating`."""
        by_strategy = models.FilteredRelation("ratings", condition=Q(ratings__strategy=strategy))
        return self.annotate(**{RATING: by_strategy}).select_related(RATING)


class Result(models.Model):
    """The result of the analysis of one stock for one session; a later run of the same day updates the row.

    It has what is true whoever reads it; the verdict is a strategy's, in `ratings`. Prices are in the stock's currency.
    """

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="results")
    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="results")
    day = models.DateField(help_text="The session of the last closed bar used.")
    status = models.CharField(max_length=10, choices=ResultStatus)
    source = models.CharField(max_length=10, choices=Source)
    price_source = models.CharField(max_length=8, choices=PriceSourceName)
    recent_closes = models.JSONField(
        default=list,
        blank=True,
        help_text="The closes of the last 30 sessions, oldest first; of a stock's latest result alone.",
    )
    close = models.FloatField(null=True, blank=True)
    previous_close = models.FloatField(null=True, blank=True)
    change_sessions = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="Sessions of the exchange from the previous close to this one."
    )
    bar_count = models.PositiveIntegerField(default=0)
    finding_count = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Repairs and warnings of the quality gate; the evidence has their sentences."
    )
    input_fingerprint = models.CharField(max_length=64, blank=True)
    engine_version = models.CharField(max_length=16)
    error_message = models.CharField(max_length=500, blank=True)
    started_at = models.DateTimeField()
    completed_at = models.DateTimeField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    rating: Rating | None = None
    """The rating by the reader's strategy, None if there is none; set by `with_rating`."""

    objects: ClassVar[models.Manager[Result]] = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "stock"]
        indexes = [
            models.Index(fields=["-day", "stock"], name="result_by_day"),
            models.Index(fields=["-updated_at"], name="result_newest_first"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["stock", "day"], name="one_result_per_stock_and_day"),
            models.CheckConstraint(name="result_status_is_known", condition=Q(status__in=ResultStatus.values)),
            models.CheckConstraint(
                name="result_completed_has_a_close",
                condition=~Q(status=ResultStatus.COMPLETED) | Q(close__isnull=False),
            ),
            models.CheckConstraint(
                name="result_failure_says_why", condition=~Q(status=ResultStatus.FAILED) | ~Q(error_message="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stock_id} on {self.day}"

    @property
    def change_percent(self) -> float | None:
        """Return the change from the previous session's close, in percent; None if one of the closes is missing."""
        return 100 * (self.close / self.previous_close - 1) if self.close and self.previous_close else None

    @property
    def change_span(self) -> str:
        """Return how many sessions the change spans, if the one before has no bar: “over 2 sessions”; else nothing."""
        return f"over {self.change_sessions} sessions" if self.change_sessions > 1 else ""

    @property
    def duration(self) -> timedelta:
        return self.completed_at - self.started_at


class RawData(models.Model):
    """The evidence of a result, about a kilobyte, in the form of `engine.evidence`; never joined in a list."""

    result = models.OneToOneField(Result, primary_key=True, on_delete=models.CASCADE, related_name="raw_data")
    evidence = models.JSONField()

    class Meta:
        verbose_name_plural = "raw data"

    def __str__(self) -> str:
        return f"Evidence of {self.result_id}"
