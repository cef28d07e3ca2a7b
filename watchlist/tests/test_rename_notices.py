"""The sentence about a stock whose ticker changed, on the lists that have it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import make_stock, make_user
from watchlist import services
from watchlist.models import Watchlist
from watchlist.rename_notices import find_rename_notices
from watchlist.tests.make import make_list, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db
SENTENCE = "ZOMATO.NS is now ETERNAL.NS (same ISIN); its history and your notes came along."


@pytest.fixture
def mine(ann: User) -> Watchlist:
    return make_list(ann, "ZOMATO.NS", "TCS.NS")


def rename(old: str = "ZOMATO.NS", new: str = "ETERNAL.NS", isin: str = "INE758T01015") -> None:
    rename_stocks([Rename(old, new, isin)])


def test_the_page_of_a_list_says_it_until_it_is_dismissed(client: Client, ann: User, mine: Watchlist) -> None:
    other = make_list(ann, "TCS.NS", name="Other")
    rename()
    assert SENTENCE in client.get(mine.get_absolute_url()).text
    assert SENTENCE not in client.get(other.get_absolute_url()).text
    answer = client.post(url("dismiss_renames", mine) + "?sort=-ticker")
    assert answer.headers["Location"] == f"{mine.get_absolute_url()}?sort=-ticker"
    assert SENTENCE not in client.get(mine.get_absolute_url()).text
    rename("ETERNAL.NS", "LASTING.NS", "")
    mine.refresh_from_db()
    assert find_rename_notices(mine) == ["ETERNAL.NS is now LASTING.NS; its history and your notes came along."]


def test_it_is_said_for_a_month(mine: Watchlist) -> None:
    rename()
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert find_rename_notices(mine) == [SENTENCE]
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert find_rename_notices(mine) == []


def test_it_is_not_said_to_those_who_never_had_the_old_ticker(mine: Watchlist) -> None:
    rename()
    bobs = make_list(make_user("bob"), name="Bobs")
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        services.add(bobs, "ETERNAL.NS")
    assert find_rename_notices(bobs) == []


def test_a_ticker_that_came_back_is_not_said_to_have_changed(mine: Watchlist) -> None:
    rename()
    rename("ETERNAL.NS", "ZOMATO.NS", "")
    assert find_rename_notices(mine) == ["ETERNAL.NS is now ZOMATO.NS; its history and your notes came along."]


def test_another_user_and_nobody_can_dismiss_nothing(client: Client, mine: Watchlist) -> None:
    rename()
    client.force_login(make_user("bob"))
    assert client.post(url("dismiss_renames", mine)).status_code == 404
    client.logout()
    assert client.post(url("dismiss_renames", mine)).status_code == 302
    mine.refresh_from_db()
    assert find_rename_notices(mine) == [SENTENCE]


def test_hundreds_of_renames_take_one_query(ann: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    watchlist = make_list(ann)
    services.add_all(watchlist, {make_stock(f"O{n}.NS").pk: "" for n in range(100)})
    rename_stocks([Rename(f"O{n}.NS", f"N{n}.NS") for n in range(100)])
    with django_assert_num_queries(1):
        assert len(find_rename_notices(watchlist)) == 100
