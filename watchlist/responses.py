"""Responses of a watchlist's views: the user's list, the page or its live part, and rejections with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html

from analysis.pages.polls import poll_query, running_count
from analysis.pages.source_notice import SourceNotice, read_source_notice
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist.change_forms import TransferForm
from watchlist.change_sentences import describe_change
from watchlist.forms import AddForm, ListQueryForm, NameForm
from watchlist.models import ListChange, Watchlist
from watchlist.page import WatchlistPage
from watchlist.services import AddResult

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
    if page.is_live:  # the part polls for changes of this state
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


def show_added(request: Request, watchlist: Watchlist, form: AddForm, result: AddResult) -> HttpResponse:
    """Return the table after stocks were added, with the entries that are still open in the field.

    It is shown at the new rows, or at those of stocks that were on the list before.
    """
    added = result.added
    shown = added or result.present
    open_entries = {"add_form": form, "add_rest": form.rest} if form.open_questions or form.other_exchanges else {}
    if not request.htmx and not open_entries:
        describe_added(request, watchlist, result)
        query, place = read_list_form(request).list_query.full_query, f"#row-{quote(shown[0])}" if shown else ""
        return redirect(f"{watchlist.get_absolute_url()}{query}{place}")
    context = build_context(request, watchlist, added=shown, **open_entries)
    describe_added(request, watchlist, result, describe_hidden(context["page"], added, context.get("source_notice")))
    return render(request, f"{PAGE}#added" if request.htmx else PAGE, context)


def describe_added(request: Request, watchlist: Watchlist, result: AddResult, hidden: str = "") -> None:
    """Say which stocks were added to a list, `hidden` of those that its filters hide, and which were on it before."""
    if added := result.added:
        names = ", ".join(added) if len(added) <= MOST_NAMED else f"{len(added)} stocks"
        sentence = f"{names} {'is' if len(added) == 1 else 'are'} on “{watchlist}” now."
        messages.success(request, format_html("{} {}", sentence, hidden) if hidden else sentence)
    if before := result.present:
        names = ", ".join(before) if len(before) <= MOST_NAMED else f"{len(before)} stocks"
        messages.info(request, f"{names} {'is' if len(before) == 1 else 'are'} on “{watchlist}” already.")


def describe_hidden(page: WatchlistPage, added: Sequence[str], notice: SourceNotice | None) -> str:
    """Return that the filters hide new rows, the state of a single one, and a link that shows them; else empty."""
    visible = set(page.visible_tickers)
    hidden = [row for row in page.rows if row.stock.pk in added and row.stock.pk not in visible]
    if not hidden:
        return ""
    first, count = hidden[0], len(hidden)
    state = first.describe_wait(notice).removesuffix(".") or first.stock.get_last_status_display().lower()
    address = f"{page.watchlist.get_absolute_url()}{page.list_query.unfiltered_query}#row-{quote(first.stock.pk)}"
    what = f"{first.stock.pk} ({state})" if count == 1 else f"{count} of them"
    return format_html('The filters hide {}. <a href="{}">Show {}</a>', what, address, "it" if count == 1 else "them")


def show_rejection(
    request: Request, watchlist: Watchlist, rejection: RequestRejected | str, **more: Any
) -> HttpResponse:
    """Return the table for htmx, else the page, with the reason and status 422."""
    messages.error(request, str(rejection))
    page = f"{PAGE}#acted" if request.htmx else PAGE
    return render(request, page, build_context(request, watchlist, **more), status=422)
