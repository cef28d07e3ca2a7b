"""Responses of a watchlist's views: the user's list, the page or its live part, and rejections with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render

from analysis.pages.polls import poll_query, running_count
from analysis.pages.source_notice import read_source_notice
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist.change_forms import TransferForm
from watchlist.change_sentences import describe_change
from watchlist.forms import AddForm, ListQueryForm, NameForm
from watchlist.models import ListChange, Watchlist
from watchlist.page import WatchlistPage

PAGE = "watchlist/watchlist.html"
MOST_NAMED = 8


def get_own_list(request: Request, pk: int) -> Watchlist:
    """Return a list of the user. Raise Http404 for lists of others, too."""
    return get_object_or_404(Watchlist.objects.of(request.user).select_related("owner"), pk=pk)


def read_list_form(request: Request) -> ListQueryForm:
    """Return the query of the list from the address; for an act through htmx, from that of the page it was made on."""
    query = request.GET.copy()
    if request.htmx and request.method == "POST":
        query = QueryDict(_query_of(request.htmx.current_url or ""), mutable=True)
        query.setlist("open", [])
    query.setlist("open", query.getlist("open") + request.POST.getlist("open"))
    return ListQueryForm(query)


def _query_of(address: str) -> str:
    try:
        return urlsplit(address).query
    except ValueError:  # no address at all
        return ""


def build_context(request: Request, watchlist: Watchlist, **more: Any) -> dict[str, Any]:
    """Return the context of the page of a list; `more` adds to it or replaces a form."""
    form = read_list_form(request)
    page = WatchlistPage(watchlist, request.user, form.list_query, more.pop("rejected_note", ("", "", "")))
    if page.active:  # the part polls for changes of this state
        more["running_jobs"] = running = running_count(request.user)
        more["source_notice"] = notice = read_source_notice()
        more["poll_query"] = poll_query(page.list_query.query, page.poll_state(running, notice))
    return {
        "page": page,
        "watchlist": watchlist,
        "watchlists": Watchlist.objects.of(request.user),
        "list_form": form,
        "add_form": AddForm(),
        "create_form": NameForm(),
        "name_form": NameForm(instance=watchlist),
        "transfer_form": TransferForm(watchlist=watchlist),
        **more,
    }


def show_list(
    request: Request, watchlist: Watchlist, *, partial: str = "acted", change: ListChange | None = None
) -> HttpResponse:
    """Return the table for htmx, else a redirect to the page. Both offer to undo a change."""
    if request.htmx:
        return render(request, f"{PAGE}#{partial}", build_context(request, watchlist, **offer_undo(change)))
    if change:
        return redirect(undo_address(request, change))
    return redirect(f"{watchlist.get_absolute_url()}{read_list_form(request).list_query.full_query}")


def offer_undo(change: ListChange | None) -> dict[str, Any]:
    """Return the context of the notice that says what a change did and undoes it."""
    return {"change": change, "change_sentence": describe_change(change)} if change else {}


def undo_address(request: Request, change: ListChange) -> str:
    """Return the address of the change's list as it is shown, with the offer to undo the change."""
    query = read_list_form(request).list_query.full_query
    return f"{change.watchlist.get_absolute_url()}{query}{'&' if query else '?'}undo={change.pk}"


def show_added(request: Request, watchlist: Watchlist, form: AddForm, added: Sequence[str]) -> HttpResponse:
    """Return the table after stocks were added, at the new rows, with the entries that are still open in the field."""
    open_entries = {"add_form": form, "add_rest": form.rest} if form.open_questions or form.other_exchanges else {}
    if not request.htmx and not open_entries:
        query, place = read_list_form(request).list_query.full_query, f"#row-{quote(added[0])}" if added else ""
        return redirect(f"{watchlist.get_absolute_url()}{query}{place}")
    context = build_context(request, watchlist, added=added, **open_entries)
    if hidden := [ticker for ticker in added if ticker not in context["page"].visible_tickers]:
        messages.info(request, f"The filters hide {', '.join(hidden[:MOST_NAMED])}.")
    return render(request, f"{PAGE}#added" if request.htmx else PAGE, context)


def show_rejection(
    request: Request, watchlist: Watchlist, rejection: RequestRejected | str, **more: Any
) -> HttpResponse:
    """Return the table for htmx, else the page, with the reason and status 422."""
    messages.error(request, str(rejection))
    page = f"{PAGE}#acted" if request.htmx else PAGE
    return render(request, page, build_context(request, watchlist, **more), status=422)
