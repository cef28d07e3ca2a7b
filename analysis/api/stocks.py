"""Stocks: search, one with its last result, and its plan for the risk settings of the request."""

from datetime import date, datetime
from typing import Any

from django.db.models import FETCH_RAISE
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, Problem
from analysis.api.results import ResultOut
from analysis.api.values import RiskQuery, SizedPlan, Text, Ticker, find_stock_or_404, profile, size_plan
from analysis.engine.verdict import Verdict
from analysis.models import Stock, StockStatus
from analysis.pages.stock_summary import StockSummary
from stockapp.accounts.requests import Request

router = Router(tags=["Stocks"])


class StockOut(Schema):
    """A stock with the state of its newest attempt and its newest success, which stays when a later attempt fails."""

    ticker: str
    name: str
    exchange: str
    currency: str
    industry: str
    is_active: bool
    is_confirmed: bool = Field(description="Whether the ticker is on a loaded list, or a price was ever found for it.")
    status: StockStatus
    last_error: str
    last_wait: str = Field(description="Why it waits for its source, while queued.")
    last_wait_until: datetime | None = Field(description="When its source is tried again.")
    last_analyzed_at: datetime | None
    result: ResultOut | None

    @staticmethod
    def resolve_status(stock: Stock) -> str:
        return stock.last_status

    @staticmethod
    def resolve_result(stock: Stock) -> Any:
        return stock.last_result


class StockStanding(StockOut):
    """The stock as it stands now; `sessions_late` counts the sessions that have closed since the result's."""

    sessions_late: int


class SizedPlanOfStock(SizedPlan):
    """The plan of the newest result; without a result there is neither day nor verdict."""

    ticker: str
    currency: str
    day: date | None
    verdict: Verdict | None


class SearchQuery(Schema):
    q: Text = Field("", description="The beginning of a ticker, or a part of a name; empty for all active stocks.")


@router.get("/stocks", response={200: Page[StockOut], READ_PROBLEMS: Problem})
def search_stocks(request: Request, query: Query[SearchQuery], paging: Query[PageQuery]) -> Any:
    """Active stocks by ticker or name, the nearest first."""
    stocks = Stock.objects.matching(query.q.strip()).select_related("last_result").fetch_mode(FETCH_RAISE)
    return page_of(stocks, paging, "search_rank", "ticker")


@router.get("/stocks/{ticker}", response={200: StockStanding, READ_PROBLEMS: Problem})
def get_stock(request: Request, ticker: Ticker) -> Any:
    """Return one stock with its last result; by a ticker that it had before a rename, too."""
    summary = _stock_summary(request, ticker, RiskQuery())
    shown = StockOut.from_orm(summary.stock)
    return StockStanding.model_construct(**dict(shown), sessions_late=summary.sessions_late)


@router.get("/stocks/{ticker}/plan", response={200: SizedPlanOfStock, READ_PROBLEMS: Problem})
def get_plan(request: Request, ticker: Ticker, risk: Query[RiskQuery]) -> Any:
    """Return the plan of the last result, sized for the capital and risk given, or for your account's."""
    summary = _stock_summary(request, ticker, risk)
    result = summary.result
    sized = size_plan(summary.fresh_plan, summary.no_trade_reason, summary.profile, summary.stock.instrument)
    return SizedPlanOfStock(
        **sized.dict(),
        ticker=summary.stock.pk,
        currency=summary.stock.currency,
        day=result.day if result else None,
        verdict=summary.verdict,
    )


def _stock_summary(request: Request, ticker: str, risk: RiskQuery) -> StockSummary:
    return StockSummary(find_stock_or_404(ticker), profile(request, risk), timezone.now())
