"""Pages and acts of watchlists."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from analysis.services import Refused
from analysis.views.requests import Request, profile_of
from watchlist import services
from watchlist.forms import AddForm, AnalyzeForm, CreateForm, RemoveForm, UndoForm
from watchlist.models import Watchlist
from watchlist.page import WatchlistPage
from watchlist.services import Removed

PAGE = "watchlist/watchlist.html"


@require_safe
def home(request: Request) -> HttpResponse:
    return redirect(services.first_watchlist(request.user))


@require_safe
def watchlist(request: Request, pk: int) -> HttpResponse:
    undo = UndoForm(request.GET)
    removed = undo.cleaned_data["removed"] if undo.is_valid() else None
    return render(request, PAGE, _context(request, _own(request, pk), removed=removed))


@require_safe
def rows(request: Request, pk: int) -> HttpResponse:
    """The page's table while something of it is being analysed; 286 tells htmx that nothing is any more."""
    context = _context(request, _own(request, pk), is_poll=True)
    return render(request, f"{PAGE}#live", context, status=200 if context["page"].active else 286)


@require_POST
def create(request: Request) -> HttpResponse:
    form = CreateForm(request.POST, instance=Watchlist(owner_id=int(request.user.pk or 0)))
    if not form.is_valid():
        context = _context(request, services.first_watchlist(request.user), create_form=form)
        return render(request, PAGE, context, status=422)
    try:
        services.create(form.instance)
    except IntegrityError:  # the same name came in twice at once
        return redirect("watchlist:home")
    return redirect(form.instance)


@require_POST
def watch(request: Request) -> HttpResponse:
    """Add a stock to the user's first list, from anywhere."""
    return add(request, services.first_watchlist(request.user).pk)


@require_POST
def add(request: Request, pk: int) -> HttpResponse:
    watchlist = _own(request, pk)
    form = AddForm(request.POST)
    if not form.is_valid():
        context = _context(request, watchlist, add_form=form)
        return render(request, f"{PAGE}#add_form" if request.htmx else PAGE, context, status=422)
    ticker = form.cleaned_data["ticker"]
    if services.add(watchlist, ticker):
        messages.success(request, f"{ticker} is on “{watchlist}” now.")
        _analyse_first(request, watchlist, ticker)
    else:
        messages.info(request, f"{ticker} is on “{watchlist}” already.")
    return _answer(request, watchlist, partial="added")


@require_POST
def remove(request: Request, pk: int) -> HttpResponse:
    watchlist = _own(request, pk)
    form = RemoveForm(request.POST)
    removed = services.remove(watchlist, form.cleaned_data["remove"]) if form.is_valid() else None
    return _answer(request, watchlist, removed=removed)


@require_POST
def restore(request: Request, pk: int) -> HttpResponse:
    watchlist = _own(request, pk)
    form = UndoForm(request.POST)
    if not form.is_valid() or form.cleaned_data["removed"].watchlist != watchlist.pk:
        messages.error(request, "This removal can no longer be undone; add the stock again.")
    else:
        services.restore(watchlist, form.cleaned_data["removed"])
        messages.success(request, f"{form.cleaned_data['removed'].ticker} is back on “{watchlist}”.")
    return _answer(request, watchlist)


@require_POST
def analyze(request: Request, pk: int) -> HttpResponse:
    watchlist = _own(request, pk)
    form = AnalyzeForm(request.POST, on_list=list(watchlist.items.values_list("stock_id", flat=True)))
    try:
        if not form.is_valid():
            raise Refused(next(iter(form.errors.values()))[0])
        if services.analyze(watchlist, form.chosen).is_duplicate:
            messages.info(request, "That is being analysed already.")
    except Refused as refusal:
        messages.error(request, str(refusal))
        return _refuse(request, watchlist)
    return _answer(request, watchlist)


def _analyse_first(request: Request, watchlist: Watchlist, ticker: str) -> None:
    """A stock that nobody has analysed yet is: its first analysis confirms the ticker, or fails in words."""
    try:
        services.analyze_first(watchlist, ticker)
    except Refused as refusal:
        messages.warning(request, f"It is not being analysed yet. {refusal}")


def _own(request: Request, pk: int) -> Watchlist:
    return get_object_or_404(Watchlist.objects.of(request.user), pk=pk)


def _context(request: Request, watchlist: Watchlist, **more: Any) -> dict[str, Any]:
    return {
        "page": WatchlistPage(watchlist, profile_of(request)),
        "watchlist": watchlist,
        "watchlists": Watchlist.objects.of(request.user),
        "add_form": AddForm(),
        "create_form": CreateForm(),
        **more,
    }


def _answer(
    request: Request, watchlist: Watchlist, *, partial: str = "acted", removed: Removed | None = None
) -> HttpResponse:
    """The table again for htmx, the page again for everybody else; either offers to undo a removal."""
    if request.htmx:
        return render(request, f"{PAGE}#{partial}", _context(request, watchlist, removed=removed))
    undo = f"?{urlencode({'removed': removed.token})}" if removed else ""
    return redirect(f"{watchlist.get_absolute_url()}{undo}")


def _refuse(request: Request, watchlist: Watchlist) -> HttpResponse:
    page = f"{PAGE}#acted" if request.htmx else PAGE
    return render(request, page, _context(request, watchlist), status=422)
