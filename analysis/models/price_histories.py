"""Price histories: the daily bars that are stored for a stock, as its source reported them."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import Q

from analysis.engine.bars import Bars
from analysis.models.stocks import Stock
from analysis.prices.arrow import unpack_bars, unpack_traded
from analysis.prices.missing_sessions import MissingSession
from analysis.prices.port import UNADJUSTED_SPLIT, Finding, History, StockMetadata, TradedPrices


class PriceSourceName(models.TextChoices):
    YAHOO = "yahoo", "Yahoo"
    CSV = "csv", "CSV folder"
    DEMO = "demo", "Demo market"


class PriceHistory(models.Model):
    """The daily bars of one stock as one source reported them: one compressed Arrow blob."""

    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="histories")
    source = models.CharField(max_length=8, choices=PriceSourceName)
    bars = models.BinaryField()
    traded = models.BinaryField(
        null=True, blank=True, help_text="Unadjusted closes, splits and dividends, if the source has them."
    )
    about = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="What the source last said of the instrument: StockMetadata.as_dict.",
    )
    first_session = models.DateField()
    last_session = models.DateField()
    requested_since = models.DateField(help_text="The first day of the last full request to the source.")
    fetched_whole_on = models.DateField(
        null=True, blank=True, help_text="The day of the last request for all stored sessions."
    )
    bar_count = models.PositiveIntegerField()
    adjusted = models.BooleanField()
    findings = models.JSONField(default=list, help_text="What the source noticed while it was read.")
    missing = models.JSONField(
        default=list,
        db_default=[],
        blank=True,
        help_text="Sessions that the source lacks or has wrongly, and when they were requested again.",
    )
    identity_change = models.JSONField(
        default=dict,
        db_default={},
        blank=True,
        help_text="What the last answers said otherwise than the stored bars, not believed yet.",
    )
    fetched_at = models.DateTimeField()
    checksum = models.CharField(max_length=64)

    class Meta:
        verbose_name_plural = "price histories"
        constraints = [
            models.UniqueConstraint(fields=["stock", "source"], name="one_history_per_stock_and_source"),
            models.CheckConstraint(
                name="history_sessions_are_ordered", condition=Q(first_session__lte=models.F("last_session"))
            ),
            models.CheckConstraint(name="history_has_bars", condition=Q(bar_count__gt=0)),
            models.CheckConstraint(name="history_source_is_known", condition=Q(source__in=PriceSourceName.values)),
        ]

    def __str__(self) -> str:
        return f"{self.stock_id} from {self.source}"

    def unpack(self) -> Bars:
        """Return the stored bars, not yet checked by the quality gate."""
        return unpack_bars(bytes(self.bars))

    def source_findings(self) -> tuple[Finding, ...]:
        """Return the findings of the last fetch."""
        return tuple(Finding.from_dict(finding) for finding in self.findings)

    def read_missing(self) -> tuple[MissingSession, ...]:
        """Return the sessions that the source lacks or has wrongly."""
        return tuple(MissingSession.from_dict(one) for one in self.missing)

    def unadjusted_sessions(self) -> list[date]:
        """Return the sessions with a split that prices are not adjusted for, although the source names it."""
        return [
            finding.session
            for finding in self.source_findings()
            if finding.code == UNADJUSTED_SPLIT and finding.session
        ]

    def as_history(self) -> History:
        """Return the stored bars in the form in which a source reports them. Raise ValueError if they are damaged."""
        traded = self.unpack_traded()
        return History(self.unpack(), self.adjusted, self.source_findings(), self.read_metadata(), traded)

    def read_metadata(self) -> StockMetadata:
        """Return what the source last said of the instrument; empty for rows of earlier versions."""
        return StockMetadata.from_dict(self.about)

    def read_splits(self) -> dict[date, float]:
        """Return the splits that the source knows, by session. Raise ValueError if they are damaged."""
        traded = self.unpack_traded()
        return traded.splits if traded else {}

    def unpack_traded(self) -> TradedPrices | None:
        """Return what was traded, None if the source did not say. Raise ValueError if it is damaged."""
        return unpack_traded(bytes(self.traded)) if self.traded else None
