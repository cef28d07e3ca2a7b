"""Assess: from the bars of a stock to its assessment at the last session."""

import math
from collections.abc import Sequence

import numpy as np

from analysis.engine.assessment import (
    Assessment,
    IndicatorReading,
    NotEnoughHistory,
    SignalChange,
    abstentions_in_words,
    describe_findings,
)
from analysis.engine.bars import Bars, Booleans, Floats, Indices
from analysis.engine.indicators.indicator import Indicator
from analysis.engine.plan import NoPlan, Plan, make_plan
from analysis.engine.rating import RatingSeries, rate_all, verdict_since
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Verdict

DOUBTED = "because a session with wrong prices would decide the vote"
QUIET_WITHIN = 60  # sessions of which a refusal counts those without trades


def assess(
    bars: Bars | SeriesCache, strategy: Strategy = TECHNICAL_RATING, *, decimals: int = 2, obstacle: str = ""
) -> Assessment | NotEnoughHistory:
    """Assess the last session of `bars`, with a plan in prices of `decimals`, or none because of an `obstacle`.

    Return NotEnoughHistory if there is no score.
    """
    return assess_all(bars, (strategy,), decimals=decimals, obstacle=obstacle)[0]


def assess_all(
    bars: Bars | SeriesCache, strategies: Sequence[Strategy], *, decimals: int = 2, obstacle: str = ""
) -> list[Assessment | NotEnoughHistory]:
    """Assess the last session of `bars` by several strategies, which share every series and the signals."""
    series = SeriesCache.of(bars)
    count = len(series.bars)
    ready = [strategy for strategy in strategies if count >= strategy.bars_needed]
    ratings = dict(zip(ready, rate_all(series, ready), strict=True))
    return [
        _assess_rating(series, strategy, ratings[strategy], decimals, obstacle)
        if strategy in ratings
        else NotEnoughHistory(
            count, strategy.bars_needed, f"not enough history: {count} bars, {strategy.bars_needed} needed"
        )
        for strategy in strategies
    ]


def _assess_rating(
    series: SeriesCache, strategy: Strategy, rating: RatingSeries, decimals: int, obstacle: str
) -> Assessment | NotEnoughHistory:
    bars = series.bars
    score = _number(rating.score[-1])
    if score is None:
        return NotEnoughHistory(len(bars), strategy.bars_needed, _too_few_votes(series, strategy, rating))
    readings = _readings(rating, strategy, bars)
    verdict = Verdict.of(int(rating.steady[-1]))
    plan = make_plan(verdict, float(bars.close[-1]), _number(series.atr[-1]), strategy, decimals)
    if obstacle and verdict.side is not None:
        plan = NoPlan(obstacle)
    return Assessment(
        strategy=strategy,
        day=bars.last_session,
        bar_count=len(bars),
        close=float(bars.close[-1]),
        previous_close=float(bars.close[-2]),
        score=score,
        previous_score=_number(rating.score[-2]),
        raw_verdict=Verdict.of(int(rating.raw[-1])),
        verdict=verdict,
        verdict_since=verdict_since(bars, rating),
        plan=plan if isinstance(plan, Plan) else None,
        no_trade_reason="" if isinstance(plan, Plan) else plan.reason,
        readings=readings,
        changes=_changes(rating, strategy, readings),
        findings=describe_findings(len(bars), readings),
    )


def _readings(rating: RatingSeries, strategy: Strategy, bars: Bars) -> tuple[IndicatorReading, ...]:
    signals = dict(zip(strategy.weights, _signals_in(rating, -1), strict=True))
    shares = strategy.shares(signals)
    doubted = [False] * len(signals) if rating.doubted is None else rating.doubted[:, -1].tolist()
    return tuple(
        IndicatorReading(
            key, indicator.label, indicator.kind, _number(rating.values[key][-1]), signals[key], shares[key],
            "" if signals[key] is not None else DOUBTED if is_doubted else _unavailable_because(indicator, bars),
        )
        for (key, indicator), is_doubted in zip(zip(signals, strategy.indicators, strict=True), doubted, strict=True)
    )  # fmt: skip


def _signals_in(rating: RatingSeries, session: int) -> list[int | None]:
    """Return every indicator's signal in one session; None where it is unavailable."""
    signals, unavailable = rating.signals[:, session].tolist(), rating.unavailable[:, session].tolist()
    return [None if is_unavailable else signal for signal, is_unavailable in zip(signals, unavailable, strict=True)]


def _changes(
    rating: RatingSeries, strategy: Strategy, readings: tuple[IndicatorReading, ...]
) -> tuple[SignalChange, ...]:
    changes = []
    for indicator, before, now in zip(strategy.indicators, _signals_in(rating, -2), readings, strict=True):
        if before != now.signal:
            sentence = indicator.describe(before, now.signal, now.value)
            changes.append(SignalChange(now.key, now.label, before, now.signal, now.value, sentence))
    return tuple(changes)


def _unavailable_because(indicator: Indicator, bars: Bars) -> str:
    if indicator.needs_volume and math.isnan(bars.volume[-1]):
        return "because the traded volume is not known"
    return "for lack of bars" if indicator.bars_needed > len(bars) else "for lack of trading in the window"


def _too_few_votes(series: SeriesCache, strategy: Strategy, rating: RatingSeries) -> str:
    """Return the reason that there is no score, with the votes of the groups in which too few are left.

    A wrong session is the reason if each of these groups would have enough votes without the doubt about it.
    """
    voting = ~rating.unavailable[:, -1]
    doubted = np.zeros_like(voting) if rating.doubted is None else rating.doubted[:, -1]
    enough = strategy.enough_weight(is_volume_known=series.is_volume_known)[:, 0]
    lacking = _lacking_groups(strategy, voting | doubted, enough)
    if not len(lacking):
        lacking = _lacking_groups(strategy, voting, enough)
        votes = _votes_in_words(strategy, voting, enough, lacking)
        count = int(np.count_nonzero(doubted[(strategy.weight_matrix[lacking] > 0).any(axis=0)]))
        return f"too few votes: {votes}; {abstentions_in_words(count)} {DOUBTED}"
    idle = series.idle[-QUIET_WITHIN:]
    quiet = f"no trades in {int(np.count_nonzero(idle))} of the last {len(idle)} sessions (one price, or no volume)"
    return f"not enough trading: {quiet}, {_votes_in_words(strategy, voting, enough, lacking)}"


def _lacking_groups(strategy: Strategy, voting: Booleans, enough: Floats) -> Indices:
    return np.flatnonzero(strategy.weight_matrix @ voting.astype(np.float64) < enough)


def _votes_in_words(strategy: Strategy, voting: Booleans, enough: Floats, groups: Indices) -> str:
    """Return of each of these groups how many votes there are and how many are needed."""
    parts = []
    for row in groups.tolist():
        weights = strategy.weight_matrix[row]
        votes, own = weights[voting], weights[weights > 0]
        kinds = {indicator.kind for indicator, weight in zip(strategy.indicators, weights, strict=True) if weight}
        noun = f"{min(kinds).label.lower()}s" if len(kinds) == 1 else "components"
        if (own == own[0]).all():
            count, needed = int(np.count_nonzero(votes)), math.ceil(enough[row] / own[0])
            parts.append(f"{count} of {len(own)} {noun} vote and {needed} are needed")
        else:
            share, needed = (math.floor(round(100 * weight / own.sum(), 6)) for weight in (votes.sum(), enough[row]))
            parts.append(f"{noun} with {share}% of the weight vote and {needed}% is needed")
    return ", ".join(parts)


def _number(value: np.float64) -> float | None:
    return None if math.isnan(value) else float(value)
