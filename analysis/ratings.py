"""Ratings: the strategies by which stocks are rated, the stocks that lack a rating, and ratings as rows."""

from django.db.models import Exists, OuterRef

from analysis import clock, queue
from analysis.engine.assessment import Assessment, NotEnoughHistory
from analysis.engine.periods import WeeklyVerdict
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.models import ExchangeSchedule, Rating, Stock
from analysis.models.stocks import StockQuerySet
from stockapp.accounts.models import User

RATE_LATEST = "analysis.worker.rate.rate_latest"


def strategies_in_use(*further: str) -> list[Strategy]:
    """Return the strategies that every analysis rates by, in the engine's order.

    They are the default one, those of active users and of exchanges' schedules, and the `further` ones.
    """
    chosen = User.objects.filter(is_active=True).order_by().values_list("strategy", flat=True).distinct()
    scheduled = ExchangeSchedule.objects.order_by().values_list("strategy", flat=True).distinct()
    keys = {TECHNICAL_RATING.key, *chosen, *scheduled, *further}
    return [strategy for key, strategy in STRATEGIES.items() if key in keys]


def unrated_stocks(strategy: str) -> StockQuerySet:
    """Return the stocks whose latest result has no rating by a strategy."""
    ratings = Rating.objects.filter(result=OuterRef("last_result"), strategy=strategy)
    return Stock.objects.analyzed().filter(~Exists(ratings))


def request_ratings(strategy: str) -> int:
    """Queue the rating of all latest results that have none by a strategy, and return how many those are."""
    count = unrated_stocks(strategy).count()
    if count:
        queue.enqueue(RATE_LATEST, strategy)
    return count


def request_missing_ratings() -> None:
    """Plan the ratings that latest results lack, each once. Every worker calls it regularly; safe by several at once.

    They lack one after a user was activated or changed in the admin, or a job that began before such a change ended.
    """
    for strategy in strategies_in_use():
        if unrated_stocks(strategy.key).exists():
            queue.enqueue_at(f"Rate {strategy.key}", clock.now(), RATE_LATEST, strategy.key)


def rating_of(
    result: int,
    strategy: str,
    assessment: Assessment | NotEnoughHistory,
    weekly: WeeklyVerdict,
    caution: str = "",
) -> Rating:
    """Return an assessment and the verdict over completed weeks as a row of a result, not yet saved."""
    if isinstance(assessment, NotEnoughHistory):
        return Rating(result_id=result, strategy=strategy, no_score_reason=assessment.sentence[:300])
    plan = assessment.plan
    return Rating(
        result_id=result,
        strategy=strategy,
        score=assessment.score,
        previous_score=assessment.previous_score,
        raw_verdict=assessment.raw_verdict.value,
        verdict=assessment.verdict.value,
        verdict_since=assessment.verdict_since,
        side=plan.side.value if plan else "",
        entry=plan.entry if plan else None,
        stop=plan.stop if plan else None,
        target=plan.target if plan else None,
        risk_reward=plan.risk_reward if plan else None,
        no_trade_reason=assessment.no_trade_reason,
        what_changed="; ".join(change.sentence for change in assessment.changes)[:300],
        why=assessment.why[:300],
        caution=caution,
        weekly_verdict=weekly.verdict.value if weekly.verdict else "",
        weekly_since=weekly.since,
        no_weekly_reason=weekly.reason,
    )
