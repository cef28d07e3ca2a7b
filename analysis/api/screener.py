"""The screener: analysed stocks by their latest result and its rating. The page of that name has the same criteria."""

from datetime import date
from typing import Annotated, Any

from django.db.models import F, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, InvalidInput, Problem
from analysis.api.stocks import StockOut
from analysis.api.values import Text
from analysis.criteria import CHANGES, LONGEST_NAME, RATIOS, SCORES, KnownValues, read_criteria
from analysis.engine.verdict import Verdict
from analysis.screening import stocks_to_screen
from stockapp.accounts.requests import Request

router = Router(tags=["Screener"])

BELOW_EVERY_SCORE = SCORES[0] - 1.0

Score = Annotated[float, Field(ge=SCORES[0], le=SCORES[1], allow_inf_nan=False)]
Change = Annotated[float, Field(ge=CHANGES[0], le=CHANGES[1], allow_inf_nan=False)]
Ratio = Annotated[float, Field(ge=RATIOS[0], le=RATIOS[1], allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=LONGEST_NAME, pattern=r"^[^\x00]*$")]


class CriteriaQuery(Schema):
    """All that are given must hold. Numbers are compared as they are shown, to a hundredth: 0.296 is at least 0.3."""

    q: Text = Field("", description="The beginning of a ticker, or a part of a name.")
    verdict: list[Verdict] | None = Field(None, description="Any of these.")
    weekly_verdict: list[Verdict] | None = Field(None, description="Over completed weeks: any of these.")
    score_min: Score | None = Field(None, description="From -1 to +1; pages show scores from -100 to +100.")
    score_max: Score | None = None
    change_min: Change | None = Field(None, description="Percent against the session before.")
    change_max: Change | None = None
    risk_reward: Ratio | None = Field(
        None, description="Reward:risk at least, of a plan that you see: where you trade long only, no short has one."
    )
    since: date | None = Field(None, description="A verdict other than neutral that began on this day or later.")
    industry: Name = Field("", description="Of an analysed stock, in any case.")
    exchange: Name = Field("", description="Of an analysed stock, in any case.")
    index: Name = Field("", description="The name of an imported list, in any case.")


@router.get("/screener", response={200: Page[StockOut], READ_PROBLEMS: Problem})
def screen_stocks(request: Request, query: Query[CriteriaQuery], paging: Query[PageQuery]) -> Any:
    """Return the analysed stocks whose latest result matches, the highest score first.

    Scores, verdicts and plans are those of the strategy of your account; stocks without a score by it come last.
    """
    criteria, errors = read_criteria(query.dict(), KnownValues())
    if errors:
        raise InvalidInput({name: [sentence] for name, sentence in errors.items()})
    user = request.user
    stocks = stocks_to_screen(user.strategy, long_only=user.long_only, now=timezone.now())
    # A cursor needs a number in each row.
    sortable = criteria.narrow(stocks).annotate(sort_score=Coalesce(F("rating__score"), Value(BELOW_EVERY_SCORE)))
    return page_of(sortable, paging, "-sort_score", "ticker")
