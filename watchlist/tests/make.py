"""Makers of lists for tests; each writes real rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse

from analysis.models import Stock
from analysis.tests.make import make_stock
from watchlist.models import Watchlist

if TYPE_CHECKING:
    from stockapp.accounts.models import User

HTMX = {"HX-Request": "true"}


def make_list(owner: User, *tickers: str, name: str = "Mine") -> Watchlist:
    watchlist = Watchlist.objects.create(owner=owner, name=name)
    for position, ticker in enumerate(tickers):
        stock = Stock.objects.filter(pk=ticker).first() or make_stock(ticker)
        watchlist.items.create(stock=stock, position=position)
    return watchlist


def tickers_of(watchlist: Watchlist) -> list[str]:
    return list(watchlist.items.order_by("position", "pk").values_list("stock_id", flat=True))


def url(name: str, watchlist: Watchlist, *args: str) -> str:
    return reverse(f"watchlist:{name}", args=[watchlist.pk, *args])
