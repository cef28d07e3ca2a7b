"""Comparison: what every strategy says of one stock's newest session, and how the chosen one has fared with it."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

from analysis.engine import (
    STRATEGIES,
    TECHNICAL_RATING,
    Assessment,
    NoPlan,
    NotEnoughHistory,
    Plan,
    RecordSummary,
    RiskProfile,
    SeriesCache,
    Side,
    Strategy,
    assess,
    size_position,
    summarize,
    track_record,
)
from analysis.models import Stock


@dataclass(frozen=True)
class Opinion:
    """One strategy's assessment, with its plan as it is for `profile`."""

    strategy: Strategy
    found: Assessment | NotEnoughHistory
    profile: RiskProfile

    @property
    def assessment(self) -> Assessment | None:
        return self.found if isinstance(self.found, Assessment) else None

    @property
    def plan(self) -> Plan | None:
        """The levels to show: none of a plan that this user would not trade."""
        return None if self.refusal or not self.assessment else self.assessment.plan

    @property
    def refusal(self) -> str:
        """Why there is no score, or no trade."""
        if isinstance(self.found, NotEnoughHistory):
            return self.found.message
        if self.found.plan is None:
            return self.found.no_trade_reason
        sized = size_position(self.found.plan, self.profile)
        return sized.reason if isinstance(sized, NoPlan) else ""


@dataclass(frozen=True)
class Comparison:
    """All strategies over the same series of one stock; `chosen` is the key of the one its result is by."""

    stock: Stock
    series: SeriesCache
    profile: RiskProfile
    chosen: str

    @property
    def day(self) -> date:
        return self.series.bars.last_session

    @cached_property
    def opinions(self) -> list[Opinion]:
        decimals = self.stock.decimals
        return [
            Opinion(strategy, assess(self.series, strategy, decimals=decimals), self.profile)
            for strategy in STRATEGIES.values()
        ]

    @property
    def strategy(self) -> Strategy:
        """The one whose record is shown."""
        return STRATEGIES.get(self.chosen, TECHNICAL_RATING)

    @cached_property
    def record(self) -> RecordSummary:
        return summarize(track_record(self.series, self.strategy))

    @property
    def sides(self) -> list[Side]:
        return [Side.LONG] if self.profile.long_only else list(Side)
