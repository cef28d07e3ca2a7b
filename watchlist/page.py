"""The page of a watchlist: its rows, the progress of their analysis, and the state that its polls compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from operator import itemgetter

from django.db.models import F
from django.utils import timezone

from analysis.models import DemoRemoval, Stock, Worker
from analysis.pages.polls import OF_THE_STOCK, State, live_annotations, with_due
from analysis.pages.source_notice import SourceNotice, state_of
from stockapp.accounts.models import User
from watchlist.list_query import ListQuery
from watchlist.models import Watchlist, WatchlistItem
from watchlist.rename_notices import RenameNotice, find_rename_notice
from watchlist.rows import ListRow, arrange_rows


@dataclass(frozen=True)
class WatchlistPage:
    """One list as its owner sees it, rated by the strategy of `reader`; rows and progress come from one query.

    `rejected_note` is a note that could not be saved: the ticker, the text that was typed, and the reason.
    """

    watchlist: Watchlist
    reader: User
    list_query: ListQuery = field(default_factory=ListQuery)
    rejected_note: tuple[str, str, str] = ("", "", "")

    @cached_property
    def rows(self) -> list[ListRow]:
        now = timezone.now()
        return [self._row(item, now) for item in self.watchlist.items.for_page(self.reader.strategy)]

    def _row(self, item: WatchlistItem, now: datetime) -> ListRow:
        ticker, typed, reason = self.rejected_note
        if item.stock_id == ticker:
            return replace(ListRow.of(item, self.reader, now), note=typed, note_error=reason)
        return ListRow.of(item, self.reader, now, is_open=item.stock_id in self.list_query.expanded)

    @cached_property
    def visible_rows(self) -> list[ListRow]:
        """Return the rows that pass the filters, in the chosen order."""
        return arrange_rows(self.rows, self.list_query)

    @property
    def hidden_count(self) -> int:
        return len(self.rows) - len(self.visible_rows)

    @property
    def tickers(self) -> list[str]:
        return [row.stock.pk for row in self.rows]

    @property
    def visible_tickers(self) -> list[str]:
        return [row.stock.pk for row in self.visible_rows]

    @cached_property
    def active(self) -> list[ListRow]:
        return [row for row in self.rows if row.is_active]

    @cached_property
    def unrated_count(self) -> int:
        return sum(row.is_unrated for row in self.rows)

    @property
    def is_live(self) -> bool:
        """Return whether an analysis or a rating is to come, so that the page has to look for it."""
        return bool(self.active) or self.unrated_count > 0

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
    def in_run(self) -> Sequence[ListRow]:
        """Return the rows of the jobs that run, finished ones included."""
        jobs = {row.stock.last_job_id for row in self.active}
        return [row for row in self.rows if row.stock.last_job_id in jobs] if jobs else []

    @property
    def done_count(self) -> int:
        return len(self.in_run) - len(self.active)

    @property
    def quarter(self) -> int:
        """Return how much of the run is done, in whole quarters: 0, 25, 50, 75 percent. Screen readers announce it."""
        return 4 * self.done_count // len(self.in_run) * 25 if self.in_run else 0

    @property
    def ended_failed_count(self) -> int:
        """Return how many stocks failed in the job that ended last, without failures of earlier ones."""
        ends = [(row.stock.last_analyzed_at, row.stock.last_job_id) for row in self.rows if row.stock.last_analyzed_at]
        job = max(ends, key=itemgetter(0))[1] if ends else None
        return sum(row.has_failed and row.stock.last_job_id == job for row in self.rows)

    @cached_property
    def lacks_worker(self) -> bool:
        return self.is_live and not Worker.objects.at_work().exists()

    @cached_property
    def lacks_stocks(self) -> bool:
        """Return whether no stocks have been loaded into this installation yet."""
        return not self.rows and not Stock.objects.exists()

    @cached_property
    def rename_notice(self) -> RenameNotice | None:
        return find_rename_notice(self.watchlist)

    @cached_property
    def offers_demo(self) -> bool:
        """Return whether the demo market can be loaded: it was not removed for good."""
        return not DemoRemoval.objects.exists()

    def poll_state(self, running: int, notice: SourceNotice | None) -> State:
        """Return the same state as `read_poll_state`, from the rows of this page and the number of running jobs."""
        rows = ((row.item_pk, row.note, row.attempts, row.rating_pk, *with_due(row.stock_state)) for row in self.rows)
        return (state_of(notice), not self.lacks_worker, running, *rows)


def read_poll_state(pk: int, user: User, notice: SourceNotice | None) -> State | None:
    """Return the stored state of a user's list in two queries, None if there is no such list."""
    around = live_annotations(user)
    row = Watchlist.objects.of(user).filter(pk=pk).annotate(**around).values_list(*around).first()
    items = WatchlistItem.objects.with_attempts().with_rating(user.strategy).filter(watchlist=pk)
    stored = (F(f"stock__{name}") for name in OF_THE_STOCK)
    columns = items.order_by("position", "pk").values_list(*stored, "pk", "note", "attempts", "rating__pk")
    count = len(OF_THE_STOCK)
    rows = ((*values[count:], *with_due(values[:count])) for values in columns)
    return row and (state_of(notice), *row, *rows)
