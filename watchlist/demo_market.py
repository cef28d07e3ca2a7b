"""The demo market of the installation: what removing it for good would delete, and the removal with its accounts."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from analysis import queue
from analysis.background import BackgroundSlice
from analysis.db import transactional
from analysis.models import DemoRemoval
from analysis.prices.tickers import DEMO_SUFFIX
from analysis.timing import TIMING
from analysis.upkeep.demo_removal import DemoCounts, count_demo, delete_demo, mark_removed
from stockapp.accounts.models import Person, User
from watchlist.models import WatchlistItem

REMOVE = "watchlist.demo_market.remove_in_background"
AGAIN_AFTER = 1.0
"""Seconds after which stocks that a worker had in hand are looked at again."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A demo account, and why it stays when the demo market goes; empty if it is deleted."""

    user: User
    reason: str


@dataclass(frozen=True, slots=True)
class DemoContents:
    """Contents of the demo market: rows, rows on lists and their users, accounts."""

    rows: DemoCounts
    watched: int
    watchers: int
    accounts: list[DemoAccount]

    @property
    def is_empty(self) -> bool:
        return not (self.rows.stocks or self.rows.jobs or any(not account.reason for account in self.accounts))


def find_demo_market(person: Person | None = None) -> DemoContents:
    """Return what a removal by this person would delete."""
    items = WatchlistItem.objects.filter(stock__ticker__endswith=DEMO_SUFFIX)
    watchers = items.order_by().values("watchlist__owner").distinct().count()
    return DemoContents(count_demo(), items.count(), watchers, _find_accounts(person))


def _find_accounts(person: Person | None) -> list[DemoAccount]:
    demo = User.objects.filter(is_demo=True).order_by("pk")
    return [DemoAccount(user, _reason_to_stay(user, person)) for user in demo]


def _reason_to_stay(user: User, person: Person | None) -> str:
    if person is not None and person.pk == user.pk:
        return "you are logged in with it"
    items = WatchlistItem.objects.filter(watchlist__owner=user)
    if items.exclude(stock__ticker__endswith=DEMO_SUFFIX).exists():
        return "it has real stocks on its lists"
    others = User.objects.filter(is_superuser=True, is_active=True, is_demo=False)
    return "it is the only superuser" if user.is_superuser and not others.exists() else ""


def remove_demo_market(*, patience: float) -> bool:
    """Remove the demo market for good, in this process. Return False if workers had stocks in hand for so many seconds.

    Safe to repeat, and while workers run.
    """
    mark_removed(None)
    ends = time.monotonic() + patience
    while not _delete_all():
        if time.monotonic() > ends:
            return False
        time.sleep(AGAIN_AFTER)
    return True


@transactional
def request_removal(person: Person) -> None:
    """Mark the demo market as removed, and let a worker delete it."""
    mark_removed(person)
    queue.enqueue(REMOVE)


def remove_in_background() -> None:
    """Delete the demo market for half a lease or until a stock waits, then queue a message. A queue call."""
    removal = DemoRemoval.objects.filter(completed_at=None).first()
    if removal:
        background = BackgroundSlice(TIMING.slice.total_seconds())
        _delete_all(removal.removed_by, until=background.is_over)
        if background.is_over():
            queue.enqueue(REMOVE)


def resume_removal() -> None:
    """Queue a message if a removal is not complete; a worker calls it every minute."""
    if DemoRemoval.objects.filter(completed_at=None).exists():
        queue.enqueue(REMOVE)


def _delete_all(person: Person | None = None, *, until: Callable[[], bool] = lambda: False) -> bool:
    """Delete the accounts, which may be whatever happens to the rest, then the market. Return whether all is done."""
    for account in _find_accounts(person):
        if not account.reason:
            _delete_account(account.user)
    return delete_demo(until=until)


@transactional
def _delete_account(user: User) -> None:
    user.delete()
