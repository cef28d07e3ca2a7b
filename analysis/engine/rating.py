"""The rating: votes, score and verdicts of every session, as series."""

from dataclasses import dataclass

import numpy as np

from analysis.engine.bars import Bars, Floats
from analysis.engine.indicators import Indicators, idle_sessions
from analysis.engine.strategy import TECHNICAL_RATING, Strategy
from analysis.engine.verdict import Codes, raw_verdicts, steady_verdicts


@dataclass(frozen=True, slots=True, eq=False)
class Rating:
    """Series over the sessions of some bars, shape (n,) each; causal: none changes when later bars are added.

    `score` in [-1, +1], NaN where too few components vote. `raw` and `steady` are verdict codes, -2 to +2, or
    `UNRATED`: `raw` wherever the score is NaN, `steady` only before the first score. `votes` (-1, 0, +1) and `values`
    are by component key; a vote is NaN where the component abstains, a value where it is not known.
    """

    score: Floats
    raw: Codes
    steady: Codes
    votes: dict[str, Floats]
    values: dict[str, Floats]


def rate(bars: Bars, strategy: Strategy = TECHNICAL_RATING) -> Rating:
    """Rate every session of `bars`; without bars, series of length 0."""
    values, votes = _read(bars, strategy)
    score = _score(votes, strategy)
    raw = raw_verdicts(score)
    return Rating(
        score=score,
        raw=raw,
        steady=steady_verdicts(score, raw, strategy.margin),
        votes=dict(zip(strategy.weights, votes, strict=True)),
        values=dict(zip(strategy.weights, values, strict=True)),
    )


def _read(bars: Bars, strategy: Strategy) -> tuple[list[Floats], Floats]:
    """Values and votes, one row a component; both NaN after a component's window without any trade."""
    indicators, idle = Indicators(bars), idle_sessions(bars)
    longest = idle.max(initial=0)
    values, votes = [], []
    for component in strategy.components:
        value, vote = component.read(indicators)
        if longest >= component.window:
            abstains = idle >= component.window
            value, vote = np.where(abstains, np.nan, value), np.where(abstains, np.nan, vote)
        values.append(value)
        votes.append(vote)
    return values, np.array(votes)


def _score(votes: Floats, strategy: Strategy) -> Floats:
    """The mean of the panels' weighted mean votes, NaN where a panel has too few of them.

    Rounded to 12 decimals: a score on the edge of a band is on it, and the order of summation does not show.
    """
    abstains = np.isnan(votes)
    counted, voting = np.where(abstains, 0.0, votes), 1.0 - abstains
    score = np.zeros(votes.shape[1])
    start = 0
    for panel in strategy.panels:
        rows = slice(start, start := start + len(panel.weights))
        weights = np.array([*panel.weights.values()])
        enough = np.ones_like(weights) @ voting[rows] >= panel.minimum_votes
        total = np.where(enough, weights @ voting[rows], np.nan)
        score += weights @ counted[rows] / total
    return np.round(score / len(strategy.panels), 12) + 0.0  # never -0.0
