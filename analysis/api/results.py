"""Results by day, and one with its evidence, each as the caller's strategy rates it.

All users see all results, without the users who requested them.
"""

from datetime import date, datetime
from typing import Any

from django.db.models import FETCH_RAISE, Exists, OuterRef
from django.http import Http404
from ninja import Field, Query, Router, Schema

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, Problem
from analysis.api.values import (
    PlanOut,
    Ticker,
    Weekly,
    WeeklyNote,
    WeeklySince,
    find_stock_or_404,
    weekly_values,
)
from analysis.engine.evidence import read_evidence
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Verdict
from analysis.models import Rating, RawData, Result, ResultStatus
from analysis.models.results import ResultQuerySet
from stockapp.accounts.requests import Request

router = Router(tags=["Results"])

NOT_RATED = "Not rated by your strategy."


class ResultOut(Schema):
    """Result of the newest run for one stock and session, as rated by `strategy`: the one of your account.

    Prices are in the stock's currency, the score is in [-1, 1]. A failed one has an `error_message` and none of the
    numbers.
    """

    ticker: str
    day: date
    status: ResultStatus
    strategy: str = Field(description="The strategy of your account, whichever the analysis was requested by.")
    price_source: str
    score: float | None
    verdict: Verdict | None
    raw_verdict: Verdict | None
    verdict_since: date | None = Field(description="The session in which the verdict began.")
    weekly_verdict: Weekly
    weekly_since: WeeklySince
    weekly_note: WeeklyNote
    no_score_reason: str = Field(
        description="Why there is no score by your strategy, like too few bars, or that it has not rated the result."
    )
    close: float | None
    previous_close: float | None
    change_percent: float | None
    change_sessions: int = Field(
        description="Sessions that the change spans: more than 1 where one has no bar, or no close of its own."
    )
    plan: PlanOut | None
    no_trade_reason: str
    caution: str = Field(description="Why the verdict may rest on wrong prices, like a jump that may be a split.")
    what_changed: str
    finding_count: int
    bar_count: int
    engine_version: str
    error_message: str
    completed_at: datetime


class ResultWithEvidence(ResultOut):
    """With every component's value, vote and weight in your strategy, what changed, and what the quality gate found.

    There is none for a session that was filled in later, and for a failed one.
    """

    evidence: dict[str, Any]


class ResultQuery(Schema):
    day: date | None = Field(None, description="The session; without it all, newest first.")
    verdict: Verdict | None = Field(None, description="By the strategy of your account.")
    weekly_verdict: Verdict | None = Field(None, description="Over completed weeks, by the strategy of your account.")
    status: ResultStatus | None = None

    def narrow(self, results: ResultQuerySet, strategy: str) -> ResultQuerySet:
        given = {"day": self.day, "status": self.status}
        results = results.filter(**{name: value for name, value in given.items() if value is not None})
        of_rating = {"verdict": self.verdict, "weekly_verdict": self.weekly_verdict}
        wanted = {name: value for name, value in of_rating.items() if value is not None}
        if not wanted:
            return results
        # Not a condition on the joined rating: SQLite would read all ratings, instead of results until a page is full.
        ratings = Rating.objects.filter(result=OuterRef("pk"), strategy=strategy, **wanted)
        return results.filter(Exists(ratings))


@router.get("/results", response={200: Page[ResultOut], READ_PROBLEMS: Problem})
def list_results(request: Request, query: Query[ResultQuery], paging: Query[PageQuery]) -> Any:
    """Return the results of a session, or of all, newest session first, then by ticker.

    Verdicts are those of the strategy of your account.
    """
    strategy = request.user.strategy
    results = query.narrow(Result.objects.with_rating(strategy).fetch_mode(FETCH_RAISE), strategy)
    return _rated_page(page_of(results, paging, "-day", "stock_id"), strategy)


@router.get(
    "/stocks/{ticker}/results",
    response={200: Page[ResultOut], READ_PROBLEMS: Problem},
)
def list_results_of_stock(request: Request, ticker: Ticker, paging: Query[PageQuery]) -> Any:
    """Return one stock's results, newest session first, as rated by the strategy of your account."""
    strategy = request.user.strategy
    results = Result.objects.with_rating(strategy).filter(stock=find_stock_or_404(ticker, strategy))
    return _rated_page(page_of(results.fetch_mode(FETCH_RAISE), paging, "-day"), strategy)


@router.get(
    "/stocks/{ticker}/results/{day}",
    response={200: ResultWithEvidence, READ_PROBLEMS: Problem},
)
def get_result(request: Request, ticker: Ticker, day: date) -> Any:
    """Return one stock's result of one session, with its evidence, as rated by the strategy of your account."""
    strategy = request.user.strategy
    stock = find_stock_or_404(ticker, strategy)
    result = Result.objects.with_rating(strategy).filter(stock=stock, day=day).first()
    if result is None:
        raise Http404
    return ResultWithEvidence(**dict(result_out(result, result.rating, strategy)), evidence=_evidence(result, strategy))


def result_out(result: Result, rating: Rating | None, strategy: str, lack: str = NOT_RATED) -> ResultOut:
    """Return a result as rated by a strategy; `lack` says of a completed one without a rating why it has none."""
    if rating is None:
        rating = Rating(strategy=strategy, no_score_reason=lack if result.status == ResultStatus.COMPLETED else "")
    return ResultOut(
        ticker=result.stock_id,
        day=result.day,
        status=ResultStatus(result.status),
        strategy=rating.strategy,
        price_source=result.price_source,
        score=rating.score,
        verdict=Verdict(rating.verdict) if rating.verdict else None,
        raw_verdict=Verdict(rating.raw_verdict) if rating.raw_verdict else None,
        verdict_since=rating.verdict_since,
        **weekly_values(rating),
        no_score_reason=rating.no_score_reason,
        close=result.close,
        previous_close=result.previous_close,
        change_percent=result.change_percent,
        change_sessions=result.change_sessions,
        plan=PlanOut.from_orm(rating.plan) if rating.plan else None,
        no_trade_reason=rating.no_trade_reason,
        caution=rating.caution,
        what_changed=rating.what_changed,
        finding_count=result.finding_count,
        bar_count=result.bar_count,
        engine_version=result.engine_version,
        error_message=result.error_message,
        completed_at=result.completed_at,
    )


def _rated_page(page: dict[str, Any], strategy: str) -> dict[str, Any]:
    return page | {"items": [result_out(result, result.rating, strategy) for result in page["items"]]}


def _evidence(result: Result, key: str) -> dict[str, Any]:
    """Return the stored evidence as a strategy weighs it; empty if none is stored."""
    stored, strategy = RawData.objects.filter(result=result).first(), STRATEGIES.get(key)
    if stored is None or strategy is None:
        return {}
    return {
        **read_evidence(stored.evidence, strategy, result.bar_count).as_dict(),
        "previous_score": result.rating.previous_score if result.rating else None,
        "verdict_since": result.rating.verdict_since if result.rating else None,
        "parameters": strategy.parameters(),
        "data_quality": stored.evidence.get("data_quality", []),
    }
