"""Acts on watchlists and their stocks: create, order and delete lists; add, note, order and analyse stocks.

Locks are taken in one order: lists by number, stocks by ticker, the user. `watchlist.changes` removes stocks, and moves
and copies them between lists.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Count, Max

from analysis.db import transactional
from analysis.jobs.limits import refuse_unconfirmed
from analysis.jobs.submit import RenamedStocks, Submission, lock_or_create_stocks, submit
from analysis.models import Source, Stock, StockStatus
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import load_demo_market
from analysis.stock_lists.renames import join_notes
from stockapp.accounts.models import Person, lock_user
from watchlist.models import NOTE_LENGTH, Watchlist, WatchlistItem

FIRST_NAME = "Watchlist"
MOST_LISTS, MOST_STOCKS = 50, 1_000


@dataclass(frozen=True, slots=True)
class AddResult:
    """The stocks that were added to a list, and those that were on it already, by their present tickers."""

    added: list[str]
    present: list[str]


def first_watchlist(user: Person) -> Watchlist:
    """Return the user's first list, created if there is none. Only creating it waits for other writers."""
    return Watchlist.objects.of(user).first() or _create_first(user)


@transactional
def _create_first(user: Person) -> Watchlist:
    return Watchlist.objects.get_or_create(owner_id=user.pk, name=FIRST_NAME)[0]


@transactional
def create(watchlist: Watchlist) -> None:
    """Save a new list behind its owner's others. Raise RequestRejected if there are too many."""
    lock_user(watchlist.owner_id)
    others = Watchlist.objects.filter(owner=watchlist.owner).aggregate(Max("position"), Count("pk"))
    if others["pk__count"] >= MOST_LISTS:
        raise RequestRejected(f"You have {MOST_LISTS} lists, which is the limit; delete one first.")
    last = others["position__max"]
    watchlist.position = 0 if last is None else last + 1
    watchlist.save()


@transactional
def rename(watchlist: Watchlist) -> None:
    """Save the list's new name."""
    watchlist.save(update_fields=["name"])


@transactional
def shift(watchlist: Watchlist, by: int) -> None:
    """Move a list among its owner's others by a number of places, at most to either end."""
    lock_lists(Watchlist.objects.filter(owner=watchlist.owner))
    lists = list(Watchlist.objects.filter(owner=watchlist.owner))
    place = lists.index(watchlist)
    lists.insert(max(place + by, 0), lists.pop(place))
    for position, one in enumerate(lists):
        one.position = position
    Watchlist.objects.bulk_update(lists, ["position"])


@transactional
def delete(watchlist: Watchlist) -> None:
    """Delete a list with its notes. The stocks and their results stay."""
    lock_lists([watchlist])
    # A rename that is under way relates its notice to the list by these rows, which it locks.
    list(watchlist.items.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    watchlist.delete()


def add(watchlist: Watchlist, ticker: str) -> bool:
    """Add a stock to the end of a list; return False if it is on it already. A ticker not known yet becomes a Stock.

    Raise RequestRejected if the list is full.
    """
    return bool(add_all(watchlist, {ticker: ""}).added)


def add_all(watchlist: Watchlist, notes: Mapping[str, str], *, reused: Container[str] = ()) -> AddResult:
    """Add stocks, given by ticker with their notes, to the end of a list.

    A former ticker is that of the stock that had it, but for `reused` ones, which are those of new companies. Raise
    RequestRejected if the list would be too long, or its owner would watch too many stocks or have too many unconfirmed
    ones: then none is added.
    """
    while True:
        try:
            return _add_stocks(watchlist, notes, reused)
        except RenamedStocks as renamed:
            notes = _follow_notes(notes, renamed.present)


def _follow_notes(notes: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Return notes by present tickers; two of one stock as one."""
    found: dict[str, str] = {}
    for old, note in notes.items():
        ticker = present.get(old, old)
        found[ticker] = join_notes(found.get(ticker, ""), note, NOTE_LENGTH)
    return found


@transactional
def _add_stocks(watchlist: Watchlist, notes: Mapping[str, str], reused: Container[str]) -> AddResult:
    lock_lists([watchlist])
    totals = watchlist.items.aggregate(Max("position"), Count("pk"))
    on_list = set(watchlist.items.filter(stock__in=notes).values_list("stock_id", flat=True))
    new = [ticker for ticker in notes if ticker not in on_list]
    result = AddResult(new, [ticker for ticker in notes if ticker in on_list])
    if not new:
        return result
    refuse_too_long(watchlist, totals["pk__count"] + len(new))
    unknown = lock_or_create_stocks(new, named_by=watchlist.owner, reused=reused)
    first = 0 if totals["position__max"] is None else totals["position__max"] + 1
    WatchlistItem.objects.bulk_create(
        WatchlistItem(watchlist=watchlist, stock_id=ticker, note=notes[ticker], position=position)
        for position, ticker in enumerate(new, start=first)
    )
    refuse_over_limits(watchlist.owner, unknown)
    return result


def refuse_too_long(watchlist: Watchlist, count: int) -> None:
    """Raise RequestRejected if a list may not have so many stocks."""
    if count > MOST_STOCKS:
        present = watchlist.items.count()
        raise RequestRejected(f"A list holds {MOST_STOCKS:,} stocks; “{watchlist}” has {present:,} already.")


def refuse_over_limits(owner: Person, unknown: set[str]) -> None:
    """Raise RequestRejected if a user watches too many stocks on all lists together, or added too many unknown ones.

    The user's row is locked last, after list and stocks (see `analysis.jobs.limits`).
    """
    lock_user(owner.pk)
    if unknown:
        refuse_unconfirmed(owner)
    watched = WatchlistItem.objects.filter(watchlist__owner=owner.pk).aggregate(Count("stock", distinct=True))
    most = settings.MAX_WATCHED_STOCKS_PER_USER
    if watched["stock__count"] > most:
        raise RequestRejected(f"You can watch {most:,} different stocks on all your lists together; remove some first.")


@transactional
def write_note(watchlist: Watchlist, ticker: str, note: str) -> bool:
    """Replace the note of a stock; return False if the stock is not on the list."""
    return watchlist.items.filter(stock=ticker).update(note=note) > 0


@transactional
def move(watchlist: Watchlist, ticker: str, *, by: int | None = None, before: str = "") -> None:
    """Move a stock by a number of places, or before another one; to the end if that one is not on the list."""
    lock_lists([watchlist])
    items = list(watchlist.items.order_by("position", "pk"))
    tickers = [item.stock_id for item in items]
    if ticker not in tickers or before == ticker:
        return
    place = tickers.index(ticker)
    item = items.pop(place)
    del tickers[place]
    target = max(place + by, 0) if by is not None else tickers.index(before) if before in tickers else len(items)
    items.insert(target, item)
    moved = [item for position, item in enumerate(items) if item.position != position]
    for position, one in enumerate(items):
        one.position = position
    WatchlistItem.objects.bulk_update(moved, ["position"], batch_size=200)


def lock_lists(watchlists: Iterable[Watchlist]) -> set[int]:
    """Lock lists, always in the same order, so that changes of their rows take turns and cannot deadlock.

    Return the numbers of those that still exist.
    """
    rows = Watchlist.objects.filter(pk__in=[watchlist.pk for watchlist in watchlists]).order_by("pk")
    return set(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def add_demo_market(watchlist: Watchlist) -> list[str]:
    """Load the demo market's fictional companies and add them to a list; return those that were not on it yet."""
    return add_all(watchlist, dict.fromkeys(load_demo_market(), "")).added


def analyze_first(watchlist: Watchlist, tickers: Sequence[str]) -> None:
    """Submit those of the stocks that have never been analysed. Raise RequestRejected as `submit` does."""
    new = Stock.objects.filter(pk__in=tickers, last_status=StockStatus.NEVER).values_list("pk", flat=True)
    if new:
        analyze(watchlist, list(new))


def analyze(watchlist: Watchlist, tickers: Sequence[str]) -> Submission:
    """Submit stocks of a list with its owner's strategy. Raise RequestRejected as `submit` does."""
    owner = watchlist.owner
    description = watchlist.name if len(tickers) > 1 else ""
    return submit(
        tickers, source=Source.WATCHLIST, requested_by=owner, strategy=owner.strategy, description=description
    )
