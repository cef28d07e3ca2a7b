"""Indexes: named lists of stocks that were imported: an index, an exchange's list, a list of one's own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from analysis.models.stocks import Stock
from analysis.prices.tickers import DEMO_SUFFIX


class IndexQuerySet(models.QuerySet["Index"]):
    def without_demo(self) -> IndexQuerySet:
        """Return the indexes without those of demo stocks alone, unless the installation has no other stocks yet."""
        members = IndexMember.objects.filter(index=OuterRef("pk"))
        demo = members.filter(stock__ticker__endswith=DEMO_SUFFIX)
        other = members.exclude(stock__ticker__endswith=DEMO_SUFFIX)
        return self.exclude(Exists(Stock.objects.real()), Exists(demo), ~Exists(other))


class Index(models.Model):
    """A list of stocks by name; each import of it updates its members."""

    name = models.CharField(max_length=100, unique=True)
    loaded_at = models.DateTimeField(help_text="When it was last imported.")
    stocks: models.ManyToManyField[Stock, IndexMember] = models.ManyToManyField(
        Stock, through="IndexMember", related_name="indexes"
    )

    objects: ClassVar[models.Manager[Index]] = IndexQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "indexes"
        constraints = [models.CheckConstraint(name="index_name_is_not_empty", condition=~Q(name=""))]

    def __str__(self) -> str:
        return self.name


class IndexMember(models.Model):
    """The membership of a stock in an index."""

    index = models.ForeignKey(Index, on_delete=models.CASCADE, related_name="members")
    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["index", "stock"], name="a_stock_is_in_an_index_once")]

    def __str__(self) -> str:
        return f"{self.stock_id} in {self.index_id}"
