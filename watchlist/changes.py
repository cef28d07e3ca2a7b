"""Changes of several rows of a list at once: remove, move and copy them, and undo that.

Each is one transaction, which locks in the order of `watchlist.services`. A stock that is not on the list any more is
left out and counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from analysis import clock
from analysis.db import transactional
from analysis.jobs.submit import lock_or_create_stocks
from analysis.models import DemoRemoval, Stock
from analysis.prices.tickers import is_demo
from analysis.rejections import RequestRejected
from stockapp.accounts.models import Person
from watchlist.models import ChangeKind, ListChange, Watchlist, WatchlistItem
from watchlist.services import create, lock_lists, refuse_over_limits, refuse_too_long

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


@dataclass(frozen=True, slots=True)
class UndoResult:
    """The undone change, the stocks that are back on its list, and those that left its target.

    `kept` stocks were copied and stay on the target, because their note was changed there since.
    """

    change: ListChange
    back: list[str]
    taken_off: list[str]
    kept: list[str]


def rows_of(change: ListChange) -> list[ChangedRow]:
    return [ChangedRow(**row) for row in change.rows]


@transactional
def remove(watchlist: Watchlist, tickers: Iterable[str]) -> ListChange:
    """Remove stocks from a list; their results stay. Return the change, which is not saved if it has no rows."""
    wanted = set(tickers)
    lock_lists([watchlist])
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
    return _transfer(ChangeKind.MOVED, watchlist, set(tickers), target)


@transactional
def copy(watchlist: Watchlist, tickers: Iterable[str], target: Watchlist) -> ListChange:
    """Copy stocks with their notes to another list, as `move` does; they stay on this one."""
    return _transfer(ChangeKind.COPIED, watchlist, set(tickers), target)


def _transfer(kind: ChangeKind, watchlist: Watchlist, wanted: set[str], target: Watchlist) -> ListChange:
    is_new = target.pk is None
    _lock_both(watchlist, target)
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


@transactional
def undo(user: Person, watchlist: Watchlist, pk: int) -> UndoResult | None:
    """Undo a change of a list; return None if it cannot be undone any more, because it is too old or undone already.

    Stocks that were removed or moved are back in their places with their notes. What the change added to the target
    leaves it, and so do notes that it took; a list that was created for it goes if it is empty then. Raise
    RequestRejected, and change nothing, if the list or the user has too many stocks meanwhile.
    """
    change = ListChange.objects.of(user).filter(pk=pk, watchlist=watchlist).select_related("target").first()
    if change is None:
        return None
    change.watchlist = watchlist
    lock_lists(one for one in (watchlist, change.target) if one)
    if not ListChange.objects.filter(pk=pk).delete()[0]:  # undone by another browser meanwhile
        return None
    rows = _addable_rows(change)
    if change.kind == ChangeKind.COPIED:
        Stock.objects.lock(row.ticker for row in rows)
        taken_off, kept = _take_off_target(change, rows)
        return UndoResult(change, [], list(taken_off), kept)
    unknown = lock_or_create_stocks([row.ticker for row in rows], named_by=watchlist.owner)
    taken_off, _ = _take_off_target(change, rows)
    back = _put_back(watchlist, rows, taken_off)
    refuse_over_limits(watchlist.owner, unknown)
    return UndoResult(change, back, list(taken_off), [])


def _addable_rows(change: ListChange) -> list[ChangedRow]:
    """Return the rows without those of a demo market that was removed since."""
    rows = rows_of(change)
    if any(is_demo(row.ticker) for row in rows) and DemoRemoval.objects.exists():
        return [row for row in rows if not is_demo(row.ticker)]
    return rows


def _take_off_target(change: ListChange, rows: Sequence[ChangedRow]) -> tuple[dict[str, str], list[str]]:
    """Take off the target what the change added. Return its notes there by ticker, and the stocks that stay."""
    target = change.target
    if target is None:
        return {}, []
    there = {item.stock_id: item for item in _items_of(target, [row.ticker for row in rows])}
    present = [row for row in rows if row.ticker in there]
    is_same = {row.ticker: there[row.ticker].note == row.note for row in present}
    added = [row.ticker for row in present if not row.was_there]
    kept = [ticker for ticker in added if change.kind == ChangeKind.COPIED and not is_same[ticker]]
    taken_off = {ticker: there[ticker].note for ticker in added if ticker not in kept}
    target.items.filter(stock__in=taken_off).delete()
    noted = [row.ticker for row in present if row.took_note and is_same[row.ticker]]
    target.items.filter(stock__in=noted).update(note="")
    _delete_made_list(change, target)
    return taken_off, kept


def _delete_made_list(change: ListChange, target: Watchlist) -> None:
    """Delete a list that was created for the change, if it is empty again."""
    if change.has_made_target and not target.items.exists():
        Watchlist.objects.filter(pk=target.pk).delete()


def _put_back(watchlist: Watchlist, rows: Sequence[ChangedRow], notes: dict[str, str]) -> list[str]:
    """Put rows back in their places, with the notes that were changed meanwhile; return the stocks that are back."""
    present = set(watchlist.items.filter(stock__in=[row.ticker for row in rows]).values_list("stock_id", flat=True))
    back = [row for row in rows if row.ticker not in present]
    if back:
        refuse_too_long(watchlist, watchlist.items.count() + len(back))
    WatchlistItem.objects.bulk_create(
        WatchlistItem(
            watchlist=watchlist, stock_id=row.ticker, note=notes.get(row.ticker, row.note), position=row.position
        )
        for row in back
    )
    return [row.ticker for row in back]
