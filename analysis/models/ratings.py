"""Ratings: one strategy's verdict, reasons and plan for a result."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from analysis.engine.periods import compare_with_week
from analysis.engine.plan import Plan
from analysis.engine.verdict import Side, Verdict

VERDICTS = [(verdict.value, verdict.label) for verdict in Verdict]
SIDES = [(side.value, side.value.title()) for side in Side]
NO_WEEKS_YET = "The next analysis adds the weekly verdict."


class RatingQuerySet(models.QuerySet["Rating"]):
    def scored(self) -> RatingQuerySet:
        return self.filter(score__isnull=False)


class Rating(models.Model):
    """One strategy's rating of a result: score, verdict, reasons and plan; or why there is no score.

    `score` is in [-1, +1]; prices are in the stock's currency. The verdict began in the session `verdict_since`.
    A rating of before there were weekly verdicts has neither one nor a reason.
    """

    result = models.ForeignKey("Result", on_delete=models.CASCADE, related_name="ratings", db_index=False)
    strategy = models.CharField(max_length=32)
    score = models.FloatField(null=True, blank=True)
    previous_score = models.FloatField(null=True, blank=True, help_text="The score of the session before.")
    raw_verdict = models.CharField(max_length=12, choices=VERDICTS, blank=True)
    verdict = models.CharField(max_length=12, choices=VERDICTS, blank=True)
    verdict_since = models.DateField(null=True, blank=True, help_text="The session in which the verdict began.")
    no_score_reason = models.CharField(max_length=300, blank=True, help_text="Why there is no score.")
    side = models.CharField(max_length=5, choices=SIDES, blank=True)
    entry = models.FloatField(null=True, blank=True)
    stop = models.FloatField(null=True, blank=True)
    target = models.FloatField(null=True, blank=True)
    risk_reward = models.FloatField(null=True, blank=True)
    no_trade_reason = models.CharField(max_length=200, blank=True)
    what_changed = models.CharField(max_length=300, blank=True, help_text="Votes that moved since the session before.")
    why = models.CharField(max_length=300, blank=True, help_text="How the votes stand, and the heaviest on each side.")
    caution = models.CharField(max_length=200, blank=True, help_text="Why this verdict may rest on wrong prices.")
    weekly_verdict = models.CharField(
        max_length=12, choices=VERDICTS, blank=True, help_text="The same strategy's verdict over completed weeks."
    )
    weekly_since = models.DateField(
        null=True, blank=True, help_text="The last session of the week in which the weekly verdict began."
    )
    no_weekly_reason = models.CharField(max_length=100, blank=True, help_text="Why there is no weekly verdict.")

    objects: ClassVar[models.Manager[Rating]] = RatingQuerySet.as_manager()

    class Meta:
        ordering = ["result", "strategy"]
        indexes = [models.Index(fields=["verdict", "-id"], name="rating_by_verdict")]
        constraints = [
            models.UniqueConstraint(fields=["result", "strategy"], name="one_rating_per_result_and_strategy"),
            models.CheckConstraint(
                name="rating_has_a_score_or_a_reason",
                condition=Q(score__isnull=False, score__gte=-1, score__lte=1, no_score_reason="")
                & ~Q(verdict="")
                & ~Q(raw_verdict="")
                | Q(score__isnull=True, verdict="", raw_verdict="", side="") & ~Q(no_score_reason=""),
            ),
            models.CheckConstraint(
                name="rating_weekly_verdict_is_whole",
                condition=Q(weekly_verdict="", weekly_since__isnull=True)
                | Q(weekly_since__isnull=False, no_weekly_reason="") & ~Q(weekly_verdict=""),
            ),
            models.CheckConstraint(
                name="rating_plan_is_whole",
                condition=Q(side="", entry__isnull=True, stop__isnull=True, target__isnull=True)
                | Q(entry__isnull=False, stop__isnull=False, target__isnull=False)
                & (
                    Q(side="long", stop__gt=0, stop__lt=models.F("entry"), target__gt=models.F("entry"))
                    | Q(side="short", target__gt=0, target__lt=models.F("entry"), stop__gt=models.F("entry"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.strategy} of {self.result_id}"

    @property
    def plan(self) -> Plan | None:
        """Return the trade plan, or None if there is none (`no_trade_reason` says why)."""
        if self.entry is None or self.stop is None or self.target is None or self.risk_reward is None:
            return None
        return Plan(Side(self.side), self.entry, self.stop, self.target, self.risk_reward)

    @property
    def weekly_note(self) -> str:
        """Return how the daily and the weekly verdict go together, or why there is no weekly one; empty if unrated."""
        if not self.verdict:
            return ""
        if not self.weekly_verdict:
            return self.no_weekly_reason or NO_WEEKS_YET
        return compare_with_week(Verdict(self.verdict), Verdict(self.weekly_verdict))

    @property
    def is_against_week(self) -> bool:
        """Return whether the daily verdict is of one side and the weekly one of the other."""
        sides = {Verdict(verdict).side for verdict in (self.verdict, self.weekly_verdict) if verdict}
        return {Side.LONG, Side.SHORT} <= sides

    @property
    def is_held_back(self) -> bool:
        """Return whether the steady verdict differs from the day's raw one."""
        return self.verdict != self.raw_verdict
