"""Changes of several rows of a list at once: remove, move and copy them; `watchlist.change_undo` undoes that.

Each is one transaction, which locks in the order of `watchlist.services`. A stock that is not on the list any more is
left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from analysis import clock
from analysis.db import transactional
from analysis.models import FormerTicker, Stock
from analysis.rejections import RequestRejected
from watchlist.models import ChangeKind, ListChange, Watchlist, WatchlistItem
from watchlist.services import create, lock_lists, refuse_too_long

MOST_KEPT = 10
"""The latest changes of one user that can be undone."""


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row as it was on its list.

    `was_there` if the target had the stock before, `took_note` if its empty note there was replaced by this one.
    """

    ticker: str
    note: str
    position: int
    was_there: bool = False
    took_note: bool = False


def rows_of(change: ListChange) -> list[ChangedRow]:
    return [ChangedRow(**row) for row in change.rows]


@transactional
def remove(watchlist: Watchlist, tickers: Iterable[str]) -> ListChange:
    """Remove stocks from a list; their results stay. Return the change, which is not saved if it has no rows."""
    lock_lists([watchlist])
    wanted = _present_tickers(tickers)
    items = _items_of(watchlist, wanted)
    WatchlistItem.objects.filter(pk__in=[item.pk for item in items]).delete()
    rows = [ChangedRow(item.stock_id, item.note, item.position) for item in items]
    return _record(ChangeKind.REMOVED, watchlist, rows, missing=len(wanted) - len(rows))


@transactional
def move(watchlist: Watchlist, tickers: Iterable[str], target: Watchlist) -> ListChange:
    """Move stocks with their notes to the end of another list of the owner, in their order.

    A stock that is there already stays there once, with its note there unless that is empty. A target without a number
    is created. Return the change, which is not saved if it has no rows. Raise RequestRejected, and change nothing, if
    the target would be too long, is one list too many, is the list itself, or was deleted meanwhile.
    """
    return _transfer(ChangeKind.MOVED, watchlist, tickers, target)


@transactional
def copy(watchlist: Watchlist, tickers: Iterable[str], target: Watchlist) -> ListChange:
    """Copy stocks with their notes to another list, as `move` does; they stay on this one."""
    return _transfer(ChangeKind.COPIED, watchlist, tickers, target)


def _transfer(kind: ChangeKind, watchlist: Watchlist, tickers: Iterable[str], target: Watchlist) -> ListChange:
    is_new = target.pk is None
    _lock_both(watchlist, target)
    wanted = _present_tickers(tickers)
    items = _items_of(watchlist, wanted)
    known = set(Stock.objects.lock(item.stock_id for item in items))
    items = [item for item in items if item.stock_id in known]
    if is_new and items:  # another object, because a transaction that is repeated has to create the list again
        target = Watchlist(owner=watchlist.owner, name=target.name)
        create(target)
    rows = _add_to_target(target, items) if items else []
    if kind == ChangeKind.MOVED:
        WatchlistItem.objects.filter(pk__in=[item.pk for item in items]).delete()
    missing = len(wanted) - len(rows)
    return _record(kind, watchlist, rows, target=target, has_made_target=is_new, missing=missing)


def _lock_both(watchlist: Watchlist, target: Watchlist) -> None:
    if target.pk == watchlist.pk:
        raise RequestRejected(f"The stocks are on “{watchlist}” already; choose another list.")
    locked = lock_lists(one for one in (watchlist, target) if one.pk)
    if target.pk and target.pk not in locked:
        raise RequestRejected(f"The list “{target}” was deleted meanwhile; choose another.")


def _present_tickers(tickers: Iterable[str]) -> set[str]:
    """Return the tickers of stocks as they are now, also of those that are named by a former one."""
    wanted = set(tickers)
    present = FormerTicker.objects.present_tickers(wanted)
    return {present.get(ticker, ticker) for ticker in wanted}


def _items_of(watchlist: Watchlist, tickers: Iterable[str]) -> list[WatchlistItem]:
    return list(watchlist.items.filter(stock__in=tickers).order_by("position", "pk"))


def _add_to_target(target: Watchlist, items: Sequence[WatchlistItem]) -> list[ChangedRow]:
    """Add the stocks of these rows to a list, and give its own rows without a note theirs. Return what was done."""
    there = {item.stock_id: item for item in _items_of(target, [item.stock_id for item in items])}
    rows = [_transferred_row(item, there.get(item.stock_id)) for item in items]
    refuse_too_long(target, target.items.count() + len(rows) - len(there))
    last = target.items.order_by("-position").values_list("position", flat=True).first()
    added = [row for row in rows if not row.was_there]
    WatchlistItem.objects.bulk_create(
        WatchlistItem(watchlist=target, stock_id=row.ticker, note=row.note, position=position)
        for position, row in enumerate(added, start=0 if last is None else last + 1)
    )
    noted = [row for row in rows if row.took_note]
    for row in noted:
        there[row.ticker].note = row.note
    WatchlistItem.objects.bulk_update([there[row.ticker] for row in noted], ["note"], batch_size=200)
    return rows


def _transferred_row(item: WatchlistItem, present: WatchlistItem | None) -> ChangedRow:
    took_note = present is not None and not present.note and bool(item.note)
    return ChangedRow(item.stock_id, item.note, item.position, was_there=present is not None, took_note=took_note)


def _record(
    kind: ChangeKind,
    watchlist: Watchlist,
    rows: Sequence[ChangedRow],
    *,
    missing: int,
    target: Watchlist | None = None,
    has_made_target: bool = False,
) -> ListChange:
    """Store a change for its undoing, and delete its owner's old ones."""
    change = ListChange(
        owner_id=watchlist.owner_id,
        kind=kind,
        watchlist=watchlist,
        target=target,
        has_made_target=has_made_target,
        rows=[asdict(row) for row in rows],
        missing=missing,
    )
    if rows:
        change.save()
        own = ListChange.objects.filter(owner=watchlist.owner_id)
        own.too_old(clock.now()).delete()
        own.filter(pk__in=list(own.values_list("pk", flat=True)[MOST_KEPT:])).delete()
    return change


@transactional
def delete_old_changes(now: datetime) -> int:
    """Delete changes that cannot be undone any more; return how many. Called every night."""
    return ListChange.objects.too_old(now).delete()[0]
