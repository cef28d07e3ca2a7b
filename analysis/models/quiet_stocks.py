"""Quiet stocks: those for which a source has had nothing new at several requests in a row."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from analysis.models.price_histories import PriceSourceName
from analysis.models.statuses import ErrorKind
from analysis.models.stocks import Stock
from analysis.prices.port import DoubtfulError, PriceError, PriceErrorKind


class QuietStock(models.Model):
    """A stock for which its source has had no new price at the last requests, as after a delisting.

    It is requested ever less often. The row is deleted with the next new price.
    """

    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="quiet_at")
    source = models.CharField(max_length=8, choices=PriceSourceName)
    requests = models.PositiveSmallIntegerField(
        default=0, help_text="Without a new price, in a row, a day at most one."
    )
    requested_on = models.DateField(help_text="The day of the last of them.")
    next_request = models.DateField(help_text="The day from which jobs of several stocks request it again.")
    error_kind = models.CharField(max_length=20, choices=ErrorKind, blank=True)
    is_doubtful = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The answer could not be used; another source may have the stock.",
    )
    error_message = models.CharField(max_length=500, blank=True, help_text="Empty if the source gave old prices only.")

    class Meta:
        ordering = ["next_request", "stock"]
        constraints = [
            models.UniqueConstraint(fields=["stock", "source"], name="one_quiet_stock_per_source"),
            models.CheckConstraint(
                name="quiet_stock_is_requested_later", condition=Q(next_request__gt=models.F("requested_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stock_id}: {self.requests} request{'' if self.requests == 1 else 's'} without a new price"

    @property
    def sentence(self) -> str:
        """Return how often it was requested, and when it is next."""
        return (
            f"{self.get_source_display()} was requested on {self.requests} days without a new price, and will be again "
            f"from {self.next_request}, or at once if the stock is analysed alone."
        )

    @property
    def error(self) -> PriceError | None:
        """Return the source's last error with the day of the next request; None if it gave old prices."""
        if not self.error_message:
            return None
        message = f"{self.error_message} {self.sentence}"
        kind = DoubtfulError if self.is_doubtful else PriceError
        return kind(PriceErrorKind(self.error_kind), message, permanent=False)
