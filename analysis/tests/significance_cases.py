"""Matrices for the tests of significance: one worked by hand, random ones, and those of a market."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from analysis.engine.bars import Bars, Sessions
from analysis.engine.significance.by_date import DateSums
from analysis.engine.significance.family import FamilyResult, judge, measure_kind
from analysis.engine.significance.matrix import OutcomeMatrix, union_calendar
from analysis.engine.significance.outcomes import SignalKind, StockOutcomes, all_outcomes
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Side

LONGEST = 40
"""The longest holding of the built-in strategies."""

KIND = SignalKind("trend", Side.LONG)

Matrices = Mapping[SignalKind, OutcomeMatrix]


def make_calendar(length: int) -> Sessions:
    """Consecutive days from 2020-01-01 on."""
    return np.datetime64("2020-01-01", "D") + np.arange(length)


def hand_matrix() -> OutcomeMatrix:
    """Three stocks of twelve sessions, outcomes in percent.

    A has 3 in sessions 0, 4 and 8 and -1 in the other nine: its mean is 0.
    B is listed in session 2; it has 2 in sessions 2 and 6 and 0 in the other eight: its mean is 0.4.
    C has 1 in all sessions but the last, where it has none: its mean is 1.
    Entries: A in 0, 3 and 9; B in 2, 6 and 11; C in 5, 8, and in 11, where it has no outcome: that is none.
    """
    outcomes = np.full((3, 12), np.nan)
    outcomes[0] = -1
    outcomes[0, [0, 4, 8]] = 3
    outcomes[1, 2:] = 0
    outcomes[1, [2, 6]] = 2
    outcomes[2, :11] = 1
    is_entry = np.zeros((3, 12), dtype=np.bool_)
    is_entry[0, [0, 3, 9]] = is_entry[1, [2, 6, 11]] = is_entry[2, [5, 8, 11]] = True
    return OutcomeMatrix(make_calendar(12), outcomes, is_entry)


def random_matrix(random: Generator, stocks: int, sessions: int, *, share: float = 0.03) -> OutcomeMatrix:
    """Outcomes that share a part by date and overlap in time; a tenth unknown, and stocks listed late."""
    common = random.normal(0, 0.03, sessions)
    own = random.normal(0, 0.05, (stocks, sessions)) + common
    outcomes = np.stack([np.roll(own, lag, axis=1) for lag in range(5)]).sum(axis=0) / 2
    outcomes[random.random(outcomes.shape) < 0.1] = np.nan
    for row in range(0, stocks, 3):
        outcomes[row, : sessions // 3] = np.nan
    is_entry = (random.random(outcomes.shape) < share) & np.isfinite(outcomes)
    return OutcomeMatrix(make_calendar(sessions), outcomes, is_entry)


def matrices_of(bars: Iterable[Bars], calendar: Sessions | None = None) -> dict[SignalKind, OutcomeMatrix]:
    """The matrix of each kind of the built-in strategies."""
    outcomes: dict[SignalKind, list[StockOutcomes]] = {}
    sessions: list[Sessions] = []
    for stock in bars:
        sessions.append(stock.session)
        for kind, found in all_outcomes(stock, tuple(STRATEGIES.values())):
            outcomes.setdefault(kind, []).append(found)
    calendar = union_calendar(sessions) if calendar is None else calendar
    return {kind: OutcomeMatrix.stacked(calendar, found) for kind, found in outcomes.items()}


def judged(matrices: Matrices, *, holding: int = LONGEST, looks: int = 0) -> FamilyResult:
    """The judgement on a family."""
    measured = [measure_kind(kind, matrix, DateSums.of(matrix), holding) for kind, matrix in matrices.items()]
    return judge(measured, stocks=max(len(matrix.outcomes) for matrix in matrices.values()), looks=looks)


def with_skill(matrix: OutcomeMatrix, effect: float, trades: int, seed: int = 0) -> OutcomeMatrix:
    """A matrix that keeps so many of its entries, chosen at random, each with an outcome better by the effect."""
    places = np.argwhere(matrix.is_entry)
    kept = tuple(np.random.default_rng(seed).permutation(places)[:trades].T)
    outcomes, is_entry = matrix.outcomes.copy(), np.zeros_like(matrix.is_entry)
    outcomes[kept] += np.float32(effect)
    is_entry[kept] = True
    return replace(matrix, outcomes=outcomes, is_entry=is_entry)
