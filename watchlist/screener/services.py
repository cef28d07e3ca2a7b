"""Acts of the screener: save and delete a screen, add stocks to a list."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError

from analysis.db import transactional
from analysis.models import FormerTicker, Stock
from analysis.rejections import RequestRejected
from stockapp.accounts.models import lock_user
from watchlist import services
from watchlist.models import LONGEST_QUERY, Screen, Watchlist
from watchlist.services import AddResult

MOST_AT_ONCE = 500
MOST_SCREENS = 100


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
    """Add stocks to the end of a list, in this order; those that are on it stay where they are, and renamed ones are
    followed.

    Raise RequestRejected for more than `MOST_AT_ONCE`, if none of them is a stock, and if the list would be too long.
    """
    if len(tickers) > MOST_AT_ONCE:
        raise RequestRejected(
            f"{len(tickers):,} stocks are too many: a list takes {MOST_AT_ONCE} at once. Filter further."
        )
    known = set(Stock.objects.filter(pk__in=tickers).values_list("pk", flat=True))
    present = FormerTicker.objects.present_tickers(set(tickers) - known)
    wanted = {present.get(ticker, ticker): "" for ticker in tickers if ticker in known or ticker in present}
    if not wanted:
        raise RequestRejected("None of these is a stock any more.")
    return services.add_all(watchlist, wanted)
