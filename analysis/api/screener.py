"""The screener: active stocks by what their newest result says."""

from datetime import date
from typing import Annotated, Any

from django.db.models import FETCH_RAISE, F, FloatField, OuterRef, Q, Subquery
from django.db.models.functions import Cast
from django.http import HttpRequest
from ninja import Field, FilterSchema, Query, Router

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, Problem
from analysis.api.stocks import StockOut
from analysis.api.values import Text
from analysis.engine import Verdict
from analysis.models import Result, Stock
from analysis.models.stocks import StockQuerySet

router = Router(tags=["Screener"])

Score = Annotated[float, Field(ge=-1, le=1)]
Change = Annotated[float, Field(allow_inf_nan=False)]


class Filters(FilterSchema):
    """All that are given must hold."""

    verdict: list[Verdict] | None = Field(None, description="Any of these.")
    min_score: Score | None = None
    max_score: Score | None = None
    min_change: Change | None = Field(None, description="Percent against the session before.")
    max_change: Change | None = None
    industry: Text | None = None
    index: Text | None = Field(None, description="The name of an imported list.")
    min_risk_reward: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    new_since: date | None = Field(None, description="The verdict is another than the last one before this day.")

    def filter_verdict(self, value: list[Verdict] | None) -> Q:
        return Q(last_result__verdict__in=value) if value else Q()

    def filter_min_score(self, value: float | None) -> Q:
        return Q() if value is None else Q(last_result__score__gte=value)

    def filter_max_score(self, value: float | None) -> Q:
        return Q() if value is None else Q(last_result__score__lte=value)

    def filter_min_change(self, value: float | None) -> Q:
        return Q() if value is None else Q(change__gte=value)

    def filter_max_change(self, value: float | None) -> Q:
        return Q() if value is None else Q(change__lte=value)

    def filter_industry(self, value: str | None) -> Q:
        return Q(industry__iexact=value) if value else Q()

    def filter_index(self, value: str | None) -> Q:
        return Q(memberships__index__name__iexact=value) if value else Q()

    def filter_min_risk_reward(self, value: float | None) -> Q:
        return Q() if value is None else Q(last_result__risk_reward__gte=value)

    def filter_new_since(self, value: date | None) -> Q:
        """A first verdict is no signal: there must be one before."""
        is_other = Q(verdict_before__isnull=False) & ~Q(verdict_before=F("last_result__verdict"))
        return Q(last_result__day__gte=value) & is_other if value else Q()

    def narrow(self, stocks: StockQuerySet) -> StockQuerySet:
        previous = Cast(F("last_result__previous_close"), FloatField())
        found = stocks.alias(change=100.0 * (F("last_result__close") / previous - 1.0))
        if self.new_since:
            earlier = Result.objects.completed().filter(stock=OuterRef("pk"), day__lt=self.new_since)
            found = found.alias(verdict_before=Subquery(earlier.order_by("-day").values("verdict")[:1]))
        return self.filter(found)


@router.get("/screener", response={200: Page[StockOut], READ_PROBLEMS: Problem})
def screen_stocks(request: HttpRequest, wanted: Query[Filters], asked: Query[PageQuery]) -> Any:
    """Active stocks whose newest result is as asked, the highest score first."""
    known = Stock.objects.active().filter(last_result__score__isnull=False)
    found = wanted.narrow(known.select_related("last_result").fetch_mode(FETCH_RAISE))
    return page_of(found, asked, "-last_result__score", "ticker")
