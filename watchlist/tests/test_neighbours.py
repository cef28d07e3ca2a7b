"""From one stock to the next of the user's list."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from analysis.tests.make import make_stock, make_user
from watchlist.models import Watchlist, WatchlistItem

pytestmark = pytest.mark.django_db


@pytest.fixture
def lists(client: Client) -> list[Watchlist]:
    """Two lists of Ann, who is logged in: A, B, C and C, A; and one of Bob with D."""
    ann, bob = make_user("ann"), make_user("bob")
    stocks = {name: make_stock(f"{name}.NS") for name in "ABCD"}
    found = []
    for place, (owner, names) in enumerate([(ann, "ABC"), (ann, "CA"), (bob, "D")]):
        watchlist = Watchlist.objects.create(owner=owner, name=names, position=place)
        for position, name in enumerate(names):
            WatchlistItem.objects.create(watchlist=watchlist, stock=stocks[name], position=position)
        found.append(watchlist)
    client.force_login(ann)
    return found


def lead(client: Client, way: str, ticker: str, **query: object) -> str:
    address = reverse(f"watchlist:{way}_stock", args=[ticker])
    return client.get(address, {name: str(value) for name, value in query.items()}).headers["Location"]


def test_keys_lead_round_the_first_list_with_the_stock(client: Client, lists: list[Watchlist]) -> None:
    assert lead(client, "next", "A.NS") == "/stocks/B.NS/"
    assert lead(client, "next", "C.NS") == "/stocks/A.NS/"
    assert lead(client, "previous", "A.NS") == "/stocks/C.NS/"


def test_a_list_named_in_the_address_is_kept_to(client: Client, lists: list[Watchlist]) -> None:
    second = lists[1].pk
    assert lead(client, "next", "C.NS", list=second) == f"/stocks/A.NS/?list={second}"
    assert lead(client, "next", "A.NS", list=second) == f"/stocks/C.NS/?list={second}"


def test_a_stock_on_no_list_of_ones_own_leads_to_an_end_of_the_first(client: Client, lists: list[Watchlist]) -> None:
    assert lead(client, "next", "D.NS") == "/stocks/A.NS/"
    assert lead(client, "previous", "D.NS") == "/stocks/C.NS/"
    assert lead(client, "next", "D.NS", list=lists[2].pk) == "/stocks/A.NS/"
    assert lead(client, "next", "A.NS", list="nonsense") == "/stocks/B.NS/"


def test_a_stock_that_has_left_the_list_leads_to_an_end_of_that_list(client: Client, lists: list[Watchlist]) -> None:
    second = lists[1].pk
    assert lead(client, "next", "B.NS", list=second) == f"/stocks/C.NS/?list={second}"
    assert lead(client, "previous", "B.NS", list=second) == f"/stocks/A.NS/?list={second}"


def test_without_any_stock_on_a_list_one_stays_and_is_told(client: Client) -> None:
    make_stock("A.NS")
    client.force_login(make_user("ann"))
    answer = client.get(reverse("watchlist:next_stock", args=["A.NS"]), follow=True)
    assert "Your watchlists have no stocks yet." in answer.text


def test_another_user_moves_through_lists_of_ones_own_and_nobody_moves(client: Client, lists: list[Watchlist]) -> None:
    client.force_login(lists[2].owner)
    assert lead(client, "next", "A.NS") == "/stocks/D.NS/"
    assert lead(client, "next", "A.NS", list=lists[0].pk) == "/stocks/D.NS/"
    client.logout()
    assert lead(client, "next", "A.NS").startswith(reverse("login"))
