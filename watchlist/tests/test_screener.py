"""The screener: what it finds, in which order, what it says, and what leads from it to files and lists."""

from __future__ import annotations

import csv
import re
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.exceptions import FieldFetchBlocked
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.models import Index, Result, Stock
from analysis.prices.exchanges import EXCHANGE_BY_CODE
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.screening import stocks_to_show
from analysis.tests.make import make_job, make_result, make_stock, make_user
from analysis.worker.slice import run_slice
from watchlist import services
from watchlist.models import Watchlist, WatchlistItem
from watchlist.screener.columns import DEFAULT_COLUMNS
from watchlist.screener.services import MOST_AT_ONCE

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

URL = reverse("screener:screener")
SELL: dict[str, Any] = {"verdict": "sell", "raw_verdict": "sell", "side": "short", "stop": 110.0, "target": 80.0}
NO_PLAN: dict[str, Any] = {"side": "", "entry": None, "stop": None, "target": None, "risk_reward": None}


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann", long_only=False)
    client.force_login(user)
    return user


@pytest.fixture
def market() -> None:
    """Four stocks that differ in everything that can be asked for."""
    banks, metals = {"exchange": "NSE", "industry": "Banks"}, {"exchange": "BSE", "industry": "Metals"}
    make_result(make_stock("AXE.NS", **banks), score=0.62, verdict="strong_buy", verdict_since=date(2026, 11, 18))
    make_result(make_stock("BAY.NS", **banks), score=0.296, verdict_since=date(2026, 9, 1), risk_reward=1.996)
    make_result(
        make_stock("COD.BO", **metals), score=-0.3, close=95.0, verdict_since=date(2026, 11, 19), **SELL
    )  # fmt: skip
    neutral: dict[str, Any] = {"verdict": "neutral", "raw_verdict": "neutral", "verdict_since": date(2026, 11, 20)}
    make_result(make_stock("DUN.BO", name="Axle & Co", **metals), score=0.0, close=98.0, **neutral, **NO_PLAN)
    make_stock("NEW.NS")  # not analysed yet
    Index.objects.create(name="Nifty", loaded_at=timezone.now()).stocks.set(
        Stock.objects.filter(pk__in=["AXE.NS", "COD.BO"])
    )


def found(answer: Any) -> list[str]:
    return [row.stock.pk for row in answer.context["screener"].rows]


def test_every_analysed_stock_is_there_the_highest_score_first(client: Client, ann: User, market: None) -> None:
    answer = client.get(URL)
    assert found(answer) == ["AXE.NS", "BAY.NS", "DUN.BO", "COD.BO"]
    assert "4 stocks" in answer.text
    assert "NEW.NS" not in answer.text


@pytest.mark.parametrize("level", ["risk_reward", "entry", "stop", "target"])
def test_a_plan_that_nobody_sees_is_not_found_and_has_no_place_in_the_order(
    client: Client, ann: User, market: None, settings: Settings, level: str
) -> None:
    settings.MAX_PRICE_AGE_SESSIONS = 10
    now = timezone.now()
    fresh = last_closed_session(EXCHANGE_BY_CODE["NSE"], now)
    Result.objects.filter(stock="AXE.NS").update(day=date(2026, 1, 5))
    Result.objects.filter(stock__in=["BAY.NS", "COD.BO"]).update(day=fresh)
    ann.long_only = True
    ann.save()
    assert found(client.get(f"{URL}?risk_reward=1")) == ["BAY.NS"]
    assert found(client.get(f"{URL}?sort={level}"))[0] == "BAY.NS"
    assert found(client.get(f"{URL}?sort=-{level}"))[0] == "BAY.NS"


@pytest.mark.parametrize(
    ("ticker", "exchange", "computed", "has_plan"),
    [
        ("AXE.NS", "NSE", datetime(2026, 11, 24, 11, 0, tzinfo=UTC), False),
        ("AXE.NS", "NSE", datetime(2026, 11, 24, 20, 0, tzinfo=UTC), True),  # 25 November in Mumbai
        ("AAPL", "US", datetime(2026, 11, 25, 1, 0, tzinfo=UTC), False),  # 24 November in New York
        ("AAPL", "US", datetime(2026, 11, 25, 22, 0, tzinfo=UTC), True),
    ],
)
def test_a_plan_from_before_a_split_is_none_in_its_row_and_to_every_filter(
    client: Client, ann: User, ticker: str, exchange: str, computed: datetime, *, has_plan: bool
) -> None:
    stock = make_stock(ticker, exchange=exchange, last_split=date(2026, 11, 25))
    make_result(stock, date(2026, 11, 24), completed_at=computed)
    (row,) = client.get(URL).context["screener"].rows
    assert (row.plan is not None) == has_plan
    assert ("came after it; analyse the stock again" in row.no_trade_reason) != has_plan
    assert found(client.get(f"{URL}?risk_reward=1")) == ([ticker] if has_plan else [])


@pytest.mark.parametrize("late", [9, 10])
def test_a_plan_is_found_as_long_as_its_row_shows_it(
    client: Client, ann: User, market: None, settings: Settings, late: int
) -> None:
    settings.MAX_PRICE_AGE_SESSIONS = 10
    exchange, now = EXCHANGE_BY_CODE["NSE"], timezone.now()
    days = sessions_between(exchange, date(2026, 10, 1), last_closed_session(exchange, now))
    Result.objects.filter(stock="AXE.NS").update(day=days[-1 - late])
    shown = next(row for row in client.get(URL).context["screener"].rows if row.stock.pk == "AXE.NS")
    assert (shown.sessions_late, shown.plan is not None) == (late, late < 10)
    assert ("AXE.NS" in found(client.get(f"{URL}?risk_reward=1"))) == (late < 10)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=ax", {"AXE.NS", "DUN.BO"}),
        ("q=+axe.ns+", {"AXE.NS"}),
        ("verdict=buy&verdict=sell", {"BAY.NS", "COD.BO"}),
        ("score_min=0", {"AXE.NS", "BAY.NS", "DUN.BO"}),
        ("score_min=30", {"AXE.NS", "BAY.NS"}),  # 29.6 is shown as +30
        ("score_max=-30", {"COD.BO"}),
        ("score_min=-30&score_max=0", {"COD.BO", "DUN.BO"}),
        ("change_min=2.04", {"AXE.NS", "BAY.NS"}),
        ("change_max=0", {"COD.BO", "DUN.BO"}),
        ("change_max=-3", {"COD.BO"}),
        ("industry=Metals", {"COD.BO", "DUN.BO"}),
        ("exchange=NSE", {"AXE.NS", "BAY.NS"}),
        ("risk_reward=2", {"AXE.NS", "BAY.NS", "COD.BO"}),  # 1.996 is shown as 2.00
        ("risk_reward=2.01", set()),
        ("since=2026-11-18", {"AXE.NS", "COD.BO"}),
        ("since=2026-11-19", {"COD.BO"}),
        ("verdict=strong_buy&industry=Banks&since=2026-11-01", {"AXE.NS"}),
    ],
)
def test_a_filter_leaves_what_people_read_as_matching(
    client: Client, ann: User, market: None, query: str, expected: set[str]
) -> None:
    assert set(found(client.get(f"{URL}?{query}"))) == expected


def test_an_index_leaves_its_members(client: Client, ann: User, market: None) -> None:
    assert set(found(client.get(URL, {"index": "nifty"}))) == {"AXE.NS", "COD.BO"}


def test_who_trades_long_only_meets_no_shorts_by_their_risk_and_reward(client: Client, ann: User, market: None) -> None:
    ann.long_only = True
    ann.save()
    assert set(found(client.get(f"{URL}?risk_reward=1"))) == {"AXE.NS", "BAY.NS"}


@pytest.mark.parametrize(
    ("query", "name", "sentence"),
    [
        ("score_min=high", "score_min", "Enter a number."),
        ("score_max=101", "score_max", "Enter a number from -100 to 100."),
        ("change_min=1e999", "change_min", "Enter a number from -100 to 10000."),
        ("risk_reward=NaN", "risk_reward", "Enter a number."),
        ("since=20.11.2026", "since", "Enter a day like 2026-11-20."),
        ("verdict=hold", "verdict", "“hold” is not a verdict."),
        ("industry=Spice", "industry", "No analysed stock is of “Spice”."),
        ("exchange=MARS", "exchange", "No analysed stock trades on “MARS”."),
        ("index=Nowhere", "index", "There is no index “Nowhere”."),
        ("index=x%00", "index", "Null characters are not allowed."),
        ("score_min=5&score_max=-5", "score_max", "The maximum is below the minimum, so nothing can match."),
    ],
)
def test_what_cannot_be_used_is_said_beside_its_field_and_the_rest_still_filters(
    client: Client, ann: User, market: None, query: str, name: str, sentence: str
) -> None:
    answer = client.get(f"{URL}?exchange=NSE&{query}" if name != "exchange" else f"{URL}?q=.ns&{query}")
    assert answer.status_code == 422
    assert answer.context["screener"].form.errors[name] == [sentence]
    assert set(found(answer)) >= {"AXE.NS"}
    assert "COD.BO" not in found(answer) or name == "exchange"


@pytest.mark.parametrize("query", ["sort=drop+table", "columns=close&columns=nonsense"])
def test_an_unknown_order_or_column_is_said_and_the_usual_one_shown(
    client: Client, ann: User, market: None, query: str
) -> None:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert "instead" in answer.text or "the usual ones" in answer.text
    assert found(answer)[0] == "AXE.NS"


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("stock", ["AXE.NS", "BAY.NS", "COD.BO", "DUN.BO"]),
        ("-stock", ["DUN.BO", "COD.BO", "BAY.NS", "AXE.NS"]),
        ("score", ["COD.BO", "DUN.BO", "BAY.NS", "AXE.NS"]),
        ("-verdict", ["AXE.NS", "BAY.NS", "DUN.BO", "COD.BO"]),
        ("change", ["COD.BO", "DUN.BO", "AXE.NS", "BAY.NS"]),
        ("-since", ["DUN.BO", "COD.BO", "AXE.NS", "BAY.NS"]),
        ("risk_reward", ["BAY.NS", "AXE.NS", "COD.BO", "DUN.BO"]),  # no plan comes last, this way
        ("-risk_reward", ["AXE.NS", "COD.BO", "BAY.NS", "DUN.BO"]),  # and that way
        ("-industry", ["COD.BO", "DUN.BO", "AXE.NS", "BAY.NS"]),
    ],
)
def test_rows_are_sorted_by_what_people_read(
    client: Client, ann: User, market: None, sort: str, expected: list[str]
) -> None:
    assert found(client.get(f"{URL}?sort={sort}")) == expected


def test_every_column_can_be_shown_sorted_by_and_turned_round(client: Client, ann: User, market: None) -> None:
    for column, _ in client.get(URL).context["screener"].column_choices:
        answer = client.get(f"{URL}?columns={column.key}&sort={column.key}")
        assert answer.context["screener"].shown_columns == [column.key]
        assert f"columns={column.key}&amp;sort=-{column.key}" in answer.text
        assert 'aria-sort="ascending"' in answer.text
        assert len(found(answer)) == 4
        assert [row.count("</td>") + row.count("</th>") for row in re.findall(r"<tr.*?</tr>", answer.text, re.S)] == [
            2
        ] * 5


def test_every_filter_has_a_field_on_the_page(client: Client, ann: User, market: None) -> None:
    answer = client.get(URL)
    fields = answer.context["screener"].form.fields
    assert [name for name in fields if f'name="{name}"' not in answer.text] == []


def test_a_heading_keeps_filters_and_columns(client: Client, ann: User, market: None) -> None:
    answer = client.get(f"{URL}?exchange=NSE&columns=score&columns=close&page=1")
    heading = answer.context["screener"].headings[1]
    assert heading.address == f"{URL}?exchange=NSE&columns=close&columns=score&sort=-close"


def test_the_empty_fields_of_the_form_leave_the_address(client: Client, ann: User, market: None) -> None:
    usual = "".join(f"&columns={key}" for key in DEFAULT_COLUMNS)
    answer = client.get(f"{URL}?q=&score_min=&exchange=NSE&industry={usual}", follow=True)
    assert answer.redirect_chain == [(f"{URL}?exchange=NSE", 302)]
    assert client.get(f"{URL}?q=&score_min=high").status_code == 422


def test_pages_follow_each_other_with_the_filters(client: Client, ann: User) -> None:
    for n in range(60):
        make_result(make_stock(f"S{n:02}.NS", exchange="NSE"))
    first = client.get(f"{URL}?exchange=NSE")
    assert found(first) == [f"S{n:02}.NS" for n in range(50)]
    assert "1–50 of 60 stocks" in first.text
    second = client.get(first.context["screener"].next_address)
    assert found(second) == [f"S{n:02}.NS" for n in range(50, 60)]
    assert "Page 2 of 2" in second.text
    assert found(client.get(f"{URL}?page=99")) == found(second)


def test_each_filter_in_use_can_be_cleared_alone(client: Client, ann: User, market: None) -> None:
    answer = client.get(f"{URL}?exchange=NSE&verdict=buy&sort=stock")
    filters = [(one.words, one.address) for one in answer.context["screener"].active_filters]
    assert filters == [
        ("Verdict: Buy", f"{URL}?exchange=NSE&sort=stock"),
        ("Exchange: NSE", f"{URL}?verdict=buy&sort=stock"),
    ]
    assert answer.context["screener"].without_filters == f"{URL}?sort=stock"


def test_where_nothing_matches_the_filter_that_removes_most_is_named(client: Client, ann: User, market: None) -> None:
    answer = client.get(f"{URL}?verdict=strong_buy&industry=Banks&score_max=10")
    assert "“Score at most: 10” removes most: without it 1 stock would be here." in answer.text
    assert f'href="{URL}?verdict=strong_buy&amp;industry=Banks"' in answer.text
    answer = client.get(f"{URL}?verdict=strong_buy&exchange=BSE&score_max=10&q=zzz")
    assert "No filter removes everything by itself" in answer.text
    assert "“Ticker or name: zzz” leaves the fewest, 0 stocks." in answer.text
    assert "No analysed stock passes “Ticker or name: zzz”." in client.get(f"{URL}?q=zzz").text


def test_without_any_analysed_stock_the_page_says_how_one_comes_here(client: Client, ann: User) -> None:
    make_stock("NEW.NS")
    assert "No analysed stocks yet" in client.get(URL).text


@pytest.mark.parametrize(
    "query", ["", "?verdict=buy&score_min=0&exchange=NSE&sort=-change&columns=entry&columns=changed"]
)
def test_the_page_takes_thirteen_queries_however_many_stocks(
    client: Client, ann: User, query: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    done = 0
    for rows in (1, 50, 500):
        for n in range(done, rows):
            make_result(make_stock(f"S{n}.NS", exchange="NSE"))
        done = rows
        with django_assert_num_queries(13 if query else 12):
            answer = client.get(f"{URL}{query}")
        assert len(found(answer)) == min(rows, 50)


def test_rows_read_nothing_that_the_query_has_not_brought(ann: User, market: None) -> None:
    stock = stocks_to_show(ann.strategy, long_only=False, now=timezone.now()).get(pk="AXE.NS")
    with pytest.raises(FieldFetchBlocked, match="last_error"):
        _ = stock.last_error
    assert "evidence" not in str(stocks_to_show(ann.strategy, long_only=False, now=timezone.now()).query)


def test_an_analysis_says_since_when_its_verdict_holds() -> None:
    run_slice(str(make_job("KAVERI.DEMO").pk))
    result = Result.objects.get()
    since = result.ratings.get().verdict_since
    assert since is not None
    assert since <= result.day


# Files


def test_a_workbook_has_what_the_page_shows(client: Client, ann: User, market: None) -> None:
    query = "?exchange=BSE&sort=stock&columns=close&columns=change&columns=verdict&columns=score&columns=since"
    answer = client.get(f"{reverse('screener:export', args=['xlsx'])}{query}")
    sheet = load_workbook(BytesIO(answer.content)).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.rows]
    assert rows[0] == (
        "Ticker,Name,Last close,Currency,Session,Change %,Change over sessions,Verdict,Caution,Score,Verdict since"
    ).split(",")
    assert [row[:4] for row in rows[1:]] == [["COD.BO", "Cod.Bo", 95, "INR"], ["DUN.BO", "Axle & Co", 98, "INR"]]
    assert [row[5:10] for row in rows[1:]] == [[-3.06, 1, "Sell", "", -30], [0, 1, "Neutral", "", 0]]
    assert [row[10] for row in rows[1:]] == [datetime(2026, 11, 19), datetime(2026, 11, 20)]  # noqa: DTZ001
    assert answer["Content-Disposition"] == f'attachment; filename="Screener {timezone.localdate()}.xlsx"'


def test_a_file_has_every_page(client: Client, ann: User) -> None:
    for n in range(60):
        make_result(make_stock(f"S{n:02}.NS"))
    answer = client.get(reverse("screener:export", args=["csv"]), {"columns": "score", "sort": "-stock"})
    lines = list(csv.reader(StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0] == ["Ticker", "Name", "Score"]
    assert lines[1:] == [[f"S{n:02}.NS", f"S{n:02}.Ns", "30.0"] for n in reversed(range(60))]


def test_a_file_of_filters_that_cannot_be_used_is_refused_with_the_page(
    client: Client, ann: User, market: None
) -> None:
    answer = client.get(f"{reverse('screener:export', args=['csv'])}?score_min=high")
    assert answer.status_code == 422
    assert "Score at least: Enter a number." in answer.text


def test_a_file_reads_all_stocks_in_one_query(
    client: Client, ann: User, market: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(8):
        client.get(reverse("screener:export", args=["csv"]))


# To a list


def add(client: Client, **data: object) -> Any:
    return client.post(reverse("screener:add"), data, follow=True)


def test_the_ticked_go_to_the_end_of_a_list_and_the_page_stays(client: Client, ann: User, market: None) -> None:
    watchlist = Watchlist.objects.create(owner=ann, name="Mine")
    WatchlistItem.objects.create(watchlist=watchlist, stock_id="AXE.NS", position=4)
    answer = add(client, watchlist=watchlist.pk, tickers=["BAY.NS", "AXE.NS", "COD.BO"], query="sort=stock")
    assert "2 stocks are on “Mine” now. 1 stock is on it already." in answer.text
    assert list(watchlist.items.values_list("stock_id", "position")) == [("AXE.NS", 4), ("BAY.NS", 5), ("COD.BO", 6)]
    assert answer.redirect_chain == [(f"{URL}?sort=stock", 302)]
    again = add(client, watchlist=watchlist.pk, tickers=["BAY.NS"])
    assert "Nothing to add: 1 stock is on “Mine” already." in again.text


def test_all_that_match_go_to_a_first_list_that_is_made_for_them(client: Client, ann: User, market: None) -> None:
    answer = add(client, watchlist="", all="all", query="exchange=NSE", tickers=["COD.BO"])
    assert "2 stocks are on “Watchlist” now." in answer.text
    assert list(Watchlist.objects.get(owner=ann).items.values_list("stock_id", flat=True)) == ["AXE.NS", "BAY.NS"]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "No stock is ticked. Tick some, or add all that match."),
        ({"tickers": "EVIL.NS"}, "None of these is a stock any more."),
        ({"tickers": "AXE.NS", "watchlist": "999"}, "That list is not there any more; choose another."),
        ({"tickers": [f"S{n}" for n in range(MOST_AT_ONCE + 1)]}, "501 stocks are too many"),
    ],
)
def test_what_cannot_be_added_is_refused_in_a_sentence_over_the_same_rows(
    client: Client, ann: User, market: None, data: dict[str, object], sentence: str
) -> None:
    answer = add(client, query="exchange=NSE", **data)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert found(answer) == ["AXE.NS", "BAY.NS"]
    assert not WatchlistItem.objects.exists()


def test_a_full_list_refuses_and_keeps_what_it_has(
    client: Client, ann: User, market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_STOCKS", 1)
    watchlist = Watchlist.objects.create(owner=ann, name="Mine")
    WatchlistItem.objects.create(watchlist=watchlist, stock_id="AXE.NS")
    answer = add(client, watchlist=watchlist.pk, tickers=["AXE.NS", "BAY.NS"])
    assert answer.status_code == 422
    assert "A list holds 1 stocks; “Mine” has 1 already." in answer.text
    assert watchlist.items.count() == 1
    monkeypatch.setattr(services, "MOST_STOCKS", 0)
    again = add(client, watchlist=watchlist.pk, tickers=["AXE.NS"])
    assert "Nothing to add: 1 stock is on “Mine” already." in again.text


def test_stocks_go_to_ones_own_lists_alone(client: Client, market: None) -> None:
    owner = make_user("ann")
    watchlist = Watchlist.objects.create(owner=owner, name="Mine")
    data = {"watchlist": watchlist.pk, "tickers": "AXE.NS"}
    assert client.post(reverse("screener:add"), data).headers["Location"].startswith(reverse("login"))
    client.force_login(make_user("bob"))
    assert client.post(reverse("screener:add"), data).status_code == 422
    assert not watchlist.items.exists()
    client.force_login(owner)
    assert client.post(reverse("screener:add"), data).status_code == 302
    assert watchlist.items.count() == 1
