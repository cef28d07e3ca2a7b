"""Views of the chart's numbers, read by the page's script."""

from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.catalogue.indicator import BadChoice, IndicatorNotOffered
from analysis.catalogue.offered import choose_indicator
from analysis.pages.chart import TWO_YEARS, chart_columns, indicator_columns
from analysis.pages.stock_page import StockPage
from analysis.pages.stock_summary import StockSummary
from analysis.views.stocks import get_stock_or_404
from stockapp.accounts.requests import Request

NO_BARS = "No price history of {ticker} is stored yet; its first analysis fetches it."


@require_safe
def stock_series(request: Request, ticker: str) -> JsonResponse:
    """Return columns of equal length by session, or 404 with a sentence if no bars are stored."""
    page = _stock_page(request, ticker)
    if page.bars is None:
        return _problem_response(404, page.price_error or NO_BARS.format(ticker=ticker))
    return JsonResponse(chart_columns(page.bars, page, _requested_rows(request)))


@require_safe
def indicator_series(request: Request, ticker: str, key: str) -> JsonResponse:
    """Return an indicator's lines over the sessions that the chart shows.

    With a sentence: 404 for an indicator that is not offered or a stock without bars, 422 for parameters out of bounds,
    and no lines where the bars are too few.
    """
    page = _stock_page(request, ticker)
    if page.bars is None:
        return _problem_response(404, page.price_error or NO_BARS.format(ticker=ticker))
    try:
        indicator = choose_indicator(key, {name: value for name, value in request.GET.items() if name != "all"})
    except IndicatorNotOffered as problem:
        return _problem_response(404, problem)
    except BadChoice as problem:
        return _problem_response(422, problem)
    return JsonResponse(indicator_columns(page.bars, indicator, _requested_rows(request)))


def _stock_page(request: Request, ticker: str) -> StockPage:
    user = request.user
    stock = get_stock_or_404(ticker, user.strategy)
    return StockPage(StockSummary(stock, stock.rating, user, timezone.now()), user.strategy, user)


def _requested_rows(request: Request) -> slice:
    """Return the slice of a stock's sessions that is requested: the latest two years, or all."""
    return slice(None) if "all" in request.GET else TWO_YEARS


def _problem_response(status: int, problem: object) -> JsonResponse:
    return JsonResponse({"problem": str(problem)}, status=status)
