"""Rename notices: which stocks of a list have a new ticker, shown on the list until its owner dismisses that."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from analysis import clock
from analysis.db import transactional
from analysis.models import FormerTicker
from watchlist.models import ListRename, Watchlist, WatchlistItem

SHOWN_FOR = timedelta(days=30)
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class RenameNotice:
    """Sentences about new tickers on a list, and the time of the last rename that they cover, in ISO 8601."""

    sentences: list[str]
    until: str


def find_rename_notice(watchlist: Watchlist) -> RenameNotice | None:
    """Return the notice of a list's stocks that were renamed while they were on it, oldest first; None without any.

    Renames that its owner has dismissed, or that are older than SHOWN_FOR, are left out.
    """
    items = WatchlistItem.objects.filter(
        watchlist=OuterRef("watchlist"),
        stock=OuterRef("former_ticker__stock"),
        added_at__lte=OuterRef("former_ticker__renamed_at"),
    )
    since = clock.now() - SHOWN_FOR
    rows = ListRename.objects.filter(Exists(items), watchlist=watchlist, former_ticker__renamed_at__gt=since)
    rows = rows.select_related("former_ticker__stock").order_by("former_ticker__renamed_at", "former_ticker")
    recent = [row.former_ticker for row in rows]
    renames = _select_known(recent)
    if not renames:
        return None
    sentences = [_describe(one) for one in renames[:MOST_NAMED]]
    if (more := len(renames) - MOST_NAMED) > 0:
        sentences.append("1 more has a new ticker." if more == 1 else f"{more:,} more have new tickers.")
    return RenameNotice(sentences, until=recent[-1].renamed_at.isoformat())


def _select_known(recent: Iterable[FormerTicker]) -> list[FormerTicker]:
    """Return the former tickers that the owner knows: not those that a stock had only in between.

    A stock that has its ticker again has not changed for the owner.
    """
    in_between: set[tuple[str, str]] = set()
    known: list[FormerTicker] = []
    for former in recent:
        if (former.stock_id, former.ticker) not in in_between and former.ticker != former.stock_id:
            known.append(former)
        in_between.add((former.stock_id, former.new_ticker))
    return known


def _describe(former: FormerTicker) -> str:
    same = " (same ISIN)" if former.isin and former.isin == former.stock.isin else ""
    return f"{former.ticker} is now {former.stock_id}{same}. Its history and your notes were kept."


@transactional
def dismiss_renames_until(watchlist: Watchlist, until: datetime) -> None:
    """Dismiss the notice of renames up to a time on this list; later ones were not shown yet."""
    ListRename.objects.filter(watchlist=watchlist, former_ticker__renamed_at__lte=until).delete()
