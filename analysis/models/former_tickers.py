"""Former tickers: the tickers that stocks had before they were renamed, and the way from there to the stock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from analysis import clock
from analysis.models.stocks import Stock


class FormerTickerQuerySet(models.QuerySet["FormerTicker"]):
    def present_tickers(self, tickers: Collection[str]) -> dict[str, str]:
        """Return the present ticker of the stock that had each of these; only of those that no stock has now."""
        latest = dict(self.filter(ticker__in=tickers).order_by("renamed_at", "pk").values_list("ticker", "stock_id"))
        for ticker in Stock.objects.filter(pk__in=latest).values_list("pk", flat=True):
            del latest[ticker]
        return latest

    def follow(self, tickers: Iterable[str], since: datetime) -> dict[str, str]:
        """Return the present ticker of each stock by the one that it had at a moment.

        A ticker that another company has taken since leads to the stock that had it then. One that no stock has leads
        to the last one that had it.
        """
        wanted = list(tickers)
        later = self.filter(ticker__in=wanted, renamed_at__gte=since).order_by("-renamed_at", "-pk")
        first = dict(later.values_list("ticker", "stock_id"))
        return {ticker: ticker for ticker in wanted} | self.present_tickers(wanted) | first


class FormerTicker(models.Model):
    """A ticker that a stock had until it was renamed. A ticker may have been of several stocks, one after another."""

    ticker = models.CharField(max_length=20)
    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="former_tickers")
    isin = models.CharField(
        "ISIN",
        max_length=12,
        blank=True,
        help_text="ISIN that identified the rename; empty if renamed by hand.",
    )
    new_ticker = models.CharField(max_length=20, blank=True, help_text="Ticker that the stock got by the rename.")
    renamed_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[models.Manager[FormerTicker]] = FormerTickerQuerySet.as_manager()

    class Meta:
        ordering = ["-renamed_at", "-pk"]
        indexes = [models.Index(fields=["ticker", "renamed_at"], name="former_ticker_by_time")]
        constraints = [models.CheckConstraint(name="former_ticker_is_not_empty", condition=~Q(ticker=""))]

    def __str__(self) -> str:
        return f"{self.ticker}, now {self.stock_id}"
