"""The watchlist page: its rows, and how far the analysis of what is on it has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from django.utils import timezone

from analysis.engine import RiskProfile
from analysis.models import Stock, Worker
from analysis.pages.standing import Standing
from watchlist.models import Watchlist, WatchlistItem
from watchlist.services import MOST_STOCKS
from watchlist.shown import Shown

# By how many places, and how a button says so: its id, its text, its label.
MOVES = (
    (-MOST_STOCKS, "first", "Top", "to the top"),
    (-1, "up", "Up", "up"),
    (1, "down", "Down", "down"),
    (MOST_STOCKS, "last", "End", "to the end"),
)


@dataclass(frozen=True)
class Row(Standing):
    """A stock on the list: where it stands, what its owner noted, and whether its row is open."""

    note: str = ""
    is_open: bool = False
    note_error: str = ""
    """Why what was typed, which `note` then holds, could not be saved."""
    watchlist: int = 0
    item_pk: int = 0
    moves: ClassVar = MOVES

    @property
    def address(self) -> str:
        """The stock's page, from which the keys [ and ] lead on through this list."""
        return f"{self.stock.get_absolute_url()}?list={self.watchlist}"

    @property
    def key(self) -> str:
        """The ticker in letters that a CSS selector may hold: what htmx keeps across swaps it finds by one."""
        return "".join(letter if letter.isalnum() else f"_{ord(letter):x}" for letter in self.stock.pk)

    @classmethod
    def of(cls, item: WatchlistItem, profile: RiskProfile, now: datetime, *, is_open: bool = True) -> Row:
        own = item.stock, profile, now, item.attempts, item.note, is_open
        return cls(*own, watchlist=item.watchlist_id, item_pk=item.pk)


@dataclass(frozen=True)
class WatchlistPage:
    """One list as its owner sees it; rows and progress come from one query.

    `refused_note` is a note that could not be saved: ticker, what was typed, and why.
    """

    watchlist: Watchlist
    profile: RiskProfile
    shown: Shown = field(default_factory=Shown)
    refused_note: tuple[str, str, str] = ("", "", "")

    @cached_property
    def rows(self) -> list[Row]:
        now = timezone.now()
        return [self._row(item, now) for item in self.watchlist.items.for_page()]

    def _row(self, item: WatchlistItem, now: datetime) -> Row:
        ticker, typed, reason = self.refused_note
        if item.stock_id == ticker:
            return replace(Row.of(item, self.profile, now), note=typed, note_error=reason)
        return Row.of(item, self.profile, now, is_open=item.stock_id in self.shown.opened)

    @cached_property
    def shown_rows(self) -> list[Row]:
        """The rows that pass the filters, in the order asked for."""
        return self.shown.arrange(self.rows)

    @property
    def hidden_count(self) -> int:
        return len(self.rows) - len(self.shown_rows)

    @property
    def tickers(self) -> list[str]:
        return [row.stock.pk for row in self.rows]

    @property
    def shown_tickers(self) -> list[str]:
        return [row.stock.pk for row in self.shown_rows]

    @cached_property
    def active(self) -> list[Row]:
        return [row for row in self.rows if row.is_active]

    @cached_property
    def failed(self) -> list[str]:
        return [row.stock.pk for row in self.rows if row.has_failed]

    @property
    def failed_count(self) -> int:
        return len(self.failed)

    @cached_property
    def analyzed_count(self) -> int:
        return sum(row.result is not None for row in self.rows)

    @cached_property
    def in_run(self) -> Sequence[Row]:
        """The rows of the jobs that are running, those that are done included."""
        jobs = {row.stock.last_job_id for row in self.active}
        return [row for row in self.rows if row.stock.last_job_id in jobs] if jobs else []

    @property
    def done_count(self) -> int:
        return len(self.in_run) - len(self.active)

    @property
    def quarter(self) -> int:
        """How much of the run is done, in whole quarters: 0, 25, 50, 75 percent. What is read aloud moves by these."""
        return 4 * self.done_count // len(self.in_run) * 25 if self.in_run else 0

    @cached_property
    def lacks_worker(self) -> bool:
        return bool(self.active) and not Worker.objects.at_work().exists()

    @cached_property
    def lacks_stocks(self) -> bool:
        """Whether nobody has loaded any stocks into this installation yet."""
        return not self.rows and not Stock.objects.exists()
