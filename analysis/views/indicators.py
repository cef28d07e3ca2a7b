"""Indicators of the catalogue on a stock's chart: search by name, show, hide."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from analysis.catalogue.indicator import ChartIndicator
from analysis.catalogue.offered import search_entries
from analysis.forms import IndicatorForm
from analysis.rejections import RequestRejected
from analysis.views.stocks import PAGE, context_of, get_stock_or_404
from stockapp.accounts.chart_preferences import hide_indicator, show_indicator
from stockapp.accounts.requests import Request

SUGGESTIONS = 12
PART = "analysis/indicators.html"


@require_safe
def indicators(request: Request) -> HttpResponse:
    """Return suggestions for the typed name of an indicator."""
    matches = search_entries(request.GET.get("name", "")[:80])[:SUGGESTIONS]
    return render(request, f"{PART}#options", {"indicators": matches})


@require_POST
def show(request: Request, ticker: str) -> HttpResponse:
    """Add an indicator to the user's charts, or change one."""
    form = IndicatorForm(request.POST)
    if not form.is_valid():
        return _refusal_response(request, ticker, form.problem)
    try:
        choices = show_indicator(int(request.user.pk or 0), form.indicator, form.cleaned_data["instead_of"])
    except RequestRejected as rejection:
        return _refusal_response(request, ticker, str(rejection))
    return _indicators_response(request, ticker, choices)


@require_POST
def hide(request: Request, ticker: str) -> HttpResponse:
    """Remove an indicator from the user's charts."""
    return _indicators_response(
        request, ticker, hide_indicator(int(request.user.pk or 0), request.POST.get("slug", ""))
    )


def _indicators_response(request: Request, ticker: str, choices: list[ChartIndicator]) -> HttpResponse:
    stock = get_stock_or_404(ticker, request.user.strategy)
    if not request.htmx:
        return redirect(f"{stock.get_absolute_url()}#chart-title")
    return render(request, PART, {"stock": stock, "choices": choices, "has_acted": True})


def _refusal_response(request: Request, ticker: str, problem: str) -> HttpResponse:
    typed = "" if request.POST.get("instead_of") else request.POST.get("name", "")
    context = context_of(
        request, get_stock_or_404(ticker, request.user.strategy), problem=problem, typed=typed, has_acted=True
    )
    return render(request, PART if request.htmx else PAGE, context, status=422)
