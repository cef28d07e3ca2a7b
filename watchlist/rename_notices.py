"""Rename notices: what a list's owner is told about stocks of the list whose ticker changed, until it is dismissed."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from analysis import clock
from analysis.db import transactional
from watchlist.models import Watchlist, WatchlistItem

TOLD_FOR = timedelta(days=30)


def find_rename_notices(watchlist: Watchlist) -> list[str]:
    """Return a sentence for each ticker that a stock had when it was put on this list, oldest first.

    Those that its owner has dismissed, or that are older than TOLD_FOR, are left out.
    """
    since = clock.now() - TOLD_FOR
    if watchlist.renames_dismissed_at:
        since = max(since, watchlist.renames_dismissed_at)
    renamed = WatchlistItem.objects.filter(
        watchlist=watchlist,
        stock__former_tickers__renamed_at__gt=since,
        stock__former_tickers__renamed_at__gte=F("added_at"),
    )
    columns = renamed.order_by("stock__former_tickers__renamed_at", "stock__former_tickers__pk").values_list(
        "stock__former_tickers__ticker", "stock_id", "stock__former_tickers__isin"
    )
    return [_describe(old, new, isin) for old, new, isin in columns if old != new]


def _describe(old: str, new: str, isin: str) -> str:
    same = " (same ISIN)" if isin else ""
    return f"{old} is now {new}{same}; its history and your notes came along."


@transactional
def dismiss_rename_notices(watchlist: Watchlist) -> None:
    """Tell the renames so far no more on this list."""
    Watchlist.objects.filter(pk=watchlist.pk).update(renames_dismissed_at=clock.now())
