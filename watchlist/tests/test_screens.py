"""Screens: questions to the screener that a user keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from analysis.models import Index
from analysis.tests.make import make_result, make_stock, make_user
from watchlist.models import Screen
from watchlist.screener.columns import COLUMNS
from watchlist.screener.page import Screener

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

URL = reverse("screener:screener")


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    make_result(make_stock("AXE.NS", exchange="NSE"))
    return user


def make_screen(owner: User, name: str = "Mine", query: str = "exchange=NSE&sort=stock") -> Screen:
    return Screen.objects.create(owner=owner, name=name, query=query)


def act(name: str, screen: Screen) -> str:
    return reverse(f"screener:{name}", args=[screen.pk])


def test_filters_columns_and_order_are_kept_by_a_name_and_opened_again(client: Client, ann: User) -> None:
    query = "exchange=NSE&score_min=&score_max=high&columns=score&sort=stock&page=3"
    client.post(reverse("screener:create"), {"name": " Strong ", "query": query})
    screen = Screen.objects.get()
    assert (screen.owner, screen.name, screen.query) == (ann, "Strong", "exchange=NSE&columns=score&sort=stock")
    answer = client.get(screen.get_absolute_url(), follow=True)
    page = answer.context["screener"]
    assert (page.screen, page.shown_columns, page.sort, page.is_changed) == (screen, ["score"], "stock", False)
    assert [row.stock.pk for row in page.rows] == ["AXE.NS"]


def test_a_screen_without_filters_can_be_opened_too(client: Client, ann: User) -> None:
    answer = client.get(make_screen(ann, query="").get_absolute_url(), follow=True)
    assert answer.context["screener"].screen is not None


def test_filters_that_fill_more_than_a_screen_are_refused(client: Client, ann: User) -> None:
    """PostgreSQL would refuse the row, and SQLite store what PostgreSQL cannot take over."""
    name = "😀" * 100
    Index.objects.create(name=name, loaded_at=timezone.now())
    screen = make_screen(ann)
    query = urlencode({"q": "😀" * 60, "index": name, "sort": "-change", "score_min": "1", "score_max": "2"})
    query += "".join(f"&columns={column.key}" for column in COLUMNS)
    for address in (reverse("screener:create"), act("replace", screen)):
        answer = client.post(address, {"name": "Long", "query": query})
        assert answer.status_code == 422
        assert "characters of an address, and a screen holds 2,000: use shorter or fewer ones." in answer.text
    assert list(Screen.objects.values_list("name", "query")) == [(screen.name, screen.query)]


@pytest.mark.parametrize(
    ("name", "problem"),
    [("", "Give the screen a name."), ("MINE", "You have a screen called “MINE” already."), ("x" * 61, "at most 60")],
)
def test_a_screen_without_a_name_of_its_own_is_refused_over_the_same_rows(
    client: Client, ann: User, name: str, problem: str
) -> None:
    screen = make_screen(ann)
    make_screen(ann, "Other")
    answer = client.post(reverse("screener:create"), {"name": name, "query": "exchange=NSE"})
    assert answer.status_code == 422
    assert problem in answer.text
    assert answer.context["screener"].query == "exchange=NSE"
    assert Screen.objects.count() == 2
    if name != "MINE":
        return
    answer = client.post(act("rename", Screen.objects.get(name="Other")), {"name": name})
    assert answer.status_code == 422
    assert problem in answer.text
    screen.refresh_from_db()
    assert screen.name == "Mine"


def test_the_database_refuses_a_second_screen_of_a_name(ann: User) -> None:
    make_screen(ann)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_screen(ann, "mine")
    make_screen(make_user("bob"))


def test_a_screen_is_renamed_also_to_other_letters_of_the_same_name(client: Client, ann: User) -> None:
    screen = make_screen(ann)
    for name in ("MINE", "Banks"):
        answer = client.post(act("rename", screen), {"name": name, "query": f"screen={screen.pk}"}, follow=True)
        assert f"The screen “{name}” is saved." in answer.text
        screen.refresh_from_db()
        assert (screen.name, screen.query) == (name, "exchange=NSE&sort=stock")


def test_changes_to_a_screen_are_said_and_saved_when_asked(client: Client, ann: User) -> None:
    screen = make_screen(ann)
    changed = client.get(f"{URL}?verdict=buy&screen={screen.pk}")
    assert "(changed)" in changed.text
    assert "Save changes" in changed.text
    saved = client.post(act("replace", screen), {"query": f"verdict=buy&screen={screen.pk}"}, follow=True)
    assert "“Mine” is saved as it is shown." in saved.text
    assert "(changed)" not in saved.text
    screen.refresh_from_db()
    assert screen.query == "verdict=buy"


def test_a_screen_asks_before_it_is_deleted(client: Client, ann: User) -> None:
    screen = make_screen(ann)
    page = client.get(screen.get_absolute_url(), follow=True).text
    assert "“Mine” will be gone. Stocks and lists stay." in page
    assert client.get(act("delete", screen)).status_code == 405
    answer = client.post(act("delete", screen), follow=True)
    assert "The screen “Mine” is deleted." in answer.text
    assert not Screen.objects.exists()


def test_a_screen_of_something_that_is_gone_still_opens_and_says_so(client: Client, ann: User) -> None:
    answer = client.get(make_screen(ann, query="industry=Spice&verdict=buy").get_absolute_url(), follow=True)
    assert "No analysed stock is of “Spice”." in answer.text
    assert [row.stock.pk for row in answer.context["screener"].rows] == ["AXE.NS"]
    assert answer.context["screener"].is_changed  # and can be saved without it


@pytest.mark.parametrize("saved", ["IRON", "Iron", "iron"])
def test_a_screen_is_not_changed_by_the_spellings_of_new_stocks(client: Client, ann: User, saved: str) -> None:
    make_result(make_stock("S0.NS", industry=saved))
    screen = make_screen(ann, query=f"industry={saved}&verdict=buy")
    for n, industry in enumerate(("iron", "Iron", "IRON"), 1):
        make_result(make_stock(f"S{n}.NS", industry=industry))
        opened = client.get(screen.get_absolute_url(), follow=True).context["screener"]
        assert (opened.count, opened.is_changed, opened.screen) == (n + 1, False, screen)
    other = client.get(f"{URL}?{screen.query}&verdict=sell&screen={screen.pk}").context["screener"]
    assert other.is_changed


def test_somebody_elses_screen_in_an_address_is_not_shown(client: Client, ann: User) -> None:
    screen = make_screen(make_user("bob"), "Secret")
    answer = client.get(f"{URL}?screen={screen.pk}")
    assert answer.status_code == 200
    assert answer.context["screener"].screen is None
    assert "Secret" not in answer.text


@pytest.mark.django_db(transaction=True)
def test_screens_of_before_name_their_index_and_the_way_back_has_its_key() -> None:
    old, new = [("watchlist", "0002_saved_screens")], [("watchlist", "0003_screens_name_their_index")]
    index = Index.objects.create(name="Nifty & Co 50", loaded_at=timezone.now())
    owner = make_user("ann")
    queries = {
        "Of it": (f"verdict=buy&index={index.pk}&sort=stock", "verdict=buy&index=Nifty+%26+Co+50&sort=stock"),
        "Of one that is gone": ("index=999", "index=999"),
        "Of a name": ("q=index%3D1", "q=index%3D1"),
    }
    try:
        MigrationExecutor(connection).migrate(old)
        for name, (before, _) in queries.items():
            make_screen(owner, name, before)
        MigrationExecutor(connection).migrate(new)
        stored = dict(Screen.objects.values_list("name", "query"))
        assert stored == {name: after for name, (_, after) in queries.items()}
        page = Screener(QueryDict(f"{queries['Of it'][1]}&screen={Screen.objects.get(name='Of it').pk}"), owner)
        assert (page.problems, page.criteria.index, page.is_changed) == ([], ("Nifty & Co 50",), False)
        MigrationExecutor(connection).migrate(old)
        stored = dict(Screen.objects.values_list("name", "query"))
        assert stored == {name: before for name, (before, _) in queries.items()}
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("watchlist"))


ACTS = [
    ("get", "open", {}),
    ("post", "rename", {"name": "New"}),
    ("post", "replace", {"query": ""}),
    ("post", "delete", {}),
]


@pytest.mark.parametrize(("method", "name", "data"), ACTS)
def test_a_screen_is_its_owners_alone(client: Client, method: str, name: str, data: dict[str, str]) -> None:
    owner = make_user("ann")
    screen = make_screen(owner)
    address = act(name, screen)
    assert getattr(client, method)(address, data).headers["Location"].startswith(reverse("login"))
    client.force_login(make_user("bob"))
    assert getattr(client, method)(address, data).status_code == 404
    screen.refresh_from_db()
    assert (screen.name, screen.query) == ("Mine", "exchange=NSE&sort=stock")
    client.force_login(owner)
    assert getattr(client, method)(address, data).status_code == 302


@pytest.mark.parametrize("name", [name for method, name, _ in ACTS if method == "post"])
def test_acts_take_a_post(client: Client, ann: User, name: str) -> None:
    assert client.get(act(name, make_screen(ann))).status_code == 405
    assert client.get(reverse("screener:add")).status_code == 405
