"""Assessing a stock: from bars to everything that is said about their last session."""

import math
from datetime import date

import numpy as np

from analysis.engine.assessment import Assessment, Change, NotEnoughHistory, Vote
from analysis.engine.bars import Bars
from analysis.engine.indicators import Indicators
from analysis.engine.plan import Plan, make_plan
from analysis.engine.rating import Rating, rate
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Verdict

SETTLED = 500
"""Bars from which an EMA 200 is within 0.14 % of what endless bars would give."""


def assess(
    bars: Bars | Indicators, strategy: Strategy = TECHNICAL_RATING, *, decimals: int = 2
) -> Assessment | NotEnoughHistory:
    """Assess the last session of `bars`, with a plan in prices of `decimals`; or say what is missing for a score.

    Who asks several strategies passes the same `Indicators` to each, and every series is computed once.
    """
    indicators = Indicators.of(bars)
    bars = indicators.bars
    needed = strategy.bars_needed
    if len(bars) < needed:
        return NotEnoughHistory(len(bars), needed, f"not enough history: {len(bars)} bars, {needed} needed")
    rating = rate(indicators, strategy)
    votes = _votes(rating, strategy)
    score = _number(rating.score[-1])
    if score is None:
        return NotEnoughHistory(len(bars), needed, _not_enough_trading(indicators, votes))
    verdict = Verdict.of(int(rating.steady[-1]))
    plan = make_plan(verdict, float(bars.close[-1]), _number(indicators.atr[-1]), strategy, decimals)
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
        verdict_since=_since(bars, rating),
        plan=plan if isinstance(plan, Plan) else None,
        no_trade_reason="" if isinstance(plan, Plan) else plan.reason,
        votes=votes,
        changes=_changes(rating, strategy, votes),
        findings=_findings(bars, strategy, votes),
    )


def _votes(rating: Rating, strategy: Strategy) -> tuple[Vote, ...]:
    votes = _ballots(rating, -1)
    shares = _shares(dict(zip(strategy.weights, votes, strict=True)), strategy)
    return tuple(
        Vote(component.key, component.label, component.group, _number(values[-1]), vote, shares[component.key])
        for component, values, vote in zip(strategy.components, rating.values.values(), votes, strict=True)
    )


def _ballots(rating: Rating, session: int) -> list[int | None]:
    """Every component's vote in one session; None where it abstains."""
    ballots, abstains = rating.ballots[:, session].tolist(), rating.abstains[:, session].tolist()
    return [None if silent else ballot for ballot, silent in zip(ballots, abstains, strict=True)]


def _shares(votes: dict[str, int | None], strategy: Strategy) -> dict[str, float]:
    """Each vote's part of the score: its weight over those of its panel's votes, over the number of panels."""
    shares = dict.fromkeys(votes, 0.0)
    for panel in strategy.panels:
        weights = {key: weight for key, weight in panel.weights.items() if votes[key] is not None}
        total = sum(weights.values()) * len(strategy.panels)
        shares |= {key: weight / total for key, weight in weights.items()}
    return shares


def _changes(rating: Rating, strategy: Strategy, votes: tuple[Vote, ...]) -> tuple[Change, ...]:
    changes = []
    for component, before, now in zip(strategy.components, _ballots(rating, -2), votes, strict=True):
        if before != now.vote:
            sentence = component.describe(before, now.vote, now.value)
            changes.append(Change(now.key, now.label, before, now.vote, now.value, sentence))
    return tuple(changes)


def _since(bars: Bars, rating: Rating) -> date:
    """The session in which the present steady verdict began."""
    moved = np.flatnonzero(rating.steady != rating.steady[-1])
    start = moved[-1] + 1 if moved.size else 0
    return bars.session[start].astype(object)  # type: ignore[no-any-return]


def _findings(bars: Bars, strategy: Strategy, votes: tuple[Vote, ...]) -> tuple[str, ...]:
    findings = []
    if len(bars) < SETTLED:
        findings.append(f"The long averages are approximate: {len(bars)} bars, {SETTLED} settle them.")
    abstentions = [component for component, vote in zip(strategy.components, votes, strict=True) if vote.vote is None]
    young = sum(component.first_vote > len(bars) for component in abstentions)
    if young:
        findings.append(f"{_components(young)} for lack of bars.")
    if len(abstentions) > young:
        findings.append(f"{_components(len(abstentions) - young)} for lack of trading in the window.")
    return tuple(findings)


def _components(count: int) -> str:
    return "1 component abstains" if count == 1 else f"{count} components abstain"


def _not_enough_trading(indicators: Indicators, votes: tuple[Vote, ...]) -> str:
    voting = sum(vote.vote is not None for vote in votes)
    idle = int(indicators.idle[-1])
    return f"not enough trading: no movement or volume in {idle} sessions, {voting} of {len(votes)} components vote"


def _number(value: np.float64) -> float | None:
    return None if math.isnan(value) else float(value)
