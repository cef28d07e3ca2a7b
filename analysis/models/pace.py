"""Request pace: one row for each price source, shared by every process of the installation."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from analysis.models.price_histories import PriceSourceName
from analysis.prices.pace import Pace, PaceMode, PauseReason

MODES = [(mode.value, mode.value.title()) for mode in PaceMode]
STORED = [
    "next_at", "mode", "until", "paused_at", "strikes", "reason", "unanswered",
    "request_count", "limit_count", "oddity_count",
]  # fmt: skip
REASONS = [(reason.value, reason.sentence) for reason in PauseReason]


class RequestPace(models.Model):
    """The stored `Pace` of a source; it is changed only under the row's lock."""

    source = models.CharField(primary_key=True, max_length=8, choices=PriceSourceName)
    next_at = models.DateTimeField(default=timezone.now, help_text="When the next request may start.")
    mode = models.CharField(max_length=8, choices=MODES, default=PaceMode.OPEN.value)
    until = models.DateTimeField(null=True, blank=True, help_text="Unless open: requests are blocked until then.")
    paused_at = models.DateTimeField(null=True, blank=True, help_text="Unless open: when the pause or probe began.")
    strikes = models.PositiveSmallIntegerField(default=0, help_text="Consecutive pauses.")
    reason = models.CharField(max_length=8, choices=REASONS, default=PauseReason.LIMITED.value)
    unanswered = models.PositiveSmallIntegerField(default=0, help_text="Requests in a row without an answer.")
    request_count = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Requests so far.")
    limit_count = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="Answers so far that requests are limited."
    )
    oddity_count = models.PositiveBigIntegerField(
        default=0, db_default=0, help_text="How often so far the source's answers were not understood."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(name="pace_mode_is_known", condition=Q(mode__in=[mode.value for mode in PaceMode])),
            models.CheckConstraint(
                name="pace_that_is_not_open_says_until_when",
                condition=Q(mode=PaceMode.OPEN.value) | Q(until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()}: {self.mode}"

    @property
    def pace(self) -> Pace:
        """Return the row as a value."""
        return Pace(
            self.next_at,
            PaceMode(self.mode),
            self.until,
            self.strikes,
            PauseReason(self.reason),
            unanswered=self.unanswered,
            paused_at=self.paused_at,
        )

    def store(self, pace: Pace) -> None:
        """Save the value, and the counts."""
        self.next_at, self.mode, self.until = pace.next_at, pace.mode.value, pace.until
        self.strikes, self.reason, self.unanswered = pace.strikes, pace.reason.value, pace.unanswered
        self.paused_at = pace.paused_at
        self.save(update_fields=STORED)
