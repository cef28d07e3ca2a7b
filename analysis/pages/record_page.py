"""Track record page: the stored records of all strategies compared, and the verdicts of the chosen one."""

from dataclasses import dataclass
from functools import cached_property

from analysis.engine.record_summary import TRADES_NEEDED, ForwardReturn, NotEnoughTrades, Performance, RecordSummary
from analysis.engine.significance.family import KindResult, PeriodEffect
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.engine.strategy_record import RecordEvidence
from analysis.engine.track_record import HORIZONS
from analysis.engine.trade_stats import Z_95
from analysis.engine.verdict import Side, Verdict
from analysis.models import PriceSourceName, Stock, StrategyRecord
from analysis.pages.record_pictures import (
    EffectPicture,
    EffectScale,
    HorizonPicture,
    draw_horizon,
    effect_scale,
    reliability_scale,
)
from analysis.pages.record_sentences import (
    COMPARISON_FOLLOWS,
    describe_band,
    describe_brier,
    describe_calibration,
    describe_kind,
    describe_listed,
    describe_looks,
    describe_overfitting,
    describe_records,
    format_p,
)


@dataclass(frozen=True)
class StrategyRow:
    """A strategy with its record, if one was ever computed; `evidence` is None if an earlier version computed it."""

    strategy: Strategy
    stored: StrategyRecord | None

    @cached_property
    def summary(self) -> RecordSummary | None:
        return self.stored.unpack() if self.stored else None

    @cached_property
    def evidence(self) -> RecordEvidence | None:
        return self.stored.unpack_evidence() if self.stored and self.summary else None


@dataclass(frozen=True)
class PeriodCell:
    """The effect within a part of the history, and half of its 95 % interval."""

    period: PeriodEffect

    @property
    def half_interval(self) -> float | None:
        return None if self.period.error is None else Z_95 * self.period.error


@dataclass(frozen=True)
class SideRow:
    """The long or the short signals of a strategy: described in numbers, and judged if `kind` is given."""

    strategy: Strategy
    side: Side
    numbers: Performance | NotEnoughTrades
    kind: KindResult | None
    sentence: str
    picture: EffectPicture

    @property
    def p(self) -> str:
        return format_p(self.kind.p if self.kind else None)

    @property
    def periods(self) -> list[PeriodCell]:
        """Return the effects of both parts of the history; none if nothing is judged."""
        is_judged = self.kind is not None and self.kind.effect is not None
        return [PeriodCell(period) for period in self.kind.periods] if self.kind and is_judged else []


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
class CalibrationCard:
    """How often the price stood higher after the verdicts of one strategy, drawn and in words."""

    evidence: RecordEvidence

    @cached_property
    def scale(self) -> EffectScale:
        return reliability_scale(self.evidence.calibration)

    @property
    def horizons(self) -> list[HorizonPicture]:
        return [draw_horizon(horizon, self.scale) for horizon in self.evidence.calibration.horizons]

    @property
    def sentence(self) -> str:
        return describe_calibration(self.evidence.calibration)

    @property
    def examples(self) -> list[str]:
        """Return the strongest verdicts in words, after the longest horizon."""
        longest = self.evidence.calibration.horizons[-1]
        strongest = {Verdict.STRONG_BUY, Verdict.STRONG_SELL}
        return [describe_band(band, longest.sessions) for band in longest.bands if band.verdict in strongest]

    @property
    def brier(self) -> list[tuple[int, str]]:
        """Return the horizons that can be scored, each with its sentence."""
        sentences = [(horizon.sessions, describe_brier(horizon)) for horizon in self.evidence.calibration.horizons]
        return [pair for pair in sentences if pair[1]]


@dataclass(frozen=True)
class RecordPage:
    """All records compared, and the verdicts of the `chosen` strategy."""

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
    def evidence(self) -> list[RecordEvidence]:
        return [row.evidence for row in self.rows if row.evidence]

    @property
    def headline(self) -> str:
        return describe_records(self.evidence)

    @property
    def looks(self) -> str:
        return describe_looks(self.evidence)

    @cached_property
    def scale(self) -> EffectScale:
        return effect_scale(kind for evidence in self.evidence for kind in evidence.kinds)

    @cached_property
    def compared(self) -> list[tuple[StrategyRow, list[SideRow]]]:
        """Return every computed strategy with its long and its short signals."""
        return [
            (row, [self._side_row(row, side, numbers) for side, numbers in _sides(row.summary)])
            for row in self.computed_rows
            if row.summary
        ]

    def _side_row(self, row: StrategyRow, side: Side, numbers: Performance | NotEnoughTrades) -> SideRow:
        kind = row.evidence.kind(side) if row.evidence else None
        sentence = describe_kind(kind, row.evidence.sessions) if kind and row.evidence else COMPARISON_FOLLOWS
        return SideRow(row.strategy, side, numbers, kind, sentence, EffectPicture.of(kind, self.scale))

    @property
    def is_any_judged(self) -> bool:
        """Return whether there is an effect to draw."""
        return any(kind.effect is not None for evidence in self.evidence for kind in evidence.kinds)

    @property
    def periods(self) -> list[PeriodEffect]:
        """Return the two parts of the history; none before anything is judged."""
        judged = [side.periods for _, sides in self.compared for side in sides if side.periods]
        return [cell.period for cell in judged[0]] if judged else []

    @property
    def calibration(self) -> CalibrationCard | None:
        return CalibrationCard(self.shown_row.evidence) if self.shown_row.evidence else None

    @property
    def overfitting(self) -> str:
        return describe_overfitting(self.evidence[0].overfitting) if self.evidence else COMPARISON_FOLLOWS

    @property
    def listed(self) -> str:
        """Return how many stocks are still traded; empty if an earlier version computed the shown record."""
        return describe_listed(self.shown_row.evidence) if self.shown_row.evidence else ""

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


def _sides(summary: RecordSummary) -> list[tuple[Side, Performance | NotEnoughTrades]]:
    return [(Side.LONG, summary.long), (Side.SHORT, summary.short)]
