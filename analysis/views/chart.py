"""The chart's numbers: one array per column, the newest two years unless all are asked for."""

from typing import Any

import numpy as np
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.engine import STRATEGIES, TECHNICAL_RATING, UNRATED, Bars, Verdict, moving_averages, rate
from analysis.engine.bars import Floats
from analysis.models import Stock
from analysis.pages.standing import Standing
from analysis.pages.stock_page import StockPage
from stockapp.accounts.requests import Request

TWO_YEARS = 500
NO_BARS = "No price history of {ticker} is stored yet; its first analysis fetches it."


@require_safe
def stock_series(request: Request, ticker: str) -> JsonResponse:
    """Columns of equal length by session, or 404 with a sentence where no bars are stored."""
    stock = get_object_or_404(Stock.objects.select_related("last_result"), pk=ticker)
    user = request.user
    page = StockPage(Standing(stock, user, timezone.now()), user.strategy, user)
    if page.bars is None:
        return JsonResponse({"problem": page.price_error or NO_BARS.format(ticker=stock)}, status=404)
    return JsonResponse(_columns(page.bars, page, shown_rows(request)))


def shown_rows(request: Request) -> slice:
    """Which of a stock's sessions the request wants."""
    return slice(None) if "all" in request.GET else slice(-TWO_YEARS, None)


def numbers(values: Floats) -> list[float | None]:
    """Floats of seven significant digits, None for NaN: JSON has no other."""
    return [None if np.isnan(value) else float(f"{value:.7g}") for value in values.tolist()]


def _columns(bars: Bars, page: StockPage, rows: slice) -> dict[str, Any]:
    plan = page.standing.plan
    score, verdict = _rated(bars, page)
    shown = bars[rows]
    return {
        "session": shown.session.astype(str).tolist(),
        "open": numbers(shown.open),
        "high": numbers(shown.high),
        "low": numbers(shown.low),
        "close": numbers(shown.close),
        "volume": numbers(shown.volume),
        "averages": {name: numbers(values[rows]) for name, values in moving_averages(bars).items()},
        "score": numbers(100 * score[rows]),
        "verdict": numbers(verdict[rows]),
        "verdicts": {each.code: each.label for each in Verdict},
        "levels": {"entry": plan.entry, "stop": plan.stop, "target": plan.target} if plan else {},
        "has_more": len(shown) < len(bars),
    }


def _rated(bars: Bars, page: StockPage) -> tuple[Floats, Floats]:
    """Scores and steady verdicts (-2 to +2) of the page's strategy, each shape (n,), as an analysis finds them.

    NaN before the bars that an analysis looks at, so that the newest ones are those of the page and not merely close.
    """
    result = page.standing.result
    usable_bars = bars if page.analyzed_bars is None else page.analyzed_bars
    strategy = STRATEGIES.get(result.strategy if result else page.strategy_key, TECHNICAL_RATING)
    rating = rate(usable_bars, strategy)
    before = np.full(len(bars) - len(usable_bars), np.nan)
    verdict = np.where(rating.steady == UNRATED, np.nan, rating.steady)
    return np.concatenate([before, rating.score]), np.concatenate([before, verdict])
