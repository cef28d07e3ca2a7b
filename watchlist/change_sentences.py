"""Sentences about changes of a list: what was removed, moved or copied, and what undoing it did."""

from watchlist.change_undo import UndoResult
from watchlist.changes import rows_of
from watchlist.models import ChangeKind, ListChange

MOST_NAMED = 3  # renames in one sentence


def describe_change(change: ListChange) -> str:
    """Return what a change did, with the stocks that were on the target already or not on the list any more."""
    rows = rows_of(change)
    missing = f" {_were(change.missing)} not on this list any more." if change.missing else ""
    if not rows:
        return f"Nothing was {change.kind}:{missing or ' no stock was given.'}"
    if change.kind == ChangeKind.REMOVED:
        return f"Removed {_stocks([row.ticker for row in rows])} from this list.{missing}"
    return f"{_describe_transfer(change)}{missing}"


def _describe_transfer(change: ListChange) -> str:
    rows = rows_of(change)
    added = [row.ticker for row in rows if not row.was_there]
    there, name = len(rows) - len(added), change.target or "a list that is deleted"
    target = f"“{name}”" if change.target else name
    if change.kind == ChangeKind.COPIED:
        if not added:
            return f"Nothing to copy: {_were(there, present=True)} on {target} already."
        already = f" {_were(there)} on it already." if there else ""
        return f"Copied {_stocks(added)} to {target}.{already}"
    already = f" {_were(there)} on it already." if there else ""
    dropped = sum(row.was_there and bool(row.note) and not row.took_note for row in rows)
    notes = f" {_count(dropped)} kept {_its(dropped)} on that list." if dropped else ""
    return f"Moved {_stocks([row.ticker for row in rows])} to {target}.{already}{notes}"


def describe_undo(result: UndoResult) -> str:
    """Return what undoing a change did, with the stocks that were renamed or deleted since."""
    is_copy = result.change.kind == ChangeKind.COPIED
    parts = [_describe_taken_off(result) if is_copy else _describe_back(result)]
    if renamed := list(result.renamed.items()):
        names = ", ".join(f"{old} is {new}" for old, new in renamed[:MOST_NAMED])
        more = len(renamed) - MOST_NAMED
        parts.append(f"{names} now{f', and {more:,} more have another ticker' if more > 0 else ''}.")
    if result.gone:
        parts.append(f"{_stocks(result.gone)} {_was(result.gone)} deleted and cannot be restored.")
    return " ".join(parts)


def _describe_back(result: UndoResult) -> str:
    name = result.change.watchlist
    parts = [f"{_stocks(result.back)} {_is(result.back)} back on “{name}”."] if result.back else []
    if not parts and not result.noted:
        already = f": everything is on “{name}” already" if result.present else ""
        return f"Nothing to put back{already}."
    there, kept = "the list" if parts else f"“{name}”", [each for each in result.present if each not in result.noted]
    if noted := result.noted:
        notes = f"{_its(len(noted))} {_was(noted)} restored"
        parts.append(f"{_stocks(noted)} {_was(noted)} already on {there}; {notes}.")
    if kept:
        parts.append(f"{_stocks(kept)} {_was(kept)} already on {there}, unchanged.")
    return " ".join(parts)


def _describe_taken_off(result: UndoResult) -> str:
    kept = f" {_stocks(result.kept)} stayed, with a note that was changed since." if result.kept else ""
    if result.change.target is None:
        return "Nothing to take off: the other list was deleted since."
    if not result.taken_off:
        return f"Nothing was taken off the other list.{kept}"
    return f"{_stocks(result.taken_off)} {_is(result.taken_off)} off “{result.change.target}” again.{kept}"


def _stocks(tickers: list[str]) -> str:
    """Return a ticker by its name, several as their number."""
    return tickers[0] if len(tickers) == 1 else _count(len(tickers))


def _count(stocks: int) -> str:
    return "1 stock" if stocks == 1 else f"{stocks:,} stocks"


def _its(stocks: int) -> str:
    """Return the words for the note of one stock, or the notes of several."""
    return "its note" if stocks == 1 else "their notes"


def _is(tickers: list[str]) -> str:
    return "is" if len(tickers) == 1 else "are"


def _was(tickers: list[str]) -> str:
    return "was" if len(tickers) == 1 else "were"


def _were(count: int, *, present: bool = False) -> str:
    if present:
        return "1 stock is" if count == 1 else f"{count:,} stocks are"
    return "1 stock was" if count == 1 else f"{count:,} stocks were"
