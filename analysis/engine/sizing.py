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


def size(plan: Plan, profile: RiskProfile) -> Sizing | Refusal:
    """min(floor(capital·risk% / |entry - stop|), floor(capital·limit% / entry)), in exact decimals."""
    if profile.long_only and plan.side is Side.SHORT:
        return Refusal("exit or avoid: the plan is a short, and you trade long only")
    if exact(plan.risk_reward) < profile.min_risk_reward:
        return Refusal(f"no trade: {plan.risk_reward} < {float(profile.min_risk_reward)}, your minimum risk:reward")
    entry, risk = exact(plan.entry), abs(exact(plan.entry) - exact(plan.stop))
    risk_budget = profile.capital * profile.risk_percent / 100
    position_budget = profile.capital * profile.position_limit_percent / 100
    by_risk, by_position = int(risk_budget // risk), int(position_budget // entry)
    if by_risk < 1:
        return Refusal(f"quantity 0: one share risks {risk:f}, your risk limit is {risk_budget:.2f}")
    if by_position < 1:
        return Refusal(f"quantity 0: one share costs {entry:f}, your position limit is {position_budget:.2f}")
    quantity = min(by_risk, by_position)
    return Sizing(quantity, "risk" if by_risk <= by_position else "position", quantity * risk, quantity * entry)
