"""The watchlist page: its rows, and how far the analysis of what is on it has come."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone

from analysis.engine import RiskProfile
from analysis.models import Worker
from analysis.views.standing import Standing
from watchlist.models import Watchlist


@dataclass(frozen=True)
class WatchlistPage:
    """One list as its owner sees it; rows and progress come from one query."""

    watchlist: Watchlist
    profile: RiskProfile

    @cached_property
    def rows(self) -> list[Standing]:
        now = timezone.now()
        return [Standing(item.stock, self.profile, now, item.attempts) for item in self.watchlist.items.for_page()]

    @cached_property
    def active(self) -> list[Standing]:
        return [row for row in self.rows if row.is_active]

    @cached_property
    def failed_count(self) -> int:
        return sum(row.has_failed for row in self.rows)

    @cached_property
    def analyzed_count(self) -> int:
        return sum(row.result is not None for row in self.rows)

    @cached_property
    def in_run(self) -> list[Standing]:
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
        return bool(self.active) and not Worker.objects.alive().exists()
