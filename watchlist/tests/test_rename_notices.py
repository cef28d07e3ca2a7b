"""The sentence about a stock whose ticker changed, on the lists that have it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.models import Stock
from analysis.stock_lists.renames import Rename, rename_stocks
from analysis.tests.make import make_stock, make_user
from analysis.tests.together import together
from watchlist import changes, services
from watchlist.models import ListRename, Watchlist
from watchlist.rename_notices import find_rename_notice
from watchlist.tests.make import make_list, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db
SENTENCE = "ZOMATO.NS is now ETERNAL.NS (same ISIN). Its history and your notes were kept."
CANNOT = "The notice cannot be dismissed. Reload the page and try again."


@pytest.fixture
def mine(ann: User) -> Watchlist:
    make_stock("ZOMATO.NS", isin="INE758T01015")
    return make_list(ann, "ZOMATO.NS", "TCS.NS")


def rename(*pairs: str, isin: str = "") -> None:
    """Rename stocks at once, given like `ZOMATO=ETERNAL`."""
    tickers = [[f"{name}.NS" for name in pair.split("=")] for pair in pairs]
    rename_stocks([Rename(old, new, isin) for old, new in tickers])


def rename_zomato() -> None:
    rename("ZOMATO=ETERNAL", isin="INE758T01015")


def sentences(watchlist: Watchlist) -> list[str]:
    """Return what is said of a list, without what is said of each."""
    notice = find_rename_notice(watchlist)
    return [one.removesuffix(". Its history and your notes were kept.") for one in notice.sentences] if notice else []


def dismiss(client: Client, watchlist: Watchlist, until: str | None = None) -> Any:
    """Press the button of the page as it is now, or send another time."""
    if until is None:
        page = client.get(watchlist.get_absolute_url()).text
        until = page.partition('name="until" value="')[2].partition('"')[0]
    return client.post(url("dismiss_renames", watchlist) + "?sort=-ticker", {"until": until})


def test_the_page_of_a_list_says_it_until_it_is_dismissed(client: Client, ann: User, mine: Watchlist) -> None:
    other = make_list(ann, "TCS.NS", name="Other")
    rename_zomato()
    assert SENTENCE in client.get(mine.get_absolute_url()).text
    assert SENTENCE not in client.get(other.get_absolute_url()).text
    answer = dismiss(client, mine)
    assert answer.headers["Location"] == f"{mine.get_absolute_url()}?sort=-ticker"
    assert SENTENCE not in client.get(mine.get_absolute_url()).text
    rename("ETERNAL=LASTING")
    assert sentences(mine) == ["ETERNAL.NS is now LASTING.NS"]


def test_a_rename_after_the_page_was_drawn_is_not_dismissed_with_it(client: Client, mine: Watchlist) -> None:
    rename_zomato()
    notice = find_rename_notice(mine)
    assert notice
    rename("TCS=TATA")
    dismiss(client, mine, notice.until)
    assert sentences(mine) == ["TCS.NS is now TATA.NS"]


@pytest.mark.parametrize(
    "until", ["", "now", "9999999-01-01", "2026-11-27T25:00", "0001-01-01T00:00+23:00", "9999-12-31T23:59-23:00"]
)
def test_a_time_that_no_page_has_sent_dismisses_nothing(until: str, client: Client, mine: Watchlist) -> None:
    rename_zomato()
    answer = dismiss(client, mine, until)
    assert (answer.status_code, CANNOT in answer.content.decode()) == (422, True)
    assert len(sentences(mine)) == 1


def test_it_is_said_for_a_month(mine: Watchlist) -> None:
    rename_zomato()
    with time_machine.travel(timezone.now() + timedelta(days=29)):
        assert sentences(mine) == ["ZOMATO.NS is now ETERNAL.NS (same ISIN)"]
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        assert find_rename_notice(mine) is None
        rename("ETERNAL=LASTING")
        assert sentences(mine) == ["ETERNAL.NS is now LASTING.NS"]


@pytest.mark.parametrize("before", [["ETERNAL.NS"], []])
def test_it_is_not_said_to_those_who_never_had_the_old_ticker(before: list[str], mine: Watchlist) -> None:
    bobs = make_list(make_user("bob"), *before, name="Bobs")
    rename_zomato()
    if not before:
        services.add(bobs, "ETERNAL.NS")
    assert (find_rename_notice(bobs), len(sentences(mine))) == (None, 1)


def test_a_stock_that_is_removed_and_added_again_is_known_by_its_ticker(mine: Watchlist) -> None:
    rename_zomato()
    changes.remove(mine, ["ETERNAL.NS"])
    services.add(mine, "ETERNAL.NS")
    assert find_rename_notice(mine) is None


@pytest.mark.parametrize(
    ("on_list", "renames", "said"),
    [
        ("A", ["A=B", "B=A"], []),
        ("A", ["A=B", "B=A", "A=C"], ["A.NS is now C.NS"]),
        ("A", ["A=B", "B=C"], ["A.NS is now C.NS"]),
        ("A B", ["A=B B=A"], ["A.NS is now B.NS", "B.NS is now A.NS"]),
        ("A", ["A=B B=A"], ["A.NS is now B.NS"]),
        ("A B", ["A=B B=C"], ["A.NS is now B.NS", "B.NS is now C.NS"]),
        ("A B", ["A=B"], ["A.NS is now B.NS"]),
        ("A B", ["A=C", "B=C"], ["A.NS is now C.NS", "B.NS is now C.NS"]),
        ("A", ["A=C", "B=C"], ["A.NS is now C.NS"]),
        ("C", ["A=C", "B=C"], []),
        ("A B C", ["A=B B=C C=A"], ["A.NS is now B.NS", "B.NS is now C.NS", "C.NS is now A.NS"]),
        ("C", ["A=B B=C C=A"], ["C.NS is now A.NS"]),
    ],
)
def test_each_ticker_that_was_on_the_list_is_said_once(
    on_list: str, renames: list[str], said: list[str], ann: User
) -> None:
    for name in "ABC":
        make_stock(f"{name}.NS")
    watchlist = make_list(ann, *(f"{name}.NS" for name in on_list.split()))
    for pairs in renames:
        rename(*pairs.split())
    assert sorted(sentences(watchlist)) == said


def test_tickers_in_between_are_dismissed_with_the_one_that_is_said(client: Client, mine: Watchlist) -> None:
    rename_zomato()
    rename("ETERNAL=LASTING")
    assert sentences(mine) == ["ZOMATO.NS is now LASTING.NS (same ISIN)"]
    dismiss(client, mine)
    assert find_rename_notice(mine) is None


def test_another_user_and_nobody_can_dismiss_nothing(client: Client, mine: Watchlist) -> None:
    rename_zomato()
    notice = find_rename_notice(mine)
    assert notice
    client.force_login(make_user("bob"))
    assert dismiss(client, mine, notice.until).status_code == 404
    client.logout()
    assert dismiss(client, mine, notice.until).status_code == 302
    assert len(sentences(mine)) == 1


def test_a_dismissal_is_of_one_list(client: Client, ann: User, mine: Watchlist) -> None:
    other = make_list(ann, "ZOMATO.NS", name="Other")
    rename_zomato()
    dismiss(client, mine)
    assert (sentences(mine), len(sentences(other))) == ([], 1)


@pytest.mark.parametrize(("count", "more"), [(3, ""), (4, "1 more has a new ticker."), (5, "2 more have new tickers.")])
def test_of_many_renames_three_are_named(count: int, more: str, client: Client, ann: User) -> None:
    watchlist = make_list(ann, *(f"O{n}.NS" for n in range(count)))
    rename(*(f"O{n}=N{n}" for n in range(count)))
    page = client.get(watchlist.get_absolute_url()).text
    notice = page.partition('class="rename-notice">')[2].partition("</span>")[0]
    said = [f"O{n}.NS is now N{n}.NS. Its history and your notes were kept." for n in range(3)]
    assert notice == " ".join([*said, *filter(None, [more])])
    dismiss(client, watchlist)
    assert find_rename_notice(watchlist) is None


def test_hundreds_of_renames_take_one_query(ann: User, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    watchlist = make_list(ann)
    services.add_all(watchlist, {make_stock(f"O{n}.NS").pk: "" for n in range(100)})
    rename(*(f"O{n}=N{n}" for n in range(100)))
    with django_assert_num_queries(1):
        notice = find_rename_notice(watchlist)
    assert notice
    assert notice.sentences[3:] == ["97 more have new tickers."]


def test_a_list_or_stock_that_is_deleted_leaves_no_rows_behind(ann: User, mine: Watchlist) -> None:
    other = make_list(ann, "ZOMATO.NS", name="Other")
    rename_zomato()
    services.delete(other)
    assert ListRename.objects.count() == 1
    Stock.objects.filter(pk="ETERNAL.NS").delete()
    assert ListRename.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_list_can_be_deleted_and_its_stock_removed_while_they_are_renamed() -> None:
    ann = make_user()
    for number in range(5):
        lists = [make_list(ann, f"O{number}.NS", name=f"{number} {place}") for place in range(4)]
        deletions = [partial(services.delete, one) for one in lists[:2]]
        removal = partial(changes.remove, lists[2], [f"O{number}.NS"])
        done = together([partial(rename, f"O{number}=N{number}"), *deletions, removal])
        assert not [one for one in done if isinstance(one, Exception)]
        assert sentences(lists[3]) == [f"O{number}.NS is now N{number}.NS"]
