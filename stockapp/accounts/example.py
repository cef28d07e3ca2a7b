"""Example: the sizing of a plan on the account page, step by step."""

from dataclasses import dataclass

from analysis.engine.plan import NoPlan, Plan
from analysis.engine.sizing import RiskProfile, SizeLimits, Sizing, size_limits, size_position
from analysis.engine.verdict import Side

PLAN = Plan(side=Side.LONG, entry=500.0, stop=480.0, target=540.0, risk_reward=2.0)


@dataclass(frozen=True)
class SizingExample:
    """The sizing of one made-up plan for a user's settings, as the engine computes it everywhere."""

    profile: RiskProfile

    @property
    def plan(self) -> Plan:
        return PLAN

    @property
    def limits(self) -> SizeLimits:
        return size_limits(self.plan, self.profile)

    @property
    def sizing(self) -> Sizing | None:
        sized = size_position(self.plan, self.profile)
        return sized if isinstance(sized, Sizing) else None

    @property
    def refusal(self) -> str:
        sized = size_position(self.plan, self.profile)
        return sized.reason if isinstance(sized, NoPlan) else ""
