"""Views of a user's lists: create, rename, move, delete, and go from one stock of a list to the next."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import services
from watchlist.forms import NameForm, ShiftForm
from watchlist.models import Watchlist, WatchlistItem
from watchlist.responses import PAGE, build_context, get_own_list


@require_POST
def create(request: Request) -> HttpResponse:
    form = NameForm(request.POST, instance=Watchlist(owner_id=int(request.user.pk or 0)))
    if form.is_valid():
        try:
            services.create(form.instance)
        except RequestRejected as rejection:
            form.add_error("name", str(rejection))
        except IntegrityError:  # the same name came in twice at once
            return redirect("watchlist:home")
    if not form.is_valid():
        context = build_context(request, services.first_watchlist(request.user), create_form=form)
        return render(request, PAGE, context, status=422)
    return redirect(form.instance)


@require_POST
def rename(request: Request, pk: int) -> HttpResponse:
    form = NameForm(request.POST, instance=get_own_list(request, pk))
    if form.is_valid():
        try:
            services.rename(form.instance)
        except IntegrityError:  # another list took the name between the question and the answer
            form.add_error("name", "You have a list of that name already.")
    if not form.is_valid():
        return render(request, PAGE, build_context(request, get_own_list(request, pk), name_form=form), status=422)
    messages.success(request, f"The list is called “{form.instance}” now.")
    return redirect(form.instance)


@require_POST
def shift(request: Request, pk: int) -> HttpResponse:
    """Move a list among the tabs."""
    watchlist = get_own_list(request, pk)
    form = ShiftForm(request.POST)
    if form.is_valid():
        services.shift(watchlist, form.cleaned_data["way"])
    return redirect(watchlist)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, pk: int) -> HttpResponse:
    """Ask for confirmation, then delete a list."""
    watchlist = get_own_list(request, pk)
    if request.method != "POST":
        items = watchlist.items
        noted = items.exclude(note="").count()
        context = {"watchlist": watchlist, "count": items.count(), "noted": noted}
        return render(request, "watchlist/delete.html", context)
    services.delete(watchlist)
    messages.success(request, f"The list “{watchlist}” is deleted.")
    return redirect("watchlist:home")


@require_safe
def neighbour(request: Request, ticker: str, step: int) -> HttpResponse:
    """Redirect to the stock before or after this one on a list, around its ends; to an end if it is not on the list.

    The list is the one named by `list`; if that is empty or not the user's, the first with this stock.
    """
    lists = _tickers_by_list(request)
    named = next((pk for pk in lists if str(pk) == request.GET.get("list")), None)
    holding = (pk for pk, tickers in lists.items() if ticker in tickers)
    chosen = named or next(holding, None) or next(iter(lists), None)
    if chosen is None:
        messages.info(request, "Your watchlists have no stocks yet.")
        return redirect("analysis:stock", ticker)
    tickers = lists[chosen]
    end = 0 if step > 0 else -1
    place = (tickers.index(ticker) + step) % len(tickers) if ticker in tickers else end
    query = f"?list={named}" if named else ""
    return redirect(reverse("analysis:stock", args=[tickers[place]]) + query)


def _tickers_by_list(request: Request) -> dict[int, list[str]]:
    """Return the tickers of each of the user's lists that has any, in their order."""
    items = WatchlistItem.objects.filter(watchlist__in=Watchlist.objects.of(request.user))
    items = items.order_by("watchlist__position", "watchlist", "position", "pk")
    lists: dict[int, list[str]] = {}
    for pk, ticker in items.values_list("watchlist", "stock"):
        lists.setdefault(pk, []).append(ticker)
    return lists
