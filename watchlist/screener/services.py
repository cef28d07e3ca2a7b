"""Acts of the screener: save and delete a screen, add stocks to a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import IntegrityError

from analysis.db import transactional
from analysis.models import Stock
from analysis.rejections import RequestRejected
from stockapp.accounts.models import lock_user
from watchlist import services
from watchlist.models import LONGEST_QUERY, Screen, Watchlist

MOST_AT_ONCE = 500
MOST_SCREENS = 100


@dataclass(frozen=True, slots=True)
class AddResult:
    """How many stocks were added to a list, and how many were on it already."""

    added: int
    present: int


def save_screen(screen: Screen) -> None:
    """Save a screen.

    Raise RequestRejected if its query does not fit, or if its owner has too many screens or has just used its name for
    another.
    """
    if len(screen.query) > LONGEST_QUERY:
        raise RequestRejected(
            f"These filters take {len(screen.query):,} characters of an address, and a screen holds {LONGEST_QUERY:,}: "
            "use shorter or fewer ones."
        )
    try:
        _save(screen)
    except IntegrityError:
        raise RequestRejected(f"You have a screen called “{screen}” already.") from None


@transactional
def _save(screen: Screen) -> None:
    if screen._state.adding:
        lock_user(screen.owner_id)
        if Screen.objects.filter(owner=screen.owner_id).count() >= MOST_SCREENS:
            raise RequestRejected(f"You have {MOST_SCREENS} screens, which is the limit; delete one first.")
    screen.save()


@transactional
def delete_screen(screen: Screen) -> None:
    screen.delete()


@transactional
def add_stocks(watchlist: Watchlist, tickers: Sequence[str]) -> AddResult:
    """Add stocks to the end of a list, in this order; those that are on it stay where they are.

    Raise RequestRejected for more than `MOST_AT_ONCE`, if none of them is a stock, and if the list would be too long.
    """
    if len(tickers) > MOST_AT_ONCE:
        raise RequestRejected(
            f"{len(tickers):,} stocks are too many: a list takes {MOST_AT_ONCE} at once. Filter further."
        )
    known = set(Stock.objects.filter(pk__in=tickers).values_list("pk", flat=True))
    wanted = {ticker: "" for ticker in tickers if ticker in known}
    if not wanted:
        raise RequestRejected("None of these is a stock any more.")
    added = len(services.add_all(watchlist, wanted))
    return AddResult(added, len(wanted) - added)
