"""Neighbours: from one stock of a list to the next or the previous one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from stockapp.accounts.requests import Request
from watchlist.models import Watchlist, WatchlistItem


@require_safe
def neighbour(request: Request, ticker: str, step: int) -> HttpResponse:
    """To the stock before or after this one, round a list of the user's, or to its end where this one is not on it.

    The list is the one named by `list`; where that has no stocks or is not the user's, the first with this stock.
    """
    found = _stocks_by_list(request)
    named = next((pk for pk in found if str(pk) == request.GET.get("list")), None)
    holding = (pk for pk, tickers in found.items() if ticker in tickers)
    chosen = named or next(holding, None) or next(iter(found), None)
    if chosen is None:
        messages.info(request, "Your watchlists have no stocks yet.")
        return redirect("analysis:stock", ticker)
    tickers = found[chosen]
    end = 0 if step > 0 else -1
    place = (tickers.index(ticker) + step) % len(tickers) if ticker in tickers else end
    query = f"?list={named}" if named else ""
    return redirect(reverse("analysis:stock", args=[tickers[place]]) + query)


def _stocks_by_list(request: Request) -> dict[int, list[str]]:
    """The tickers of each of the user's lists that has any, in their order."""
    items = WatchlistItem.objects.filter(watchlist__in=Watchlist.objects.of(request.user))
    items = items.order_by("watchlist__position", "watchlist", "position", "pk")
    found: dict[int, list[str]] = {}
    for pk, ticker in items.values_list("watchlist", "stock"):
        found.setdefault(pk, []).append(ticker)
    return found
