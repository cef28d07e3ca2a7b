"""Stocks: search, one with its last result, and its plan for the risk settings of the request."""

from datetime import date, datetime
from typing import Any

from django.db.models import FETCH_RAISE
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, Problem
from analysis.api.results import ResultOut, result_out
from analysis.api.values import (
    RiskQuery,
    SizedPlan,
    Text,
    Ticker,
    Weekly,
    WeeklyNote,
    WeeklySince,
    find_stock_or_404,
    profile,
    size_plan,
    weekly_values,
)
from analysis.engine.verdict import Verdict
from analysis.histories import stored_history
from analysis.models import Stock, StockStatus
from analysis.pages.listing import StockListing
from analysis.pages.stock_summary import StockSummary, describe_lack
from stockapp.accounts.requests import Request

router = Router(tags=["Stocks"])


class StockOut(Schema):
    """A stock with the state of its newest attempt and its newest success, which stays when a later attempt fails.

    The result is as the strategy of your account rates it.
    """

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
    def resolve_result(stock: Stock, context: Any) -> ResultOut | None:
        """Return the latest result with the rating that has been read with the stock."""
        result, rating, strategy = stock.last_result, stock.rating, context["request"].user.strategy
        return result_out(result, rating, strategy, describe_lack(rating)) if result else None


class DividendOut(Schema):
    """A dividend per share in the quoted currency, for a share after all later splits; `day` trades without it."""

    day: date
    amount: float


class SplitOut(Schema):
    """A split: new and old shares, like 2:1; `day` is the first session after it."""

    day: date
    ratio: str


class StockStanding(StockOut):
    """The stock as it stands now; `sessions_late` counts the sessions that have closed since the result's.

    The rest is as its price source reports it, null or empty where it does not.
    """

    sessions_late: int
    kind: str = Field(description="share, fund, index, pair, crypto or future.")
    exchange_name: str = Field(description="The exchange as the source names it.")
    first_trade_date: date | None
    last_dividend: DividendOut | None
    dividends_12_months: float | None = Field(description="Their sum per share; null unless all are known.")
    dividend_yield_percent: float | None = Field(description="That sum as a part of the last close.")
    last_split: SplitOut | None


class SizedPlanOfStock(SizedPlan):
    """The plan of the newest result by the strategy of your account; without a result there is neither day nor verdict.

    If that strategy has no score there is no verdict, and `no_trade_reason` says why.
    """

    ticker: str
    currency: str
    day: date | None
    verdict: Verdict | None
    weekly_verdict: Weekly
    weekly_since: WeeklySince
    weekly_note: WeeklyNote


class SearchQuery(Schema):
    q: Text = Field("", description="The beginning of a ticker, or a part of a name; empty for all active stocks.")


@router.get("/stocks", response={200: Page[StockOut], READ_PROBLEMS: Problem})
def search_stocks(request: Request, query: Query[SearchQuery], paging: Query[PageQuery]) -> Any:
    """Active stocks by ticker or name, the nearest first."""
    stocks = Stock.objects.matching(query.q.strip()).with_rating(request.user.strategy)
    return page_of(stocks.fetch_mode(FETCH_RAISE), paging, "search_rank", "ticker")


@router.get("/stocks/{ticker}", response={200: StockStanding, READ_PROBLEMS: Problem})
def get_stock(request: Request, ticker: Ticker) -> Any:
    """Return one stock with its last result; by a ticker that it had before a rename, too.

    The result is as rated by the strategy of your account.
    """
    summary = _stock_summary(request, ticker, RiskQuery())
    shown = StockOut.model_validate(summary.stock, context={"request": request})
    return StockStanding.model_construct(
        **dict(shown), sessions_late=summary.sessions_late, **_listing_values(summary.stock)
    )


@router.get("/stocks/{ticker}/plan", response={200: SizedPlanOfStock, READ_PROBLEMS: Problem})
def get_plan(request: Request, ticker: Ticker, risk: Query[RiskQuery]) -> Any:
    """Return the plan of the last result, sized for the capital and risk given, or for your account's.

    It is the plan of the strategy of your account.
    """
    summary = _stock_summary(request, ticker, risk)
    result, reason = summary.result, summary.no_trade_reason or summary.lack_of_verdict
    sized = size_plan(summary.fresh_plan, reason, summary.profile, summary.stock.instrument)
    return SizedPlanOfStock(
        **sized.dict(),
        ticker=summary.stock.pk,
        currency=summary.stock.currency,
        day=result.day if result else None,
        verdict=summary.verdict,
        **weekly_values(summary.rating),
    )


def _listing_values(stock: Stock) -> dict[str, Any]:
    listing = StockListing(stock, stored_history(stock))
    dividends, split = listing.dividends, listing.last_split
    last = dividends.last if dividends else None
    return {
        "kind": stock.kind,
        "exchange_name": listing.metadata.exchange_name,
        "first_trade_date": listing.metadata.first_trade_date,
        "last_dividend": DividendOut(day=last.day, amount=last.amount) if last else None,
        "dividends_12_months": dividends.year_total if dividends else None,
        "dividend_yield_percent": None if listing.dividend_yield is None else 100 * listing.dividend_yield,
        "last_split": SplitOut(day=split.day, ratio=split.split) if split else None,
    }


def _stock_summary(request: Request, ticker: str, risk: RiskQuery) -> StockSummary:
    stock = find_stock_or_404(ticker, request.user.strategy)
    return StockSummary(stock, stock.rating, profile(request, risk), timezone.now())
