"""The rating: signals, score and verdicts of every session, as series."""

from dataclasses import dataclass

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Codes, raw_verdicts, steady_verdicts


@dataclass(frozen=True, slots=True, eq=False)
class Rating:
    """Series over the sessions of some bars, shape (n,) each; causal: none changes when later bars are added.

    `score` in [-1, +1], NaN where too few signals are available. `raw` and `steady` are verdict codes, -2 to +2, or
    `UNRATED`: `raw` wherever the score is NaN, `steady` only before the first score. `values` are by indicator key,
    NaN where they are unknown; `signals` (-1, 0, +1) and `unavailable` have a row for each of them. So has `doubted`:
    where a signal is unavailable because it would be another without the doubtful bars. It is None without such bars.
    """

    score: Floats
    raw: Codes
    steady: Codes
    values: dict[str, Floats]
    signals: Codes
    unavailable: Booleans
    doubted: Booleans | None = None

    @property
    def signals_by_key(self) -> dict[str, Floats]:
        """Return the signals by indicator key, NaN where they are unavailable."""
        signals = np.where(self.unavailable, np.nan, self.signals)
        return dict(zip(self.values, signals, strict=True))


def rate(bars: Bars | SeriesCache, strategy: Strategy = TECHNICAL_RATING) -> Rating:
    """Rate every session of `bars`; without bars, return series of length 0.

    For several strategies, pass each the same `SeriesCache`, so that every series is computed once.
    """
    series = SeriesCache.of(bars)
    values, signals, unavailable = _compute_signals(series, strategy)
    doubted = None if series.doubtful is None else _find_doubted(series, strategy, signals, unavailable)
    if doubted is not None:
        unavailable |= doubted
    score = _score(signals, ~unavailable, strategy, is_volume_known=series.is_volume_known)
    raw = raw_verdicts(score)
    return Rating(
        score=score,
        raw=raw,
        steady=steady_verdicts(score, raw, strategy.margin),
        values=dict(zip(strategy.weights, values, strict=True)),
        signals=signals,
        unavailable=unavailable,
        doubted=doubted,
    )


def _compute_signals(series: SeriesCache, strategy: Strategy) -> tuple[list[Floats], Codes, Booleans]:
    """Return values, signals and where they are unavailable, one row an indicator.

    After a window without any trade the signal is unavailable.
    """
    computed = [series.compute_once(indicator.compute) for indicator in strategy.indicators]
    values = [value for value, _ in computed]
    up, down, unavailable = (np.array(rows) for rows in zip(*(signals for _, signals in computed), strict=True))
    windows = [indicator.window for indicator in strategy.indicators]
    if series.idle.max(initial=0) >= min(windows):
        idle = series.idle >= np.array(windows)[:, np.newaxis]
        unavailable |= idle
        values = [*np.where(idle, np.nan, values)]
    return values, up.view(np.int8) - down.view(np.int8), unavailable


def _find_doubted(series: SeriesCache, strategy: Strategy, signals: Codes, unavailable: Booleans) -> Booleans:
    """Return where signals are available and differ from those of the bars that are not doubtful.

    A doubtful bar's signals are compared with those of the last bar before it that is not.
    """
    assert series.doubtful is not None  # noqa: S101
    _, others, others_unavailable = _compute_signals(series.without_doubtful, strategy)
    rows = np.maximum(np.cumsum(~series.doubtful) - 1, 0)
    doubted: Booleans = ~unavailable & ((signals != others[:, rows]) | others_unavailable[:, rows])
    doubted[:, : int(np.argmax(series.doubtful))] = False
    return doubted


def _score(signals: Codes, available: Booleans, strategy: Strategy, *, is_volume_known: bool) -> Floats:
    """Return the mean of the groups' weighted mean signals, NaN where too little weight of a group is available.

    Where the volume is not known, that is little of the weight which does not need it.
    Rounded to 12 decimals: a score on the edge of a band is exactly on it, whatever the order of summation.
    """
    weights = strategy.weight_matrix
    available_weight = weights @ available.astype(np.float64)
    available_weight[available_weight < strategy.enough_weight(is_volume_known=is_volume_known)] = np.nan
    means = weights @ (signals * available.view(np.int8)).astype(np.float64) / available_weight
    score: Floats = np.round(means.sum(axis=0) / len(means), 12) + 0.0  # never -0.0
    return score
