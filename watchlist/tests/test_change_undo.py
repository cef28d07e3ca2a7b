"""Undo of a change after stocks were renamed, joined or deleted, and what it says about them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from analysis.models import Stock
from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import make_stock
from watchlist import changes, services
from watchlist.change_sentences import describe_change
from watchlist.models import NOTE_LENGTH, ListChange, Watchlist
from watchlist.tests.make import make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(ann: User) -> Watchlist:
    return listed(ann, "Mine", A="of a", B="of b", C="")


def listed(owner: User, name: str, **notes: str) -> Watchlist:
    """A list of stocks with their notes, which is a minute older than what the test does."""
    with time_machine.travel(timezone.now() - timedelta(minutes=1)):
        watchlist = make_list(owner, *(f"{ticker}.NS" for ticker in notes), name=name)
    for ticker, note in notes.items():
        watchlist.items.filter(stock=f"{ticker}.NS").update(note=note)
    return watchlist


def notes_of(watchlist: Watchlist) -> dict[str, str]:
    return {item.stock_id: item.note for item in watchlist.items.order_by("position", "pk")}


def rename(*pairs: str) -> None:
    for pair in pairs:
        rename_stocks([Rename(*(f"{name}.NS" for name in pair.split("=")))])


def undo(client: Client, change: ListChange) -> str:
    """Undo a change on the page; return its sentence."""
    answer = client.post(url("undo", change.watchlist), {"undo": change.pk}, follow=True)
    return "\n".join(map(str, answer.context["messages"]))


@pytest.mark.parametrize(
    ("renames", "notes", "sentence"),
    [
        (["A=X"], {"X.NS": "of a", "B.NS": "of b", "C.NS": ""},
         "X.NS is back on “Mine”. A.NS is X.NS now."),
        (["A=X", "X=Y"], {"Y.NS": "of a", "B.NS": "of b", "C.NS": ""},
         "Y.NS is back on “Mine”. A.NS is Y.NS now."),
        (["A=B"], {"B.NS": "of b", "C.NS": ""},
         "Nothing to put back: everything is on “Mine” already. A.NS is B.NS now."),
        (["A=C"], {"B.NS": "of b", "C.NS": "of a"},
         "C.NS was already on “Mine”; its note was restored. A.NS is C.NS now."),
        (["A=X", "X=A"], {"A.NS": "of a", "B.NS": "of b", "C.NS": ""}, "A.NS is back on “Mine”."),
    ],
)  # fmt: skip
def test_a_removed_stock_comes_back_under_its_present_ticker(
    client: Client, mine: Watchlist, renames: list[str], notes: dict[str, str], sentence: str
) -> None:
    change = changes.remove(mine, ["A.NS"])
    rename(*renames)
    assert undo(client, change) == sentence
    assert notes_of(mine) == notes
    assert set(Stock.objects.values_list("pk", flat=True)) == set(notes)


def test_a_ticker_that_another_company_has_by_then_is_not_put_back(client: Client, mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS"])
    rename("A=X")
    make_stock("A.NS", name="Another company")
    undo(client, change)
    assert tickers_of(mine) == ["X.NS", "B.NS", "C.NS"]


def test_a_stock_that_had_the_ticker_long_ago_is_not_taken_for_a_deleted_one(client: Client, mine: Watchlist) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=400)):
        make_stock("OLD.NS")
        rename("OLD=X")
    watchlist = make_list(mine.owner, "OLD.NS", "B.NS", name="Another company of that ticker")
    change = changes.remove(watchlist, ["OLD.NS"])
    Stock.objects.filter(pk="OLD.NS").delete()
    assert undo(client, change) == "Nothing to put back. OLD.NS was deleted and cannot be restored."
    assert tickers_of(watchlist) == ["B.NS"]


def test_notes_that_undoing_restores_are_said(client: Client, mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS", "B.NS"])
    services.add_all(mine, {"A.NS": "", "B.NS": ""})
    assert undo(client, change) == "2 stocks were already on “Mine”; their notes were restored."
    assert notes_of(mine) == {"C.NS": "", "A.NS": "of a", "B.NS": "of b"}


def test_two_removed_stocks_that_became_one_come_back_once_with_both_notes(client: Client, mine: Watchlist) -> None:
    mine.items.filter(stock="B.NS").update(note="b" * NOTE_LENGTH)
    change = changes.remove(mine, ["A.NS", "B.NS"])
    rename("B=A")
    assert undo(client, change) == "A.NS is back on “Mine”. B.NS is A.NS now."
    assert notes_of(mine) == {"A.NS": f"of a; {'b' * (NOTE_LENGTH - 7)}…", "C.NS": ""}


@pytest.mark.parametrize("act", [changes.move, changes.copy])
def test_a_renamed_stock_leaves_the_other_list_again(client: Client, ann: User, mine: Watchlist, act: object) -> None:
    other = listed(ann, "Other", Z="")
    change = act(mine, ["A.NS", "B.NS"], other)  # type: ignore[operator]
    rename("A=X")
    undo(client, change)
    assert notes_of(other) == {"Z.NS": ""}
    assert notes_of(mine) == {"X.NS": "of a", "B.NS": "of b", "C.NS": ""}


@pytest.mark.parametrize("act", [changes.move, changes.copy])
def test_a_row_of_the_other_list_that_was_joined_with_a_copied_one_stays_there(
    client: Client, ann: User, mine: Watchlist, act: object
) -> None:
    other = listed(ann, "Other", X="their own")
    change = act(mine, ["A.NS"], other)  # type: ignore[operator]
    rename("A=X")
    undo(client, change)
    assert notes_of(other) == {"X.NS": "their own; of a"}
    assert notes_of(mine)["X.NS"] == "of a"


def test_stocks_that_were_deleted_stay_away_and_are_named(client: Client, mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS", "B.NS"])
    Stock.objects.filter(pk="A.NS").delete()
    assert undo(client, change) == "B.NS is back on “Mine”. A.NS was deleted and cannot be restored."
    change = changes.remove(mine, ["B.NS", "C.NS"])
    Stock.objects.filter(pk__in=["B.NS", "C.NS"]).delete()
    assert undo(client, change) == "Nothing to put back. 2 stocks were deleted and cannot be restored."
    assert not Stock.objects.exists()


def test_rows_that_are_there_again_are_said_and_keep_their_notes(client: Client, mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS", "B.NS", "C.NS"])
    services.add_all(mine, {"A.NS": "", "B.NS": "new"})
    assert undo(client, change) == (
        "C.NS is back on “Mine”. A.NS was already on the list; its note was restored. B.NS was already on the list, "
        "unchanged."
    )
    assert sorted(notes_of(mine).items()) == [("A.NS", "of a"), ("B.NS", "new"), ("C.NS", "")]


def test_a_copy_to_a_list_that_was_deleted_is_undone_in_words(client: Client, ann: User, mine: Watchlist) -> None:
    other = listed(ann, "Other")
    change = changes.copy(mine, ["A.NS"], other)
    services.delete(other)
    assert undo(client, change) == "Nothing to take off: the other list was deleted since."
    assert tickers_of(mine) == ["A.NS", "B.NS", "C.NS"]


def test_a_change_that_an_earlier_version_stored_is_undone(client: Client, mine: Watchlist) -> None:
    mine.items.filter(stock__in=["A.NS", "B.NS"]).delete()
    rows = [
        {"ticker": "A.NS", "note": "of a", "position": 0, "was_there": False, "took_note": False},
        {"ticker": "B.NS", "note": "of b", "position": 1, "was_there": False, "took_note": False},
    ]
    change = ListChange.objects.create(owner=mine.owner, kind="removed", watchlist=mine, rows=rows)
    rename("A=X")
    assert undo(client, change) == "2 stocks are back on “Mine”. A.NS is X.NS now."
    assert notes_of(mine) == {"X.NS": "of a", "B.NS": "of b", "C.NS": ""}


def test_many_renames_are_counted(client: Client, ann: User) -> None:
    watchlist = listed(ann, "Many", **{f"S{n}": "" for n in range(5)})
    change = changes.remove(watchlist, tickers_of(watchlist))
    assert describe_change(change) == "Removed 5 stocks from this list."
    rename(*(f"S{n}=T{n}" for n in range(5)))
    names = "S0.NS is T0.NS, S1.NS is T1.NS, S2.NS is T2.NS"
    assert undo(client, change) == f"5 stocks are back on “Many”. {names} now, and 2 more have another ticker."
