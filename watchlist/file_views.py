"""Import into a watchlist, with a look before anything is added, and export from it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.exports import FileFormat, spreadsheet
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import export, importing, services
from watchlist.answers import PAGE as WATCHLIST
from watchlist.answers import context, own, shown_of
from watchlist.forms import ConfirmForm, ImportForm
from watchlist.models import Watchlist
from watchlist.page import WatchlistPage
from watchlist.views import analyse_first

PAGE = "watchlist/import.html"


@require_http_methods(["GET", "HEAD", "POST"])
def import_stocks(request: Request, pk: int) -> HttpResponse:
    """Ask for tickers, then show what would come of them; nothing is added here."""
    watchlist = own(request, pk)
    form = ImportForm(request.POST, request.FILES) if request.method == "POST" else ImportForm()
    if form.is_valid():
        return render(request, PAGE, _preview(watchlist, form))
    return render(request, PAGE, _context(watchlist, form), status=422 if form.is_bound else 200)


@require_POST
def confirm_import(request: Request, pk: int) -> HttpResponse:
    """Add what was ticked of the tickers that were shown."""
    watchlist = own(request, pk)
    form = ConfirmForm(request.POST)
    if form.is_valid():
        try:
            added = services.add_all(watchlist, form.notes)
        except RequestRejected as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _sentence(len(added), watchlist))
            if form.cleaned_data["analyse"]:
                analyse_first(request, watchlist, added)
            return redirect(watchlist)
    shown = _preview(watchlist, form) if hasattr(form, "reading") else _context(watchlist, form)
    return render(request, PAGE, shown, status=422)


@require_safe
def export_stocks(request: Request, pk: int, format: FileFormat) -> HttpResponse:
    """Return the rows that are shown, in their order, as a file; the page with its sentences for a bad address."""
    watchlist = own(request, pk)
    shown = context(request, watchlist)
    if shown["shown_form"].problems:
        return render(request, WATCHLIST, shown, status=422)
    page = WatchlistPage(watchlist, request.user, shown_of(request))
    return spreadsheet(watchlist.name, format, export.COLUMNS, map(export.cells, page.shown_rows))


def _preview(watchlist: Watchlist, form: ImportForm) -> dict[str, Any]:
    preview = importing.preview(watchlist, form.reading)
    ticked = form.notes if isinstance(form, ConfirmForm) else preview.choices
    return {**_context(watchlist, form), "preview": preview, "ticked": ticked}


def _context(watchlist: Watchlist, form: ImportForm) -> dict[str, Any]:
    return {
        "watchlist": watchlist,
        "form": form,
        "typed": form.cleaned_data.get("text", "") if form.is_bound else "",
        "most_letters": importing.MOST_BYTES,
        "most_kilobytes": importing.MOST_BYTES // 1000,
        "most_tickers": importing.MOST_TICKERS,
    }


def _sentence(count: int, watchlist: Watchlist) -> str:
    return f"{count:,} {'stock is' if count == 1 else 'stocks are'} on “{watchlist}” now."
