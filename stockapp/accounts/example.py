"""The example on the account page: what some risk settings make of a plan, step by step."""

from dataclasses import dataclass
from decimal import Decimal

from analysis.engine import Plan, Refusal, RiskProfile, Side, Sizing, size

PLAN = Plan(side=Side.LONG, entry=500.0, stop=480.0, target=540.0, risk_reward=2.0)


@dataclass(frozen=True)
class Example:
    """The sizing of one made-up plan for a user's settings, as the engine computes it everywhere."""

    profile: RiskProfile

    @property
    def plan(self) -> Plan:
        return PLAN

    @property
    def risk_budget(self) -> Decimal:
        return self.profile.capital * self.profile.risk_percent / 100

    @property
    def position_budget(self) -> Decimal:
        return self.profile.capital * self.profile.position_limit_percent / 100

    @property
    def risk_per_share(self) -> Decimal:
        return Decimal(str(self.plan.entry)) - Decimal(str(self.plan.stop))

    @property
    def by_risk(self) -> int:
        return int(self.risk_budget // self.risk_per_share)

    @property
    def by_position(self) -> int:
        return int(self.position_budget // Decimal(str(self.plan.entry)))

    @property
    def sizing(self) -> Sizing | None:
        sized = size(self.plan, self.profile)
        return sized if isinstance(sized, Sizing) else None

    @property
    def refusal(self) -> str:
        sized = size(self.plan, self.profile)
        return sized.reason if isinstance(sized, Refusal) else ""
