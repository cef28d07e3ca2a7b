"""Results by day, and one with its evidence. All users see all results, without the users who requested them."""

from datetime import date, datetime
from typing import Any

from django.db.models import FETCH_RAISE
from django.shortcuts import get_object_or_404
from ninja import Field, Query, Router, Schema

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, Problem
from analysis.api.values import PlanOut, Ticker, find_stock_or_404
from analysis.engine.verdict import Verdict
from analysis.models import RawData, Result, ResultStatus
from analysis.models.results import ResultQuerySet
from stockapp.accounts.requests import Request

router = Router(tags=["Results"])


class ResultOut(Schema):
    """Result of the newest run for one stock and session; prices are in the stock's currency, the score is in [-1, 1].

    A failed one has an `error_message` and none of the numbers.
    """

    ticker: str
    day: date
    status: ResultStatus
    strategy: str
    price_source: str
    score: float | None
    verdict: Verdict | None
    raw_verdict: Verdict | None
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

    @staticmethod
    def resolve_ticker(result: Result) -> str:
        return result.stock_id

    @staticmethod
    def resolve_verdict(result: Result) -> str | None:
        return result.verdict or None

    @staticmethod
    def resolve_raw_verdict(result: Result) -> str | None:
        return result.raw_verdict or None


class ResultWithEvidence(ResultOut):
    """With every component's value, vote and weight, what changed, and what the quality gate found.

    There is none for a session that was filled in later, and for a failed one.
    """

    evidence: dict[str, Any]

    @staticmethod
    def resolve_evidence(result: Result) -> dict[str, Any]:
        stored = RawData.objects.filter(result=result).first()
        return dict(stored.evidence) if stored else {}


class ResultQuery(Schema):
    day: date | None = Field(None, description="The session; without it all, newest first.")
    verdict: Verdict | None = None
    status: ResultStatus | None = None

    def narrow(self, results: ResultQuerySet) -> ResultQuerySet:
        given = {name: value for name, value in self.dict().items() if value is not None}
        return results.filter(**given)


@router.get("/results", response={200: Page[ResultOut], READ_PROBLEMS: Problem})
def list_results(request: Request, query: Query[ResultQuery], paging: Query[PageQuery]) -> Any:
    """Return the results of a session, or of all, newest session first, then by ticker."""
    results = query.narrow(Result.objects.all().fetch_mode(FETCH_RAISE))
    return page_of(results, paging, "-day", "stock_id")


@router.get(
    "/stocks/{ticker}/results",
    response={200: Page[ResultOut], READ_PROBLEMS: Problem},
)
def list_results_of_stock(request: Request, ticker: Ticker, paging: Query[PageQuery]) -> Any:
    """Return one stock's results, newest session first."""
    return page_of(Result.objects.filter(stock=find_stock_or_404(ticker)).fetch_mode(FETCH_RAISE), paging, "-day")


@router.get(
    "/stocks/{ticker}/results/{day}",
    response={200: ResultWithEvidence, READ_PROBLEMS: Problem},
)
def get_result(request: Request, ticker: Ticker, day: date) -> Any:
    """Return one stock's result of one session, with its evidence."""
    return get_object_or_404(Result, stock=find_stock_or_404(ticker), day=day)
