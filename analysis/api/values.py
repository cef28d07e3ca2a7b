"""Values: types of input and output that several operations share, checked by the rules of the pages."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, cast

from django.http import Http404
from ninja import Field, Schema
from pydantic import AfterValidator, ConfigDict, WithJsonSchema

from analysis.capital import SizingProfile, size_for
from analysis.engine.plan import NoPlan, Plan
from analysis.engine.sizing import Sizing
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Side, Verdict
from analysis.models import Rating, Stock
from analysis.prices.instruments import Instrument
from analysis.prices.tickers import invalid_ticker_message, is_well_formed, normalise
from stockapp.accounts.requests import Request


def _check_ticker(text: str) -> str:
    ticker = normalise(text)
    if not is_well_formed(ticker):
        raise ValueError(invalid_ticker_message(text))
    return ticker


def _check_strategy(key: str) -> str:
    if key not in STRATEGIES:
        raise ValueError(f"There is no strategy “{key[:30]}”; there are: {', '.join(STRATEGIES)}.")
    return key


def _check_text(text: str) -> str:
    """Return the text. Raise ValueError for half of a character (`\\ud800` in JSON), which no database stores."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("A character of this text is not whole.") from None
    return text


SYMBOL: dict[str, Any] = {
    "type": "string",
    "pattern": "^[A-Za-z0-9^][A-Za-z0-9.&^=_-]{0,19}$",
    "examples": ["KAVERI.DEMO"],
}
SPELLING: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": 60,
    "description": "Yahoo's ticker, or a symbol that names its exchange: NSE:M_M, BRK.B. A bare name is New York's.",
    "examples": ["KAVERI.DEMO"],
}
Ticker = Annotated[str, AfterValidator(_check_ticker), WithJsonSchema(SYMBOL)]
StrategyKey = Annotated[
    str, AfterValidator(_check_strategy), WithJsonSchema({"type": "string", "enum": list(STRATEGIES)})
]
WholeText = Annotated[str, AfterValidator(_check_text)]
Text = Annotated[str, Field(max_length=60, pattern=r"^[^\x00]*$")]
Capital = Annotated[
    Decimal, Field(ge=0, le=10**15, description="In the stock's currency: pounds where prices are in pence.")
]
OWN_CAPITAL = (
    "Size the plans for this capital, taken in the currency of each stock; your account's, converted, if left out."
)
Percent = Annotated[Decimal, Field(ge=Decimal("0.01"), le=100)]
Weekly = Annotated[
    Verdict | None,
    Field(
        description="The same strategy's verdict over completed weeks: context that changes rarely and adds no edge."
    ),
]
WeeklySince = Annotated[
    date | None, Field(description="The last session of the week in which the weekly verdict began.")
]
WeeklyNote = Annotated[
    str,
    Field(
        description="How the daily and the weekly verdict go together, or why there is no weekly one; empty if unrated."
    ),
]


class Payload(Schema):
    """The body of a request. An unknown name is an error, because it may be a typing mistake."""

    model_config = ConfigDict(extra="forbid")


class RiskQuery(Schema):
    """Capital and risk of the caller; a value that is left out is that of the account page."""

    capital: Capital | None = None
    risk_percent: Percent | None = None
    position_limit_percent: Percent | None = None
    min_risk_reward: Annotated[Decimal, Field(ge=0, le=1000)] | None = None
    long_only: bool | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A user's risk settings, some of them replaced for one request."""

    capital: Decimal
    capital_currency: str
    other_capitals: dict[str, str]
    risk_percent: Decimal
    position_limit_percent: Decimal
    min_risk_reward: Decimal
    long_only: bool


def find_stock_or_404(ticker: str, strategy: str) -> Stock:
    """Return the stock of a ticker, also of a former one, with its last result and that result's rating by a strategy.

    Raise Http404 if there is none.
    """
    stock = Stock.objects.with_rating(strategy).find(ticker)
    if stock is None:
        raise Http404
    return stock


def profile(request: Request, risk: RiskQuery) -> SizingProfile:
    """Return the caller's risk settings; a capital that is given counts in the currency of each stock."""
    own = request.user
    given = {name: value for name, value in risk.dict().items() if value is not None}
    if risk.capital is not None:
        given |= {"capital_currency": "", "other_capitals": {}}
    own_values = {name: getattr(own, name) for name in Profile.__slots__}
    return cast(SizingProfile, Profile(**(own_values | given)))


def weekly_values(rating: Rating | None) -> dict[str, Any]:
    """Return the values of Weekly, WeeklySince and WeeklyNote, by the names that every schema has for them."""
    return {
        "weekly_verdict": Verdict(rating.weekly_verdict) if rating and rating.weekly_verdict else None,
        "weekly_since": rating.weekly_since if rating else None,
        "weekly_note": rating.weekly_note if rating else "",
    }


class PlanOut(Schema):
    """Prices in the stock's currency."""

    side: Side
    entry: float
    stop: float
    target: float
    risk_reward: float


class SizingOut(Schema):
    """How many shares, the limit that decided it, and the money: lost at the stop, and spent at the entry."""

    quantity: int
    binding_limit: str
    capital_at_risk: float
    capital_deployed: float
    currency: str = Field("", description="Of both sums: GBP also where prices are in pence.")


class SizedPlan(Schema):
    """A plan with its size for the asker; where there is no size, or no plan, `no_trade_reason` says why."""

    plan: PlanOut | None
    sizing: SizingOut | None
    no_trade_reason: str


def size_plan(plan: Plan | None, no_trade_reason: str, risk: SizingProfile, instrument: Instrument) -> SizedPlan:
    """Return the plan of an instrument, sized for some risk settings."""
    if plan is None:
        return SizedPlan(plan=None, sizing=None, no_trade_reason=no_trade_reason)
    sized = size_for(plan, risk, instrument)
    is_hidden = plan.side is Side.SHORT and risk.long_only
    return SizedPlan(
        plan=None if is_hidden else PlanOut.from_orm(plan),
        sizing=_sizing_out(sized, instrument) if isinstance(sized, Sizing) else None,
        no_trade_reason=sized.reason if isinstance(sized, NoPlan) else "",
    )


def _sizing_out(sizing: Sizing, instrument: Instrument) -> SizingOut:
    shown = SizingOut.from_orm(sizing)
    shown.currency = instrument.main_currency
    return shown
