"""The rating: signals, score and verdicts of every session, as series."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np

from analysis.engine.bars import Bars, Booleans, Floats
from analysis.engine.indicators.indicator import Indicator
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Codes, raw_verdicts, steady_verdicts


@dataclass(frozen=True, slots=True, eq=False)
class RatingSeries:
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


def rate(bars: Bars | SeriesCache, strategy: Strategy = TECHNICAL_RATING) -> RatingSeries:
    """Rate every session of `bars`; without bars, return series of length 0."""
    return rate_all(bars, (strategy,))[0]


def rate_all(bars: Bars | SeriesCache, strategies: Sequence[Strategy]) -> list[RatingSeries]:
    """Rate every session of `bars` by several strategies, which share every series and the signals."""
    if not strategies:
        return []
    series, blend = SeriesCache.of(bars), _blend(tuple(strategies))
    values, signals, unavailable = _compute_signals(series, blend.indicators)
    doubted = None if series.doubtful is None else _find_doubted(series, blend.indicators, signals, unavailable)
    if doubted is not None:
        unavailable |= doubted
    means = _group_means(signals, ~unavailable, blend, is_volume_known=series.is_volume_known)
    return [
        _rating_series(
            strategy,
            score=_mean_of(means[groups]),
            values=[values[row] for row in rows],
            signals=signals[rows],
            unavailable=unavailable[rows],
            doubted=None if doubted is None else doubted[rows],
        )
        for strategy, rows, groups in zip(strategies, blend.rows, blend.groups, strict=True)
    ]


def verdict_since(bars: Bars, rating: RatingSeries) -> date:
    """Return the session in which the steady verdict of the last of these bars, at least one, began."""
    differs = np.flatnonzero(rating.steady != rating.steady[-1])
    start = differs[-1] + 1 if differs.size else 0
    return bars.session[start].astype(object)  # type: ignore[no-any-return]


@dataclass(frozen=True, slots=True)
class _Blend:
    """The indicators that some strategies weigh, each once, and where each strategy has its own.

    `weights` has a row for each group of all strategies and a column for each indicator. `rows` are the indicators of
    each strategy, and `groups` its rows of `weights`.
    """

    indicators: tuple[Indicator, ...]
    weights: Floats
    enough_weight: dict[bool, Floats]
    rows: tuple[list[int], ...]
    groups: tuple[slice, ...]


@lru_cache(maxsize=64)
def _blend(strategies: tuple[Strategy, ...]) -> _Blend:
    indicators = tuple({each.key: each for strategy in strategies for each in strategy.indicators}.values())
    places = {indicator.key: place for place, indicator in enumerate(indicators)}
    rows = tuple([places[key] for key in strategy.weights] for strategy in strategies)
    ends = np.cumsum([len(strategy.groups) for strategy in strategies]).tolist()
    groups = tuple(slice(start, end) for start, end in zip([0, *ends], ends, strict=False))
    weights = np.zeros((ends[-1], len(indicators)))
    for strategy, own, group in zip(strategies, rows, groups, strict=True):
        weights[group, own] = strategy.weight_matrix
    enough = {
        is_known: np.concatenate([strategy.enough_weight(is_volume_known=is_known) for strategy in strategies])
        for is_known in (True, False)
    }
    return _Blend(indicators, weights, enough, rows, groups)


def _rating_series(
    strategy: Strategy,
    *,
    score: Floats,
    values: list[Floats],
    signals: Codes,
    unavailable: Booleans,
    doubted: Booleans | None,
) -> RatingSeries:
    raw = raw_verdicts(score)
    return RatingSeries(
        score=score,
        raw=raw,
        steady=steady_verdicts(score, raw, strategy.margin),
        values=dict(zip(strategy.weights, values, strict=True)),
        signals=signals,
        unavailable=unavailable,
        doubted=doubted,
    )


def _compute_signals(series: SeriesCache, indicators: Sequence[Indicator]) -> tuple[list[Floats], Codes, Booleans]:
    """Return values, signals and where they are unavailable, one row an indicator.

    After a window without any trade the signal is unavailable.
    """
    computed = [series.compute_once(indicator.compute) for indicator in indicators]
    values = [value for value, _ in computed]
    up, down, unavailable = (np.array(rows) for rows in zip(*(signals for _, signals in computed), strict=True))
    windows = [indicator.window for indicator in indicators]
    if series.idle.max(initial=0) >= min(windows):
        idle = series.idle >= np.array(windows)[:, np.newaxis]
        unavailable |= idle
        values = [*np.where(idle, np.nan, values)]
    return values, up.view(np.int8) - down.view(np.int8), unavailable


def _find_doubted(
    series: SeriesCache, indicators: Sequence[Indicator], signals: Codes, unavailable: Booleans
) -> Booleans:
    """Return where signals are available and differ from those of the bars that are not doubtful.

    A doubtful bar's signals are compared with those of the last bar before it that is not.
    """
    assert series.doubtful is not None  # noqa: S101
    _, others, others_unavailable = _compute_signals(series.without_doubtful, indicators)
    rows = np.maximum(np.cumsum(~series.doubtful) - 1, 0)
    doubted: Booleans = ~unavailable & ((signals != others[:, rows]) | others_unavailable[:, rows])
    doubted[:, : int(np.argmax(series.doubtful))] = False
    return doubted


def _group_means(signals: Codes, available: Booleans, blend: _Blend, *, is_volume_known: bool) -> Floats:
    """Return the weighted mean signal of each group, NaN where too little weight of a group is available.

    Where the volume is not known, that is little of the weight which does not need it.
    """
    available_weight = blend.weights @ available.astype(np.float64)
    available_weight[available_weight < blend.enough_weight[is_volume_known]] = np.nan
    means: Floats = blend.weights @ (signals * available.view(np.int8)).astype(np.float64) / available_weight
    return means


def _mean_of(groups: Floats) -> Floats:
    """Return the mean of a strategy's groups: the score.

    Rounded to 12 decimals: a score on the edge of a band is exactly on it, whatever the order of summation.
    """
    score: Floats = np.round(groups.sum(axis=0) / len(groups), 12) + 0.0  # never -0.0
    return score
