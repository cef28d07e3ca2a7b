"""Faulty sessions: those in which a price source has wrong bars for most stocks of an exchange."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from analysis.models.price_histories import PriceSourceName
from analysis.prices.exchanges import Exchange, exchange_named
from analysis.prices.faulty_sessions import FaultKind, SessionFault, SessionFaults

FAULTS = [(kind.value, f"Most stocks {kind.words}") for kind in FaultKind]


class FaultySessionQuerySet(models.QuerySet["FaultySession"]):
    def as_faulty_sessions(self) -> SessionFaults:
        """Return the rows as values for `analysis.prices`; one query."""
        return SessionFaults(row.fault for row in self.order_by("source", "exchange", "day"))


class FaultySession(models.Model):
    """A session of an exchange in which most stocks have the same fault at one source.

    It is found by comparing stored bars, every night, and deleted once the source has corrected them.
    """

    source = models.CharField(max_length=8, choices=PriceSourceName)
    exchange = models.CharField(max_length=16)
    day = models.DateField()
    kind = models.CharField(max_length=8, choices=FAULTS)
    stocks = models.PositiveIntegerField(help_text="Those that have the fault.")
    of_stocks = models.PositiveIntegerField(help_text="Those that were compared.")
    found_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[models.Manager[FaultySession]] = FaultySessionQuerySet.as_manager()

    class Meta:
        ordering = ["-day", "exchange"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "exchange", "day"], name="one_faulty_session_per_source_exchange_and_day"
            ),
            models.CheckConstraint(
                name="faulty_session_kind_is_known", condition=Q(kind__in=[kind.value for kind in FaultKind])
            ),
            models.CheckConstraint(
                name="faulty_session_counts_some_of_its_stocks", condition=Q(stocks__gt=0, stocks__lte=F("of_stocks"))
            ),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def market(self) -> Exchange:
        return exchange_named(self.exchange)

    @property
    def fault(self) -> SessionFault:
        """Return the row as a value."""
        return SessionFault(self.source, self.exchange, self.day, FaultKind(self.kind), self.stocks, self.of_stocks)

    @property
    def sentence(self) -> str:
        """Return the fault as a sentence for administrators."""
        return f"{self.get_source_display()}, {self.market.name}: {self.fault.sentence}"
