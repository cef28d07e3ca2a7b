"""Watchlists, their items, and screens."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse

from analysis.models import JobDetail, Stock
from stockapp.accounts.models import Person

NOTE_LENGTH = 200
LONGEST_QUERY = 2000


class WatchlistQuerySet(models.QuerySet["Watchlist"]):
    def of(self, user: Person) -> WatchlistQuerySet:
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()


class Watchlist(models.Model):
    """A user's named list of stocks."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists")
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[models.Manager[Watchlist]] = WatchlistQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="watchlist_name_is_unique_per_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("watchlist:watchlist", args=[self.pk])


class WatchlistItemQuerySet(models.QuerySet["WatchlistItem"]):
    def with_attempts(self) -> WatchlistItemQuerySet:
        """Annotate each item with the attempts of its stock in the stock's latest job."""
        details = JobDetail.objects.filter(job=OuterRef("stock__last_job"), stock=OuterRef("stock")).values("attempts")
        return self.annotate(attempts=Coalesce(Subquery(details[:1]), 0))  # type: ignore[no-redef]

    def for_page(self) -> WatchlistItemQuerySet:
        """Return the page's rows with each stock's last state and result, in one query for any size of the history."""
        items = self.with_attempts().select_related("stock__last_result")
        return items.order_by("position", "pk").fetch_mode(models.FETCH_RAISE)


class WatchlistItem(models.Model):
    """A stock on a watchlist."""

    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="items")
    stock = models.ForeignKey(Stock, on_delete=models.CASCADE, related_name="+")
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    position = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField(auto_now_add=True)

    attempts: int
    """How often the stock's latest job has begun with it; set by `with_attempts`."""

    objects: ClassVar[models.Manager[WatchlistItem]] = WatchlistItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["watchlist", "position"], name="item_in_order")]
        constraints = [
            models.UniqueConstraint(fields=["watchlist", "stock"], name="one_item_per_watchlist_and_stock"),
        ]

    def __str__(self) -> str:
        return self.stock_id


class ScreenQuerySet(models.QuerySet["Screen"]):
    def of(self, user: Person) -> ScreenQuerySet:
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()


class Screen(models.Model):
    """Filters, order and columns of the screener that their owner saved by name, as a query string."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="screens")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=LONGEST_QUERY, blank=True)

    objects: ClassVar[models.Manager[Screen]] = ScreenQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="screen_name_is_unique_per_owner"),
            models.CheckConstraint(name="screen_name_is_not_empty", condition=~models.Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("screener:open", args=[self.pk])
