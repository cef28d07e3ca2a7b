"""Watchlists, their items, changes of them that can be undone, and screens."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower
from django.urls import reverse

from analysis import clock
from analysis.models import FormerTicker, JobDetail, Rating, Stock
from analysis.models.stocks import RATING
from stockapp.accounts.models import Person

NOTE_LENGTH = 200
LONGEST_QUERY = 2000
UNDO_WITHIN = timedelta(hours=1)


class WatchlistQuerySet(models.QuerySet["Watchlist"]):
    def of(self, user: Person) -> WatchlistQuerySet:
        return self.filter(owner_id=user.pk) if user.is_authenticated else self.none()


class Watchlist(models.Model):
    """A user's named list of stocks."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watchlists")
    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)
    renames: models.ManyToManyField[FormerTicker, ListRename] = models.ManyToManyField(
        FormerTicker, through="ListRename", related_name="watchlists", editable=False
    )

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


def _of_the_latest_job(name: str) -> Subquery:
    """Return a field of the detail of an item's stock in the stock's latest job."""
    details = JobDetail.objects.filter(job=OuterRef("stock__last_job"), stock=OuterRef("stock"))
    return Subquery(details.values(name)[:1])


class WatchlistItemQuerySet(models.QuerySet["WatchlistItem"]):
    def with_attempts(self) -> WatchlistItemQuerySet:
        """Annotate each item with the attempts of its stock in the stock's latest job."""
        return self.annotate(attempts=Coalesce(_of_the_latest_job("attempts"), 0))  # type: ignore[no-redef]

    def with_rating(self, strategy: str) -> WatchlistItemQuerySet:
        """Read the rating of each stock's latest result by a strategy with it, as `rating`."""
        of_strategy = models.Q(stock__last_result__ratings__strategy=strategy)
        by_strategy = models.FilteredRelation("stock__last_result__ratings", condition=of_strategy)
        return self.annotate(**{RATING: by_strategy}).select_related(RATING)

    def for_page(self, strategy: str) -> WatchlistItemQuerySet:
        """Return the page's rows with each stock's last state, result and rating by a strategy.

        One query for any size of the history.
        """
        items = self.with_attempts().with_rating(strategy).select_related("stock__last_result")
        items = items.annotate(started_at=_of_the_latest_job("started_at"))  # type: ignore[no-redef]
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
    started_at: datetime | None
    """When it last began with it, None while it waits; set by `for_page`."""
    rating: Rating | None = None
    """The rating of the stock's latest result, None if there is none; set by `with_rating`."""

    objects: ClassVar[models.Manager[WatchlistItem]] = WatchlistItemQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]
        indexes = [models.Index(fields=["watchlist", "position"], name="item_in_order")]
        constraints = [
            models.UniqueConstraint(fields=["watchlist", "stock"], name="one_item_per_watchlist_and_stock"),
        ]

    def __str__(self) -> str:
        return self.stock_id


class ListRename(models.Model):
    """A rename of a stock that was on a list under its old ticker, until the list's owner dismisses the notice of it.

    `analysis.stock_lists.renames` adds it, by the relation of lists to former tickers.
    """

    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="+")
    former_ticker = models.ForeignKey(FormerTicker, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["watchlist", "former_ticker"], name="one_notice_per_watchlist_and_rename"),
        ]

    def __str__(self) -> str:
        return f"{self.watchlist_id}: {self.former_ticker_id}"


class ChangeKind(models.TextChoices):
    REMOVED = "removed", "Removed"
    MOVED = "moved", "Moved"
    COPIED = "copied", "Copied"


class ListChangeQuerySet(models.QuerySet["ListChange"]):
    def of(self, user: Person) -> ListChangeQuerySet:
        """Return the changes that a user can still undo."""
        own = self.filter(owner_id=user.pk) if user.is_authenticated else self.none()
        return own.filter(made_at__gt=clock.now() - UNDO_WITHIN)

    def too_old(self, now: datetime) -> ListChangeQuerySet:
        return self.filter(made_at__lte=now - UNDO_WITHIN)


class ListChange(models.Model):
    """The rows that one act removed from a list, or moved or copied to another, so that it can be undone.

    It is stored, because the notes of a thousand rows do not fit in an address. Undoing deletes it.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=ChangeKind)
    watchlist = models.ForeignKey(Watchlist, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Watchlist, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    has_made_target = models.BooleanField(default=False, help_text="Whether the act created the target.")
    rows: models.JSONField[list[dict[str, Any]], list[dict[str, Any]]] = models.JSONField(default=list)
    missing = models.PositiveIntegerField(default=0, help_text="How many stocks of the act were not on the list.")
    made_at = models.DateTimeField(default=clock.now)

    objects: ClassVar[models.Manager[ListChange]] = ListChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="change_kind_is_known", condition=models.Q(kind__in=ChangeKind.values)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {len(self.rows)}"


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
