"""Rows of a list: what each shows of a stock, which pass the filters, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from analysis.capital import SizingProfile
from analysis.models import StockStatus
from analysis.pages.polls import OF_THE_STOCK, State
from analysis.pages.stock_summary import StockSummary
from watchlist.list_query import ListQuery
from watchlist.models import WatchlistItem
from watchlist.services import MOST_STOCKS

# By how many places, and how a button says so: its id, its text, its label.
MOVES = (
    (-MOST_STOCKS, "first", "Top", "to the top"),
    (-1, "up", "Up", "up"),
    (1, "down", "Down", "down"),
    (MOST_STOCKS, "last", "End", "to the end"),
)
URGENCY = [
    StockStatus.FAILED,
    StockStatus.PROCESSING,
    StockStatus.QUEUED,
    StockStatus.CANCELLED,
    StockStatus.NEVER,
    StockStatus.COMPLETED,
]
SORT_KEYS: Mapping[str, Callable[[StockSummary], Any]] = {
    "ticker": lambda row: row.stock.pk,
    "change": lambda row: row.result.change_percent if row.result else None,
    "score": lambda row: row.rating.score if row.rating else None,
    "status": lambda row: URGENCY.index(StockStatus(row.stock.last_status)),
    "analyzed": lambda row: row.stock.last_analyzed_at,
}


@dataclass(frozen=True)
class ListRow(StockSummary):
    """A stock on a list: its summary for the list's owner, the owner's note, and whether the row is expanded.

    If a note could not be saved, `note` is the text that was typed and `note_error` the reason.
    """

    note: str = ""
    is_open: bool = False
    note_error: str = ""
    watchlist: int = 0
    item_pk: int = 0
    moves: ClassVar = MOVES

    @classmethod
    def of(cls, item: WatchlistItem, profile: SizingProfile, now: datetime, *, is_open: bool = True) -> ListRow:
        own = item.stock, item.rating, profile, now, item.attempts, item.started_at, item.note, is_open
        return cls(*own, watchlist=item.watchlist_id, item_pk=item.pk)

    @property
    def stock_state(self) -> State:
        """Return the stock's values of OF_THE_STOCK."""
        return tuple(getattr(self.stock, name) for name in OF_THE_STOCK)

    @property
    def rating_pk(self) -> int | None:
        return self.rating.pk if self.rating else None

    @property
    def address(self) -> str:
        """Return the address of the stock's page, from which the keys [ and ] lead on through this list."""
        return f"{self.stock.get_absolute_url()}?list={self.watchlist}"

    @property
    def key(self) -> str:
        """Return the ticker in letters that a CSS selector may contain: htmx keeps elements across swaps by id."""
        return "".join(letter if letter.isalnum() else f"_{ord(letter):x}" for letter in self.stock.pk)

    def passes(self, query: ListQuery) -> bool:
        """Return whether the row passes the filters."""
        stock, text = self.stock, query.text.casefold()
        has_text = not text or any(
            text in part.casefold() for part in (stock.pk, stock.name, stock.industry, self.note)
        )
        has_verdict = not query.verdict or (self.rating is not None and self.rating.verdict == query.verdict)
        return has_text and has_verdict and query.status in {"", stock.last_status}


def arrange_rows(rows: Sequence[ListRow], query: ListQuery) -> list[ListRow]:
    """Return the rows that pass the filters, in the order of the query; rows without a value to sort by come last."""
    visible = [row for row in rows if row.passes(query)]
    if not query.sort:
        return visible
    key = SORT_KEYS[query.sort.removeprefix("-")]
    valued = [row for row in visible if key(row) is not None]
    valued.sort(key=key, reverse=query.sort.startswith("-"))
    return valued + [row for row in visible if key(row) is None]
