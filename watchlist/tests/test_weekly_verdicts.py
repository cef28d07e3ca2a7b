"""The weekly verdict beside the daily one on pages and in files, by the reader's own strategy."""

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from analysis.engine.strategies import STRATEGIES
from analysis.models import Rating, Result, Stock
from analysis.ratings import unrated_stocks
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_finished_job, make_rating, make_result, make_stock, make_user
from analysis.worker.rate import rate_latest
from stockapp.accounts.models import User
from watchlist.models import Watchlist, WatchlistItem

pytestmark = pytest.mark.django_db

AGAINST = "Daily Buy, weekly Sell: against the larger move."
WEEK: dict[str, Any] = {"weekly_verdict": "sell", "weekly_since": date(2026, 10, 16)}


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user()
    client.force_login(user)
    return user


def make_list(user: User, *stocks: Stock) -> Watchlist:
    watchlist = Watchlist.objects.create(owner=user, name="Mine")
    for position, stock in enumerate(stocks):
        WatchlistItem.objects.create(watchlist=watchlist, stock=stock, position=position)
    return watchlist


def page(client: Client, address: str) -> str:
    """The words of a page, with single blanks."""
    return " ".join(client.get(address).content.decode().split())


def test_the_list_shows_it_and_the_open_row_says_what_it_means(client: Client, ann: User) -> None:
    stock = make_stock()
    make_result(stock, **WEEK)
    watchlist = make_list(ann, stock)
    row = page(client, f"/watchlists/{watchlist.pk}/")
    assert 'weekly: <span class="week-verdict" title="Daily Buy, weekly Sell: against the larger move.">Sell' in row
    assert '<span class="against">against</span>' in row
    assert f"<p>{AGAINST}</p>" in page(client, f"/watchlists/{watchlist.pk}/?open={stock.pk}")


def test_a_verdict_with_the_larger_move_has_no_mark(client: Client, ann: User) -> None:
    stock = make_stock()
    make_result(stock, weekly_verdict="strong_buy", weekly_since=date(2026, 10, 16))
    row = page(client, f"/watchlists/{make_list(ann, stock).pk}/?open={stock.pk}")
    assert "Daily Buy, weekly Strong Buy: with the larger move." in row
    assert "against" not in row


def test_the_stocks_page_shows_it_with_its_week_and_promises_nothing(client: Client, ann: User) -> None:
    stock = make_stock()
    make_result(stock, **WEEK)
    words = page(client, stock.get_absolute_url())
    assert f"<p>{AGAINST}</p>" in words
    assert "<small>since 16 Oct 2026</small>" in words
    assert "it adds context, not accuracy" in words


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Not enough history: 30 completed weeks, 50 needed.", "Not enough history: 30 completed weeks, 50 needed."),
        ("", "The next analysis adds the weekly verdict."),
    ],
)
def test_without_one_the_page_says_why(client: Client, ann: User, reason: str, said: str) -> None:
    stock = make_stock()
    make_result(stock, no_weekly_reason=reason)
    assert said in page(client, stock.get_absolute_url())
    row = page(client, f"/watchlists/{make_list(ann, stock).pk}/?open={stock.pk}")
    assert said in row
    assert "weekly:" not in row


def test_the_screener_shows_filters_sorts_and_exports_it(client: Client, ann: User) -> None:
    for ticker, weekly in (("A.NS", "buy"), ("B.NS", "sell"), ("C.NS", "strong_sell"), ("D.NS", "")):
        since = date(2026, 10, 16) if weekly else None
        make_result(make_stock(ticker), weekly_verdict=weekly, weekly_since=since)

    def shown(query: str) -> list[str]:
        return [row.stock.pk for row in client.get(f"/screener/?{query}").context["screener"].rows]

    assert shown("sort=-weekly") == ["A.NS", "B.NS", "C.NS", "D.NS"]
    assert shown("sort=weekly") == ["C.NS", "B.NS", "A.NS", "D.NS"]
    assert shown("sort=stock&weekly_verdict=sell&weekly_verdict=strong_sell") == ["B.NS", "C.NS"]
    words = page(client, "/screener/?weekly_verdict=sell")
    assert "Weekly verdict: Sell" in words
    assert AGAINST in words
    assert "is not a verdict" in page(client, "/screener/?weekly_verdict=up")
    heads, row = client.get("/screener/export.csv?weekly_verdict=sell").content.decode("utf-8-sig").splitlines()[:2]
    values = dict(zip(heads.split(","), row.split(","), strict=False))
    assert (values["Weekly verdict"], values["Weekly verdict since"]) == ("Sell", "2026-10-16")


def test_each_reader_sees_that_of_the_own_strategy(client: Client, ann: User) -> None:
    stock = make_stock()
    result = make_result(stock, **WEEK)
    make_rating(result, strategy="trend", weekly_verdict="strong_buy", weekly_since=date(2026, 9, 18))
    assert AGAINST in page(client, stock.get_absolute_url())
    client.force_login(make_user("bob", strategy="trend"))
    assert "Daily Buy, weekly Strong Buy: with the larger move." in page(client, stock.get_absolute_url())


def test_a_late_rating_has_the_weekly_verdict_of_an_analysis() -> None:
    tickers = load_demo_market()[:12]
    user = make_user(strategy="trend")
    make_finished_job(*tickers)
    of_trend = Rating.objects.filter(strategy="trend", score__isnull=False)
    fields = ("result__stock", "weekly_verdict", "weekly_since", "no_weekly_reason")
    at_once = set(of_trend.values_list(*fields))
    assert sum(bool(verdict) for _, verdict, _, _ in at_once) > 8
    of_trend.delete()
    assert unrated_stocks(user.strategy).exists()
    rate_latest("trend")
    assert set(of_trend.values_list(*fields)) == at_once


def test_the_history_of_a_stock_and_the_comparison_of_strategies_have_it(client: Client, ann: User) -> None:
    load_demo_market()
    make_finished_job("KAVERI.DEMO")
    found = client.get("/stocks/KAVERI.DEMO/").context["page"]
    rating = Result.objects.get().ratings.get(strategy=ann.strategy)
    [own] = [each for each in found.comparison.strategy_assessments if each.strategy.key == ann.strategy]
    assert own.weekly.verdict == rating.weekly_verdict
    assert own.weekly.since == rating.weekly_since
    assert found.runs[0].result.rating == rating
    words = page(client, "/stocks/KAVERI.DEMO/")
    label = rating.get_weekly_verdict_display()
    assert words.count(f'<td> <span class="week-verdict" title="{rating.weekly_note}">{label}') == 1
    assert words.count('<td class="c-week">') == len(STRATEGIES)
    assert f'<td class="c-week">{label}</td>' in words


@pytest.mark.parametrize(
    "fields",
    [{"weekly_verdict": "sell"}, {"weekly_since": date(2026, 10, 16)}, {**WEEK, "no_weekly_reason": "Too few weeks."}],
)
def test_a_weekly_verdict_without_its_week_cannot_be_stored(fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match="rating_weekly_verdict_is_whole"), transaction.atomic():
        make_result(make_stock(), **fields)
