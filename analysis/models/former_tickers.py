"""Former tickers: the tickers that stocks had before they were renamed, and the way from there to the stock."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from analysis import clock
from analysis.models.stocks import Stock

MOMENT = timedelta(seconds=10)
"""A row that is so much older than an act is not of it: the two clocks may differ a little."""


class FormerTickerQuerySet(models.QuerySet["FormerTicker"]):
    def present_tickers(self, tickers: Collection[str]) -> dict[str, str]:
        """Return the present ticker of the stock that had each of these; only of those that no stock has now."""
        return {ticker: stock.pk for ticker, stock in self.present_stocks(tickers).items()}

    def present_stocks(self, tickers: Collection[str]) -> dict[str, Stock]:
        """Return the stock that had each of these tickers last; only of those that no stock has now."""
        renames = self.filter(ticker__in=tickers).order_by("renamed_at", "pk").select_related("stock")
        latest = {one.ticker: one.stock for one in renames}
        for ticker in Stock.objects.filter(pk__in=latest).values_list("pk", flat=True):
            del latest[ticker]
        return latest

    def follow(self, tickers: Iterable[str], since: datetime) -> dict[str, str]:
        """Return the present ticker of each stock by the one that it had at a moment.

        A ticker that another company has taken since leads to the stock that had it then. A rename just before the
        moment counts where no stock has the ticker: it was under way. One of long before was of another company.
        """
        wanted = list(tickers)
        later = self.filter(ticker__in=wanted, renamed_at__gte=since).order_by("-renamed_at", "-pk")
        first = dict(later.values_list("ticker", "stock_id"))
        under_way = self.filter(renamed_at__gte=since - MOMENT).present_tickers(wanted)
        return {ticker: ticker for ticker in wanted} | under_way | first


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
