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
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import services
from watchlist.answers import PAGE, answer, context, own, refuse, shown_of
from watchlist.forms import AddForm, AnalyzeForm, MoveForm, NoteForm, RemoveForm, UndoForm
from watchlist.models import Watchlist
from watchlist.page import Row
from watchlist.polls import stored_state


@require_safe
def home(request: Request) -> HttpResponse:
    return redirect(services.first_watchlist(request.user))


@require_safe
def watchlist(request: Request, pk: int) -> HttpResponse:
    undo = UndoForm(request.GET)
    removed = undo.cleaned_data["removed"] if undo.is_valid() else None
    return render(request, PAGE, context(request, own(request, pk), removed=removed))


@require_safe
def rows(request: Request, pk: int) -> HttpResponse:
    """Return the table of the page and its address; 286 stops the polling when no analysis runs.

    204 means that nothing has changed.
    """
    state = stored_state(pk, request.user) if polls.SEEN in request.GET else None
    if state and polls.is_seen(request, state):
        return polls.nothing_new()
    shown = context(request, own(request, pk), is_poll=True)
    response = render(request, f"{PAGE}#live", shown, status=200 if shown["page"].active else 286)
    response["HX-Replace-Url"] = f"{shown['watchlist'].get_absolute_url()}{shown['page'].shown.query}"
    return response


@require_safe
def row(request: Request, pk: int, ticker: str) -> HttpResponse:
    """What opens under a stock's row; asked for as a page, it is the list with that row open."""
    watchlist = own(request, pk)
    shown = shown_of(request)
    if not request.htmx:
        return redirect(f"{watchlist.get_absolute_url()}{shown.toggled_query(ticker)}")
    item = watchlist.items.for_page().filter(stock=ticker).first()
    if item is None:  # removed on another page meanwhile: the whole table takes the place of what is shown
        refusal = refuse(request, watchlist, f"{ticker} is not on “{watchlist}” any more.")
        return reswap(retarget(refusal, "#live"), "outerHTML")
    opened = Row.of(item, request.user, timezone.now())
    return render(
        request, "watchlist/row.html", {"row": opened, "stock": item.stock, "watchlist": watchlist, "shown": shown}
    )


@require_POST
def watch(request: Request) -> HttpResponse:
    """Add a stock to the user's first list, from anywhere."""
    return add(request, services.first_watchlist(request.user).pk)


@require_POST
def add(request: Request, pk: int) -> HttpResponse:
    watchlist = own(request, pk)
    form = AddForm(request.POST)
    if form.is_valid():
        ticker = form.cleaned_data["ticker"]
        try:
            is_added = services.add(watchlist, ticker)
        except RequestRejected as refusal:
            form.add_error("ticker", str(refusal))
    if not form.is_valid():
        page = f"{PAGE}#add_form" if request.htmx else PAGE
        return render(request, page, context(request, watchlist, add_form=form), status=422)
    if is_added:
        messages.success(request, f"{ticker} is on “{watchlist}” now.")
        analyse_first(request, watchlist, [ticker])
    else:
        messages.info(request, f"{ticker} is on “{watchlist}” already.")
    return answer(request, watchlist, partial="added")


@require_POST
def add_demo_market(request: Request, pk: int) -> HttpResponse:
    """Put the demo market's fictional companies on a list, and analyse those that never were."""
    watchlist = own(request, pk)
    try:
        added = services.add_demo_market(watchlist)
    except RequestRejected as refusal:
        return refuse(request, watchlist, refusal)
    messages.success(request, f"The demo market’s {len(added)} fictional companies are on “{watchlist}” now.")
    analyse_first(request, watchlist, added)
    return answer(request, watchlist)


@require_POST
def remove(request: Request, pk: int) -> HttpResponse:
    watchlist = own(request, pk)
    form = RemoveForm(request.POST)
    removed = services.remove(watchlist, form.cleaned_data["remove"]) if form.is_valid() else None
    return answer(request, watchlist, removed=removed)


@require_POST
def restore(request: Request, pk: int) -> HttpResponse:
    watchlist = own(request, pk)
    form = UndoForm(request.POST)
    if not form.is_valid() or form.cleaned_data["removed"].watchlist != watchlist.pk:
        messages.error(request, "This removal can no longer be undone; add the stock again.")
    else:
        try:
            services.restore(watchlist, form.cleaned_data["removed"])
        except RequestRejected as refusal:
            return refuse(request, watchlist, refusal)
        messages.success(request, f"{form.cleaned_data['removed'].ticker} is back on “{watchlist}”.")
    return answer(request, watchlist)


@require_POST
def move(request: Request, pk: int) -> HttpResponse:
    """Move a stock within the list; `by` stands in the address of the button, or with `before` in what is posted."""
    watchlist = own(request, pk)
    form = MoveForm({**request.GET.dict(), **request.POST.dict()})
    if form.is_valid():
        given = form.cleaned_data
        services.move(watchlist, given["move"], by=given["by"], before=given["before"])
    return answer(request, watchlist)


@require_POST
def note(request: Request, pk: int) -> HttpResponse:
    """Save what stands in the note field of one row."""
    watchlist = own(request, pk)
    ticker = request.POST.get("note", "")
    typed = request.POST.get(f"note-{ticker}", "")
    form = NoteForm({"ticker": ticker, "note": typed})
    if not form.is_valid():
        reason = next(iter(form.errors.values()))[0]
        return refuse(request, watchlist, f"{ticker}: {reason}", refused_note=(ticker, typed, reason))
    ticker = form.cleaned_data["ticker"]
    if not services.write_note(watchlist, ticker, form.cleaned_data["note"]):
        return refuse(request, watchlist, f"The note is not saved: {ticker} is not on “{watchlist}” any more.")
    messages.success(request, f"The note on {ticker} is saved.")
    return answer(request, watchlist)


@require_POST
def analyze(request: Request, pk: int) -> HttpResponse:
    watchlist = own(request, pk)
    page = context(request, watchlist)["page"]
    form = AnalyzeForm(request.POST, on_list=page.tickers, shown=page.shown_tickers, has_failed=page.failed)
    try:
        if not form.is_valid():
            raise RequestRejected(next(iter(form.errors.values()))[0])
        if services.analyze(watchlist, form.chosen).is_duplicate:
            messages.info(request, "That is being analysed already.")
    except RequestRejected as refusal:
        return refuse(request, watchlist, refusal)
    return answer(request, watchlist)


def analyse_first(request: Request, watchlist: Watchlist, tickers: Sequence[str]) -> None:
    """Stocks that nobody has analysed yet are: a first analysis confirms a ticker, or fails in words."""
    try:
        services.analyze_first(watchlist, tickers)
    except RequestRejected as refusal:
        messages.warning(request, f"They are on the list, and are not analysed yet. {refusal}")
