"""Neighbours: from one stock of a list to the next or the previous one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from analysis.views.requests import Request
from watchlist.models import Watchlist, WatchlistItem


@require_safe
def neighbour(request: Request, ticker: str, step: int) -> HttpResponse:
    """To the stock before or after this one, round the user's list: the one named by `list`, else the first with it."""
    chosen = request.GET.get("list", "")
    lists = Watchlist.objects.of(request.user)
    items = WatchlistItem.objects.filter(watchlist__in=lists)
    items = items.order_by("watchlist__position", "watchlist", "position", "pk")
    found = list(items.values_list("watchlist", "stock"))
    here = next((pk for pk, stock in found if stock == ticker and chosen in {"", str(pk)}), None)
    tickers = [stock for pk, stock in found if pk == (here or found[0][0])]
    if not tickers:
        messages.info(request, "Your watchlists have no stocks yet.")
        return redirect("analysis:stock", ticker)
    if here is None:
        return redirect("analysis:stock", tickers[0 if step > 0 else -1])
    next_one = tickers[(tickers.index(ticker) + step) % len(tickers)]
    query = f"?list={here}" if chosen else ""
    return redirect(reverse("analysis:stock", args=[next_one]) + query)
