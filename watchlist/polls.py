"""Polls of a watchlist: the state of its page, read without rendering it."""

from __future__ import annotations

from django.db.models import F

from analysis.pages.polls import OF_THE_STOCK, State, surroundings
from stockapp.accounts.models import Person
from watchlist.models import Watchlist, WatchlistItem
from watchlist.page import WatchlistPage


def stored_state(pk: int, user: Person) -> State | None:
    """Return the stored state of a user's list in two queries, None if there is no such list."""
    around = surroundings(user)
    row = Watchlist.objects.of(user).filter(pk=pk).annotate(**around).values_list(*around).first()
    items = WatchlistItem.objects.with_attempts().filter(watchlist=pk).order_by("position", "pk")
    columns = items.values_list("pk", "note", "attempts", *(F(f"stock__{name}") for name in OF_THE_STOCK))
    return row and (*row, *columns)


def shown_state(page: WatchlistPage, running: int) -> State:
    """Return the same state from a page object."""
    rows = (
        (row.item_pk, row.note, row.attempts, *(getattr(row.stock, name) for name in OF_THE_STOCK)) for row in page.rows
    )
    return (not page.lacks_worker, running, *rows)
