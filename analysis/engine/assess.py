"""Assess: from the bars of a stock to its assessment at the last session."""

import math
from collections import Counter
from datetime import date

import numpy as np

from analysis.engine.assessment import Assessment, IndicatorReading, NotEnoughHistory, SignalChange
from analysis.engine.bars import Bars, Booleans, Floats, Indices
from analysis.engine.indicators.indicator import Indicator
from analysis.engine.plan import NoPlan, Plan, make_plan
from analysis.engine.rating import Rating, rate
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Verdict

SETTLED = 500
"""Bars from which an EMA 200 is within 0.14 % of its value over an endless history."""
DOUBTED = "because a session with wrong prices would decide the vote"
QUIET_WITHIN = 60  # sessions of which a refusal counts those without trades


def assess(
    bars: Bars | SeriesCache, strategy: Strategy = TECHNICAL_RATING, *, decimals: int = 2, obstacle: str = ""
) -> Assessment | NotEnoughHistory:
    """Assess the last session of `bars`, with a plan in prices of `decimals`, or none because of an `obstacle`.

    Return NotEnoughHistory if there is no score. For several strategies, pass each the same `SeriesCache`, so that
    every series is computed once.
    """
    series = SeriesCache.of(bars)
    bars = series.bars
    needed = strategy.bars_needed
    if len(bars) < needed:
        return NotEnoughHistory(len(bars), needed, f"not enough history: {len(bars)} bars, {needed} needed")
    rating = rate(series, strategy)
    readings = _readings(rating, strategy)
    score = _number(rating.score[-1])
    if score is None:
        return NotEnoughHistory(len(bars), needed, _too_few_votes(series, strategy, rating))
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
        verdict_since=_verdict_since(bars, rating),
        plan=plan if isinstance(plan, Plan) else None,
        no_trade_reason="" if isinstance(plan, Plan) else plan.reason,
        readings=readings,
        changes=_changes(rating, strategy, readings),
        findings=_findings(bars, strategy, readings, rating),
    )


def _readings(rating: Rating, strategy: Strategy) -> tuple[IndicatorReading, ...]:
    signals = _signals_in(rating, -1)
    shares = _shares(dict(zip(strategy.weights, signals, strict=True)), strategy)
    return tuple(
        IndicatorReading(
            indicator.key, indicator.label, indicator.kind, _number(values[-1]), signal, shares[indicator.key]
        )
        for indicator, values, signal in zip(strategy.indicators, rating.values.values(), signals, strict=True)
    )


def _signals_in(rating: Rating, session: int) -> list[int | None]:
    """Return every indicator's signal in one session; None where it is unavailable."""
    signals, unavailable = rating.signals[:, session].tolist(), rating.unavailable[:, session].tolist()
    return [None if is_unavailable else signal for signal, is_unavailable in zip(signals, unavailable, strict=True)]


def _shares(signals: dict[str, int | None], strategy: Strategy) -> dict[str, float]:
    """Return each signal's share of the score: its weight over those of its group's signals, over the group count."""
    shares = dict.fromkeys(signals, 0.0)
    for group in strategy.groups:
        weights = {key: weight for key, weight in group.weights.items() if signals[key] is not None}
        total = sum(weights.values()) * len(strategy.groups)
        shares |= {key: weight / total for key, weight in weights.items()}
    return shares


def _changes(rating: Rating, strategy: Strategy, readings: tuple[IndicatorReading, ...]) -> tuple[SignalChange, ...]:
    changes = []
    for indicator, before, now in zip(strategy.indicators, _signals_in(rating, -2), readings, strict=True):
        if before != now.signal:
            sentence = indicator.describe(before, now.signal, now.value)
            changes.append(SignalChange(now.key, now.label, before, now.signal, now.value, sentence))
    return tuple(changes)


def _verdict_since(bars: Bars, rating: Rating) -> date:
    """Return the session in which the present steady verdict began."""
    differs = np.flatnonzero(rating.steady != rating.steady[-1])
    start = differs[-1] + 1 if differs.size else 0
    return bars.session[start].astype(object)  # type: ignore[no-any-return]


def _findings(
    bars: Bars, strategy: Strategy, readings: tuple[IndicatorReading, ...], rating: Rating
) -> tuple[str, ...]:
    findings: list[str] = []
    if len(bars) < SETTLED:
        findings.append(f"The long averages are approximate: {len(bars)} bars, {SETTLED} settle them.")
    doubted = [False] * len(readings) if rating.doubted is None else rating.doubted[:, -1].tolist()
    reasons = Counter(
        DOUBTED if is_doubted else _unavailable_because(indicator, bars)
        for indicator, reading, is_doubted in zip(strategy.indicators, readings, doubted, strict=True)
        if reading.signal is None
    )
    findings += [f"{_unavailable_in_words(count)} {reason}." for reason, count in sorted(reasons.items())]
    return tuple(findings)


def _unavailable_because(indicator: Indicator, bars: Bars) -> str:
    if indicator.needs_volume and math.isnan(bars.volume[-1]):
        return "because the traded volume is not known"
    return "for lack of bars" if indicator.bars_needed > len(bars) else "for lack of trading in the window"


def _unavailable_in_words(count: int) -> str:
    return "1 component abstains" if count == 1 else f"{count} components abstain"


def _too_few_votes(series: SeriesCache, strategy: Strategy, rating: Rating) -> str:
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
        return f"too few votes: {votes}; {_unavailable_in_words(count)} {DOUBTED}"
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
