from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse

from analysis.models import Result
from analysis.tests.make import make_result, make_stock, make_user
from watchlist import services
from watchlist.models import Watchlist
from watchlist.tests.make import HTMX, make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db


def names_of(owner: User) -> list[str]:
    return list(Watchlist.objects.filter(owner=owner).values_list("name", flat=True))


def test_a_list_gets_another_name(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    assert (
        "The list is called “Banks” now." in client.post(url("rename", watchlist), {"name": "Banks"}, follow=True).text
    )
    assert names_of(ann) == ["Banks"]


def test_a_list_may_keep_its_name_in_other_letters(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    client.post(url("rename", watchlist), {"name": "MINE"})
    assert names_of(ann) == ["MINE"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "Give the list a name."),
        ("other", "You have a list called “other” already."),
        ("x" * 61, "A name has 60 letters at most; this one has 61."),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_kept_in_the_field(
    client: Client, ann: User, name: str, problem: str
) -> None:
    watchlist = make_list(ann)
    make_list(ann, name="Other")
    answer = client.post(url("rename", watchlist), {"name": name})
    assert answer.status_code == 422
    assert problem in answer.text
    assert f'value="{name}"' in answer.text
    assert "Mine" in names_of(ann)


def test_lists_move_among_each_other_and_stay_at_the_ends(client: Client, ann: User) -> None:
    one, two, three = (make_list(ann, name=name) for name in ("One", "Two", "Three"))
    make_list(make_user("bob"), name="Bob’s")
    client.post(url("shift", three), {"way": "-1"})
    assert names_of(ann) == ["One", "Three", "Two"]
    client.post(url("shift", one), {"way": "-1"})
    client.post(url("shift", two), {"way": "1"})
    assert names_of(ann) == ["One", "Three", "Two"]
    assert client.post(url("shift", two), {"way": "evil"}).status_code == 302


def test_a_list_is_deleted_after_a_question(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"))
    watchlist = make_list(ann, "A.NS", "B.NS")
    watchlist.items.filter(stock="B.NS").update(note="mine")
    question = " ".join(client.get(url("delete", watchlist)).text.split())
    assert "Delete “Mine”?" in question
    assert "2 stocks leave your list, and 1 note is lost" in question
    assert Watchlist.objects.count() == 1
    answer = client.post(url("delete", watchlist), follow=True)
    assert "The list “Mine” is deleted." in answer.text
    assert names_of(ann) == ["Watchlist"]
    assert Result.objects.count() == 1


def test_there_is_a_limit_of_lists(client: Client, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_LISTS", 1)
    make_list(ann)
    answer = client.post(reverse("watchlist:create"), {"name": "Second"})
    assert answer.status_code == 422
    assert "You have 1 lists, which is the limit" in answer.text
    assert 'value="Second"' in answer.text


def test_a_full_list_takes_no_more_and_says_so(client: Client, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_STOCKS", 1)
    watchlist = make_list(ann, "A.NS")
    for headers in ({}, HTMX):
        answer = client.post(url("add", watchlist), {"ticker": "B.NS"}, headers=headers)
        assert answer.status_code == 422
        assert "A list holds 1 stocks; “Mine” has 1 already." in answer.text
        assert 'value="B.NS"' in answer.text
    assert tickers_of(watchlist) == ["A.NS"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"move": "C.NS", "by": "-1"}, "A C B D"),
        ({"move": "A.NS", "by": "1"}, "B A C D"),
        ({"move": "C.NS", "by": "-1000"}, "C A B D"),
        ({"move": "A.NS", "by": "1000"}, "B C D A"),
        ({"move": "A.NS", "by": "-1"}, "A B C D"),
        ({"move": "D.NS", "before": "B.NS"}, "A D B C"),
        ({"move": "A.NS", "before": "D.NS"}, "B C A D"),
        ({"move": "A.NS", "before": ""}, "B C D A"),
        ({"move": "A.NS", "before": "A.NS"}, "A B C D"),
        ({"move": "EVIL.NS", "by": "1"}, "A B C D"),
        ({"move": "", "by": "x"}, "A B C D"),
    ],
)
def test_a_stock_moves_within_its_list(client: Client, ann: User, form: dict[str, str], expected: str) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS", "C.NS", "D.NS")
    assert client.post(url("move", watchlist), form, headers=HTMX).status_code == 200
    assert tickers_of(watchlist) == [f"{letter}.NS" for letter in expected.split()]


def test_a_button_without_javascript_moves_by_its_address(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS")
    text = client.get(url("watchlist", watchlist) + "?open=A.NS").text
    assert f'formaction="{url("move", watchlist)}?by=1"' in text
    answer = client.post(url("move", watchlist) + "?by=1", {"move": "A.NS", "open": "A.NS"})
    assert answer.headers["Location"] == f"{watchlist.get_absolute_url()}?open=A.NS"
    assert tickers_of(watchlist) == ["B.NS", "A.NS"]


def test_stocks_are_moved_only_where_their_order_is_shown(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS")
    assert "is-movable" in client.get(url("watchlist", watchlist)).text
    text = client.get(url("watchlist", watchlist) + "?sort=ticker&open=A.NS").text
    assert "is-movable" not in text
    assert url("move", watchlist) + "?by=1" not in text


def test_a_note_is_saved_shown_and_emptied(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS")
    form = {"note": "A.NS", "note-A.NS": " results on Friday ", "note-B.NS": "not saved", "open": ["A.NS", "B.NS"]}
    answer = client.post(url("note", watchlist), form, headers=HTMX)
    assert "The note on A.NS is saved." in answer.text
    assert dict(watchlist.items.values_list("stock_id", "note")) == {"A.NS": "results on Friday", "B.NS": ""}
    assert "results on Friday" in client.get(url("watchlist", watchlist)).text
    client.post(url("note", watchlist), {"note": "A.NS", "note-A.NS": ""})
    assert watchlist.items.get(stock="A.NS").note == ""


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_note_on_a_stock_that_was_removed_meanwhile_is_not_called_saved(
    client: Client, ann: User, headers: dict[str, str]
) -> None:
    watchlist = make_list(ann, "A.NS")
    answer = client.post(url("note", watchlist), {"note": "B.NS", "note-B.NS": "mine"}, headers=headers)
    assert answer.status_code == 422
    assert "The note is not saved: B.NS is not on “Mine” any more." in answer.text


def test_a_row_that_was_removed_meanwhile_opens_as_the_table_without_it(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS")
    answer = client.get(url("row", watchlist, "B.NS"), headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Retarget"]) == (422, "#live")
    assert "B.NS is not on “Mine” any more." in answer.text
    assert 'id="row-A.NS"' in answer.text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_note_that_is_too_long_is_refused_and_kept_in_the_field(
    client: Client, ann: User, headers: dict[str, str]
) -> None:
    watchlist = make_list(ann, "A.NS")
    watchlist.items.update(note="before")
    typed = "<b>" + "x" * 200
    answer = client.post(url("note", watchlist), {"note": "A.NS", "note-A.NS": typed}, headers=headers)
    assert answer.status_code == 422
    assert "A note has 200 letters at most; this one has 203." in answer.text
    assert "&lt;b&gt;" + "x" * 200 in answer.text
    assert watchlist.items.get().note == "before"


def test_an_empty_list_offers_three_ways_to_begin(client: Client, ann: User) -> None:
    make_stock("A.NS")
    watchlist = make_list(ann)
    text = client.get(url("watchlist", watchlist)).text
    assert "in the field above" in text
    assert url("import", watchlist) in text
    assert url("add_demo_market", watchlist) in text
    assert "manage.py" not in text


def test_an_installation_without_stocks_is_told_what_to_run(client: Client, ann: User) -> None:
    text = client.get(url("watchlist", make_list(ann))).text
    for command in (
        "manage.py load_stocks EQUITY_L.csv",
        "manage.py load_stocks --from-yahoo in",
        "manage.py load_demo",
    ):
        assert command in text


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_demo_market_is_a_way_to_begin(client: Client, ann: User, headers: dict[str, str]) -> None:
    watchlist = make_list(ann)
    answer = client.post(url("add_demo_market", watchlist), headers=headers, follow=True)
    assert "The demo market’s 40 fictional companies are on “Mine” now." in answer.text
    assert watchlist.items.count() == 40
    assert "0 of 40 done" in answer.text
