"""Calibration: how often the price stood higher some sessions after each verdict, against what shifting would show.

The base rate is the wrong comparison: a verdict follows a move, and the sessions after a move are no fair draw of all.
Verdicts are states that last, so the states of all stocks are rotated together, as the signals are in `rotation`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np

from analysis.engine.bars import Booleans, Floats, Indices, Sessions
from analysis.engine.significance.by_date import two_sided_p
from analysis.engine.significance.family import FIRST_SHARE, SESSIONS_NEEDED, adjust
from analysis.engine.significance.matrix import STOCKS_AT_ONCE, find_columns
from analysis.engine.significance.outcomes import HIGHER, UNKNOWN
from analysis.engine.significance.rotation import ShiftSums, correlate, run_rotation_test
from analysis.engine.strategy import JSON
from analysis.engine.trade_stats import Z_95
from analysis.engine.verdict import UNRATED, Codes, Verdict


class StockVerdicts(NamedTuple):
    """One stock's verdict codes, and whether its close stood higher by horizon (`closes_higher`), shape (n,) each."""

    session: Sessions
    steady: Codes
    higher: Mapping[int, Codes]


@dataclass(frozen=True, slots=True, eq=False)
class VerdictMatrix:
    """The verdicts of one strategy for many stocks, shape (stocks, sessions), on the `calendar`.

    `steady` are verdict codes, `UNRATED` where a stock has none; `higher` are, by horizon, whether the close stood
    higher, `UNKNOWN` where that is not known.
    """

    calendar: Sessions
    steady: Codes
    higher: Mapping[int, Codes]

    @classmethod
    def stacked(cls, calendar: Sessions, stocks: Sequence[StockVerdicts]) -> Self:
        """Return the verdicts of several stocks, at least one, on a calendar that has all of their sessions."""
        shape = len(stocks), len(calendar)
        steady = np.full(shape, UNRATED, dtype=np.int8)
        higher = {sessions: np.full(shape, UNKNOWN, dtype=np.int8) for sessions in stocks[0].higher}
        for row, stock in enumerate(stocks):
            columns = find_columns(calendar, stock.session)
            steady[row, columns] = stock.steady
            for sessions, codes in stock.higher.items():
                higher[sessions][row, columns] = codes
        return cls(calendar, steady, higher)


@dataclass(frozen=True, slots=True)
class BandCalibration:
    """How often the price stood higher after one verdict: a point of a reliability diagram.

    `share` of `count` sessions stood higher, `expected` is the mean share of the shifts and `error` their standard
    deviation, `p` two-sided and adjusted over everything that was looked at. Without enough history there is only a
    share, and without a session not even that.
    """

    verdict: Verdict
    count: int
    share: float | None
    expected: float | None = None
    error: float | None = None
    p: float | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Return the 95 % interval of the share; a verdict says nothing if it holds what is expected."""
        if self.share is None or self.error is None:
            return None
        return max(self.share - Z_95 * self.error, 0.0), min(self.share + Z_95 * self.error, 1.0)


@dataclass(frozen=True, slots=True)
class HorizonCalibration:
    """The calibration after `sessions` sessions. `base_rate` is the share of all rated sessions; None without one.

    `brier` is the mean squared error in the last 40 % of the history of forecasting for each verdict the share that it
    had in the first 60 %, `brier_of_base_rate` that of forecasting the base rate of the first 60 % throughout: verdicts
    say something if theirs is smaller. None if one of the two has no session.
    """

    sessions: int
    count: int
    base_rate: float | None
    brier: float | None
    brier_of_base_rate: float | None
    bands: tuple[BandCalibration, ...]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The calibration of a strategy's verdicts by horizon."""

    horizons: tuple[HorizonCalibration, ...]

    def as_dict(self) -> dict[str, JSON]:
        """Return everything, for strict JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the calibration of which `as_dict` made this."""
        return cls(
            tuple(
                HorizonCalibration(
                    **{
                        **horizon,
                        "bands": tuple(
                            BandCalibration(**{**band, "verdict": Verdict(band["verdict"])})
                            for band in horizon["bands"]
                        ),
                    }
                )
                for horizon in stored["horizons"]
            )
        )


def calibrate(matrix: VerdictMatrix, holding: int, *, looks: int = 0, sessions: int | None = None) -> Calibration:
    """Return the calibration of a strategy's verdicts.

    Admissible shifts are those of the family of signals, whose longest holding is `holding`. `looks` counts all bands
    that are looked at, if they are more than those of this strategy. `sessions` of the calendar count as history, or
    all of them.
    """
    bands = _measure_bands(matrix, holding, len(matrix.calendar) if sessions is None else sessions)
    p_values = [band.p for row in bands for band in row if band.p is not None]
    adjusted = iter(adjust(p_values, max(looks, sum(map(len, bands)))))
    return Calibration(
        tuple(
            _horizon(
                matrix,
                sessions,
                tuple(band if band.p is None else replace(band, p=next(adjusted)) for band in row),
            )
            for sessions, row in zip(matrix.higher, bands, strict=True)
        )
    )


def _measure_bands(matrix: VerdictMatrix, holding: int, history: int) -> list[list[BandCalibration]]:
    """Return the bands of each horizon, each with its own p, not adjusted."""
    length = len(matrix.calendar)
    by_verdict = correlate(_parts(matrix), length)
    return [
        [
            _band(verdict, row[place], holding, is_judged=history >= SESSIONS_NEEDED)
            for verdict, row in zip(Verdict, by_verdict, strict=True)
        ]
        for place in range(len(matrix.higher))
    ]


def _parts(matrix: VerdictMatrix) -> Iterator[tuple[list[Booleans], list[tuple[Floats, Booleans]]]]:
    """Yield where each verdict is, and whether closes stood higher by horizon, of some stocks at a time."""
    for start in range(0, max(len(matrix.steady), 1), STOCKS_AT_ONCE):
        rows = slice(start, start + STOCKS_AT_ONCE)
        higher = [codes[rows] for codes in matrix.higher.values()]
        yield (
            [matrix.steady[rows] == verdict.code for verdict in Verdict],
            [((codes == HIGHER).astype(np.float64), codes != UNKNOWN) for codes in higher],
        )


def _band(verdict: Verdict, sums: ShiftSums, holding: int, *, is_judged: bool) -> BandCalibration:
    """Return one band, with a p by the normal law: the smallest of the rotation is too large for so many looks."""
    count = int(sums.counts[:1].sum())
    if not count:
        return BandCalibration(verdict, 0, None)
    test = run_rotation_test(sums, holding) if is_judged else None
    share = round(float(sums.sums[0])) / count  # a count, once the errors of the transform are rounded off
    if test is None:
        return BandCalibration(verdict, count, share)
    p = two_sided_p(share - test.expected, test.error)
    return BandCalibration(verdict, count, share, test.expected, test.error, p)


def _count_by_verdict(matrix: VerdictMatrix, sessions: int, columns: slice) -> tuple[Indices, Indices]:
    """Return the sessions of a period by verdict, and of these those after which the close stood higher."""
    steady, higher = matrix.steady[:, columns], matrix.higher[sessions][:, columns]
    is_verdict = [steady == verdict.code for verdict in Verdict]
    known, is_higher = higher != UNKNOWN, higher == HIGHER
    return (
        np.array([np.count_nonzero(rows & known) for rows in is_verdict]),
        np.array([np.count_nonzero(rows & is_higher) for rows in is_verdict]),
    )


def _horizon(matrix: VerdictMatrix, sessions: int, bands: tuple[BandCalibration, ...]) -> HorizonCalibration:
    """Return the calibration of a horizon. Its first period ends so early that all is known when the second begins."""
    split = int(FIRST_SHARE * len(matrix.calendar))
    before, higher_before = _count_by_verdict(matrix, sessions, slice(max(split - sessions, 0)))
    after, higher_after = _count_by_verdict(matrix, sessions, slice(split, None))
    count = sum(band.count for band in bands)
    higher = sum(round(band.count * band.share) for band in bands if band.share is not None)
    brier = of_base_rate = None
    if before.sum() and after.sum():
        base_rate = float(higher_before.sum() / before.sum())
        brier = _brier(np.where(before > 0, higher_before / np.maximum(before, 1), base_rate), after, higher_after)
        of_base_rate = _brier(np.full(len(before), base_rate), after, higher_after)
    return HorizonCalibration(sessions, count, higher / count if count else None, brier, of_base_rate, bands)


def _brier(forecasts: Floats, counts: Indices, higher: Indices) -> float:
    """Return the mean squared error of one forecast for each verdict."""
    errors = (1 - forecasts) ** 2 * higher + forecasts**2 * (counts - higher)
    return float(errors.sum() / counts.sum())
