"""By date: worked by hand, against plain loops, a bootstrap, and what must not narrow the error."""

from dataclasses import replace
from math import erfc, sqrt

import numpy as np
import pytest

from analysis.engine.bars import Floats
from analysis.engine.significance.by_date import DateSums, DateTest, bartlett_variance, run_date_test, two_sided_p
from analysis.engine.significance.matrix import OutcomeMatrix
from analysis.tests.significance_cases import hand_matrix, make_calendar, random_matrix


def found_by_date(matrix: OutcomeMatrix, holding: int) -> DateTest:
    """The test of a matrix that has one."""
    found = run_date_test(DateSums.of(matrix), holding)
    assert found is not None
    return found


def test_the_example_of_three_stocks_worked_by_hand() -> None:
    """See `hand_matrix`. Centred: A 3 or -1; B 1.6 or -0.4; C 0.

    session          0     1     2     3     4     5     6     7     8     9    10    11
    signals: S       3     0   1.6    -1     0     0   1.6     0     0    -1     0  -0.4    sum 3.8
             c       1     0     1     1     0     1     1     0     1     1     0     1    n = 8, mean = 0.475
    all:     A       3    -1   0.6  -1.4   2.6  -1.4   0.6  -1.4   2.6  -1.4  -1.4  -1.4    sum 0
             m       2     2     3     3     3     3     3     3     3     3     3     2    M = 33

    With a holding of 1 the lag is 2 and a window has 3 sessions. The contributions
    (S - 0.475 c) / 8 - A / 33 are, times 264:

                59.325  8 32.325 -37.475 -20.8 -4.475 32.325 11.2 -36.475 -37.475 11.2 -17.675

    and their sums over the windows that end in session 0 to 13:

                59.325 67.325 99.65 2.85 -25.95 -62.75 7.05 39.05 7.05 -62.75 -62.75 -43.95 -6.475 -17.675

    whose squares add up to 34386.6875. A third of it by 264² is 0.164460. The windows hold 1, 1, ten times 2, 1 and 1
    of the 8 signals: their squares add up to 44, a third of it by 8² is 0.229167. 0.164460 / (1 - 0.229167) = 0.213354,
    its root is 0.461902; 0.475 is 1.02836 times that, and p = 0.30379.
    """
    sums = DateSums.of(hand_matrix())
    assert sums.signals.tolist() == pytest.approx([3, 0, 1.6, -1, 0, 0, 1.6, 0, 0, -1, 0, -0.4])
    assert sums.signal_counts.tolist() == [1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0, 1]
    assert sums.outcomes.tolist() == pytest.approx([3, -1, 0.6, -1.4, 2.6, -1.4, 0.6, -1.4, 2.6, -1.4, -1.4, -1.4])
    assert sums.outcome_counts.tolist() == [2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 2]
    found = found_by_date(hand_matrix(), holding=1)
    assert found.mean == pytest.approx(0.475)
    assert found.error == pytest.approx(sqrt(34386.6875 / 3 / 264**2 / (1 - 44 / 192)))
    assert found.error == pytest.approx(0.461902, abs=1e-6)
    assert found.p == pytest.approx(0.30379, abs=1e-5)


def plain_test(matrix: OutcomeMatrix, holding: int) -> tuple[float, float]:
    """The mean and its error, by loops over stocks, dates and lags."""
    signals: list[list[float]] = [[] for _ in matrix.calendar]
    everything: list[list[float]] = [[] for _ in matrix.calendar]
    for outcomes, entries in zip(matrix.outcomes.tolist(), matrix.is_entry.tolist(), strict=True):
        known = [outcome for outcome in outcomes if outcome == outcome]
        for date, outcome in enumerate(outcomes):
            if outcome == outcome:
                everything[date].append(outcome - sum(known) / len(known))
                if entries[date]:
                    signals[date].append(everything[date][-1])
    n, m = sum(map(len, signals)), sum(map(len, everything))
    mean = sum(map(sum, signals)) / n
    parts = [sum(x - mean for x in own) / n - sum(any_) / m for own, any_ in zip(signals, everything, strict=True)]

    def variance(values: list[float]) -> float:
        return sum(
            (1 - abs(i - j) / (2 * holding + 1)) * values[i] * values[j]
            for i in range(len(values))
            for j in range(max(0, i - 2 * holding), min(len(values), i + 2 * holding + 1))
        )

    return mean, sqrt(variance(parts) / (1 - variance([len(own) / n for own in signals])))


@pytest.mark.parametrize("holding", [1, 5, 20])
def test_the_test_agrees_with_plain_loops(holding: int) -> None:
    matrix = random_matrix(np.random.default_rng(holding), 8, 400)
    mean, error = plain_test(matrix, holding)
    found = found_by_date(matrix, holding)
    assert found.mean == pytest.approx(mean, rel=1e-12)
    assert found.error == pytest.approx(error, rel=1e-10)
    assert found.p == pytest.approx(erfc(abs(mean) / error / sqrt(2)))


def newey_west(values: Floats, lag: int) -> float:
    """The textbook's sum over lags."""
    return float(values @ values + 2 * sum((1 - d / (lag + 1)) * (values[d:] @ values[:-d]) for d in range(1, lag + 1)))


@pytest.mark.parametrize("lag", [0, 1, 7, 80, 199])
def test_the_variance_is_newey_and_wests(lag: int) -> None:
    values = np.random.default_rng(lag).normal(size=200)
    assert bartlett_variance(values, lag) == pytest.approx(newey_west(values, lag), rel=1e-10)


def test_the_error_agrees_with_a_bootstrap_of_blocks_of_dates() -> None:
    """The mean of blocks of 20 consecutive dates, drawn 4,000 times, varies as much as the error says."""
    matrix = random_matrix(np.random.default_rng(5), 40, 1600)
    sums, random, length = DateSums.of(matrix), np.random.default_rng(6), 20
    starts = random.integers(0, 1600 - length, (4000, 1600 // length))
    passed = [
        np.concatenate(([0], np.cumsum(values)))
        for values in (sums.signals, sums.signal_counts, sums.outcomes, sums.outcome_counts)
    ]
    s, c, a, m = ((total[starts + length] - total[starts]).sum(axis=1) for total in passed)
    assert found_by_date(matrix, holding=5).error == pytest.approx((s / c - a / m).std(), rel=0.12)


def test_the_same_stocks_twice_narrow_nothing() -> None:
    matrix = random_matrix(np.random.default_rng(7), 20, 800)
    twice = replace(
        matrix, outcomes=np.concatenate([matrix.outcomes] * 2), is_entry=np.concatenate([matrix.is_entry] * 2)
    )
    once, again = found_by_date(matrix, 10), found_by_date(twice, 10)
    assert (again.mean, again.error, again.p) == pytest.approx((once.mean, once.error, once.p))


def test_signals_that_lie_together_are_not_found_by_date() -> None:
    matrix = random_matrix(np.random.default_rng(8), 60, 800)
    crowded = replace(matrix, is_entry=np.isfinite(matrix.outcomes) & (np.arange(800) // 20 == 20))
    assert DateSums.of(crowded).count > 500
    assert run_date_test(DateSums.of(crowded), 40) is None
    assert run_date_test(DateSums.of(matrix), 40) is not None


def test_without_signals_there_is_no_test() -> None:
    matrix = hand_matrix()
    for empty in (
        replace(matrix, is_entry=np.zeros_like(matrix.is_entry)),
        replace(matrix, outcomes=np.full_like(matrix.outcomes, np.nan)),
        OutcomeMatrix(make_calendar(5), np.empty((0, 5)), np.empty((0, 5), dtype=np.bool_)),
        OutcomeMatrix(make_calendar(0), np.empty((2, 0)), np.empty((2, 0), dtype=np.bool_)),
    ):
        sums = DateSums.of(empty)
        assert (sums.count, sums.mean, run_date_test(sums, 1)) == (0, None, None)


def test_what_does_not_vary_is_not_significant() -> None:
    matrix = random_matrix(np.random.default_rng(9), 5, 800)
    constant = replace(matrix, outcomes=np.where(np.isfinite(matrix.outcomes), 0.1, np.nan))
    found = found_by_date(constant, 10)
    assert found.mean == pytest.approx(0, abs=1e-12)
    assert found.p == 1
    assert two_sided_p(0.5, 0.0) == 1


def test_sums_of_variants_add_up() -> None:
    sums = DateSums.of(hand_matrix())
    both = sums + sums
    assert both.count == 2 * sums.count
    assert both.mean == sums.mean
    assert both.outcome_counts.tolist() == (2 * sums.outcome_counts).tolist()
