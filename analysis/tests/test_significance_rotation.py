"""Rotation: every shift at once equals one after another, and hindsight is no part of it."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.engine.significance.matrix import OutcomeMatrix
from analysis.engine.significance.rotation import (
    BACKWARD,
    ShiftSums,
    admissible_shifts,
    correlate,
    fast_length,
    run_rotation_test,
    shift_sums,
)
from analysis.tests.significance_cases import hand_matrix, make_calendar, random_matrix


def test_the_example_of_three_stocks_worked_by_hand() -> None:
    """See `hand_matrix`; centred, A has 3 or -1, B 1.6 or -0.4 and C 0.

    Unshifted: 3 - 1 - 1 for A, 1.6 + 1.6 - 0.4 for B, 0 for C: 3.8 of 8.
    Forward by 1: A in 1, 4, 10: -1 + 3 - 1; B in 3, 7, and 0, where it is not listed: -0.4 - 0.4; C in 6, 9: 0.2 of 7.
    Forward by 3: A in 3, 6, 0: -1 - 1 + 3; B in 5, 9, 2: -0.4 - 0.4 + 1.6; C in 8, and 11, where it has none: 1.8 of 7.
    Forward by 11, which is backward by 1: A in 11, 2, 8: -1 - 1 + 3; B in 1 (none), 5, 10: -0.8; C in 4, 7: 0.2 of 7.
    """
    sums = shift_sums(hand_matrix())
    assert sums.sums[[0, 1, 3, 11]].tolist() == pytest.approx([3.8, 0.2, 1.8, 0.2])
    assert sums.counts[[0, 1, 3, 11]].tolist() == [8, 7, 7, 7]
    assert sums.means(np.array([0])).tolist() == pytest.approx([0.475])


def plain_sums(matrix: OutcomeMatrix) -> ShiftSums:
    """The mean at every shift, computed one shift at a time."""
    length = len(matrix.calendar)
    sums, counts = np.zeros(length), np.zeros(length, dtype=np.int64)
    outcomes = matrix.outcomes.astype(np.float64)
    centred = outcomes - np.nanmean(outcomes, axis=1, keepdims=True)
    entries = matrix.is_entry & np.isfinite(outcomes)
    for shift in range(length):
        found = centred[np.roll(entries, shift, axis=1)]
        sums[shift], counts[shift] = np.nansum(found), np.isfinite(found).sum()
    return ShiftSums(sums, counts)


@pytest.mark.parametrize("length", [1, 2, 97, 250, 431])
def test_all_shifts_at_once_equal_one_after_another(length: int) -> None:
    matrix = random_matrix(np.random.default_rng(length), 9, length, share=0.2)
    matrix.outcomes[:, 0] = 0.01
    found, plain = shift_sums(matrix), plain_sums(matrix)
    assert found.counts.tolist() == plain.counts.tolist()
    assert found.sums.tolist() == pytest.approx(plain.sums.tolist(), abs=1e-12)


def test_several_signals_and_outcomes_are_correlated_in_pairs() -> None:
    first, second = (random_matrix(np.random.default_rng(seed), 5, 60, share=0.3) for seed in (1, 2))
    ((one, one_known, one_entry),), ((two, two_known, two_entry),) = first.parts(), second.parts()
    table = correlate([([one_entry, two_entry], [(one, one_known), (two, two_known)])], 60)
    for row, entry in enumerate((one_entry, two_entry)):
        for column, (values, known) in enumerate(((one, one_known), (two, two_known))):
            shifted = [np.roll(entry, shift, axis=1) for shift in range(60)]
            assert table[row][column].sums.tolist() == pytest.approx([values[place].sum() for place in shifted])
            assert table[row][column].counts.tolist() == [known[place].sum() for place in shifted]


def test_lengths_of_transforms_are_fast_even_and_enough() -> None:
    for minimum in range(1, 3000, 7):
        length = rest = fast_length(minimum)
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        assert rest == 1
        assert length % 2 == 0
        assert minimum <= length < 2 * minimum + 1
    assert fast_length(2500) == 2500
    assert fast_length(2501) == 2560


def test_admissible_shifts_leave_out_hindsight_and_what_keeps_too_little() -> None:
    counts = np.full(1250, 100)
    shifts = admissible_shifts(counts, 40)
    assert (shifts[0], shifts[-1], len(shifts)) == (40, 1250 - BACKWARD, 1011)
    counts[500:600] = 49
    counts[600:620] = 50
    shifts = admissible_shifts(counts, 40)
    assert len(shifts) == 911
    assert not set(range(500, 600)) & set(shifts.tolist())
    assert admissible_shifts(np.full(1250, 100), 60)[[0, -1]].tolist() == [60, 1250 - 5 * 60]
    assert admissible_shifts(np.full(239, 100), 40).tolist() == []
    assert admissible_shifts(np.zeros(1250, dtype=np.int64), 40).tolist() == []


def test_outcomes_within_hindsight_do_not_matter() -> None:
    """Outcomes up to 199 sessions before a signal, or up to 39 after it, do not change the test."""
    length, at = 1000, 500
    random = np.random.default_rng(3)
    outcomes = random.normal(0, 0.05, (4, length))
    is_entry = np.zeros((4, length), dtype=np.bool_)
    is_entry[:, at] = True
    flat = replace(OutcomeMatrix(make_calendar(length), outcomes, is_entry), outcomes=outcomes.copy())
    flat.outcomes[:, at - 60] += 5.0
    flat.outcomes[:, at + 39] -= 5.0  # the mean of each stock stays
    one = run_rotation_test(shift_sums(OutcomeMatrix(make_calendar(length), outcomes, is_entry)), 40)
    other = run_rotation_test(shift_sums(flat), 40)
    assert one is not None
    assert other is not None
    assert other.shifts == one.shifts == length - 239
    assert other.p == one.p
    assert (other.mean, other.expected, other.error) == pytest.approx((one.mean, one.expected, one.error))


def test_the_p_is_the_rank_among_the_shifts_and_never_zero() -> None:
    sums = np.random.default_rng(4).normal(size=1000)
    shifts = np.arange(40, 801)
    for mean in (0.0, 1.0, -2.0, 50.0):
        sums[0] = mean
        found = run_rotation_test(ShiftSums(sums, np.ones(1000, dtype=np.int64)), 40)
        assert found is not None
        others = sums[shifts]
        further = np.sum(np.abs(others - others.mean()) >= abs(mean - others.mean()))
        assert found.p == (1 + further) / 762
        assert found.effect == pytest.approx(mean - others.mean())
        assert found.error == pytest.approx(np.std(others, ddof=1))
        assert found.p >= 1 / 762


def test_a_shift_in_time_of_all_stocks_is_no_effect() -> None:
    """Signals that fall on the same days as the outcomes of others have nothing that a shift would not have."""
    matrix = random_matrix(np.random.default_rng(10), 30, 1000)
    found = run_rotation_test(shift_sums(matrix), 40)
    assert found is not None
    assert found.p > 0.01
    best = replace(matrix, is_entry=matrix.outcomes > np.nanquantile(matrix.outcomes, 0.97))
    found = run_rotation_test(shift_sums(best), 40)
    assert found is not None
    assert found.p == 1 / (1 + found.shifts)


def test_what_cannot_be_rotated_is_not_tested() -> None:
    matrix = random_matrix(np.random.default_rng(11), 5, 300)
    assert run_rotation_test(shift_sums(matrix), 40) is None  # 61 shifts
    empty = OutcomeMatrix(make_calendar(900), np.empty((0, 900)), np.empty((0, 900), dtype=np.bool_))
    assert run_rotation_test(shift_sums(empty), 40) is None
    nothing = OutcomeMatrix(make_calendar(0), np.empty((3, 0)), np.empty((3, 0), dtype=np.bool_))
    assert run_rotation_test(shift_sums(nothing), 40) is None
    unknown = OutcomeMatrix(make_calendar(900), np.full((3, 900), np.nan), np.ones((3, 900), dtype=np.bool_))
    assert run_rotation_test(shift_sums(unknown), 40) is None
    constant = OutcomeMatrix(make_calendar(900), np.full((3, 900), 0.1), np.arange(2700).reshape(3, 900) % 30 == 0)
    found = run_rotation_test(shift_sums(constant), 40)
    assert found is not None
    assert found.p == 1
