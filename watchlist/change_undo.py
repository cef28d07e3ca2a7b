"""Undo of a change of a list: rows come back to their places, and leave the list to which they were moved or copied.

It is one transaction, which locks in the order of `watchlist.services`. A stock that was renamed since is followed, and
one that was deleted stays away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.db import transactional
from analysis.models import DemoRemoval, FormerTicker, Stock
from analysis.models.former_tickers import MOMENT
from analysis.prices.tickers import is_demo
from analysis.stock_lists.renames import join_notes
from stockapp.accounts.models import Person
from watchlist.changes import ChangedRow, rows_of
from watchlist.models import NOTE_LENGTH, ChangeKind, ListChange, Watchlist, WatchlistItem
from watchlist.services import lock_lists, refuse_over_limits, refuse_too_long


@dataclass(frozen=True, slots=True)
class UndoResult:
    """The undone change, the stocks that are back on its list, and those that left its target.

    `kept` stocks were copied and stay on the target, because their note was changed there since. `present` are on the
    list already, with the note that they have there; `noted` are those of them whose note was restored. `gone` are the
    tickers of stocks that were deleted. `renamed` has the present ticker of each stock that had another one.
    """

    change: ListChange
    back: list[str]
    taken_off: list[str]
    kept: list[str]
    present: list[str]
    noted: list[str]
    gone: list[str]
    renamed: dict[str, str]


@dataclass(frozen=True, slots=True)
class LockedRows:
    """The rows of a change with present tickers, each stock once; `gone` and `renamed` are as in UndoResult."""

    rows: list[ChangedRow]
    gone: list[str]
    renamed: dict[str, str]


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
    locked = _lock_rows(change)
    rows = locked.rows
    taken_off, kept = _take_off_target(change, _leave_merged(change, rows, set(locked.renamed.values())))
    back: list[str] = []
    present: list[str] = []
    noted: list[str] = []
    if change.kind != ChangeKind.COPIED:
        back, noted = _put_back(watchlist, rows, taken_off)
        present = [row.ticker for row in rows if row.ticker not in back]
        refuse_over_limits(watchlist.owner, set())
    return UndoResult(change, back, list(taken_off), kept, present, noted, locked.gone, locked.renamed)


def _lock_rows(change: ListChange) -> LockedRows:
    """Lock the stocks of a change under their present tickers."""
    rows = rows_of(change)
    Stock.objects.lock(row.ticker for row in rows)  # a rename that is under way ends first
    present = FormerTicker.objects.follow([row.ticker for row in rows], change.made_at)
    # Renamed stocks are locked after others, and not in one order: a deadlock ends one of two transactions, which
    # `transactional` repeats.
    addable = set(Stock.objects.lock(present.values()))
    if DemoRemoval.objects.exists():
        addable = {ticker for ticker in addable if not is_demo(ticker)}
    found: dict[str, ChangedRow] = {}
    for row in rows:
        ticker = present[row.ticker]
        if ticker in addable:
            found[ticker] = _join_rows(found.get(ticker), replace(row, ticker=ticker))
    gone = [row.ticker for row in rows if present[row.ticker] not in addable]
    renamed = {old: new for old, new in present.items() if old != new and new in addable}
    return LockedRows(list(found.values()), gone, renamed)


def _join_rows(first: ChangedRow | None, second: ChangedRow) -> ChangedRow:
    """Return the row of two stocks that have become one, with both notes as far as they fit."""
    if first is None:
        return second
    return replace(
        first,
        note=join_notes(first.note, second.note, NOTE_LENGTH),
        was_there=first.was_there or second.was_there,
        took_note=first.took_note or second.took_note,
    )


def _leave_merged(change: ListChange, rows: list[ChangedRow], renamed: set[str]) -> list[ChangedRow]:
    """Return the rows with those as there before that a rename has joined with an older row of the target since."""
    older = change.target.items.filter(stock__in=renamed) if change.target else WatchlistItem.objects.none()
    before = set(older.filter(added_at__lt=change.made_at - MOMENT).values_list("stock_id", flat=True))
    return [replace(row, was_there=row.was_there or row.ticker in before) for row in rows]


def _take_off_target(change: ListChange, rows: Sequence[ChangedRow]) -> tuple[dict[str, str], list[str]]:
    """Take off the target what the change added. Return its notes there by ticker, and the stocks that stay."""
    target = change.target
    if target is None:
        return {}, []
    there = {item.stock_id: item for item in target.items.filter(stock__in=[row.ticker for row in rows])}
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


def _put_back(watchlist: Watchlist, rows: Sequence[ChangedRow], notes: dict[str, str]) -> tuple[list[str], list[str]]:
    """Put rows back in their places, with the notes that were changed meanwhile.

    A row that is on the list already stays, and gets the note if it has none. Return the stocks that are back, and
    those that got their note.
    """
    present = {item.stock_id: item for item in watchlist.items.filter(stock__in=[row.ticker for row in rows])}
    back = [row for row in rows if row.ticker not in present]
    if back:
        refuse_too_long(watchlist, watchlist.items.count() + len(back))
    WatchlistItem.objects.bulk_create(
        WatchlistItem(
            watchlist=watchlist, stock_id=row.ticker, note=notes.get(row.ticker, row.note), position=row.position
        )
        for row in back
    )
    restored = {row.ticker: notes.get(row.ticker, row.note) for row in rows if row.ticker in present}
    noted = [ticker for ticker, note in restored.items() if note and not present[ticker].note]
    for ticker in noted:
        present[ticker].note = restored[ticker]
    WatchlistItem.objects.bulk_update([present[ticker] for ticker in noted], ["note"], batch_size=200)
    return [row.ticker for row in back], noted
