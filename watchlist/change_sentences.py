"""Sentences about changes of a list: what was removed, moved or copied, and what undoing it did."""

from watchlist.changes import UndoResult, rows_of
from watchlist.models import ChangeKind, ListChange


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
    return f"Moved {_stocks([row.ticker for row in rows])} to {target}.{already}"


def describe_undo(result: UndoResult) -> str:
    """Return what undoing a change did."""
    change = result.change
    if change.kind != ChangeKind.COPIED:
        if not result.back:
            return f"Nothing to put back: everything is on “{change.watchlist}” already."
        return f"{_stocks(result.back)} {_is(result.back)} back on “{change.watchlist}”."
    kept = f" {_stocks(result.kept)} stayed, with a note that was changed since." if result.kept else ""
    if not result.taken_off:
        return f"Nothing was taken off the other list.{kept}"
    return f"{_stocks(result.taken_off)} {_is(result.taken_off)} off “{change.target}” again.{kept}"


def _stocks(tickers: list[str]) -> str:
    """Return a ticker by its name, several as their number."""
    return tickers[0] if len(tickers) == 1 else f"{len(tickers):,} stocks"


def _is(tickers: list[str]) -> str:
    return "is" if len(tickers) == 1 else "are"


def _were(count: int, *, present: bool = False) -> str:
    if present:
        return "1 stock is" if count == 1 else f"{count:,} stocks are"
    return "1 stock was" if count == 1 else f"{count:,} stocks were"
