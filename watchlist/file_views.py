"""Views of files: import into a watchlist, with a preview before anything is added, and export from it."""

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
from watchlist.forms import ConfirmForm, ImportForm
from watchlist.import_text import MOST_BYTES
from watchlist.models import Watchlist
from watchlist.responses import PAGE as WATCHLIST
from watchlist.responses import build_context, get_own_list
from watchlist.views import request_first_analysis

PAGE = "watchlist/import.html"


@require_http_methods(["GET", "HEAD", "POST"])
def import_stocks(request: Request, pk: int) -> HttpResponse:
    """Ask for tickers, then show a preview of the import; nothing is added here."""
    watchlist = get_own_list(request, pk)
    given = (request.POST, request.FILES) if request.method == "POST" else ()
    form = ImportForm(*given, default=request.user.bare_exchange)
    if form.is_valid():
        return render(request, PAGE, _preview(watchlist, form))
    return render(request, PAGE, _context(watchlist, form), status=422 if form.is_bound else 200)


@require_POST
def confirm_import(request: Request, pk: int) -> HttpResponse:
    """Add the tickers of the preview that were ticked."""
    watchlist = get_own_list(request, pk)
    form = ConfirmForm(request.POST, default=request.user.bare_exchange)
    if form.is_valid():
        try:
            added = services.add_all(watchlist, form.notes, reused=form.reading.reused).added
        except RequestRejected as rejection:
            form.add_error(None, str(rejection))
        else:
            messages.success(request, _sentence(len(added), watchlist))
            if form.cleaned_data["analyse"]:
                request_first_analysis(request, watchlist, added)
            return redirect(watchlist)
    context = _preview(watchlist, form) if hasattr(form, "reading") else _context(watchlist, form)
    return render(request, PAGE, context, status=422)


@require_safe
def export_stocks(request: Request, pk: int, format: FileFormat) -> HttpResponse:
    """Return the visible rows, in their order, as a file; the page with its sentences for a bad address."""
    watchlist = get_own_list(request, pk)
    context = build_context(request, watchlist)
    if context["list_form"].problems:
        return render(request, WATCHLIST, context, status=422)
    return spreadsheet(watchlist.name, format, export.COLUMNS, map(export.cells, context["page"].visible_rows))


def _preview(watchlist: Watchlist, form: ImportForm) -> dict[str, Any]:
    preview = importing.preview(watchlist, form.reading)
    ticked = form.notes if isinstance(form, ConfirmForm) else preview.choices
    return {**_context(watchlist, form), "preview": preview, "ticked": ticked}


def _context(watchlist: Watchlist, form: ImportForm) -> dict[str, Any]:
    return {
        "watchlist": watchlist,
        "form": form,
        "typed": form.cleaned_data.get("text", "") if form.is_bound else "",
        "column": form.data.get("column", ""),
        "most_letters": MOST_BYTES,
        "most_kilobytes": MOST_BYTES // 1000,
        "most_tickers": importing.MOST_TICKERS,
    }


def _sentence(count: int, watchlist: Watchlist) -> str:
    return f"{count:,} {'stock is' if count == 1 else 'stocks are'} on “{watchlist}” now."
