"""Family: what is judged together, what is found, and what is not."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from analysis.engine.record_summary import TRADES_NEEDED
from analysis.engine.significance.by_date import DateSums, DateTest
from analysis.engine.significance.family import (
    FamilyResult,
    Judgement,
    KindMeasurement,
    KindResult,
    adjust,
    errors_to_be_visible,
    judge,
    measure_kind,
)
from analysis.engine.significance.matrix import OutcomeMatrix
from analysis.engine.significance.outcomes import SignalKind
from analysis.engine.significance.rotation import RotationTest
from analysis.engine.verdict import Side
from analysis.tests.engine_markets import MARKETS, garch_factor, one_factor, staggered
from analysis.tests.significance_cases import (
    KIND,
    LONGEST,
    Matrices,
    hand_matrix,
    judged,
    make_calendar,
    matrices_of,
    random_matrix,
    with_skill,
)

KINDS = [SignalKind(strategy, side) for strategy in "abcde" for side in Side]


@pytest.fixture(scope="module")
def market() -> Matrices:
    """60 stocks without skill."""
    return matrices_of(garch_factor(60, 1250, seed=77))


def measured(kind: SignalKind, p: float, *, effect: float = 0.01, sessions: int = 1250) -> KindMeasurement:
    """A kind with the same p by both tests."""
    by_rotation = RotationTest(mean=effect, expected=0.0, error=0.004, p=p, shifts=1000)
    return KindMeasurement(kind, sessions, 500, 0, DateTest(effect, 0.003, p), by_rotation, ())


def strict_json(result: FamilyResult) -> FamilyResult:
    """The result, after having been stored."""
    return FamilyResult.from_dict(json.loads(json.dumps(result.as_dict(), allow_nan=False)))


def test_holm_multiplies_the_smallest_most_and_keeps_the_order() -> None:
    assert adjust([0.01, 0.04, 0.03], 3) == pytest.approx([0.03, 0.06, 0.06])
    assert adjust([0.04, 0.01], 2) == pytest.approx([0.04, 0.02])
    assert adjust([0.01, 0.01], 2) == pytest.approx([0.02, 0.02])  # the second is not smaller than the first
    assert adjust([0.5, 0.6], 2) == [1.0, 1.0]
    assert adjust([0.001], 40) == pytest.approx([0.04])
    assert adjust([], 10) == []


def test_the_smallest_visible_effect_grows_with_what_is_looked_at() -> None:
    assert errors_to_be_visible() == pytest.approx(2.80, abs=0.005)
    assert errors_to_be_visible(10) == pytest.approx(3.65, abs=0.005)
    assert errors_to_be_visible(100) > errors_to_be_visible(10)


def test_a_kind_is_different_only_if_both_tests_say_so_among_all() -> None:
    others = [measured(kind, 0.5) for kind in KINDS[1:]]

    def first(one: KindMeasurement, looks: int = 0) -> KindResult:
        return judge([one, *others], stocks=60, looks=looks).kinds[0]

    found = first(measured(KINDS[0], 0.004))
    assert (found.judgement, found.kind) == (Judgement.DIFFERENT, KINDS[0])
    assert found.p == pytest.approx(0.04)
    assert found.effect == pytest.approx(0.01)
    assert found.error == 0.004  # the larger
    assert found.interval == pytest.approx((0.01 - 1.96 * 0.004, 0.01 + 1.96 * 0.004), abs=1e-6)
    assert found.smallest_visible == pytest.approx(2.80 * 0.004, abs=1e-5)
    assert found.smallest_visible_adjusted == pytest.approx(3.65 * 0.004, abs=1e-5)
    assert first(measured(KINDS[0], 0.006)).judgement is Judgement.NO_DIFFERENCE
    assert first(measured(KINDS[0], 0.004), looks=20).judgement is Judgement.NO_DIFFERENCE
    one = measured(KINDS[0], 0.001)
    assert one.by_date
    assert first(replace(one, by_date=replace(one.by_date, p=0.2))).p == 1
    assert first(measured(KINDS[0], 0.001, effect=0.0019)).judgement is Judgement.NO_DIFFERENCE
    assert first(measured(KINDS[0], 0.001, effect=-0.0021)).judgement is Judgement.DIFFERENT


def test_what_cannot_be_judged_has_no_numbers_and_was_looked_at_nevertheless() -> None:
    short, few = measured(KINDS[0], 0.001, sessions=749), replace(measured(KINDS[1], 0.001), trades=TRADES_NEEDED - 1)
    crowded, fine = replace(measured(KINDS[2], 0.001), by_date=None), measured(KINDS[3], 0.015)
    result = judge([short, few, crowded, fine], stocks=60)
    assert [kind.judgement for kind in result.kinds] == [
        Judgement.NOT_ENOUGH_HISTORY,
        Judgement.NOT_ENOUGH_TRADES,
        Judgement.NOT_ENOUGH_HISTORY,
        Judgement.NO_DIFFERENCE,
    ]
    assert {(kind.effect, kind.error, kind.interval, kind.p) for kind in result.kinds[:3]} == {(None,) * 4}
    assert result.kinds[3].p == pytest.approx(0.06)
    assert (result.looks, result.different) == (4, ())
    assert strict_json(result) == result


@pytest.mark.parametrize("name", ["independent", "one_factor", "garch_factor", "staggered", "mirrored"])
def test_nothing_is_different_in_a_market_without_skill(name: str) -> None:
    """One family in fifty may be, so this holds for these seeds; `benchmarks.evidence` counts over many."""
    for seed in range(3):
        result = judged(matrices_of(MARKETS[name](30, 1250, seed)))
        assert result.looks == 10
        assert {kind.judgement for kind in result.kinds} <= {Judgement.NO_DIFFERENCE, Judgement.NOT_ENOUGH_HISTORY}
        assert strict_json(result) == result


def test_five_hundred_sessions_are_not_enough() -> None:
    result = judged(matrices_of(one_factor(20, 500, seed=1)))
    assert {kind.judgement for kind in result.kinds} == {Judgement.NOT_ENOUGH_HISTORY}
    assert {kind.effect for kind in result.kinds} == {None}
    assert {len(kind.periods) for kind in result.kinds} == {2}


@pytest.mark.parametrize("kind", [SignalKind("technical_rating", Side.LONG), SignalKind("swing", Side.SHORT)])
def test_planted_skill_is_found(market: Matrices, kind: SignalKind) -> None:
    skilled = judged({**market, kind: with_skill(market[kind], 0.03, trades=400)})
    assert [found.kind for found in skilled.different] == [kind]
    assert skilled.different[0].trades == 400
    assert skilled.different[0].effect == pytest.approx(0.03, abs=0.008)
    unskilled = judged({**market, kind: with_skill(market[kind], 0.0, trades=400)})
    assert unskilled.different == ()


def test_a_skill_that_costs_money_is_found_as_well(market: Matrices) -> None:
    kind = SignalKind("swing", Side.LONG)
    (found,) = judged({**market, kind: with_skill(market[kind], -0.03, trades=400)}).different
    assert found.effect is not None
    assert found.effect < -0.02


def test_two_periods_stand_side_by_side(market: Matrices) -> None:
    kind = SignalKind("swing", Side.LONG)
    skilled = with_skill(market[kind], 0.0, trades=1500)
    outcomes = skilled.outcomes.copy()
    outcomes[:, :750][skilled.is_entry[:, :750]] += np.float32(0.05)
    result = judged({kind: replace(skilled, outcomes=outcomes)}).kinds[0]
    first, last = result.periods
    assert (first.start, first.end) == (date(2020, 1, 1), date(2022, 1, 19))
    assert (last.start - first.end).days == 1
    assert first.trades + last.trades == result.trades
    assert first.effect == pytest.approx(0.05, abs=0.01)
    assert last.effect == pytest.approx(0, abs=0.01)
    assert last.error is not None
    assert last.error > 0.0005


def test_a_better_period_of_the_market_is_no_effect_within_it(market: Matrices) -> None:
    kind = SignalKind("swing", Side.LONG)
    outcomes = market[kind].outcomes.copy()
    outcomes[:, :750] += np.float32(0.05)
    risen = judged({kind: replace(market[kind], outcomes=outcomes)}).kinds[0].periods
    plain = judged({kind: market[kind]}).kinds[0].periods
    assert [period.effect for period in risen] == pytest.approx([period.effect for period in plain], abs=1e-6)


def test_any_matrix_has_a_result_in_strict_json() -> None:
    random = np.random.default_rng(12)
    fine = random_matrix(random, 6, 900, share=0.1)
    nothing = np.zeros_like(fine.is_entry)
    cases = {
        "no entries": replace(fine, is_entry=nothing),
        "one stock": replace(fine, outcomes=fine.outcomes[1:2], is_entry=fine.is_entry[1:2]),
        "all unknown": replace(fine, outcomes=np.full_like(fine.outcomes, np.nan)),
        "infinite": replace(fine, outcomes=np.where(fine.is_entry, np.inf, fine.outcomes)),
        "constant": replace(fine, outcomes=np.full_like(fine.outcomes, 0.05)),
        "no stocks": OutcomeMatrix(fine.calendar, np.empty((0, 900)), np.empty((0, 900), dtype=np.bool_)),
        "no sessions": OutcomeMatrix(make_calendar(0), np.empty((3, 0)), np.empty((3, 0), dtype=np.bool_)),
        "one session": fine.between(450, 451),
        "short": hand_matrix(),
        "entries on one date": replace(fine, is_entry=nothing | (np.arange(900) == 700)),
    }
    for name, matrix in cases.items():
        result = judged({KIND: matrix})
        assert strict_json(result) == result, name
        assert result.different == (), name
    assert judged({KIND: cases["constant"]}).kinds[0].p == 1
    assert judged({KIND: cases["one stock"]}).kinds[0].judgement is Judgement.NO_DIFFERENCE


def test_staggered_listings_are_judged() -> None:
    result = judged(matrices_of(staggered(20, 900, seed=2)))
    assert {kind.judgement for kind in result.kinds} == {Judgement.NO_DIFFERENCE}


def test_a_kind_is_measured_alike_with_others_and_alone(market: Matrices) -> None:
    alone = measure_kind(KIND, market[KIND], DateSums.of(market[KIND]), LONGEST)
    found = next(one for one in judged(market).kinds if one.kind == KIND)
    assert alone.by_rotation is not None
    assert alone.by_date is not None
    assert (found.effect, found.p_by_date, found.p_by_rotation) == (
        alone.by_rotation.effect,
        alone.by_date.p,
        alone.by_rotation.p,
    )
