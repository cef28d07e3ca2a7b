"""Views of one stock, and of the search for stocks."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from analysis.catalogue.offered import read_chart_indicators
from analysis.directory import read_securities
from analysis.forms import SearchForm
from analysis.jobs.submit import submit
from analysis.models import Source, Stock
from analysis.pages import polls
from analysis.pages.polls import StockState
from analysis.pages.stock_page import StockPage
from analysis.pages.stock_summary import StockSummary
from analysis.prices.security_columns import SecuritySpelling
from analysis.prices.tickers import normalise
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request

PAGE = "analysis/stock.html"
SUGGESTIONS, FOUND, OFFERED = 8, 50, 4


@require_safe
def stock(request: Request, ticker: str) -> HttpResponse:
    """Return the page of a stock; redirect from a former ticker to the present one."""
    found = get_stock_or_404(ticker, request.user.strategy)
    if found.pk != ticker:
        query = request.GET.urlencode()
        return redirect(found.get_absolute_url() + (f"?{query}" if query else ""))
    return render(request, PAGE, context_of(request, found))


@require_safe
def stock_live(request: Request, ticker: str) -> HttpResponse:
    """Return the live part of a stock page during an analysis; 286 stops the polling.

    204 means that nothing has changed.
    """
    state = StockState.read(ticker, request.user) if polls.SEEN in request.GET else None
    if state and polls.is_seen(request, state.state):
        return polls.unchanged_response()
    context = context_of(request, get_stock_or_404(ticker, request.user.strategy), is_poll=True)
    return render(request, f"{PAGE}#live", context, status=200 if context["page"].is_live else 286)


@require_POST
def analyze_stock(request: Request, ticker: str) -> HttpResponse:
    stock = get_stock_or_404(ticker, request.user.strategy)
    user = request.user
    try:
        if submit([stock.pk], source=Source.WATCHLIST, requested_by=user, strategy=user.strategy).is_duplicate:
            messages.info(request, f"{stock} is being analysed already.")
    except RequestRejected as rejection:
        messages.error(request, str(rejection))
        return render(request, f"{PAGE}#acted" if request.htmx else PAGE, context_of(request, stock), status=422)
    if request.htmx:
        return render(request, f"{PAGE}#acted", context_of(request, get_stock_or_404(ticker, request.user.strategy)))
    return redirect(stock)


@require_safe
def stock_search(request: Request) -> HttpResponse:
    """Return stocks by ticker or name: suggestions for htmx, else a page; redirect an exact ticker to its stock."""
    form = SearchForm(request.GET)
    text = form.text
    if request.htmx:
        stocks = Stock.objects.matching(text)[:SUGGESTIONS] if text else []
        return render(request, "analysis/search.html#options", {"stocks": stocks, "before": form.before})
    reading = read_securities([SecuritySpelling(text)], default=request.user.bare_exchange)[0]
    if exact := Stock.objects.find(normalise(text), "" if reading.is_bare else reading.ticker):
        return redirect(exact)
    found = list(Stock.objects.matching(text).with_rating(request.user.strategy)[:FOUND]) if text else []
    context = {"text": text, "stocks": found, "reading": reading, "offered": reading.tickers[:OFFERED]}
    return render(request, "analysis/search.html", context)


def get_stock_or_404(ticker: str, strategy: str) -> Stock:
    """Return the stock of a ticker, also of a former one, rated by a strategy."""
    stock = Stock.objects.with_rating(strategy).select_related("last_job").find(ticker)
    if stock is None:
        raise Http404
    return stock


def context_of(request: Request, stock: Stock, **more: Any) -> dict[str, Any]:
    user = request.user
    is_live = StockSummary(stock, stock.rating, user, timezone.now()).is_live
    state = StockState.read(stock.pk, user) if is_live else None
    summary = StockSummary(
        stock, stock.rating, user, timezone.now(), state.attempts if state else 0, state.started_at if state else None
    )
    lacks_worker = state is not None and not state.has_worker
    page = StockPage(summary, user.strategy, user, lacks_worker=lacks_worker)
    if state:  # the part polls for changes of this state
        more["running_jobs"], more["source_notice"] = state.running, state.notice
        query = polls.poll_query("", state.with_columns_of(stock).state)
        more["live_url"] = reverse("analysis:stock_live", args=[stock.pk]) + query
    return {"stock": stock, "page": page, "choices": read_chart_indicators(user.chart_indicators), **more}
