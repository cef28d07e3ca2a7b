from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from analysis.models import Job, Stock, StockStatus
from analysis.tests.make import make_result, make_stock
from watchlist.forms import ListQueryForm
from watchlist.list_query import SORTS
from watchlist.models import Watchlist
from watchlist.tests.make import HTMX, make_list, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(ann: User) -> Watchlist:
    """B rose and is a Buy, A fell and is a Sell and failed since, C was never analysed."""
    make_result(make_stock("B.NS", name="Banyan", industry="Timber"), close=110.0, previous_close=100.0, score=0.3)
    short: dict[str, Any] = {
        "verdict": "sell",
        "raw_verdict": "sell",
        "side": "short",
        "stop": 105.0,
        "target": 90.0,
        "score": -0.4,
    }
    make_result(make_stock("A.NS", name="Amber"), close=90.0, previous_close=100.0, **short)
    make_stock("C.NS", name="Cedar")
    Stock.objects.filter(pk="A.NS").update(last_status=StockStatus.FAILED, last_analyzed_at=timezone.now())
    watchlist = make_list(ann, "B.NS", "A.NS", "C.NS")
    watchlist.items.filter(stock="C.NS").update(note="Ask about timber")
    return watchlist


def rows_of(text: str) -> list[str]:
    return re.findall(r'data-key="([^"]+)"', text)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["B.NS", "A.NS", "C.NS"]),
        ("?sort=ticker", ["A.NS", "B.NS", "C.NS"]),
        ("?sort=-ticker", ["C.NS", "B.NS", "A.NS"]),
        ("?sort=change", ["A.NS", "B.NS", "C.NS"]),
        ("?sort=-change", ["B.NS", "A.NS", "C.NS"]),
        ("?sort=-score", ["B.NS", "A.NS", "C.NS"]),
        ("?sort=status", ["A.NS", "C.NS", "B.NS"]),
        ("?sort=-analyzed", ["A.NS", "B.NS", "C.NS"]),
        ("?verdict=buy", ["B.NS"]),
        ("?status=failed", ["A.NS"]),
        ("?status=never", ["C.NS"]),
        ("?q=timber", ["B.NS", "C.NS"]),
        ("?q=amb", ["A.NS"]),
        ("?q=timber&sort=-ticker", ["C.NS", "B.NS"]),
        ("?q=timber&verdict=sell", []),
    ],
)
def test_the_address_says_what_is_shown_and_in_which_order(
    client: Client, three: Watchlist, query: str, expected: list[str]
) -> None:
    assert rows_of(client.get(url("watchlist", three) + query).text) == expected
    assert rows_of(client.get(url("rows", three) + query, headers=HTMX).text) == expected


@pytest.mark.parametrize("query", ["?sort=evil", "?verdict=evil&status=1", "?q=" + "x" * 61, "?open=%3Cscript%3E"])
def test_what_cannot_be_read_in_an_address_counts_as_not_given(client: Client, three: Watchlist, query: str) -> None:
    text = client.get(url("watchlist", three) + query).text
    assert rows_of(text) == ["B.NS", "A.NS", "C.NS"]
    assert "<script>&" not in text


def test_the_table_tells_the_browser_its_address_without_what_is_empty(client: Client, three: Watchlist) -> None:
    answer = client.get(url("rows", three) + "?q=&verdict=&status=failed&sort=", headers=HTMX)
    assert answer.headers["HX-Replace-Url"] == f"{three.get_absolute_url()}?status=failed"


def test_the_next_look_at_a_running_list_keeps_filter_and_order(client: Client, three: Watchlist) -> None:
    client.post(url("analyze", three), {"one": "B.NS"})
    text = client.get(url("watchlist", three) + "?sort=-score&q=timber").text
    assert f'hx-get="{url("rows", three)}?q=timber&amp;sort=-score&amp;seen=' in text


def test_an_act_answers_with_the_rows_that_were_shown(client: Client, three: Watchlist) -> None:
    headers = {**HTMX, "HX-Current-URL": f"http://testserver{three.get_absolute_url()}?sort=-ticker"}
    answer = client.post(url("remove", three), {"remove": "A.NS", "open": ["C.NS"]}, headers=headers)
    assert rows_of(answer.text) == ["C.NS", "B.NS"]
    assert 'data-more="C.NS"' in answer.text
    again = client.post(url("remove", three) + "?sort=-ticker", {"remove": "B.NS", "open": ["C.NS"]})
    assert again.headers["Location"].startswith(f"{three.get_absolute_url()}?sort=-ticker&open=C.NS&undo=")


def test_what_is_filtered_away_is_counted_and_can_be_shown_again(client: Client, three: Watchlist) -> None:
    text = client.get(url("watchlist", three) + "?verdict=buy&sort=ticker").text
    assert "2 stocks" in text
    assert "are not shown" in " ".join(text.split())
    assert f'href="{three.get_absolute_url()}?sort=ticker">Show all' in text
    nothing = client.get(url("watchlist", three) + "?q=zzz").text
    assert "No stock of this list fits" in nothing
    assert "Show all 3" in nothing


@pytest.mark.parametrize(
    ("query", "form", "expected"),
    [
        ("?q=timber", {"all": "all"}, ["B.NS", "C.NS"]),
        ("", {"failed": "failed"}, ["A.NS"]),
        ("?q=timber", {"failed": "failed"}, ["A.NS"]),
        ("", {"all": "all"}, ["A.NS", "B.NS", "C.NS"]),
    ],
)
def test_what_is_shown_or_what_failed_is_analysed(
    client: Client, ann: User, three: Watchlist, query: str, form: dict[str, str], expected: list[str]
) -> None:
    client.post(url("analyze", three) + query, form)
    job = Job.objects.get(requested_by=ann)
    assert sorted(job.details.values_list("stock_id", flat=True)) == expected


def test_a_heading_asks_for_one_order_then_the_other_then_my_own() -> None:
    def head(sort: str) -> tuple[str, str]:
        list_query = ListQueryForm(QueryDict(f"sort={sort}")).list_query
        found = next(head for head in list_query.heads if head.key == "change")
        return found.query, found.aria_sort

    assert head("") == ("?sort=-change", "")
    assert head("-change") == ("?sort=change", "descending")
    assert head("change") == ("", "ascending")


def test_every_order_that_is_offered_can_be_shown(client: Client, three: Watchlist) -> None:
    for sort, label in SORTS:
        text = client.get(url("watchlist", three) + f"?sort={sort}").text
        assert f'<option value="{sort}" selected>{label}</option>' in text
        assert sorted(rows_of(text)) == ["A.NS", "B.NS", "C.NS"]


def test_a_row_opens_by_its_address_and_closes_by_the_next(client: Client, three: Watchlist) -> None:
    opened = client.get(url("watchlist", three) + "?open=B.NS").text
    assert 'data-more="B.NS"' in opened
    assert 'data-more="A.NS"' not in opened
    assert opened.count('aria-expanded="true"') == 1
    toggle = url("row", three, "B.NS")
    assert client.get(toggle).headers["Location"] == f"{three.get_absolute_url()}?open=B.NS"
    assert (
        client.get(f"{toggle}?open=B.NS&sort=ticker").headers["Location"] == f"{three.get_absolute_url()}?sort=ticker"
    )


def test_what_opens_has_everything_that_a_narrow_row_leaves_out(client: Client, three: Watchlist) -> None:
    make_result(
        make_stock("M&M.NS"),
        why="3 of 4 votes up, led by EMA 200; 1 down, led by RSI 14.",
        what_changed="RSI left oversold",
        recent_closes=[90.0, 95.0, 100.0],
    )
    three.items.create(stock_id="M&M.NS", note="results on Friday", position=9)
    text = client.get(url("row", three, "M&M.NS"), headers=HTMX).text
    for shown in ("3 of 4 votes up, led by EMA 200", "RSI left oversold", "₹95.00", "200 shares", "results on Friday"):
        assert shown in text, shown
    assert "+11.11% in 3 sessions" in text
    assert "<html" not in text


def test_the_verdict_says_why_where_it_stands(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"), why="3 of 4 votes up.", recent_closes=[1.0, 2.0])
    text = client.get(url("watchlist", make_list(ann, "A.NS"))).text
    assert re.search(r'aria-describedby="tip-A.NS"', text)
    assert re.search(r'role="tooltip"\s+id="tip-A.NS"\s+class="tip">3 of 4 votes up.<', text)
    assert "+100.00% in 2 sessions" in text
