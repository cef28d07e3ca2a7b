"""Rotation: the mean outcome of signals against that of the same signals shifted in time, all stocks alike.

How signals cluster and how stocks move together is kept; only the link between a signal and what followed is broken.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Booleans, Floats, Indices
from analysis.engine.significance.by_date import NO_ERROR
from analysis.engine.significance.matrix import STOCKS_AT_ONCE, OutcomeMatrix, add_rows

BACKWARD = 200
"""Shifted backward by less, a signal lies in the very move that made it: that is hindsight."""

BACKWARD_HOLDINGS = 5
"""And so it is by less than this many holdings, where a holding is longer than 40 sessions of the calendar."""

KEPT = 0.5
"""The share of the signals that a shift has to keep: others fall where their stock has no outcome."""

SHIFTS_NEEDED = 100
"""Admissible shifts below which nothing is tested."""


@dataclass(frozen=True, slots=True, eq=False)
class ShiftSums:
    """Sums and counts of the outcomes of signals, shape (sessions,), by the sessions that they are shifted forward."""

    sums: Floats
    counts: Indices

    def means(self, shifts: Indices | slice) -> Floats:
        """Return the mean outcome at some shifts; NaN without an outcome."""
        counts = self.counts[shifts]
        return np.where(counts > 0, self.sums[shifts] / np.maximum(counts, 1), np.nan)


@dataclass(frozen=True, slots=True)
class RotationTest:
    """The mean outcome of signals, that of the admissible shifts, their standard deviation and the two-sided p."""

    mean: float
    expected: float
    error: float
    p: float
    shifts: int

    @property
    def effect(self) -> float:
        """Return the mean of the signals less the mean of the shifts."""
        return self.mean - self.expected


def shift_sums(matrix: OutcomeMatrix, *, stocks_at_once: int = STOCKS_AT_ONCE) -> ShiftSums:
    """Return the sums of the centred outcomes of a kind's signals at every shift."""
    parts = (([is_entry], [(centred, is_known)]) for centred, is_known, is_entry in matrix.parts(stocks_at_once))
    return correlate(parts, len(matrix.calendar))[0][0]


def correlate(
    parts: Iterable[tuple[Sequence[Booleans], Sequence[tuple[Floats, Booleans]]]], length: int
) -> list[list[ShiftSums]]:
    """Return the sums for each of several signals and, within it, for each of several outcomes.

    A part holds some stocks: matrices of signals, and of outcomes (0 where not known) with where they are known, shape
    (stocks, length) each. At shift k every signal moves k sessions forward, and past the last one to the first: a
    circular correlation, computed by one Fourier transform of each row.
    """
    size = fast_length(max(2 * length, 2))
    totals: dict[tuple[int, int, int], NDArray[np.complex128]] = {}
    for signals, outcomes in parts:
        spectra = [np.fft.rfft(values, size, axis=1) for pair in outcomes for values in pair]
        for row, signal in enumerate(signals):
            conjugate = np.conj(np.fft.rfft(signal, size, axis=1))
            for column, spectrum in enumerate(spectra):
                total = totals.setdefault((row, *divmod(column, 2)), np.zeros(size // 2 + 1, dtype=np.complex128))
                add_rows(total, conjugate * spectrum)
    rows, columns = 1 + max(key[0] for key in totals), 1 + max(key[1] for key in totals)
    folded = {key: _fold(np.fft.irfft(total, size), length) for key, total in totals.items()}
    return [
        [
            ShiftSums(folded[row, column, 0], np.rint(folded[row, column, 1]).astype(np.int64))
            for column in range(columns)
        ]
        for row in range(rows)
    ]


def _fold(correlation: Floats, length: int) -> Floats:
    """Return the circular correlation of a period of `length` from one that is padded with zeros."""
    return correlation[:length] + correlation[len(correlation) - length :]


def fast_length(minimum: int) -> int:
    """Return the smallest product of powers of 2, 3 and 5 that is even and at least `minimum`."""
    best = 2 * minimum
    fives = 1
    while fives < best:
        threes = fives
        while threes < best:
            twos = threes * 2
            while twos < minimum:
                twos *= 2
            best = min(best, twos)
            threes *= 3
        fives *= 5
    return best


def admissible_shifts(counts: Indices, holding: int) -> Indices:
    """Return the shifts forward by at least `holding` and backward by at least `BACKWARD` sessions, as columns.

    Those that keep too few of the signals are left out.
    """
    backward = max(BACKWARD, BACKWARD_HOLDINGS * holding)
    shifts = np.arange(holding, len(counts) - backward + 1)
    return shifts[counts[shifts] >= max(KEPT * counts[0], 1)] if len(shifts) else shifts


def run_rotation_test(sums: ShiftSums, holding: int) -> RotationTest | None:
    """Return the test of signals whose longest holding is `holding`; None without a signal or with too few shifts.

    The p is two-sided: the share of shifts whose mean lies at least as far from the mean of all shifts as that of the
    signals does, the signals themselves counted as one more shift: (1 + k) / (1 + n). So it is never 0, nor below
    1 / (1 + n): about 0.001 at 1,250 sessions. Shifts near each other are not independent; a p below 0.01 rests on few
    that are.
    """
    if not len(sums.counts) or not sums.counts[0]:
        return None
    shifts = admissible_shifts(sums.counts, holding)
    if len(shifts) < SHIFTS_NEEDED:
        return None
    means = sums.means(shifts)
    mean, expected, error = float(sums.means(slice(0, 1))[0]), float(means.mean()), float(means.std(ddof=1))
    further = np.count_nonzero(np.abs(means - expected) >= abs(mean - expected))
    p = (1 + int(further)) / (1 + len(shifts)) if error > NO_ERROR else 1.0
    return RotationTest(mean, expected, error, p, len(shifts))
