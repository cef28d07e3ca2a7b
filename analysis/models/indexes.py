"""Indexes: named lists of stocks that were imported: an index, an exchange's list, a list of one's own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from analysis.models.stocks import Stock


class Index(models.Model):
    """A list of stocks by name; each import of it updates its members."""

    name = models.CharField(max_length=100, unique=True)
    loaded_at = models.DateTimeField(help_text="When it was last imported.")
    stocks: models.ManyToManyField[Stock, IndexMember] = models.ManyToManyField(
        Stock, through="IndexMember", related_name="indexes"
    )

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
