"""Views of the chart's numbers, read by the page's script."""

from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.catalogue.indicator import BadChoice, IndicatorNotOffered
from analysis.catalogue.offered import choose_indicator
from analysis.pages.chart import TWO_YEARS, chart_columns, indicator_columns
from analysis.pages.chart_bars import ChartBars
from analysis.pages.stock_page import StockPage
from analysis.pages.stock_summary import StockSummary
from analysis.prices.checked_bars import CheckedBars
from analysis.prices.periods import Period
from analysis.views.stocks import get_stock_or_404
from stockapp.accounts.requests import Request

NO_BARS = "No price history of {ticker} is stored yet; its first analysis fetches it."
NO_SUCH_PERIOD = "The period must be day, week or month."
OF_CHART = ("all", "period")  # the parameters that are not an indicator's


@require_safe
def stock_series(request: Request, ticker: str) -> JsonResponse:
    """Return columns of equal length by day, week or month.

    With a sentence: 404 if no bars are stored, 422 for another period.
    """
    page = _stock_page(request, ticker)
    chart = _requested_chart(request, page)
    if isinstance(chart, JsonResponse):
        return chart
    return JsonResponse(chart_columns(chart, page, _requested_rows(request, chart)))


@require_safe
def indicator_series(request: Request, ticker: str, key: str) -> JsonResponse:
    """Return an indicator's lines over the days, weeks or months that the chart shows.

    With a sentence: 404 for an indicator that is not offered or a stock without bars, 422 for parameters out of bounds,
    and no lines where the bars are too few.
    """
    chart = _requested_chart(request, _stock_page(request, ticker))
    if isinstance(chart, JsonResponse):
        return chart
    try:
        indicator = choose_indicator(key, {name: value for name, value in request.GET.items() if name not in OF_CHART})
    except IndicatorNotOffered as problem:
        return _problem_response(404, problem)
    except BadChoice as problem:
        return _problem_response(422, problem)
    return JsonResponse(indicator_columns(chart, indicator, _requested_rows(request, chart)))


def _stock_page(request: Request, ticker: str) -> StockPage:
    user = request.user
    stock = get_stock_or_404(ticker, user.strategy)
    return StockPage(StockSummary(stock, stock.rating, user, timezone.now()), user.strategy, user)


def _requested_chart(request: Request, page: StockPage) -> ChartBars | JsonResponse:
    """Return the bars of the requested period, or the response that says why there are none."""
    stock = page.summary.stock
    if not isinstance(page.checked, CheckedBars):
        return _problem_response(404, page.price_error or NO_BARS.format(ticker=stock.pk))
    try:
        period = Period(request.GET.get("period", Period.DAY))
    except ValueError:
        return _problem_response(422, NO_SUCH_PERIOD)
    return ChartBars.of(period, page.checked, stock.instrument.exchange)


def _requested_rows(request: Request, chart: ChartBars) -> slice:
    """Return the slice of a chart's bars that is requested: all, or of days only the latest two years."""
    return TWO_YEARS if chart.is_daily and "all" not in request.GET else slice(None)


def _problem_response(status: int, problem: object) -> JsonResponse:
    return JsonResponse({"problem": str(problem)}, status=status)
