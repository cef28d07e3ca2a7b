"""Several rows of a list at once: removed, moved and copied, and what undoing that brings back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.rejections import RequestRejected
from analysis.tests.make import make_user
from analysis.tests.together import together
from watchlist import change_undo, changes, schedules, services
from watchlist.models import NOTE_LENGTH, ListChange, Watchlist
from watchlist.services import MOST_STOCKS
from watchlist.tests.make import HTMX, make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db


def notes_of(watchlist: Watchlist) -> dict[str, str]:
    return {item.stock_id: item.note for item in watchlist.items.order_by("position", "pk")}


def note(watchlist: Watchlist, **notes: str) -> None:
    for name, text in notes.items():
        watchlist.items.filter(stock=f"{name}.NS").update(note=text)


@pytest.fixture
def mine(ann: User) -> Watchlist:
    """Ann's list of four, three of them with notes."""
    watchlist = make_list(ann, "A.NS", "B.NS", "C.NS", "D.NS")
    note(watchlist, A="of a", B="of b", C="of c")
    return watchlist


@pytest.fixture
def other(ann: User, mine: Watchlist) -> Watchlist:
    """Ann's other list: it shares B, with a note of its own, and C, without one."""
    watchlist = make_list(ann, "B.NS", "C.NS", "Z.NS", name="Other")
    note(watchlist, B="theirs")
    return watchlist


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_ticked_rows_are_removed_together_and_come_back_to_their_places(
    client: Client, mine: Watchlist, headers: dict[str, str]
) -> None:
    answer = client.post(url("remove", mine), {"tickers": ["A.NS", "C.NS"]}, headers=headers, follow=True)
    assert "Removed 2 stocks from this list." in answer.text
    assert tickers_of(mine) == ["B.NS", "D.NS"]
    answer = client.post(url("undo", mine), {"undo": answer.context["change"].pk}, headers=headers, follow=True)
    assert "2 stocks are back on “Mine”." in answer.text
    assert notes_of(mine) == {"A.NS": "of a", "B.NS": "of b", "C.NS": "of c", "D.NS": ""}


def test_a_moved_row_keeps_its_note_unless_the_other_list_has_one(
    client: Client, mine: Watchlist, other: Watchlist
) -> None:
    form = {"tickers": ["A.NS", "B.NS", "C.NS"], "target": other.pk}
    answer = client.post(url("move_to", mine), form, follow=True)
    sentence = "Moved 3 stocks to “Other”. 2 stocks were on it already. 1 stock kept its note on that list."
    assert sentence in answer.text
    assert notes_of(mine) == {"D.NS": ""}
    assert notes_of(other) == {"B.NS": "theirs", "C.NS": "of c", "Z.NS": "", "A.NS": "of a"}
    client.post(url("undo", mine), {"undo": answer.context["change"].pk})
    assert notes_of(mine) == {"A.NS": "of a", "B.NS": "of b", "C.NS": "of c", "D.NS": ""}
    assert notes_of(other) == {"B.NS": "theirs", "C.NS": "", "Z.NS": ""}


def test_undoing_a_copy_takes_back_only_what_it_added(client: Client, mine: Watchlist, other: Watchlist) -> None:
    form = {"tickers": ["A.NS", "B.NS", "C.NS", "D.NS"], "target": other.pk}
    answer = client.post(url("copy_to", mine), form, headers=HTMX)
    assert "Copied 2 stocks to “Other”. 2 stocks were on it already." in answer.text
    assert tickers_of(mine) == ["A.NS", "B.NS", "C.NS", "D.NS"]
    assert tickers_of(other) == ["B.NS", "C.NS", "Z.NS", "A.NS", "D.NS"]
    note(other, D="written since")
    answer = client.post(url("undo", mine), {"undo": answer.context["change"].pk}, headers=HTMX)
    assert "A.NS is off “Other” again. D.NS stayed, with a note that was changed since." in answer.text
    assert notes_of(other) == {"B.NS": "theirs", "C.NS": "", "Z.NS": "", "D.NS": "written since"}
    assert notes_of(mine)["A.NS"] == "of a"


def test_a_note_that_was_changed_since_the_move_comes_back_with_its_row(mine: Watchlist, other: Watchlist) -> None:
    change = changes.move(mine, ["A.NS", "C.NS"], other)
    note(other, A="written since", C="as well")
    change_undo.undo(mine.owner, mine, change.pk)
    assert notes_of(mine)["A.NS"] == "written since"
    assert notes_of(other) == {"B.NS": "theirs", "C.NS": "as well", "Z.NS": ""}


@pytest.mark.parametrize(
    ("act", "left"), [("move_to", ["C.NS", "D.NS"]), ("copy_to", ["A.NS", "B.NS", "C.NS", "D.NS"])]
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_rows_go_to_a_new_list_which_goes_again_when_that_is_undone(
    client: Client, ann: User, mine: Watchlist, act: str, left: list[str], headers: dict[str, str]
) -> None:
    form = {"tickers": ["A.NS", "B.NS"], "target": "new", "name": "Fresh"}
    answer = client.post(url(act, mine), form, headers=headers)
    fresh = Watchlist.objects.get(owner=ann, name="Fresh")
    assert notes_of(fresh) == {"A.NS": "of a", "B.NS": "of b"}
    assert tickers_of(mine) == left
    address = answer.headers.get("HX-Redirect") or answer.headers["Location"]  # the whole page, with its new tab
    assert address == f"{mine.get_absolute_url()}?undo={ListChange.objects.get().pk}"
    shown = client.get(address)
    assert "2 stocks to “Fresh”." in shown.text
    client.post(url("undo", mine), {"undo": shown.context["change"].pk}, headers=headers)
    assert tickers_of(mine) == ["A.NS", "B.NS", "C.NS", "D.NS"]
    assert not Watchlist.objects.filter(name="Fresh").exists()


def test_a_new_list_that_has_other_stocks_by_then_stays(ann: User, mine: Watchlist) -> None:
    change = changes.move(mine, ["A.NS"], Watchlist(owner=ann, name="Fresh"))
    fresh = Watchlist.objects.get(name="Fresh")
    services.add(fresh, "E.NS")
    change_undo.undo(ann, mine, change.pk)
    assert tickers_of(fresh) == ["E.NS"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"target": "new", "name": "Fresh"}, "Tick at least one stock."),
    ({"tickers": ["not a ticker"], "target": "new", "name": "Fresh"}, "Tick at least one stock."),
    ({"tickers": ["A.NS"], "target": ""}, "Choose a list."),
    ({"tickers": ["A.NS"], "target": "new", "name": " "}, "Give the list a name."),
    ({"tickers": ["A.NS"], "target": "new", "name": "other"}, "You have a list called “other” already."),
    ({"tickers": ["A.NS"], "target": "new", "name": "x" * 61}, "A name has 60 letters at most; this one has 61."),
    ({"tickers": ["A.NS"], "target": "{mine}"}, "The stocks are on “Mine” already; choose another list."),
]


@pytest.mark.parametrize("act", ["move_to", "copy_to"])
@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize(("form", "sentence"), REFUSED)
def test_what_cannot_be_moved_is_refused_in_a_sentence_and_changes_nothing(
    client: Client, mine: Watchlist, other: Watchlist, act: str, headers: dict[str, str], form: Any, sentence: str
) -> None:
    form = {**form, "target": form["target"].format(mine=mine.pk)}
    answer = client.post(url(act, mine), form, headers=headers)
    assert (answer.status_code, sentence in answer.text) == (422, True)
    assert (tickers_of(mine), tickers_of(other)) == (["A.NS", "B.NS", "C.NS", "D.NS"], ["B.NS", "C.NS", "Z.NS"])
    assert Watchlist.objects.count() == 2
    assert not ListChange.objects.exists()


def test_a_refused_form_keeps_its_ticks_its_target_and_its_name(client: Client, mine: Watchlist) -> None:
    form = {"tickers": ["B.NS"], "target": "new", "name": "MINE"}
    text = " ".join(client.post(url("move_to", mine), form).text.split())
    assert 'aria-label="Select B.NS" checked' in text
    assert 'aria-label="Select A.NS" checked' not in text
    assert '<option value="new" selected>' in text
    assert 'value="MINE" maxlength="60"' in text


def test_nothing_ticked_removes_nothing(client: Client, mine: Watchlist) -> None:
    answer = client.post(url("remove", mine), {}, headers=HTMX)
    assert (answer.status_code, "Tick at least one stock." in answer.text) == (422, True)


def test_limits_refuse_the_whole_act(
    client: Client, ann: User, mine: Watchlist, other: Watchlist, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_STOCKS", 4)
    monkeypatch.setattr(services, "MOST_LISTS", 2)
    form: dict[str, Any] = {"tickers": ["A.NS", "D.NS"], "target": other.pk}
    answer = client.post(url("move_to", mine), form)
    assert "A list holds 4 stocks; “Other” has 3 already." in answer.text
    assert client.post(url("copy_to", mine), form).status_code == 422
    answer = client.post(url("move_to", mine), {**form, "target": "new", "name": "Third"})
    assert "You have 2 lists, which is the limit; delete one first." in answer.text
    assert (len(tickers_of(mine)), len(tickers_of(other)), ListChange.objects.count()) == (4, 3, 0)
    client.post(url("move_to", mine), {**form, "tickers": ["A.NS", "B.NS"]})  # one of them is there already
    assert len(tickers_of(other)) == 4


def test_rows_that_are_gone_meanwhile_are_left_out_and_counted(
    client: Client, mine: Watchlist, other: Watchlist
) -> None:
    changes.remove(mine, ["A.NS", "B.NS"])
    form = {"tickers": ["A.NS", "B.NS", "D.NS"], "target": other.pk}
    answer = client.post(url("move_to", mine), form, follow=True)
    assert "Moved D.NS to “Other”. 2 stocks were not on this list any more." in answer.text
    answer = client.post(url("copy_to", mine), form, follow=True)
    assert "Nothing was copied: 3 stocks were not on this list any more." in answer.text
    answer = client.post(url("remove", mine), {"tickers": ["A.NS", "C.NS"]}, follow=True)
    assert "Removed C.NS from this list. 1 stock was not on this list any more." in answer.text


def test_a_stock_of_another_list_is_neither_removed_nor_moved_through_this_one(
    client: Client, mine: Watchlist, other: Watchlist
) -> None:
    client.post(url("remove", mine), {"tickers": ["Z.NS"]})
    client.post(url("move_to", mine), {"tickers": ["Z.NS"], "target": other.pk})
    assert tickers_of(other) == ["B.NS", "C.NS", "Z.NS"]


def test_what_is_ticked_but_hidden_by_the_filter_is_left_as_it_was(
    client: Client, mine: Watchlist, other: Watchlist
) -> None:
    form = {"tickers": ["A.NS", "B.NS", "D.NS"], "target": other.pk}
    answer = client.post(url("move_to", mine) + "?q=of+a", form, follow=True)
    assert "Moved A.NS to “Other”." in answer.text
    assert "2 ticked stocks were left out, because the filter hides them." in answer.text
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{mine.get_absolute_url()}?q=of+b"}
    answer = client.post(url("remove", mine), {"tickers": ["D.NS"]}, headers=headers)
    assert (answer.status_code, "The filter hides every ticked stock; show them first." in answer.text) == (422, True)
    assert tickers_of(mine) == ["B.NS", "C.NS", "D.NS"]


@pytest.mark.parametrize("act", ["move_to", "copy_to", "api:move_stocks", "api:copy_stocks"])
def test_nothing_is_put_on_the_list_of_another_user(client: Client, ann: User, mine: Watchlist, act: str) -> None:
    bobs = make_list(make_user("bob"), "Y.NS", name="Bobs")
    if act.startswith("api:"):
        body = json.dumps({"tickers": ["A.NS"], "target": bobs.pk})
        answer = client.post(reverse(act, args=[mine.pk]), body, content_type="application/json")
    else:
        answer = client.post(url(act, mine), {"tickers": ["A.NS"], "target": bobs.pk})
    assert answer.status_code == 404
    assert "Bobs" not in answer.text
    assert (tickers_of(mine), tickers_of(bobs)) == (["A.NS", "B.NS", "C.NS", "D.NS"], ["Y.NS"])


def test_another_user_cannot_undo_a_change(client: Client, mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS"])
    bob = make_user("bob")
    bobs = make_list(bob, "Y.NS")
    client.force_login(bob)
    assert client.post(url("undo", mine), {"undo": change.pk}).status_code == 404
    assert "cannot be undone" in client.post(url("undo", bobs), {"undo": change.pk}, follow=True).text
    assert "Removed" not in client.get(f"{bobs.get_absolute_url()}?undo={change.pk}").text
    assert (tickers_of(mine), tickers_of(bobs)) == (["B.NS", "C.NS", "D.NS"], ["Y.NS"])


def test_a_change_is_undone_once(client: Client, mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS"])
    client.post(url("undo", mine), {"undo": change.pk})
    changes.remove(mine, ["A.NS"])
    assert "cannot be undone any more" in client.post(url("undo", mine), {"undo": change.pk}, follow=True).text
    assert "A.NS" not in tickers_of(mine)


def test_a_change_can_be_undone_for_an_hour_and_the_night_deletes_it(client: Client, mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS"])
    with time_machine.travel(timezone.now() + timedelta(minutes=61)):
        assert change_undo.undo(mine.owner, mine, change.pk) is None
        assert "Removed" not in client.get(f"{mine.get_absolute_url()}?undo={change.pk}").text
        schedules.prune()
    assert not ListChange.objects.exists()


def test_only_the_latest_changes_of_a_user_are_stored(mine: Watchlist) -> None:
    bobs = changes.remove(make_list(make_user("bob"), "Y.NS"), ["Y.NS"])
    for _ in range(changes.MOST_KEPT + 2):
        change = changes.remove(mine, ["A.NS"])
        services.add(mine, "A.NS")
    assert ListChange.objects.filter(owner=mine.owner).count() == changes.MOST_KEPT
    assert ListChange.objects.filter(pk__in=[bobs.pk, change.pk]).count() == 2


def test_a_stock_that_is_back_already_keeps_its_new_row(mine: Watchlist) -> None:
    change = changes.remove(mine, ["A.NS", "B.NS"])
    services.add_all(mine, {"A.NS": "new note"})
    result = change_undo.undo(mine.owner, mine, change.pk)
    assert result
    assert result.back == ["B.NS"]
    assert notes_of(mine)["A.NS"] == "new note"


def test_a_move_to_a_list_that_was_deleted_since_can_still_be_undone(mine: Watchlist, other: Watchlist) -> None:
    change = changes.move(mine, ["A.NS"], other)
    services.delete(other)
    change_undo.undo(mine.owner, mine, change.pk)
    assert notes_of(mine)["A.NS"] == "of a"


def test_a_list_that_is_deleted_while_rows_are_moved_to_it_is_named(mine: Watchlist, other: Watchlist) -> None:
    target = Watchlist.objects.get(pk=other.pk)
    services.delete(other)
    with pytest.raises(RequestRejected, match="“Other” was deleted meanwhile"):
        changes.move(mine, ["A.NS"], target)
    assert "A.NS" in tickers_of(mine)


@pytest.mark.parametrize("count", [2, 50, MOST_STOCKS])
def test_an_act_takes_as_many_queries_for_a_thousand_rows_as_for_two(
    ann: User, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    tickers = [f"T{n:04}.NS" for n in range(count)]
    watchlist, target = make_list(ann), make_list(ann, tickers[0], name="Other")
    services.add_all(watchlist, dict.fromkeys(tickers, "n" * NOTE_LENGTH))
    with django_assert_max_num_queries(20):
        change = changes.move(watchlist, tickers, target)
    with django_assert_max_num_queries(20):
        change_undo.undo(ann, watchlist, change.pk)
    assert tickers_of(watchlist) == tickers
    assert set(notes_of(watchlist).values()) == {"n" * NOTE_LENGTH}
    with django_assert_max_num_queries(12):
        change = changes.remove(watchlist, tickers)
    with django_assert_max_num_queries(16):
        change_undo.undo(ann, watchlist, change.pk)
    assert tickers_of(watchlist) == tickers


def test_a_thousand_ticked_rows_are_one_form(client: Client, ann: User) -> None:
    tickers = [f"T{n:04}.NS" for n in range(MOST_STOCKS)]
    watchlist = make_list(ann)
    services.add_all(watchlist, dict.fromkeys(tickers, ""))
    answer = client.post(url("move_to", watchlist), {"tickers": tickers, "target": "new", "name": "All"})
    assert len(answer.headers["Location"]) < 100
    assert watchlist.items.count() == 0
    assert Watchlist.objects.get(name="All").items.count() == MOST_STOCKS


def test_programs_move_copy_and_remove_and_are_told_what_happened(
    client: Client, mine: Watchlist, other: Watchlist
) -> None:
    def call(name: str, **body: Any) -> Any:
        address = reverse(f"api:{name}", args=[mine.pk])
        answer = client.post(address, json.dumps(body), content_type="application/json")
        return answer.json() if answer.status_code == 200 else answer.status_code

    tickers = ["b.ns", "A.NS", "GONE.NS", "A.NS"]
    expected = {"tickers": ["A.NS", "B.NS"], "already_on_target": ["B.NS"], "not_on_list": ["GONE.NS"]}
    assert call("copy_stocks", tickers=tickers, target=other.pk) == expected
    assert call("move_stocks", tickers=["A.NS"], target=other.pk) == {
        "tickers": ["A.NS"], "already_on_target": ["A.NS"], "not_on_list": [],
    }  # fmt: skip
    assert call("remove_stocks", tickers=["C.NS", "A.NS"]) == {
        "tickers": ["C.NS"], "already_on_target": [], "not_on_list": ["A.NS"],
    }  # fmt: skip
    assert tickers_of(mine) == ["B.NS", "D.NS"]
    assert tickers_of(other) == ["B.NS", "C.NS", "Z.NS", "A.NS"]
    for name, body in (
        ("move_stocks", {"tickers": [], "target": other.pk}),
        ("move_stocks", {"tickers": ["B.NS"], "target": mine.pk}),
        ("move_stocks", {"tickers": ["B.NS"]}),
        ("remove_stocks", {"tickers": ["not a ticker"]}),
        ("remove_stocks", {"tickers": [f"T{n}.NS" for n in range(MOST_STOCKS + 1)]}),
    ):
        assert call(name, **body) == 422, (name, body)


@pytest.mark.django_db(transaction=True)
def test_moves_to_and_fro_by_several_browsers_lose_and_double_nothing(user_lists: tuple[Watchlist, Watchlist]) -> None:
    one, two = user_lists
    tickers = tickers_of(one)
    moves = [partial(changes.move, one, tickers, two), partial(changes.move, two, tickers, one)]
    acts: list[Callable[[], object]] = [*moves * 4]
    acts += [partial(services.shift, one, 1), partial(services.shift, two, 1), partial(changes.remove, one, ["A.NS"])]
    answers = together(acts)
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    left = tickers_of(one) + tickers_of(two)
    assert len(left) == len(set(left))
    assert set(left) | {"A.NS"} == set(tickers)


@pytest.mark.django_db(transaction=True)
def test_a_change_that_two_browsers_undo_at_once_is_undone_once(user_lists: tuple[Watchlist, Watchlist]) -> None:
    one, two = user_lists
    change = changes.move(one, ["A.NS", "B.NS"], two)
    results = together([partial(change_undo.undo, one.owner, one, change.pk)] * 4)
    assert sum(result is not None for result in results) == 1
    assert (tickers_of(one), tickers_of(two)) == (["A.NS", "B.NS", "C.NS"], [])


@pytest.fixture
def user_lists(transactional_db: None) -> tuple[Watchlist, Watchlist]:
    user = make_user("eve")
    return make_list(user, "A.NS", "B.NS", "C.NS", name="One"), make_list(user, name="Two")
