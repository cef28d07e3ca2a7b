"""Comparison: every strategy's assessment of one stock's latest session, and the track record of the chosen one."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from analysis import histories
from analysis.capital import SizingProfile, size_for
from analysis.engine.assess import assess_all
from analysis.engine.assessment import Assessment, NotEnoughHistory
from analysis.engine.periods import WeeklyVerdict, weekly_verdicts
from analysis.engine.plan import NoPlan, Plan
from analysis.engine.record_summary import RecordSummary, summarize
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import track_record
from analysis.models import Stock
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.instruments import Instrument
from analysis.prices.periods import completed_weeks


@dataclass(frozen=True)
class StrategyAssessment:
    """One strategy's assessment, with the plan for the risk settings of `profile`."""

    strategy: Strategy
    outcome: Assessment | NotEnoughHistory
    weekly: WeeklyVerdict
    profile: SizingProfile
    instrument: Instrument

    @property
    def assessment(self) -> Assessment | None:
        return self.outcome if isinstance(self.outcome, Assessment) else None

    @property
    def plan(self) -> Plan | None:
        """Return the plan to show, None if this user would not trade it."""
        return None if self.refusal or not self.assessment else self.assessment.plan

    @property
    def refusal(self) -> str:
        """Return why there is no score or no trade; empty if there is a plan to show."""
        if isinstance(self.outcome, NotEnoughHistory):
            return self.outcome.message
        if self.outcome.plan is None:
            return self.outcome.no_trade_reason
        sized = size_for(self.outcome.plan, self.profile, self.instrument)
        return sized.reason if isinstance(sized, NoPlan) else ""


@dataclass(frozen=True)
class Comparison:
    """All strategies over the same series of one stock; `chosen` is the key of the reader's strategy."""

    stock: Stock
    checked: CheckedBars
    profile: SizingProfile
    chosen: str

    @property
    def day(self) -> date:
        return self.checked.bars.last_session

    @cached_property
    def series(self) -> SeriesCache:
        return self.checked.series

    @cached_property
    def strategy_assessments(self) -> list[StrategyAssessment]:
        instrument, obstacle = self.stock.instrument, histories.obstacle_to_plan(self.checked)
        decimals = instrument.decimals_at(float(self.checked.bars.close[-1]))
        strategies = list(STRATEGIES.values())
        outcomes = assess_all(self.series, strategies, decimals=decimals, obstacle=obstacle)
        weekly = weekly_verdicts(completed_weeks(self.checked, instrument.exchange), strategies)
        return [
            StrategyAssessment(strategy, outcome, week, self.profile, instrument)
            for strategy, outcome, week in zip(strategies, outcomes, weekly, strict=True)
        ]

    @property
    def strategy(self) -> Strategy:
        """Return the strategy whose record is shown."""
        return STRATEGIES.get(self.chosen, TECHNICAL_RATING)

    @cached_property
    def record(self) -> RecordSummary:
        return summarize(track_record(self.series, self.strategy, breaks=self.checked.breaks))
