"""Overfitting: how often the best of several variants in one half of the history is below the middle in the other."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from analysis.engine.bars import Floats, Indices
from analysis.engine.significance.by_date import DateSums

BLOCKS = 16
"""Blocks of dates; half of them choose and the others test, in each of 12,870 ways."""

BLOCK_LENGTH = 10
"""Dates that a block needs."""


def overfitting_probability(variants: Sequence[DateSums]) -> float | None:
    """Return the probability of backtest overfitting, in [0, 1]; None for fewer than two variants or too few dates.

    Combinatorially symmetric cross-validation: the dates, those of all variants the same, are cut into `BLOCKS`. For
    every choice of half of the blocks the best variant in them is looked up in the other half. The probability is the
    share of choices in which it is in the lower half there; in the very middle it counts half. So it is 0.5 for
    variants that cannot be ranked. A variant is as good as the mean centred outcome of its signals, less that of all
    sessions, in the same blocks; one without a signal is as good as 0. Source: Bailey, Borwein, López de Prado and Zhu,
    "The probability of backtest overfitting", 2017, with the mean return of a trade in place of the Sharpe ratio.
    """
    if len(variants) < 2 or len(variants[0].signals) < BLOCKS * BLOCK_LENGTH:
        return None
    chosen = _halves()
    inside, outside = _effects(variants, chosen), _effects(variants, 1 - chosen)
    best = outside[np.arange(len(chosen)), inside.argmax(axis=1)][:, np.newaxis]
    others = len(variants) - 1
    worse = np.count_nonzero(outside < best, axis=1)
    equal = np.count_nonzero(outside == best, axis=1) - 1
    rank = (worse + equal / 2) / others
    return float(np.where(rank < 0.5, 1.0, np.where(rank == 0.5, 0.5, 0.0)).mean())


def _halves() -> Floats:
    """Return every choice of half of the blocks, one a row, 1 where a block is chosen."""
    choices = list(combinations(range(BLOCKS), BLOCKS // 2))
    rows = np.zeros((len(choices), BLOCKS))
    rows[np.arange(len(choices))[:, np.newaxis], choices] = 1.0
    return rows


def _effects(variants: Sequence[DateSums], chosen: Floats) -> Floats:
    """Return how good each variant is in the blocks of each choice, shape (choices, variants)."""
    columns = [
        _means(chosen, sums.signals, sums.signal_counts) - _means(chosen, sums.outcomes, sums.outcome_counts)
        for sums in variants
    ]
    return np.stack(columns, axis=1)


def _means(chosen: Floats, sums: Floats, counts: Indices) -> Floats:
    starts = np.linspace(0, len(sums), BLOCKS, endpoint=False).astype(np.int64)
    total = chosen @ np.add.reduceat(sums, starts)
    count = chosen @ np.add.reduceat(counts, starts).astype(np.float64)
    means: Floats = np.where(count > 0, total / np.maximum(count, 1.0), 0.0)
    return means
