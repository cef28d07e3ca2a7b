"""The screener: analysed stocks by what their newest result says, as on the page of that name."""

from datetime import date
from typing import Annotated, Any

from ninja import Field, Query, Router, Schema

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, Invalid, Problem
from analysis.api.stocks import StockOut
from analysis.api.values import Text
from analysis.engine import Verdict
from analysis.models import IndexMember, Stock
from analysis.models.stocks import StockQuerySet
from stockapp.accounts.requests import Request

router = Router(tags=["Screener"])

Score = Annotated[float, Field(ge=-1, le=1)]
Change = Annotated[float, Field(allow_inf_nan=False)]
PAIRS = (("min_score", "max_score"), ("min_change", "max_change"))


class Filters(Schema):
    """All that are given must hold. Numbers are compared as they are shown, to a hundredth: 0.296 is at least 0.3."""

    verdict: list[Verdict] | None = Field(None, description="Any of these.")
    min_score: Score | None = None
    max_score: Score | None = None
    min_change: Change | None = Field(None, description="Percent against the session before.")
    max_change: Change | None = None
    industry: Text | None = None
    index: Text | None = Field(None, description="The name of an imported list.")
    min_risk_reward: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        None, description="Of a plan that you see: where you trade long only, no short has one."
    )
    new_since: date | None = Field(None, description="A verdict other than neutral that began on this day or later.")

    def narrow(self, stocks: StockQuerySet) -> StockQuerySet:
        """Raises Invalid where nothing can be both."""
        for lowest, highest in PAIRS:
            low, high = getattr(self, lowest), getattr(self, highest)
            if low is not None and high is not None and low > high:
                raise Invalid({highest: [f"{high} is below the {lowest} of {low}; nothing can be both."]})
        if self.verdict:
            stocks = stocks.filter(last_result__verdict__in=self.verdict)
        if self.industry:
            stocks = stocks.filter(industry__iexact=self.industry)
        if self.index:
            stocks = stocks.filter(pk__in=IndexMember.objects.filter(index__name__iexact=self.index).values("stock"))
        if self.new_since:
            stocks = stocks.verdict_changed_since(self.new_since)
        for column, low, high in (
            ("last_result__score", self.min_score, self.max_score),
            ("change", self.min_change, self.max_change),
            ("planned_risk_reward", self.min_risk_reward, None),
        ):
            stocks = stocks if low is None else stocks.at_least(column, low)
            stocks = stocks if high is None else stocks.at_most(column, high)
        return stocks


@router.get("/screener", response={200: Page[StockOut], READ_PROBLEMS: Problem})
def screen_stocks(request: Request, wanted: Query[Filters], asked: Query[PageQuery]) -> Any:
    """Analysed stocks whose newest result is as asked, the highest score first."""
    found = wanted.narrow(Stock.objects.to_screen(long_only=request.user.long_only))
    return page_of(found, asked, "-last_result__score", "ticker")
