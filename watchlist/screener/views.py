"""The screener's page and its acts: export, screens, adding to a list."""

from __future__ import annotations

from itertools import chain
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from analysis.exports import FileFormat, spreadsheet
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist.models import Screen
from watchlist.screener import services
from watchlist.screener.forms import ScreenForm, SelectionForm
from watchlist.screener.page import Screener
from watchlist.services import AddResult, first_watchlist

PAGE = "watchlist/screener.html"


@require_safe
def screener(request: Request) -> HttpResponse:
    """Show the page. An address with empty fields, as its form sends it, redirects to the same one without them."""
    page = Screener(request.GET, request.user)
    if "" in chain.from_iterable(values for _, values in request.GET.lists()) and not page.problems:
        return redirect(page.address)
    return _render(request, page)


@require_safe
def export(request: Request, format: FileFormat) -> HttpResponse:
    """Return every match as a file; the page with its sentences for an address that cannot be used."""
    page = Screener(request.GET, request.user)
    if page.problems:
        return _render(request, page)
    return spreadsheet(f"{page.name} {timezone.localdate()}", format, *page.table())


@require_safe
def open_screen(request: Request, pk: int) -> HttpResponse:
    return redirect(_address(_own(request, pk)))


@require_POST
def create_screen(request: Request) -> HttpResponse:
    page = _posted_page(request)
    screen = Screen(owner=request.user, query=page.query)
    return _save(request, page, screen, "create_form")


@require_POST
def rename_screen(request: Request, pk: int) -> HttpResponse:
    screen = _own(request, pk)
    return _save(request, _posted_page(request, screen), screen, "rename_form")


@require_POST
def replace_screen(request: Request, pk: int) -> HttpResponse:
    """Give a screen the filters, columns and order that are shown now."""
    screen, page = _own(request, pk), _posted_page(request)
    screen.query = page.query
    try:
        services.save_screen(screen)
    except RequestRejected as rejection:
        messages.error(request, str(rejection))
        return _render(request, page, status=422)
    messages.success(request, f"“{screen}” is saved as it is shown.")
    return redirect(_address(screen))


@require_POST
def delete_screen(request: Request, pk: int) -> HttpResponse:
    screen = _own(request, pk)
    services.delete_screen(screen)
    messages.success(request, f"The screen “{screen}” is deleted.")
    return redirect("screener:screener")


@require_POST
def add_to_list(request: Request) -> HttpResponse:
    page, form = _posted_page(request), SelectionForm(request.POST, user=request.user)
    try:
        if not form.is_valid():
            raise RequestRejected(next(iter(form.errors.values()))[0])
        watchlist = form.cleaned_data["watchlist"] or first_watchlist(request.user)
        tickers = list(page.matches.values_list("pk", flat=True)) if form.cleaned_data["all"] else form.tickers
        result = services.add_stocks(watchlist, tickers)
    except RequestRejected as rejection:
        messages.error(request, str(rejection))
        return _render(request, page, status=422)
    messages.success(request, _sentence(result, str(watchlist)))
    return redirect(page.address)


def _sentence(result: AddResult, name: str) -> str:
    if not result.added:
        return f"Nothing to add: {_stocks(len(result.present))} on “{name}” already."
    present = f" {_stocks(len(result.present))} on it already." if result.present else ""
    return f"{_stocks(len(result.added))} on “{name}” now.{present}"


def _stocks(count: int) -> str:
    return "1 stock is" if count == 1 else f"{count:,} stocks are"


def _save(request: Request, page: Screener, screen: Screen, form_name: str) -> HttpResponse:
    form = ScreenForm(request.POST, instance=screen)
    if not form.is_valid():
        return _render(request, page, status=422, **{form_name: form})
    try:
        services.save_screen(screen)
    except RequestRejected as rejection:
        messages.error(request, str(rejection))
        return _render(request, page, status=422)
    messages.success(request, f"The screen “{screen}” is saved.")
    return redirect(_address(screen))


def _own(request: Request, pk: int) -> Screen:
    return get_object_or_404(Screen.objects.of(request.user), pk=pk)


def _posted_page(request: Request, screen: Screen | None = None) -> Screener:
    """Return the page that a posted form was on, with this screen open."""
    data = QueryDict(request.POST.get("query", ""), mutable=True)
    if screen:
        data["screen"] = str(screen.pk)
    return Screener(data, request.user)


def _address(screen: Screen) -> str:
    return f"{reverse('screener:screener')}?{screen.query}{'&' if screen.query else ''}screen={screen.pk}"


def _render(request: Request, page: Screener, status: int = 200, **forms: Any) -> HttpResponse:
    context = {
        "screener": page,
        "create_form": ScreenForm(),
        "rename_form": ScreenForm(instance=page.screen),
        "most_at_once": services.MOST_AT_ONCE,
        **forms,
    }
    return render(request, PAGE, context, status=422 if page.problems else status)
