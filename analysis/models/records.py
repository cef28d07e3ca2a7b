"""Records: the performance of each strategy over the stocks of this installation, as last computed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models

from analysis.engine.record_summary import RecordSummary
from analysis.engine.strategy_record import RecordEvidence
from analysis.models.leases import LeasedQuerySet, LeasedRow, lease_constraint
from analysis.models.price_histories import PriceSourceName


class StrategyRecordQuerySet(LeasedQuerySet["StrategyRecord"]):
    def claimable(self, now: datetime) -> StrategyRecordQuerySet:
        """Return the records that are to be computed and that no process computes now."""
        return self.unleased(now).filter(requested_at__isnull=False)


class StrategyRecord(LeasedRow):
    """One strategy's track record over all stored histories of one source; a refresh replaces it.

    `partial` and `cursor` are the state of an unfinished refresh, so that another process can continue it.
    """

    strategy = models.CharField(max_length=32, unique=True)
    price_source = models.CharField(max_length=8, choices=PriceSourceName, blank=True)
    as_of = models.DateField(null=True, blank=True, help_text="The newest session of any stock in it.")
    stocks = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0, help_text="Stocks whose stored bars cannot be used.")
    engine_version = models.CharField(max_length=16, blank=True)
    summary = models.JSONField(null=True, blank=True)
    evidence = models.JSONField(null=True, blank=True, help_text="The tests of the signals and of the verdicts.")
    computed_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True, help_text="Why the last computation failed.")

    requested_at = models.DateTimeField(
        null=True, blank=True, help_text="When a refresh was requested; empty when done."
    )
    woken_at = models.DateTimeField(null=True, blank=True, help_text="When a refresh without progress was last woken.")
    cursor = models.CharField(max_length=20, blank=True)
    partial = models.JSONField(null=True, blank=True)

    objects: ClassVar[models.Manager[StrategyRecord]] = StrategyRecordQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            lease_constraint("record_lease_is_whole"),
        ]

    def __str__(self) -> str:
        return f"Record of {self.strategy}"

    @property
    def is_refreshing(self) -> bool:
        return self.requested_at is not None

    def unpack(self) -> RecordSummary | None:
        """Return the computed summary; None if there was no stock to compute it from."""
        return RecordSummary.from_dict(self.summary) if self.summary else None

    def unpack_evidence(self) -> RecordEvidence | None:
        """Return what the record shows; None if there was no stock, and before this version has computed it."""
        return RecordEvidence.from_dict(self.evidence) if self.evidence else None
