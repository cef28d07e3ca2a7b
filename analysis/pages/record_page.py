"""Track record page: the stored record of every strategy, and the chosen one in full."""

import math
from dataclasses import dataclass
from functools import cached_property

from analysis.engine.record_summary import TRADES_NEEDED, ForwardReturn, Performance, RecordSummary
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import HORIZONS
from analysis.engine.verdict import Side, Verdict
from analysis.models import PriceSourceName, Stock, StrategyRecord


@dataclass(frozen=True)
class StrategyRow:
    """A strategy with its record, if one was ever computed."""

    strategy: Strategy
    stored: StrategyRecord | None

    @cached_property
    def summary(self) -> RecordSummary | None:
        return self.stored.unpack() if self.stored else None


@dataclass(frozen=True)
class ForwardRow:
    """The mean returns after the sessions of one verdict, or of all, in percent by horizon; none if too few."""

    verdict: Verdict | None
    count: int
    percents: tuple[float, ...]


def forward_rows(summary: RecordSummary) -> list[ForwardRow]:
    """Return one row for each verdict, strongest buy first, and all sessions last; counted at the shortest horizon."""
    by_verdict: dict[Verdict | None, list[ForwardReturn]] = {verdict: [] for verdict in (*Verdict, None)}
    for forward in summary.forward:
        by_verdict[forward.verdict].append(forward)
    return [ForwardRow(verdict, means[0].count, _percents(means)) for verdict, means in by_verdict.items()]


def _percents(means: list[ForwardReturn]) -> tuple[float, ...]:
    enough = all(forward.count >= TRADES_NEEDED for forward in means)
    return tuple(100 * (forward.mean_return or 0) for forward in means) if enough else ()


@dataclass(frozen=True)
class SignificantSide:
    """A side of a strategy whose interval does not contain the baseline: a statistically significant difference."""

    strategy: Strategy
    side: Side
    is_better: bool


@dataclass(frozen=True)
class RecordPage:
    """All records, and the one of the `chosen` strategy in full."""

    chosen: str

    @cached_property
    def rows(self) -> list[StrategyRow]:
        stored = {record.strategy: record for record in StrategyRecord.objects.defer("partial")}
        return [StrategyRow(strategy, stored.get(key)) for key, strategy in STRATEGIES.items()]

    @property
    def shown_row(self) -> StrategyRow:
        return next((row for row in self.rows if row.strategy.key == self.chosen), self.rows[0])

    @property
    def computed_rows(self) -> list[StrategyRow]:
        return [row for row in self.rows if row.summary]

    @cached_property
    def scale_end(self) -> float:
        """Return the end of the drawn scale in whole tenths: no interval and no baseline lies beyond it."""
        sides = [side for row in self.computed_rows if row.summary for side in (row.summary.long, row.summary.short)]
        drawn = [max(s.hit_interval[1], s.baseline.hit_rate or 0) for s in sides if isinstance(s, Performance)]
        return math.ceil(10 * max(drawn, default=1.0)) / 10

    @cached_property
    def measured_sides(self) -> list[tuple[Strategy, Side, Performance]]:
        """Return every side of every strategy with enough cases and a baseline to compare it with."""
        return [
            (row.strategy, side, performance)
            for row in self.computed_rows
            if row.summary
            for side, performance in ((Side.LONG, row.summary.long), (Side.SHORT, row.summary.short))
            if isinstance(performance, Performance) and performance.baseline.hit_rate is not None
        ]

    @property
    def significant_sides(self) -> list[SignificantSide]:
        return [
            SignificantSide(strategy, side, performance.hit_interval[0] > (performance.baseline.hit_rate or 0))
            for strategy, side, performance in self.measured_sides
            if not performance.is_baseline_within
        ]

    @property
    def insignificant_count(self) -> int:
        return len(self.measured_sides) - len(self.significant_sides)

    @property
    def forward(self) -> list[ForwardRow]:
        return forward_rows(self.shown_row.summary) if self.shown_row.summary else []

    @property
    def horizons(self) -> tuple[int, ...]:
        return HORIZONS

    @property
    def refreshing_count(self) -> int:
        return sum(row.stored is not None and row.stored.is_refreshing for row in self.rows)

    @property
    def left_out_count(self) -> int:
        """Return how many stocks' bars the shown record could not use."""
        return self.shown_row.stored.left_out if self.shown_row.stored else 0

    @cached_property
    def leaves_out_demo(self) -> bool:
        """Return whether there are demo stocks that the shown record leaves out."""
        return not self.is_demo and Stock.objects.has_demo_left_out()

    @property
    def is_demo(self) -> bool:
        """Return whether the shown record is of the demo market; another strategy's may be of real prices."""
        return self.shown_row.stored is not None and self.shown_row.stored.price_source == PriceSourceName.DEMO
