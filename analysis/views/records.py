"""The page of track records: how every strategy has fared over the stocks of this installation."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from analysis.engine import (
    CASES_NEEDED,
    HORIZONS,
    STRATEGIES,
    Forward,
    Performance,
    RecordSummary,
    Side,
    Strategy,
    Verdict,
)
from analysis.models import PriceSourceName, StrategyRecord
from analysis.track_records.refresh import may_request_records, request_records
from stockapp.accounts.requests import Request

PAGE = "analysis/track_record.html"


@dataclass(frozen=True)
class Row:
    """A strategy with its record, if one was ever computed."""

    strategy: Strategy
    stored: StrategyRecord | None

    @cached_property
    def summary(self) -> RecordSummary | None:
        return self.stored.unpack() if self.stored else None


@dataclass(frozen=True)
class ForwardRow:
    """What followed the sessions of one verdict, or all of them: returns in percent after each horizon.

    There are none where the sessions are too few to speak of.
    """

    verdict: Verdict | None
    count: int
    percents: tuple[float, ...]


def forward_rows(summary: RecordSummary) -> list[ForwardRow]:
    """One row a verdict, strongest buy first, and all sessions last; counted at the shortest horizon."""
    by_verdict: dict[Verdict | None, list[Forward]] = {verdict: [] for verdict in (*Verdict, None)}
    for forward in summary.forward:
        by_verdict[forward.verdict].append(forward)
    return [ForwardRow(verdict, means[0].count, _percents(means)) for verdict, means in by_verdict.items()]


def _percents(means: list[Forward]) -> tuple[float, ...]:
    enough = all(forward.count >= CASES_NEEDED for forward in means)
    return tuple(100 * (forward.mean_return or 0) for forward in means) if enough else ()


@dataclass(frozen=True)
class ToldApart:
    """A side of a strategy whose signals' interval does not hold the baseline."""

    strategy: Strategy
    side: Side
    is_better: bool


@dataclass(frozen=True)
class RecordPage:
    """All records, and the one of the `chosen` strategy in full."""

    chosen: str

    @cached_property
    def rows(self) -> list[Row]:
        stored = {record.strategy: record for record in StrategyRecord.objects.defer("partial")}
        return [Row(strategy, stored.get(key)) for key, strategy in STRATEGIES.items()]

    @property
    def shown(self) -> Row:
        return next((row for row in self.rows if row.strategy.key == self.chosen), self.rows[0])

    @property
    def computed(self) -> list[Row]:
        return [row for row in self.rows if row.summary]

    @cached_property
    def top(self) -> float:
        """Where the drawn scale ends, in whole tenths: no interval and no baseline lies beyond it."""
        sides = [side for row in self.computed if row.summary for side in (row.summary.long, row.summary.short)]
        drawn = [max(s.hit_interval[1], s.baseline.hit_rate or 0) for s in sides if isinstance(s, Performance)]
        return math.ceil(10 * max(drawn, default=1.0)) / 10

    @cached_property
    def measured(self) -> list[tuple[Strategy, Side, Performance]]:
        """Every side of every strategy with enough cases, and a baseline to hold it against."""
        return [
            (row.strategy, side, found)
            for row in self.computed
            if row.summary
            for side, found in ((Side.LONG, row.summary.long), (Side.SHORT, row.summary.short))
            if isinstance(found, Performance) and found.baseline.hit_rate is not None
        ]

    @property
    def told_apart(self) -> list[ToldApart]:
        return [
            ToldApart(strategy, side, found.hit_interval[0] > (found.baseline.hit_rate or 0))
            for strategy, side, found in self.measured
            if not found.is_baseline_within
        ]

    @property
    def like_chance_count(self) -> int:
        return len(self.measured) - len(self.told_apart)

    @property
    def forward(self) -> list[ForwardRow]:
        return forward_rows(self.shown.summary) if self.shown.summary else []

    @property
    def horizons(self) -> tuple[int, ...]:
        return HORIZONS

    @property
    def refreshing_count(self) -> int:
        return sum(row.stored is not None and row.stored.is_refreshing for row in self.rows)

    @property
    def left_out(self) -> int:
        """How many stocks' bars the shown record could not use."""
        return self.shown.stored.left_out if self.shown.stored else 0

    @property
    def is_demo(self) -> bool:
        """Whether the shown record is of invented prices; another may be older, and of others."""
        return self.shown.stored is not None and self.shown.stored.price_source == PriceSourceName.DEMO


@require_safe
def track_record(request: Request) -> HttpResponse:
    return render(request, PAGE, _context(request))


@require_safe
def track_record_live(request: Request) -> HttpResponse:
    """The records while some are being computed; 286 tells htmx that none is any more."""
    context = _context(request, is_poll=True)
    return render(request, f"{PAGE}#live", context, status=200 if context["page"].refreshing_count else 286)


@require_POST
def refresh_record(request: Request) -> HttpResponse:
    """Ask for all records anew; whoever is logged in may, for they are of stored bars and of nobody's data."""
    if may_request_records():
        request_records()
    else:
        messages.info(request, "The records are computed anew at most every ten minutes, and after every bulk job.")
    return redirect("analysis:track_record")


def _context(request: Request, **more: Any) -> dict[str, Any]:
    chosen = request.GET.get("strategy") or request.user.strategy
    return {"page": RecordPage(chosen), "cases_needed": CASES_NEEDED, **more}
