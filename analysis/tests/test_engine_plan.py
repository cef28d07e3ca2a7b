"""Plans and sizes: rounding, refusals, and exact money."""

from dataclasses import dataclass, replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.engine.plan import NoPlan, Plan, make_plan
from analysis.engine.sizing import Sizing, size_position
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.verdict import Side, Verdict


@dataclass(frozen=True)
class Profile:
    capital: Decimal = Decimal(100_000)
    risk_percent: Decimal = Decimal(1)
    position_limit_percent: Decimal = Decimal(20)
    min_risk_reward: Decimal = Decimal(2)
    long_only: bool = False


LONG = Plan(Side.LONG, entry=100.0, stop=96.0, target=108.0, risk_reward=2.0, atr=2.0)
SHORT = Plan(Side.SHORT, entry=100.0, stop=104.0, target=92.0, risk_reward=2.0, atr=2.0)


@pytest.mark.parametrize(
    ("verdict", "close", "atr", "decimals", "plan"),
    [
        (Verdict.BUY, 100.0, 2.0, 2, LONG),
        (Verdict.STRONG_BUY, 100.0, 2.0, 2, LONG),
        (Verdict.SELL, 100.0, 2.0, 2, SHORT),
        (Verdict.STRONG_SELL, 100.0, 2.0, 2, SHORT),
        # each level rounds half up, by the digits that are written: 96.000, 108.015
        (Verdict.BUY, 100.005, 2.0025, 2, Plan(Side.LONG, 100.01, 96.0, 108.02, 2.0, 2.0025)),
        # 2.875, 2.275
        (Verdict.SELL, 2.675, 0.1, 2, Plan(Side.SHORT, 2.68, 2.88, 2.28, 2.0, 0.1)),
        # 1213.9, 1275.7: the rounded levels give 41 / 21
        (Verdict.BUY, 1234.5, 10.3, 0, Plan(Side.LONG, 1235.0, 1214.0, 1276.0, 1.95, 10.3)),
        (Verdict.BUY, 0.01234, 0.0005, 4, Plan(Side.LONG, 0.0123, 0.0113, 0.0143, 2.0, 0.0005)),
    ],
)
def test_a_plan_is_made_in_the_price_precision(
    verdict: Verdict, close: float, atr: float, decimals: int, plan: Plan
) -> None:
    assert make_plan(verdict, close, atr, TECHNICAL_RATING, decimals) == plan


@pytest.mark.parametrize(
    ("verdict", "close", "atr", "reason"),
    [
        (Verdict.NEUTRAL, 100.0, 2.0, "Neutral: nothing to plan"),
        (Verdict.BUY, 100.0, None, "no plan: the average true range is missing or zero"),
        (Verdict.BUY, 100.0, float("nan"), "no plan: the average true range is missing or zero"),
        (Verdict.BUY, 100.0, 0.0, "no plan: the average true range is missing or zero"),
        (Verdict.BUY, 100.0, 0.002, "no plan: the risk is less than the smallest price step, 0.01"),
        (Verdict.BUY, 4.0, 2.0, "no plan: the stop would be 0.00, not above zero"),
        (Verdict.BUY, 3.0, 2.0, "no plan: the stop would be -1.00, not above zero"),
        (Verdict.SELL, 8.0, 2.0, "no plan: the target would be 0.00, not above zero"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(
    verdict: Verdict, close: float, atr: float | None, reason: str
) -> None:
    assert make_plan(verdict, close, atr, TECHNICAL_RATING) == NoPlan(reason)


@given(
    close=st.floats(0.05, 100_000),
    atr=st.floats(0.001, 5_000),
    target_risk=st.sampled_from([1.5, 2.0, 2.5, 3.0]),
    verdict=st.sampled_from([Verdict.BUY, Verdict.SELL]),
)
def test_a_plan_is_in_order_and_rounding_moves_its_risk_reward_by_steps_of_the_price_alone(
    close: float, atr: float, target_risk: float, verdict: Verdict
) -> None:
    plan = make_plan(verdict, close, atr, replace(TECHNICAL_RATING, target_risk=target_risk))
    if isinstance(plan, Plan):
        risk, reward = abs(plan.entry - plan.stop), abs(plan.target - plan.entry)
        assert plan.risk_reward == pytest.approx(reward / risk, abs=0.0051)
        assert abs(reward - target_risk * risk) <= 0.01 * (1 + target_risk) + 1e-6
        assert min(plan.stop, plan.target) > 0
        assert (plan.stop < plan.entry < plan.target) is (plan.side is Side.LONG)


@pytest.mark.parametrize(
    ("plan", "profile", "sizing"),
    [
        # 1,000 / 4 = 250 by risk, 20,000 / 100 = 200 by position
        (LONG, Profile(), Sizing(200, "position", Decimal(800), Decimal(20_000))),
        (SHORT, Profile(), Sizing(200, "position", Decimal(800), Decimal(20_000))),
        (LONG, Profile(position_limit_percent=Decimal(50)), Sizing(250, "risk", Decimal(1_000), Decimal(25_000))),
        (LONG, Profile(position_limit_percent=Decimal(25)), Sizing(250, "risk", Decimal(1_000), Decimal(25_000))),
        # 33.33 / 4 is 8.3325: floored
        (LONG, Profile(capital=Decimal("3333")), Sizing(6, "position", Decimal(24), Decimal(600))),
        # exact where floats say 0.3 / 0.1 = 2.999…
        (
            Plan(Side.LONG, entry=1.0, stop=0.9, target=1.2, risk_reward=2.0),
            Profile(capital=Decimal(30), position_limit_percent=Decimal(100)),
            Sizing(3, "risk", Decimal("0.3"), Decimal("3.0")),
        ),
    ],
)
def test_a_size_is_the_smaller_of_both_limits(plan: Plan, profile: Profile, sizing: Sizing) -> None:
    assert size_position(plan, profile, profile.capital) == sizing


@pytest.mark.parametrize(
    ("plan", "profile", "reason"),
    [
        (LONG, Profile(min_risk_reward=Decimal("3.0")), "no trade: 2.0 < 3.0, your minimum risk:reward"),
        (SHORT, Profile(long_only=True), "exit or avoid: the plan is a short, and you trade long only"),
        (LONG, Profile(capital=Decimal(399)), "quantity 0: one share risks 4.0, your risk limit is 3.99"),
        (
            LONG,
            Profile(capital=Decimal(400), position_limit_percent=Decimal(10)),
            "quantity 0: one share costs 100.0, your position limit is 40.00",
        ),
        (LONG, Profile(capital=Decimal(0)), "quantity 0: one share risks 4.0, your risk limit is 0.00"),
    ],
)
def test_a_size_that_cannot_be_is_refused_in_words(plan: Plan, profile: Profile, reason: str) -> None:
    assert size_position(plan, profile, profile.capital) == NoPlan(reason)


def test_a_long_only_user_gets_a_size_for_a_long() -> None:
    assert isinstance(size_position(LONG, Profile(long_only=True), Decimal(100_000)), Sizing)


@given(
    capital=st.decimals(1, 10_000_000, places=2),
    risk_percent=st.decimals("0.01", 10, places=2),
    close=st.floats(1, 10_000),
    atr=st.floats(0.01, 100),
)
def test_a_size_never_exceeds_its_limits_and_one_more_share_would(
    capital: Decimal, risk_percent: Decimal, close: float, atr: float
) -> None:
    plan = make_plan(Verdict.BUY, close, atr, TECHNICAL_RATING)
    if isinstance(plan, NoPlan):
        return
    profile = Profile(capital=capital, risk_percent=risk_percent)
    sizing = size_position(plan, profile, profile.capital)
    if isinstance(sizing, NoPlan):
        return
    limits = {"risk": capital * risk_percent / 100, "position": capital * profile.position_limit_percent / 100}
    spent = {"risk": sizing.capital_at_risk, "position": sizing.capital_deployed}
    assert all(spent[name] <= limits[name] for name in limits)
    one_more = spent[sizing.binding_limit] / sizing.quantity * (sizing.quantity + 1)
    assert one_more > limits[sizing.binding_limit]


def test_a_price_in_pence_is_sized_in_pounds() -> None:
    insurer = Plan(Side.LONG, entry=562.4, stop=534.3, target=618.6, risk_reward=2.0)
    sizing = size_position(insurer, Profile(), Decimal(100_000), unit=100)
    assert sizing == Sizing(3_556, "position", Decimal("999.236"), Decimal("19998.944"))


def test_a_reason_against_the_plan_counts_before_a_lack_of_capital() -> None:
    lack = NoPlan("no size: no rate")
    assert size_position(LONG, Profile(), lack) == lack
    assert size_position(SHORT, Profile(long_only=True), lack) == NoPlan(
        "exit or avoid: the plan is a short, and you trade long only"
    )
