"""The page of a watchlist, and acts on the stocks that are on it."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import reswap, retarget

from analysis.pages import polls
from analysis.pages.source_notice import read_source_notice
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import services
from watchlist.change_forms import UndoForm
from watchlist.forms import AddForm, AnalyzeForm, MoveForm, NoteForm
from watchlist.models import ListChange, Watchlist
from watchlist.page import read_poll_state
from watchlist.responses import (
    PAGE,
    build_context,
    get_own_list,
    offer_undo,
    read_list_form,
    show_added,
    show_list,
    show_rejection,
)
from watchlist.rows import ListRow


@require_safe
def home(request: Request) -> HttpResponse:
    return redirect(services.first_watchlist(request.user))


@require_safe
def watchlist(request: Request, pk: int) -> HttpResponse:
    watchlist, form = get_own_list(request, pk), UndoForm(request.GET)
    own = ListChange.objects.of(request.user).filter(watchlist=watchlist).select_related("target")
    change = own.filter(pk=form.cleaned_data["undo"]).first() if form.is_valid() else None
    return render(request, PAGE, build_context(request, watchlist, **offer_undo(change)))


@require_safe
def rows(request: Request, pk: int) -> HttpResponse:
    """Return the table of the page and its address; 286 stops the polling when nothing is to come.

    204 means that nothing has changed.
    """
    state = read_poll_state(pk, request.user, read_source_notice()) if polls.SEEN in request.GET else None
    if state and polls.is_seen(request, state):
        return polls.unchanged_response()
    context = build_context(request, get_own_list(request, pk), is_poll=True)
    response = render(request, f"{PAGE}#live", context, status=200 if context["page"].is_live else 286)
    response["HX-Replace-Url"] = f"{context['watchlist'].get_absolute_url()}{context['page'].list_query.query}"
    return response


@require_safe
def row(request: Request, pk: int, ticker: str) -> HttpResponse:
    """Return the part under a stock's row for htmx, else a redirect to the list with that row expanded."""
    watchlist = get_own_list(request, pk)
    list_query = read_list_form(request).list_query
    if not request.htmx:
        return redirect(f"{watchlist.get_absolute_url()}{list_query.toggled_query(ticker)}")
    item = watchlist.items.for_page(request.user.strategy).filter(stock=ticker).first()
    if item is None:  # removed on another page meanwhile: the whole table is replaced
        rejection = show_rejection(request, watchlist, f"{ticker} is not on “{watchlist}” any more.")
        return reswap(retarget(rejection, "#live"), "outerHTML")
    expanded = ListRow.of(item, request.user, timezone.now())
    context = {"row": expanded, "stock": item.stock, "watchlist": watchlist, "list_query": list_query}
    return render(request, "watchlist/row_more.html", context)


@require_POST
def watch(request: Request) -> HttpResponse:
    """Add a stock to the user's first list, from anywhere."""
    return add(request, services.first_watchlist(request.user).pk)


@require_POST
def add(request: Request, pk: int) -> HttpResponse:
    """Add the stocks of the field that are certain; the others stay in it, each with a sentence."""
    watchlist = get_own_list(request, pk)
    form = AddForm(request.POST, default=request.user.bare_exchange)
    if form.is_valid():
        try:
            result = services.add_all(watchlist, form.notes, reused=form.reading.reused)
        except RequestRejected as rejection:
            form.add_error("ticker", str(rejection))
    if not form.is_valid():
        page = "watchlist/add.html" if request.htmx else PAGE
        return render(request, page, build_context(request, watchlist, add_form=form), status=422)
    request_first_analysis(request, watchlist, result.added)
    return show_added(request, watchlist, form, result)


@require_POST
def add_demo_market(request: Request, pk: int) -> HttpResponse:
    """Add the demo market's fictional companies to a list, and analyse those that never were."""
    watchlist = get_own_list(request, pk)
    try:
        added = services.add_demo_market(watchlist)
    except RequestRejected as rejection:
        return show_rejection(request, watchlist, rejection)
    messages.success(request, f"The demo market’s {len(added)} fictional companies are on “{watchlist}” now.")
    request_first_analysis(request, watchlist, added)
    return show_list(request, watchlist)


@require_POST
def move(request: Request, pk: int) -> HttpResponse:
    """Move a stock within the list; `by` comes from the button's address or, as `before` does, from the form."""
    watchlist = get_own_list(request, pk)
    form = MoveForm({**request.GET.dict(), **request.POST.dict()})
    if form.is_valid():
        values = form.cleaned_data
        services.move(watchlist, values["move"], by=values["by"], before=values["before"])
    return show_list(request, watchlist)


@require_POST
def note(request: Request, pk: int) -> HttpResponse:
    """Save the note of one row."""
    watchlist = get_own_list(request, pk)
    ticker = request.POST.get("note", "")
    typed = request.POST.get(f"note-{ticker}", "")
    form = NoteForm({"ticker": ticker, "note": typed})
    if not form.is_valid():
        reason = next(iter(form.errors.values()))[0]
        return show_rejection(request, watchlist, f"{ticker}: {reason}", rejected_note=(ticker, typed, reason))
    ticker = form.cleaned_data["ticker"]
    if not services.write_note(watchlist, ticker, form.cleaned_data["note"]):
        return show_rejection(request, watchlist, f"The note is not saved: {ticker} is not on “{watchlist}” any more.")
    messages.success(request, f"The note on {ticker} is saved.")
    return show_list(request, watchlist)


@require_POST
def analyze(request: Request, pk: int) -> HttpResponse:
    watchlist = get_own_list(request, pk)
    page = build_context(request, watchlist)["page"]
    form = AnalyzeForm(request.POST, on_list=page.tickers, visible=page.visible_tickers, failed=page.failed)
    try:
        if not form.is_valid():
            raise RequestRejected(next(iter(form.errors.values()))[0])
        if services.analyze(watchlist, form.selection).is_duplicate:
            messages.info(request, "That is being analysed already.")
    except RequestRejected as rejection:
        return show_rejection(request, watchlist, rejection)
    return show_list(request, watchlist)


def request_first_analysis(request: Request, watchlist: Watchlist, tickers: Sequence[str]) -> None:
    """Analyse the stocks that never were: a first analysis confirms a ticker, or says why it failed."""
    try:
        if tickers:
            services.analyze_first(watchlist, tickers)
    except RequestRejected as rejection:
        messages.warning(request, f"They are on the list, and are not analysed yet. {rejection}")
