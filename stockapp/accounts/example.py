"""Example: the sizing of a plan on the account page, step by step."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from analysis.engine.plan import NoPlan, Plan
from analysis.engine.sizing import RiskProfile, SizeLimits, Sizing, size_limits, size_position
from analysis.engine.verdict import Side
from stockapp.accounts.models import User

PLAN = Plan(side=Side.LONG, entry=500.0, stop=480.0, target=540.0, risk_reward=2.0)


@dataclass(frozen=True)
class SizingExample:
    """The sizing of one made-up plan for a user's settings, as the engine computes it everywhere."""

    profile: RiskProfile
    capital: Decimal
    currency: str = ""

    @classmethod
    def of(cls, user: User) -> Self:
        """Return the example for a user, saved or not, in the currency of the capital."""
        return cls(user, user.capital, user.capital_currency)

    @property
    def plan(self) -> Plan:
        return PLAN

    @property
    def limits(self) -> SizeLimits:
        return size_limits(self.plan, self.profile, self.capital)

    @property
    def sizing(self) -> Sizing | None:
        sized = size_position(self.plan, self.profile, self.capital)
        return sized if isinstance(sized, Sizing) else None

    @property
    def refusal(self) -> str:
        sized = size_position(self.plan, self.profile, self.capital)
        return sized.reason if isinstance(sized, NoPlan) else ""
