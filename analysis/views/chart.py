"""The chart's numbers: one array per column, the newest two years unless all are asked for."""

from typing import Any

import numpy as np
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.engine import STRATEGIES, TECHNICAL_RATING, Bars, moving_averages, rate
from analysis.engine.bars import Floats
from analysis.models import Stock
from analysis.views.requests import Request, profile_of
from analysis.views.standing import Standing
from analysis.views.stock_page import StockPage

TWO_YEARS = 500


@require_safe
def stock_series(request: Request, ticker: str) -> JsonResponse:
    """Columns of equal length by session, or 404 with a sentence where no bars are stored."""
    stock = get_object_or_404(Stock.objects.select_related("last_result"), pk=ticker)
    page = StockPage(Standing(stock, profile_of(request), timezone.now()))
    if page.bars is None:
        problem = page.price_error or f"No price history of {stock} is stored yet; its first analysis fetches it."
        return JsonResponse({"problem": problem}, status=404)
    newest = slice(None) if "all" in request.GET else slice(-TWO_YEARS, None)
    return JsonResponse(_columns(page.bars, page, newest))


def _columns(bars: Bars, page: StockPage, rows: slice) -> dict[str, Any]:
    result, plan = page.standing.result, page.standing.plan
    rating = rate(bars, STRATEGIES.get(result.strategy if result else "", TECHNICAL_RATING))
    shown = bars[rows]
    return {
        "session": shown.session.astype(str).tolist(),
        "open": _numbers(shown.open),
        "high": _numbers(shown.high),
        "low": _numbers(shown.low),
        "close": _numbers(shown.close),
        "volume": _numbers(shown.volume),
        "averages": {name: _numbers(values[rows]) for name, values in moving_averages(bars).items()},
        "score": _numbers(100 * rating.score[rows]),
        "levels": {"entry": plan.entry, "stop": plan.stop, "target": plan.target} if plan else {},
        "has_more": len(shown) < len(bars),
    }


def _numbers(values: Floats) -> list[float | None]:
    """Floats of seven significant digits, None for NaN: JSON has no other."""
    return [None if np.isnan(value) else float(f"{value:.7g}") for value in values.tolist()]
