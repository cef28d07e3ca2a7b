"""The rating: votes, score and verdicts of every session, as series."""

from dataclasses import dataclass

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats
from analysis.engine.indicators import Indicators
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Codes, raw_verdicts, steady_verdicts


@dataclass(frozen=True, slots=True, eq=False)
class Rating:
    """Series over the sessions of some bars, shape (n,) each; causal: none changes when later bars are added.

    `score` in [-1, +1], NaN where too few components vote. `raw` and `steady` are verdict codes, -2 to +2, or
    `UNRATED`: `raw` wherever the score is NaN, `steady` only before the first score. `values` are by component key,
    NaN where they are not known; `ballots` (-1, 0, +1) and `abstains` have a row for each of them.
    """

    score: Floats
    raw: Codes
    steady: Codes
    values: dict[str, Floats]
    ballots: Codes
    abstains: Booleans

    @property
    def votes(self) -> dict[str, Floats]:
        """The votes by component key, NaN where the component abstains."""
        votes = np.where(self.abstains, np.nan, self.ballots)
        return dict(zip(self.values, votes, strict=True))


def rate(bars: Bars | Indicators, strategy: Strategy = TECHNICAL_RATING) -> Rating:
    """Rate every session of `bars`; without bars, series of length 0.

    Who rates several strategies passes the same `Indicators` to each, and every series is computed once.
    """
    indicators = Indicators.of(bars)
    values, ballots, abstains = _read(indicators, strategy)
    score = _score(ballots, ~abstains, strategy)
    raw = raw_verdicts(score)
    return Rating(
        score=score,
        raw=raw,
        steady=steady_verdicts(score, raw, strategy.margin),
        values=dict(zip(strategy.weights, values, strict=True)),
        ballots=ballots,
        abstains=abstains,
    )


def _read(indicators: Indicators, strategy: Strategy) -> tuple[list[Floats], Codes, Booleans]:
    """Values, ballots and abstentions, one row a component; after its window without any trade it abstains."""
    readings = [indicators.once(component.read) for component in strategy.components]
    values = [value for value, _ in readings]
    up, down, abstains = (np.array(rows) for rows in zip(*(ballot for _, ballot in readings), strict=True))
    windows = [component.window for component in strategy.components]
    if indicators.idle.max(initial=0) >= min(windows):
        idle = indicators.idle >= np.array(windows)[:, np.newaxis]
        abstains |= idle
        values = [*np.where(idle, np.nan, values)]
    return values, up.view(np.int8) - down.view(np.int8), abstains


def _score(ballots: Codes, voting: Booleans, strategy: Strategy) -> Floats:
    """The mean of the panels' weighted mean votes, NaN where those that vote in a panel weigh too little.

    Rounded to 12 decimals: a score on the edge of a band is on it, and the order of summation does not show.
    """
    weights = strategy.weight_matrix
    voting_weight = weights @ voting.astype(np.float64)
    voting_weight[voting_weight < strategy.minimum_weights] = np.nan
    means = weights @ (ballots * voting.view(np.int8)).astype(np.float64) / voting_weight
    score: Floats = np.round(means.sum(axis=0) / len(means), 12) + 0.0  # never -0.0
    return score
