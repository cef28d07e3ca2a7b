"""Sizing: the number of shares of a plan that one user's risk settings allow."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from analysis.engine.plan import NoPlan, Plan, to_decimal
from analysis.engine.verdict import Side


class RiskProfile(Protocol):
    """A user's risk settings: the limits are in percent of a capital."""

    @property
    def risk_percent(self) -> Decimal: ...
    @property
    def position_limit_percent(self) -> Decimal: ...
    @property
    def min_risk_reward(self) -> Decimal: ...
    @property
    def long_only(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sizing:
    """A whole number of shares, the limit that decided it, the loss at the stop and the cost at the entry, in money."""

    quantity: int
    binding_limit: Literal["risk", "position"]
    capital_at_risk: Decimal
    capital_deployed: Decimal


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The limits of a user's settings for a plan, in exact decimals of money: each budget, and a share's part of it."""

    risk_budget: Decimal
    risk_per_share: Decimal
    position_budget: Decimal
    entry: Decimal

    @property
    def by_risk(self) -> int:
        """Return floor(capital·risk% / |entry - stop|), in shares."""
        return int(self.risk_budget // self.risk_per_share)

    @property
    def by_position(self) -> int:
        """Return floor(capital·limit% / entry), in shares."""
        return int(self.position_budget // self.entry)


def size_limits(plan: Plan, profile: RiskProfile, capital: Decimal, unit: int = 1) -> SizeLimits:
    """Return both limits of a plan, whether or not it may be traded.

    `capital` is in the main currency of the plan, and `unit` prices make one of it: 100 where those are in pence.
    """
    return SizeLimits(
        risk_budget=capital * profile.risk_percent / 100,
        risk_per_share=abs(to_decimal(plan.entry) - to_decimal(plan.stop)) / unit,
        position_budget=capital * profile.position_limit_percent / 100,
        entry=to_decimal(plan.entry) / unit,
    )


def size_position(
    plan: Plan,
    profile: RiskProfile,
    capital: Decimal | NoPlan,
    unit: int = 1,
    unit_name: str = "share",
    currency: str = "",
) -> Sizing | NoPlan:
    """Return the largest position within both limits, or the reason that there is none.

    `capital` and `unit` as in `size_limits`; a reason that there is no capital counts after those against the plan.
    `unit_name` and `currency` are what a reason calls the smallest position and the money.
    """
    if profile.long_only and plan.side is Side.SHORT:
        return NoPlan("exit or avoid: the plan is a short, and you trade long only")
    if to_decimal(plan.risk_reward) < profile.min_risk_reward:
        return NoPlan(f"no trade: {plan.risk_reward} < {float(profile.min_risk_reward)}, your minimum risk:reward")
    if isinstance(capital, NoPlan):
        return capital
    allowed = size_limits(plan, profile, capital, unit)
    risk, entry = allowed.risk_per_share, allowed.entry
    by_risk, by_position = allowed.by_risk, allowed.by_position
    money = f" {currency}".rstrip()
    if by_risk < 1:
        budget = _describe_amount(allowed.risk_budget)
        return NoPlan(f"quantity 0: one {unit_name} risks {risk:f}{money}, your risk limit is {budget}{money}")
    if by_position < 1:
        budget = _describe_amount(allowed.position_budget)
        return NoPlan(f"quantity 0: one {unit_name} costs {entry:f}{money}, your position limit is {budget}{money}")
    quantity = min(by_risk, by_position)
    return Sizing(quantity, "risk" if by_risk <= by_position else "position", quantity * risk, quantity * entry)


def _describe_amount(amount: Decimal) -> str:
    """Return an amount with two decimals, or with as many as it needs if it is less than one."""
    return f"{amount:.2f}" if amount >= 1 or amount == round(amount, 2) else f"{amount:.8f}".rstrip("0")
