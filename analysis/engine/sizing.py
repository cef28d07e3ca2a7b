"""Sizing: how many shares of a plan one user's risk settings allow."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, Protocol

from analysis.engine.plan import Plan, Refusal, exact
from analysis.engine.verdict import Side


class RiskProfile(Protocol):
    """What a user puts at risk: `capital` in the stock's currency, the limits in percent of it."""

    @property
    def capital(self) -> Decimal: ...
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
    """A whole number of shares, the limit that decided it, and the money: lost at the stop, and spent at the entry."""

    quantity: int
    binding_limit: Literal["risk", "position"]
    capital_at_risk: Decimal
    capital_deployed: Decimal


@dataclass(frozen=True, slots=True)
class Limits:
    """What a user's settings allow of a plan, in exact decimals: money for each limit, and what a share takes of it."""

    risk_budget: Decimal
    risk_per_share: Decimal
    position_budget: Decimal
    entry: Decimal

    @property
    def by_risk(self) -> int:
        """floor(capital·risk% / |entry - stop|), in shares."""
        return int(self.risk_budget // self.risk_per_share)

    @property
    def by_position(self) -> int:
        """floor(capital·limit% / entry), in shares."""
        return int(self.position_budget // self.entry)


def limits(plan: Plan, profile: RiskProfile) -> Limits:
    """Both limits of one plan, whether or not it may be traded."""
    return Limits(
        risk_budget=profile.capital * profile.risk_percent / 100,
        risk_per_share=abs(exact(plan.entry) - exact(plan.stop)),
        position_budget=profile.capital * profile.position_limit_percent / 100,
        entry=exact(plan.entry),
    )


def size(plan: Plan, profile: RiskProfile) -> Sizing | Refusal:
    """The smaller of what both limits allow, or why it is nothing."""
    if profile.long_only and plan.side is Side.SHORT:
        return Refusal("exit or avoid: the plan is a short, and you trade long only")
    if exact(plan.risk_reward) < profile.min_risk_reward:
        return Refusal(f"no trade: {plan.risk_reward} < {float(profile.min_risk_reward)}, your minimum risk:reward")
    allowed = limits(plan, profile)
    risk, entry = allowed.risk_per_share, allowed.entry
    by_risk, by_position = allowed.by_risk, allowed.by_position
    if by_risk < 1:
        return Refusal(f"quantity 0: one share risks {risk:f}, your risk limit is {allowed.risk_budget:.2f}")
    if by_position < 1:
        return Refusal(f"quantity 0: one share costs {entry:f}, your position limit is {allowed.position_budget:.2f}")
    quantity = min(by_risk, by_position)
    return Sizing(quantity, "risk" if by_risk <= by_position else "position", quantity * risk, quantity * entry)
