"""What the views of a watchlist have in common: whose it is, what is shown of it, and the page that answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import urlencode

from analysis.pages.polls import poll_query, running_count
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import services
from watchlist.forms import AddForm, NameForm, ShownForm
from watchlist.models import Watchlist
from watchlist.page import WatchlistPage
from watchlist.polls import shown_state
from watchlist.services import Removed
from watchlist.shown import Shown

PAGE = "watchlist/watchlist.html"


def own(request: Request, pk: int) -> Watchlist:
    """A list of the user's own; anybody else's does not exist."""
    return get_object_or_404(Watchlist.objects.of(request.user).select_related("owner"), pk=pk)


def form_of(request: Request) -> ShownForm:
    """Filters, order and open rows: from the address, and with an act, from that of the page it is made on."""
    given = request.GET.copy()
    if request.htmx and request.method == "POST":
        given = QueryDict(_query(request.htmx.current_url or ""), mutable=True)
        given.setlist("open", [])
    given.setlist("open", given.getlist("open") + request.POST.getlist("open"))
    return ShownForm(given)


def _query(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:  # no address at all
        return ""


def shown_of(request: Request) -> Shown:
    return form_of(request).shown


def context(request: Request, watchlist: Watchlist, **more: Any) -> dict[str, Any]:
    form = form_of(request)
    page = WatchlistPage(watchlist, request.user, form.shown, more.pop("refused_note", ("", "", "")))
    if page.active:  # the part polls for changes of this state
        more["running_jobs"] = running = running_count(request.user)
        more["poll_query"] = poll_query(page.shown.query, shown_state(page, running))
    return {
        "page": page,
        "watchlist": watchlist,
        "watchlists": Watchlist.objects.of(request.user),
        "shown_form": form,
        "add_form": AddForm(),
        "create_form": NameForm(),
        "name_form": NameForm(instance=watchlist),
        "most_stocks": services.MOST_STOCKS,
        **more,
    }


def answer(
    request: Request, watchlist: Watchlist, *, partial: str = "acted", removed: Removed | None = None
) -> HttpResponse:
    """The table again for htmx, the page again for everybody else; either offers to undo a removal."""
    if request.htmx:
        return render(request, f"{PAGE}#{partial}", context(request, watchlist, removed=removed))
    query = shown_of(request).full_query
    if removed:
        query += f"{'&' if query else '?'}{urlencode({'removed': removed.token})}"
    return redirect(f"{watchlist.get_absolute_url()}{query}")


def refuse(request: Request, watchlist: Watchlist, refusal: RequestRejected | str, **more: Any) -> HttpResponse:
    """The same with status 422, and the reason."""
    messages.error(request, str(refusal))
    page = f"{PAGE}#acted" if request.htmx else PAGE
    return render(request, page, context(request, watchlist, **more), status=422)
