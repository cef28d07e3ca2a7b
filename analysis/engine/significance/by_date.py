"""By date: the mean outcome of signals against all sessions', with an error that knows how dates hang together.

Signals of the same weeks are not independent: stocks move together, and holdings overlap. So everything of one date is
one number, and dates up to two holdings apart are taken together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, sqrt
from typing import Any, Self

import numpy as np

from analysis.engine.bars import Floats, Indices
from analysis.engine.significance.matrix import STOCKS_AT_ONCE, OutcomeMatrix, add_rows
from analysis.engine.strategy import JSON

NO_ERROR = 1e-9
"""Standard errors below this are errors of rounding: nothing varied, so nothing can be tested."""

BLOCKS_NEEDED = 4
"""Blocks of dates, each as long as outcomes depend on each other, below which there is no error to speak of."""


@dataclass(frozen=True, slots=True, eq=False)
class DateSums:
    """Four sums a date, shape (sessions,) each: centred outcomes and counts, of the signals and of all sessions."""

    signals: Floats
    signal_counts: Indices
    outcomes: Floats
    outcome_counts: Indices

    @classmethod
    def of(cls, matrix: OutcomeMatrix, *, stocks_at_once: int = STOCKS_AT_ONCE) -> Self:
        """Return the sums over the stocks of a matrix."""
        length = len(matrix.calendar)
        signals, outcomes = np.zeros(length), np.zeros(length)
        signal_counts, outcome_counts = np.zeros(length, dtype=np.int64), np.zeros(length, dtype=np.int64)
        for centred, is_known, is_entry in matrix.parts(stocks_at_once):
            add_rows(signals, np.where(is_entry, centred, 0.0))
            add_rows(outcomes, centred)
            signal_counts += np.count_nonzero(is_entry, axis=0)
            outcome_counts += np.count_nonzero(is_known, axis=0)
        return cls(signals, signal_counts, outcomes, outcome_counts)

    @property
    def count(self) -> int:
        """Return the number of signals."""
        return int(self.signal_counts.sum())

    @property
    def mean(self) -> float | None:
        """Return the mean centred outcome of the signals; None without one."""
        return float(self.signals.sum() / self.count) if self.count else None

    def as_dict(self) -> dict[str, JSON]:
        """Return the sums, for strict JSON."""
        return {
            "signals": self.signals.tolist(),
            "signal_counts": self.signal_counts.tolist(),
            "outcomes": self.outcomes.tolist(),
            "outcome_counts": self.outcome_counts.tolist(),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the sums of which `as_dict` made this."""
        return cls(
            np.array(stored["signals"], dtype=np.float64),
            np.array(stored["signal_counts"], dtype=np.int64),
            np.array(stored["outcomes"], dtype=np.float64),
            np.array(stored["outcome_counts"], dtype=np.int64),
        )

    def __add__(self, other: Self) -> Self:
        return type(self)(
            self.signals + other.signals,
            self.signal_counts + other.signal_counts,
            self.outcomes + other.outcomes,
            self.outcome_counts + other.outcome_counts,
        )


@dataclass(frozen=True, slots=True)
class DateTest:
    """The mean centred outcome of signals, its standard error and the two-sided p; shares of the entry price."""

    mean: float
    error: float
    p: float


def two_sided_p(effect: float, error: float) -> float:
    """Return the p of an effect by the normal law; 1 without an error, which means that nothing varied."""
    return erfc(abs(effect) / error / sqrt(2)) if error > NO_ERROR else 1.0


def run_date_test(sums: DateSums, holding: int) -> DateTest | None:
    """Return the test of signals whose longest holding is `holding` sessions; None if they lie too close together.

    A date contributes (S - c · mean) / n - A / M: S and A are the sums of the centred outcomes of its signals and of
    all its sessions, c is its number of signals, n and M are those of all dates. The variance of the mean is that of
    the sum of the contributions, which depend on each other up to lag 2 · holding (Newey and West, 1987). Without
    `c · mean` an effect would count as variation, and a third of the planted ones would be missed.

    Less the mean of the signals, contributions vary too little, by the share of the signals that one window of the
    lag holds: by one in b where the signals lie in b blocks of dates. This is made up for.
    """
    count, mean = sums.count, sums.mean
    if mean is None:
        return None
    lag = 2 * holding
    crowding = bartlett_variance(sums.signal_counts / count, lag)
    if crowding * BLOCKS_NEEDED > 1:
        return None
    contributions = (sums.signals - sums.signal_counts * mean) / count
    contributions -= sums.outcomes / int(sums.outcome_counts.sum())
    error = sqrt(bartlett_variance(contributions, lag) / (1 - crowding))
    return DateTest(mean, error, two_sided_p(mean, error))


def bartlett_variance(contributions: Floats, lag: int) -> float:
    """Return the variance of the sum of contributions, shape (n,), that depend on each other up to this lag.

    The products of all pairs, weighted by 1 - distance / (lag + 1), add up to the mean square of the sums over every
    window of lag + 1 contributions, those that lie partly outside included. So it is never negative.
    """
    window = lag + 1
    sums = np.cumsum(np.concatenate((contributions, np.zeros(lag))))
    sums[window:] = sums[window:] - sums[:-window]
    return float(np.square(sums).sum() / window)
