"""Views of the acts on several rows of a list: remove, move, copy and undo; and of the notice of their new tickers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import change_undo, changes
from watchlist.change_forms import RenamesForm, RowsForm, TransferForm, UndoForm
from watchlist.change_sentences import describe_change, describe_undo
from watchlist.models import ListChange, Watchlist
from watchlist.page import WatchlistPage
from watchlist.rename_notices import dismiss_renames_until
from watchlist.responses import get_own_list, read_list_form, show_list, show_rejection, undo_address

TOO_LATE = "This cannot be undone any more."
NOT_DISMISSED = "The notice cannot be dismissed. Reload the page and try again."
ALL_HIDDEN = "The filter hides every ticked stock; show them first."


@require_POST
def remove(request: Request, pk: int) -> HttpResponse:
    """Remove the stock of the button that was pressed, or all ticked ones."""
    watchlist, form = get_own_list(request, pk), RowsForm(request.POST)
    try:
        change = changes.remove(watchlist, _checked_tickers(request, watchlist, form))
    except RequestRejected as rejection:
        return show_rejection(request, watchlist, rejection, picked=request.POST.getlist("tickers"))
    return _show_change(request, change)


@require_POST
def move(request: Request, pk: int) -> HttpResponse:
    """Move the ticked stocks to another list."""
    return _transfer(request, pk, changes.move)


@require_POST
def copy(request: Request, pk: int) -> HttpResponse:
    """Copy the ticked stocks to another list."""
    return _transfer(request, pk, changes.copy)


def _transfer(
    request: Request, pk: int, act: Callable[[Watchlist, Iterable[str], Watchlist], ListChange]
) -> HttpResponse:
    watchlist = get_own_list(request, pk)
    form = TransferForm(request.POST, watchlist=watchlist)
    kept = {"transfer_form": form, "picked": request.POST.getlist("tickers")}
    try:
        tickers = _checked_tickers(request, watchlist, form)
        change = act(watchlist, tickers, form.new_list or get_own_list(request, form.target_pk))
    except RequestRejected as rejection:
        return show_rejection(request, watchlist, rejection, **kept)
    except IntegrityError:  # the same name came in twice at once
        return show_rejection(request, watchlist, f"You have a list called “{form.new_list}” already.", **kept)
    return _show_change(request, change)


@require_POST
def undo(request: Request, pk: int) -> HttpResponse:
    watchlist, form = get_own_list(request, pk), UndoForm(request.POST)
    try:
        result = change_undo.undo(request.user, watchlist, form.cleaned_data["undo"]) if form.is_valid() else None
    except RequestRejected as rejection:
        return show_rejection(request, watchlist, rejection)
    if result is None:
        messages.error(request, TOO_LATE)
    else:
        messages.success(request, describe_undo(result))
    if result and result.change.has_made_target and request.htmx:  # the tabs change as well
        query = read_list_form(request).list_query.full_query
        return HttpResponseClientRedirect(f"{watchlist.get_absolute_url()}{query}")
    return show_list(request, watchlist)


@require_POST
def dismiss_renames(request: Request, pk: int) -> HttpResponse:
    watchlist, form = get_own_list(request, pk), RenamesForm(request.POST)
    if not form.is_valid():
        return show_rejection(request, watchlist, NOT_DISMISSED)
    dismiss_renames_until(watchlist, form.cleaned_data["until"])
    return show_list(request, watchlist)


def _checked_tickers(request: Request, watchlist: Watchlist, form: RowsForm) -> list[str]:
    """Return the given stocks but ticked ones that the page's filter hides, and say how many these are.

    Raise RequestRejected if the form is not valid or none is left.
    """
    if not form.is_valid():
        raise RequestRejected(str(next(iter(form.errors.values()))[0]))
    query = read_list_form(request).list_query
    if form.is_one or not query.is_filtered:
        return form.tickers
    page = WatchlistPage(watchlist, request.user, query)
    hidden = set(page.tickers) - set(page.visible_tickers)
    shown = [ticker for ticker in form.tickers if ticker not in hidden]
    if not shown:
        raise RequestRejected(ALL_HIDDEN)
    if left := len(form.tickers) - len(shown):
        were = "1 ticked stock was" if left == 1 else f"{left:,} ticked stocks were"
        messages.warning(request, f"{were} left out, because the filter hides {'it' if left == 1 else 'them'}.")
    return shown


def _show_change(request: Request, change: ListChange) -> HttpResponse:
    """Show the list and what was done, with a button to undo it."""
    if not change.rows:
        messages.info(request, describe_change(change))
        return show_list(request, change.watchlist)
    if change.has_made_target and request.htmx:  # the tabs change as well
        return HttpResponseClientRedirect(undo_address(request, change))
    return show_list(request, change.watchlist, change=change)
