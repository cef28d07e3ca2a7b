"""Limits of what a user keeps: lists, the stocks of a list, all that is watched, screens; also for acts that come
together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from analysis.rejections import RequestRejected
from analysis.tests.make import make_stock, make_user
from analysis.tests.together import together
from watchlist import change_undo, changes, services
from watchlist.models import Screen, Watchlist, WatchlistItem
from watchlist.screener import services as screens
from watchlist.services import MOST_LISTS, MOST_STOCKS
from watchlist.tests.make import make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

THREADS = 40


def fill(watchlist: Watchlist, count: int, name: str = "T") -> None:
    services.add_all(watchlist, {f"{name}{number:04}.NS": "" for number in range(count)})


def refusals(answers: list[object]) -> int:
    assert not [one for one in answers if isinstance(one, Exception) and not isinstance(one, RequestRejected)], answers
    return sum(isinstance(answer, RequestRejected) for answer in answers)


def test_undoing_a_removal_keeps_the_limit_of_the_list(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    fill(watchlist, MOST_STOCKS)
    change = changes.remove(watchlist, ["T0003.NS"])
    services.add(watchlist, "NEW.NS")
    answer = client.post(url("undo", watchlist), {"undo": change.pk})
    assert answer.status_code == 422
    assert "A list holds 1,000 stocks; “Mine” has 1,000 already." in answer.text
    changes.remove(watchlist, ["NEW.NS"])
    assert client.post(url("undo", watchlist), {"undo": change.pk}).status_code == 302
    assert tickers_of(watchlist)[3] == "T0003.NS"
    assert watchlist.items.count() == MOST_STOCKS


def test_a_user_watches_so_many_different_stocks_on_all_lists(client: Client, ann: User, settings: Settings) -> None:
    settings.MAX_WATCHED_STOCKS_PER_USER = 5
    first, second = make_list(ann), make_list(ann, name="Other")
    fill(first, 4)
    fill(second, 4)  # the same stocks count once
    services.add(second, "FIFTH.NS")
    answer = client.post(url("add", first), {"ticker": "SIXTH.NS"})
    assert answer.status_code == 422
    assert "You can watch 5 different stocks on all your lists together; remove some first." in answer.text
    assert not WatchlistItem.objects.filter(stock="SIXTH.NS").exists()
    programme = client.post(
        reverse("api:add_to_watchlist", args=[first.pk]), {"ticker": "SIXTH.NS"}, content_type="application/json"
    )
    assert programme.status_code == 422
    assert programme.json()["error"]["message"].startswith("You can watch 5 different stocks")
    services.add(make_list(make_user("bob")), "SIXTH.NS")
    change = changes.remove(second, ["FIFTH.NS"])
    services.add(first, "SIXTH.NS")
    with pytest.raises(RequestRejected, match="You can watch 5"):
        change_undo.undo(ann, second, change.pk)


def test_a_user_has_so_many_screens(client: Client, ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "MOST_SCREENS", 2)
    kept = [Screen(owner=ann, name=f"Screen {number}") for number in range(3)]
    for screen in kept[:2]:
        screens.save_screen(screen)
    screens.save_screen(kept[0])  # one that is there may be saved again
    answer = client.post(reverse("screener:create"), {"name": "Third", "query": ""})
    assert answer.status_code == 422
    assert "You have 2 screens, which is the limit; delete one first." in answer.text
    screens.save_screen(Screen(owner=make_user("bob"), name="Screen 0"))


@pytest.mark.django_db(transaction=True)
def test_forty_lists_at_once_are_no_more_than_a_user_may_have() -> None:
    ann = make_user()
    Watchlist.objects.bulk_create(Watchlist(owner=ann, name=f"Old {n}") for n in range(MOST_LISTS - 3))
    made = [Watchlist(owner=ann, name=f"New {number}") for number in range(THREADS)]
    answers = together([partial(services.create, one) for one in made])
    assert Watchlist.objects.count() == MOST_LISTS
    assert refusals(answers) == THREADS - 3


@pytest.mark.django_db(transaction=True)
def test_forty_stocks_at_once_are_no_more_than_a_list_holds() -> None:
    watchlist = make_list(make_user())
    fill(watchlist, MOST_STOCKS - 3)
    answers = together([partial(services.add, watchlist, f"N{number}.NS") for number in range(THREADS)])
    assert watchlist.items.count() == MOST_STOCKS
    assert refusals(answers) == THREADS - 3


@pytest.mark.django_db(transaction=True)
def test_forty_stocks_at_once_on_as_many_lists_are_no_more_than_a_user_may_watch(settings: Settings) -> None:
    settings.MAX_WATCHED_STOCKS_PER_USER = 5
    ann = make_user()
    lists = [make_list(ann, name=f"List {number}") for number in range(THREADS)]
    answers = together([partial(services.add, one, f"N{number}.NS") for number, one in enumerate(lists)])
    assert WatchlistItem.objects.count() == 5
    assert refusals(answers) == THREADS - 5


@pytest.mark.django_db(transaction=True)
def test_forty_removals_undone_at_once_are_no_more_than_a_list_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_KEPT", THREADS)
    watchlist = make_list(make_user())
    fill(watchlist, MOST_STOCKS)
    taken = [changes.remove(watchlist, [f"T{number:04}.NS"]) for number in range(THREADS)]
    fill(watchlist, THREADS - 3, name="N")
    answers = together([partial(change_undo.undo, watchlist.owner, watchlist, one.pk) for one in taken])
    assert watchlist.items.count() == MOST_STOCKS
    assert refusals(answers) == THREADS - 3


@pytest.mark.django_db(transaction=True)
def test_forty_screens_at_once_are_no_more_than_a_user_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "MOST_SCREENS", 5)
    ann = make_user()
    kept = [Screen(owner=ann, name=f"Screen {number}") for number in range(THREADS)]
    answers = together([partial(screens.save_screen, one) for one in kept])
    assert Screen.objects.count() == 5
    assert refusals(answers) == THREADS - 5


@pytest.mark.django_db(transaction=True)
def test_adding_and_analysing_the_same_new_stocks_at_once_never_wait_in_a_circle(
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_stock("A.NS")
    ann = make_user()
    lists = [make_list(ann, name=f"List {number}") for number in range(10)]
    tickers = ["A.NS", *(f"N{number}.NS" for number in range(10))]
    acts: list[Callable[[], object]] = [
        partial(services.add_all, one, dict.fromkeys(tickers[:: -1 if n % 2 else 1], "")) for n, one in enumerate(lists)
    ]
    acts += [partial(services.analyze, one, tickers[n % 5 :]) for n, one in enumerate(lists)]
    answers = together(acts)
    assert refusals(answers) == 0
    assert "deadlock" not in caplog.text
