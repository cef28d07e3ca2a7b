"""What can be done with a watchlist: find it, add to it, remove from it, undo that, analyse it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db.models import Max

from analysis.models import Source, Stock, StockStatus
from analysis.services import Submission, known_stock, submit
from analysis.services.transient import transactional
from watchlist.models import Watchlist, WatchlistItem

FIRST_NAME = "Watchlist"
SALT = "watchlist.removed"
UNDO_WITHIN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Removed:
    """What is needed to put a removed stock back; as a token it survives in a form."""

    watchlist: int
    ticker: str
    note: str
    position: int

    @property
    def token(self) -> str:
        return signing.dumps(asdict(self), salt=SALT)

    @classmethod
    def from_token(cls, token: str) -> Removed:
        """Raises signing.BadSignature for a token that is not ours or too old."""
        return cls(**signing.loads(token, salt=SALT, max_age=UNDO_WITHIN))


@transactional
def first_watchlist(user: AbstractBaseUser | AnonymousUser) -> Watchlist:
    """The user's first list; an account without any gets one."""
    return Watchlist.objects.of(user).first() or Watchlist.objects.get_or_create(owner_id=user.pk, name=FIRST_NAME)[0]


@transactional
def create(watchlist: Watchlist) -> None:
    """Save a new list behind its owner's others."""
    last = Watchlist.objects.filter(owner=watchlist.owner).aggregate(Max("position"))["position__max"]
    watchlist.position = 0 if last is None else last + 1
    watchlist.save()


@transactional
def rename(watchlist: Watchlist) -> None:
    """Save a list's new name."""
    watchlist.save(update_fields=["name"])


@transactional
def delete(watchlist: Watchlist) -> None:
    """Delete a list; its stocks and their results stay."""
    watchlist.delete()


@transactional
def add(watchlist: Watchlist, ticker: str) -> bool:
    """Put a stock at the end of a list; False when it is there already. A ticker not known yet becomes a Stock."""
    stock = known_stock(ticker)
    last = watchlist.items.aggregate(Max("position"))["position__max"]
    _, is_added = watchlist.items.get_or_create(stock=stock, defaults={"position": 0 if last is None else last + 1})
    return is_added


@transactional
def remove(watchlist: Watchlist, ticker: str) -> Removed | None:
    """Take a stock off a list; None when it was not on it. Its results stay."""
    item = watchlist.items.filter(stock=ticker).first()
    if item is None:
        return None
    item.delete()
    return Removed(watchlist.pk, ticker, item.note, item.position)


@transactional
def restore(watchlist: Watchlist, removed: Removed) -> bool:
    """Put a removed stock back where it was; False when it is there again already."""
    defaults = {"note": removed.note, "position": removed.position}
    stock = known_stock(removed.ticker)
    return WatchlistItem.objects.get_or_create(watchlist=watchlist, stock=stock, defaults=defaults)[1]


def analyze_first(watchlist: Watchlist, ticker: str) -> None:
    """Submit a stock that has never been analysed. Raises Refused."""
    if Stock.objects.filter(pk=ticker, last_status=StockStatus.NEVER).exists():
        analyze(watchlist, [ticker])


def analyze(watchlist: Watchlist, tickers: Sequence[str]) -> Submission:
    """Submit stocks of a list with its owner's strategy. Raises Refused."""
    owner = watchlist.owner
    description = watchlist.name if len(tickers) > 1 else ""
    return submit(
        tickers, source=Source.WATCHLIST, requested_by=owner, strategy=owner.strategy, description=description
    )
