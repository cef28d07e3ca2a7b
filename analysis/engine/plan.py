"""The plan: entry, stop and target that follow from a verdict, in the currency's price precision."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Side, Verdict


@dataclass(frozen=True, slots=True)
class Plan:
    """Entry, stop and target of a trade; prices in the stock's currency.

    `risk_reward` is the gain at the target over the loss at the stop, from the rounded prices. `atr` is the ATR 14 from
    which the stop follows, None for a plan of which only the prices are stored.
    """

    side: Side
    entry: float
    stop: float
    target: float
    risk_reward: float
    atr: float | None = None


@dataclass(frozen=True, slots=True)
class NoPlan:
    """The reason that there is no plan, or no size for one, in words."""

    reason: str


def make_plan(
    verdict: Verdict, close: float, atr: float | None, strategy: Strategy, decimals: int = 2
) -> Plan | NoPlan:
    """Plan a trade of the verdict's side from the last close, with a stop `strategy.stop_atr` ATR away.

    Each level is rounded half up to `decimals`; the reward:risk is computed from the rounded levels.
    """
    side = verdict.side
    if side is None:
        return NoPlan(f"{verdict.label}: nothing to plan")
    if atr is None or not atr > 0:
        return NoPlan("no plan: the average true range is missing or zero")
    tick = Decimal(1).scaleb(-decimals)
    direction = 1 if side is Side.LONG else -1
    risk = direction * to_decimal(strategy.stop_atr) * to_decimal(atr)
    reward = to_decimal(strategy.target_risk) * risk
    entry, stop, target = (
        level.quantize(tick, ROUND_HALF_UP)
        for level in (to_decimal(close), to_decimal(close) - risk, to_decimal(close) + reward)
    )
    if entry in (stop, target):
        return NoPlan(f"no plan: the risk is less than the smallest price step, {tick}")
    if stop <= 0:
        return NoPlan(f"no plan: the stop would be {stop}, not above zero")
    if target <= 0:
        return NoPlan(f"no plan: the target would be {target}, not above zero")
    return Plan(side, float(entry), float(stop), float(target), _reward_to_risk(entry, stop, target), float(atr))


def _reward_to_risk(entry: Decimal, stop: Decimal, target: Decimal) -> float:
    return float(round(abs(target - entry) / abs(entry - stop), 2))


def to_decimal(number: float | Decimal) -> Decimal:
    """Return the decimal with the digits that the number prints."""
    return Decimal(str(number))
