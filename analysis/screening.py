"""Screening: the analysed stocks with the values that the screener shows, filters and sorts by."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import FETCH_RAISE, Case, F, Q, SmallIntegerField, Value, When
from django.db.models.functions import NullIf, TruncDate

from analysis.engine.verdict import Side, Verdict
from analysis.models import Stock
from analysis.models.stocks import StockQuerySet
from analysis.prices.exchanges import EXCHANGE_BY_CODE, UNKNOWN_EXCHANGE
from analysis.prices.sessions import earliest_session_within

PLANNED = ("risk_reward", "entry", "stop", "target")

# Columns that the screener's page reads of a stock and of its newest result.
SHOWN = (
    "ticker", "name", "exchange", "currency", "kind", "decimals", "source_decimals", "industry", "last_split",
    "is_active", "is_confirmed", "last_status", "last_analyzed_at",
)  # fmt: skip
SHOWN_OF_RESULT = (
    "day", "close", "previous_close", "change_sessions", "completed_at",
)  # fmt: skip


def stocks_to_show(strategy: str, *, long_only: bool, now: datetime) -> StockQuerySet:
    """Return `stocks_to_screen` with no further columns of stocks and results than the page reads.

    One query, whatever the history's size.
    """
    shown = [*SHOWN, *(f"last_result__{name}" for name in SHOWN_OF_RESULT)]
    return stocks_to_screen(strategy, long_only=long_only, now=now).only(*shown)


def stocks_to_screen(strategy: str, *, long_only: bool, now: datetime) -> StockQuerySet:
    """Return every analysed stock with its newest result, rated by a strategy, with the values to filter and sort by.

    `change` is in percent, `verdict_code` and `weekly_code` from -2 to +2; `planned_risk_reward`, `planned_entry`,
    `planned_stop` and `planned_target` are null if the user sees no plan at `now` (aware): none of a short who trades
    long only, none of prices that are too old, none from before a split. Demo stocks are left out as in `without_demo`.
    """
    stocks = Stock.objects.analyzed().without_demo()
    hidden = _obsolete_plans(stocks, now) + ([Q(rating__side=Side.SHORT.value)] if long_only else [])
    ratio = F("last_result__close") / NullIf(F("last_result__previous_close"), Value(0.0))
    planned = {
        f"planned_{name}": Case(*(When(each, then=None) for each in hidden), default=F(f"rating__{name}"))
        for name in PLANNED
    }
    stocks = stocks.with_rating(strategy).annotate(
        change=(ratio - 1.0) * 100.0,
        verdict_code=_code_of("verdict"),
        weekly_code=_code_of("weekly_verdict"),
        **planned,
    )
    return stocks.fetch_mode(FETCH_RAISE)


def _code_of(field: str) -> Case:
    """Return the code of a verdict of the rating, null without one."""
    codes = [When(**{f"rating__{field}": verdict.value}, then=Value(verdict.code)) for verdict in Verdict]
    return Case(*codes, output_field=SmallIntegerField())


def _obsolete_plans(stocks: StockQuerySet, now: datetime) -> list[Q]:
    """Return the conditions of a plan that is too old or from before a split, as of `StockSummary.obstacle_to_plan`.

    There is one for all exchanges with the same days.
    """
    exchanges: dict[tuple[date, str], list[str]] = {}
    for code in stocks.order_by().values_list("exchange", flat=True).distinct():
        exchange = EXCHANGE_BY_CODE.get(code, UNKNOWN_EXCHANGE)
        day = earliest_session_within(exchange, settings.MAX_PRICE_AGE_SESSIONS, now)
        exchanges.setdefault((day, exchange.timezone), []).append(code)
    return [
        Q(exchange__in=codes) & (Q(last_result__day__lt=day) | _before_split(ZoneInfo(timezone)))
        for (day, timezone), codes in exchanges.items()
    ]


def _before_split(timezone: ZoneInfo) -> Q:
    """Return the condition that the newest result was computed before the day of the stock's latest split."""
    computed = TruncDate("last_result__completed_at", tzinfo=timezone)
    return Q(last_split__gt=F("last_result__day")) & Q(last_split__gt=computed)
