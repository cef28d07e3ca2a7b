"""The screener's page, its file, its screens, and the way from it to a list."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

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
from watchlist.screener.services import Added
from watchlist.services import first_watchlist

if TYPE_CHECKING:
    from stockapp.accounts.models import User

PAGE = "watchlist/screener.html"


@require_safe
def screener(request: Request) -> HttpResponse:
    """The page; an address with the empty fields of its form leads to the same one without them."""
    asked = Screener(request.GET, _user(request))
    if "" in chain.from_iterable(values for _, values in request.GET.lists()) and not asked.problems:
        return redirect(asked.address)
    return _page(request, asked)


@require_safe
def export(request: Request, format: FileFormat) -> HttpResponse:
    """Every match as a file; the page with its sentences when the address has what cannot be used."""
    asked = Screener(request.GET, _user(request))
    if asked.problems:
        return _page(request, asked)
    return spreadsheet(f"{asked.name} {timezone.localdate()}", format, *asked.table())


@require_safe
def open_screen(request: Request, pk: int) -> HttpResponse:
    return redirect(_address(_own(request, pk)))


@require_POST
def create_screen(request: Request) -> HttpResponse:
    asked = _asked(request)
    screen = Screen(owner=_user(request), query=asked.query)
    return _keep(request, asked, screen, "create_form")


@require_POST
def rename_screen(request: Request, pk: int) -> HttpResponse:
    screen = _own(request, pk)
    return _keep(request, _asked(request, screen), screen, "rename_form")


@require_POST
def replace_screen(request: Request, pk: int) -> HttpResponse:
    """Give a screen the filters, columns and order that are shown now."""
    screen = _own(request, pk)
    screen.query = _asked(request).query
    services.keep(screen)
    messages.success(request, f"“{screen}” is saved as it is shown.")
    return redirect(_address(screen))


@require_POST
def delete_screen(request: Request, pk: int) -> HttpResponse:
    screen = _own(request, pk)
    services.drop(screen)
    messages.success(request, f"The screen “{screen}” is deleted.")
    return redirect("screener:screener")


@require_POST
def add_to_list(request: Request) -> HttpResponse:
    asked, form = _asked(request), SelectionForm(request.POST, user=request.user)
    try:
        if not form.is_valid():
            raise RequestRejected(next(iter(form.errors.values()))[0])
        watchlist = form.cleaned_data["watchlist"] or first_watchlist(request.user)
        tickers = list(asked.found.values_list("pk", flat=True)) if form.cleaned_data["all"] else form.tickers
        added = services.add_all(watchlist, tickers)
    except RequestRejected as refusal:
        messages.error(request, str(refusal))
        return _page(request, asked, status=422)
    messages.success(request, _result(added, str(watchlist)))
    return redirect(asked.address)


def _result(added: Added, name: str) -> str:
    """What became of a selection, in a sentence."""
    if not added.added:
        return f"Nothing to add: {_stocks(added.there)} on “{name}” already."
    there = f" {_stocks(added.there)} on it already." if added.there else ""
    return f"{_stocks(added.added)} on “{name}” now.{there}"


def _stocks(count: int) -> str:
    return "1 stock is" if count == 1 else f"{count:,} stocks are"


def _keep(request: Request, asked: Screener, screen: Screen, form_name: str) -> HttpResponse:
    form = ScreenForm(request.POST, instance=screen)
    if not form.is_valid():
        return _page(request, asked, status=422, **{form_name: form})
    try:
        services.keep(screen)
    except RequestRejected as refusal:
        messages.error(request, str(refusal))
        return _page(request, asked, status=422)
    messages.success(request, f"The screen “{screen}” is saved.")
    return redirect(_address(screen))


def _own(request: Request, pk: int) -> Screen:
    return get_object_or_404(Screen.objects.of(request.user), pk=pk)


def _user(request: Request) -> User:
    return request.user


def _asked(request: Request, screen: Screen | None = None) -> Screener:
    """What the page showed when one of its forms was sent, with this screen open."""
    data = QueryDict(request.POST.get("query", ""), mutable=True)
    if screen:
        data["screen"] = str(screen.pk)
    return Screener(data, _user(request))


def _address(screen: Screen) -> str:
    return f"{reverse('screener:screener')}?{screen.query}{'&' if screen.query else ''}screen={screen.pk}"


def _page(request: Request, asked: Screener, status: int = 200, **forms: Any) -> HttpResponse:
    context = {"screener": asked, "create_form": ScreenForm(), "most_at_once": services.MOST_AT_ONCE, **forms}
    return render(request, PAGE, context, status=422 if asked.problems else status)
