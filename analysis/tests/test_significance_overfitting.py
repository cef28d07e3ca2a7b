"""Overfitting: one half where nothing can be ranked, none where one variant is better throughout."""

from itertools import combinations

import numpy as np
import pytest

from analysis.engine.significance.by_date import DateSums
from analysis.engine.significance.overfitting import BLOCKS, overfitting_probability


def variant(seed: int, effect: float = 0.0, *, sessions: int = 800) -> DateSums:
    """Signals on every date, with this effect a trade."""
    random = np.random.default_rng(seed)
    counts = random.integers(1, 5, sessions)
    return DateSums(
        signals=counts * (effect + random.normal(0, 0.05, sessions)),
        signal_counts=counts,
        outcomes=np.zeros(sessions),
        outcome_counts=np.full(sessions, 60),
    )


def test_variants_that_cannot_be_ranked_are_even() -> None:
    found = [overfitting_probability([variant(10 * seed + place) for place in range(5)]) for seed in range(60)]
    values = [value for value in found if value is not None]
    assert np.mean(values) == pytest.approx(0.5, abs=0.1)
    assert min(values) < 0.3
    assert max(values) > 0.7


def test_the_better_variant_stays_better() -> None:
    assert overfitting_probability([variant(1), variant(2), variant(3, 0.05), variant(4)]) == 0


def test_the_worse_half_of_a_changing_variant_is_found() -> None:
    """One that shone in half of the blocks and failed in the others is chosen for what it does not repeat."""
    fickle = variant(5)
    fickle.signals[:] = fickle.signal_counts * np.where(np.arange(800) // 50 % 2, 0.1, -0.1)
    steady = [variant(seed, sessions=800) for seed in (6, 7)]
    found = overfitting_probability([fickle, *steady])
    assert found is not None
    assert found > 0.4


def test_the_probability_is_the_share_of_all_halves() -> None:
    """Against plain loops over the halves."""
    variants = [variant(seed) for seed in (11, 12, 13)]
    blocks = [np.split(sums.signals, BLOCKS) for sums in variants]
    counts = [np.split(sums.signal_counts, BLOCKS) for sums in variants]

    def effect(place: int, chosen: set[int]) -> float:
        total = sum(blocks[place][block].sum() for block in sorted(chosen))
        return float(total / sum(counts[place][block].sum() for block in sorted(chosen)))

    points = 0.0
    halves = [set(half) for half in combinations(range(BLOCKS), BLOCKS // 2)]
    for half in halves[::37]:
        inside = [effect(place, half) for place in range(3)]
        outside = [effect(place, set(range(BLOCKS)) - half) for place in range(3)]
        rank = sorted(outside).index(outside[int(np.argmax(inside))])
        points += (1.0, 0.5, 0.0)[rank]
    found = overfitting_probability(variants)
    assert found == pytest.approx(points / len(halves[::37]), abs=0.08)


def test_too_little_is_not_compared() -> None:
    assert overfitting_probability([variant(1)]) is None
    assert overfitting_probability([]) is None
    assert overfitting_probability([variant(1, sessions=100), variant(2, sessions=100)]) is None


def test_variants_without_signals_are_as_good_as_nothing() -> None:
    zeros, no_counts = np.zeros(800), np.zeros(800, dtype=np.int64)
    none = DateSums(zeros, no_counts, zeros, no_counts)
    assert overfitting_probability([none, none]) == 0.5
    assert overfitting_probability([none, variant(1, 0.05)]) == 0
    assert overfitting_probability([none, variant(1, -0.05)]) == 0
