"""The chart's numbers and its indicators, as pages and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from analysis.engine.bars import Bars
from analysis.models import PriceHistory, Stock
from analysis.prices.arrow import pack_bars
from analysis.tests.make import make_finished_job, make_stock, make_user, store_events
from stockapp.accounts.chart_preferences import MOST

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
TICKER = "KAVERI.DEMO"
SHORT = "NAVANKURA.DEMO"


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    return user


def url(name: str, *args: str) -> str:
    return reverse(f"analysis:{name}", args=args)


def kept(user: User) -> list[str]:
    user.refresh_from_db()
    return [each["key"] for each in user.chart_indicators]


def test_the_chart_ends_with_the_score_and_verdict_of_the_page(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    result = Stock.objects.get().last_result
    assert result is not None
    rating = result.ratings.get(strategy=ann.strategy)
    assert rating.score is not None
    for query in ({}, {"all": 1}):
        series = client.get(url("stock_series", TICKER), query).json()
        assert series["session"][-1] == result.day.isoformat()
        assert series["score"][-1] == pytest.approx(100 * rating.score, abs=1e-4)
        assert series["verdicts"][str(int(series["verdict"][-1]))] == rating.get_verdict_display()
        assert len(series["verdict"]) == len(series["session"])
        assert series["close"][-1] == result.close


def test_the_chart_has_the_dividends_and_splits_of_its_sessions(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    days = PriceHistory.objects.get().unpack().session.tolist()
    store_events(TICKER, dividends={days[-1]: 0.1925, days[-400]: 0.25, days[-600]: 0.2}, splits={days[-400]: 2.0})
    recent = [
        {"session": days[-1].isoformat(), "dividend": 0.1925, "split": ""},
        {"session": days[-400].isoformat(), "dividend": None, "split": "2:1"},
        {"session": days[-400].isoformat(), "dividend": 0.25, "split": ""},
    ]
    series = client.get(url("stock_series", TICKER)).json()
    assert (series["events"], series["dividend_decimals"]) == (recent, 4)
    whole = client.get(url("stock_series", TICKER), {"all": 1}).json()
    assert whole["events"] == [*recent, {"session": days[-600].isoformat(), "dividend": 0.2, "split": ""}]


def test_a_dividend_of_a_session_that_is_left_out_is_marked_at_the_next_one(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    history = PriceHistory.objects.get()
    bars = history.unpack()
    days = bars.session.tolist()
    store_events(TICKER, dividends={days[-3]: 5.0, days[0]: 1.0})
    kept = np.ones(len(bars), dtype=bool)
    kept[[0, -3]] = False
    columns = (bars.session, bars.open, bars.high, bars.low, bars.close, bars.volume)
    PriceHistory.objects.update(bars=pack_bars(Bars(*(column[kept] for column in columns))))
    events = client.get(url("stock_series", TICKER), {"all": 1}).json()["events"]
    assert [event["session"] for event in events] == [days[-2].isoformat()]


def test_a_change_over_a_missing_session_says_so_in_the_table_and_the_chart(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    bars = PriceHistory.objects.get().unpack()
    assert "over 2 sessions" not in client.get(url("stock", TICKER)).text.partition('id="sessions"')[2]
    PriceHistory.objects.update(bars=pack_bars(bars.select(np.arange(len(bars)) != len(bars) - 4)))
    table = client.get(url("stock", TICKER)).text.partition('id="sessions"')[2].partition("</table>")[0]
    assert table.count("over 2 sessions") == 1
    series = client.get(url("stock_series", TICKER)).json()
    assert series["spans"] == {str(len(series["session"]) - 3): 2}


def test_the_chart_is_sent_compressed(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    plain = client.get(url("stock_series", TICKER), {"all": 1})
    packed = client.get(url("stock_series", TICKER), {"all": 1}, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.content) < len(plain.content) / 2


def test_an_indicator_comes_as_columns_over_the_chart_s_sessions(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    for query in ({}, {"all": "1"}):
        sessions = client.get(url("stock_series", TICKER), query).json()["session"]
        bands = client.get(url("indicator_series", TICKER, "bbands"), {**query, "length": "30"}).json()
        assert (bands["label"], bands["place"], bands["scale"]) == ("Bollinger 30, 2, 2", "overlay", "price")
        assert bands["session"] == sessions
        assert [line["label"] for line in bands["lines"]] == ["Lower", "Middle", "Upper"]
        assert {len(line["values"]) for line in bands["lines"]} == {len(sessions)}
        lower, middle, upper = (line["values"][-1] for line in bands["lines"])
        assert lower < middle < upper
    first = bands["lines"][0]["values"]
    assert first[:29] == [None] * 29
    assert first[29] is not None


def test_the_chart_s_average_and_the_catalogue_s_are_the_same_numbers(client: Client, ann: User) -> None:
    make_finished_job(TICKER, requested_by=ann)
    ours = client.get(url("stock_series", TICKER)).json()["averages"]["SMA 50"]
    theirs = client.get(url("indicator_series", TICKER, "sma"), {"length": "50"}).json()["lines"][0]["values"]
    assert ours == pytest.approx(theirs)


@pytest.mark.parametrize(
    ("key", "query", "status", "sentence"),
    [
        ("no-such", {}, 404, "There is no indicator “no-such”."),
        ("psar", {}, 404, "“psar” is not offered: takes other sides than Wilder’s rules"),
        ("rsi", {"length": "0"}, 422, "Length must be a whole number from 2 to 400."),
        ("rsi", {"length": "x"}, 422, "Length must be a whole number from 2 to 400."),
        ("rsi", {"width": "3"}, 422, "RSI has no parameter “width”."),
        ("sma", {"length": "50"}, 200, "SMA 50 needs more sessions than the 43 that are stored."),
    ],
)
def test_what_cannot_be_computed_is_refused_in_a_sentence(
    client: Client, ann: User, key: str, query: dict[str, str], status: int, sentence: str
) -> None:
    make_finished_job(SHORT, requested_by=ann)
    answer = client.get(url("indicator_series", SHORT, key), query)
    assert answer.status_code == status
    assert answer.json()["problem"].startswith(sentence)


def test_an_indicator_of_a_stock_without_bars_says_so(client: Client, ann: User) -> None:
    make_stock("A.NS")
    answer = client.get(url("indicator_series", "A.NS", "rsi"))
    assert answer.status_code == 404
    assert answer.json()["problem"] == "No price history of A.NS is stored yet; its first analysis fetches it."


@pytest.mark.parametrize("bars", ["few", "many"])
def test_an_indicator_takes_as_many_queries_for_few_bars_as_for_many(
    client: Client, ann: User, bars: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ticker = SHORT if bars == "few" else TICKER
    make_finished_job(ticker, requested_by=ann)
    with django_assert_num_queries(4):
        assert client.get(url("indicator_series", ticker, "rsi"), {"all": "1"}).status_code == 200


def test_suggestions_are_found_by_name(client: Client, ann: User) -> None:
    text = client.get(url("indicators"), {"name": "bollin"}).text
    assert "Bollinger bands" in text
    assert text.count('role="option"') == 1
    assert "<html" not in text


def test_an_indicator_is_added_changed_and_removed_and_remembered(client: Client, ann: User) -> None:
    make_stock(TICKER)
    added = client.post(url("show_indicator", TICKER), {"name": "Relative strength index"}, headers=HTMX)
    assert added.status_code == 200
    assert f"{url('indicator_series', TICKER, 'rsi')}?length=14" in added.text
    client.post(url("show_indicator", TICKER), {"name": "macd"}, headers=HTMX)
    changed = {"name": "rsi", "instead_of": "rsi:14", "length": "21"}
    assert "RSI 21" in client.post(url("show_indicator", TICKER), changed, headers=HTMX).text
    assert kept(ann) == ["rsi", "macd"]
    other = make_stock("A.NS")
    assert "?length=21" in client.get(other.get_absolute_url()).text
    left = client.post(url("hide_indicator", TICKER), {"slug": "rsi:21"}, headers=HTMX).text
    assert "RSI" not in left.partition("add-indicator")[0]
    assert kept(ann) == ["macd"]
    assert client.post(url("hide_indicator", TICKER), {"slug": "rsi:21"}, headers=HTMX).status_code == 200


def test_saving_settings_unchanged_is_no_mistake(client: Client, ann: User) -> None:
    make_stock(TICKER)
    client.post(url("show_indicator", TICKER), {"name": "rsi"})
    same = {"name": "rsi", "instead_of": "rsi:14", "length": "14"}
    assert client.post(url("show_indicator", TICKER), same, headers=HTMX).status_code == 200
    assert kept(ann) == ["rsi"]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Type an indicator’s name."),
        ({"name": "zzz"}, "There is no indicator like “zzz”."),
        ({"name": "average"}, "“average” may be several indicators: "),
        ({"name": "rsi", "length": "1000"}, "Length must be a whole number from 2 to 400."),
        ({"name": "sma"}, "SMA 20 is on the chart already."),
        ({"name": "rsi", "instead_of": "sma:20", "length": "-1"}, "Length must be a whole number from 2 to 400."),
    ],
)
@pytest.mark.parametrize("headers", [HTMX, {}])
def test_a_bad_indicator_is_refused_beside_the_form_and_nothing_changes(
    client: Client, ann: User, given: dict[str, str], sentence: str, headers: dict[str, str]
) -> None:
    make_stock(TICKER)
    client.post(url("show_indicator", TICKER), {"name": "sma"})
    answer = client.post(url("show_indicator", TICKER), given, headers=headers)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert ("<html" in answer.text) == (not headers)
    assert kept(ann) == ["sma"]


def test_a_chart_has_room_for_so_many_indicators(client: Client, ann: User) -> None:
    make_stock(TICKER)
    for length in range(2, MOST + 2):
        assert client.post(url("show_indicator", TICKER), {"name": "sma", "length": length}).status_code == 302
    answer = client.post(url("show_indicator", TICKER), {"name": "rsi"}, headers=HTMX)
    assert answer.status_code == 422
    assert f"A chart shows {MOST} indicators at most; remove one first." in answer.text


def test_an_indicator_that_is_no_longer_offered_is_left_out(client: Client, ann: User) -> None:
    make_stock(TICKER)
    gone = {"key": "gone", "parameters": {}}
    get_user_model().objects.update(chart_indicators=[gone, {"key": "rsi", "parameters": {"length": 14}}])
    text = client.get(url("stock", TICKER)).text
    assert text.count("data-slug=") == 1
    ann.refresh_from_db()
    with pytest.raises(ValidationError, match="These are not indicators of the catalogue"):
        ann.full_clean()


def test_each_user_has_indicators_of_ones_own(client: Client, ann: User) -> None:
    make_stock(TICKER)
    client.post(url("show_indicator", TICKER), {"name": "rsi"})
    bob = make_user("bob")
    client.force_login(bob)
    assert "data-slug" not in client.get(url("stock", TICKER)).text
    client.post(url("hide_indicator", TICKER), {"slug": "rsi:14"})
    client.post(url("show_indicator", TICKER), {"name": "macd"})
    assert (kept(ann), kept(bob)) == (["rsi"], ["macd"])


@pytest.mark.parametrize(
    ("method", "name", "args"),
    [
        ("get", "indicators", []),
        ("get", "indicator_series", [TICKER, "rsi"]),
        ("post", "show_indicator", [TICKER]),
        ("post", "hide_indicator", [TICKER]),
    ],
)
def test_indicators_are_for_everybody_who_is_logged_in_and_nobody_else(
    client: Client, method: str, name: str, args: list[str]
) -> None:
    make_finished_job(TICKER, requested_by=make_user("ann"))
    answer = getattr(client, method)(url(name, *args), {"name": "rsi"} if method == "post" else {})
    assert answer.headers["Location"].startswith(reverse("login"))
    client.force_login(make_user("bob"))
    answer = getattr(client, method)(url(name, *args), {"name": "rsi"} if method == "post" else {})
    assert answer.status_code in {200, 302}
    assert "login" not in answer.headers.get("Location", "")


@pytest.mark.parametrize("name", ["show_indicator", "hide_indicator"])
def test_changing_the_chart_takes_a_post_with_a_token(name: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_user("ann"))
    make_stock(TICKER)
    assert client.get(url(name, TICKER)).status_code == 405
    assert client.post(url(name, TICKER), {"name": "rsi", "slug": "rsi:14"}).status_code == 403


def test_a_stock_without_bars_offers_to_fetch_them(client: Client, ann: User) -> None:
    make_stock("A.NS")
    text = client.get(url("stock", "A.NS")).text
    assert "No price history" in text
    assert ">Fetch prices and analyse</button>" in text
    make_finished_job(TICKER, requested_by=ann)
    text = client.get(url("stock", TICKER)).text
    assert "No price history" not in text
    assert PriceHistory.objects.filter(stock=TICKER).exists()
