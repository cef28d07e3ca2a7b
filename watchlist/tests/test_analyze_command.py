"""`analyze` and `load_demo`: the ways to name stocks, the report, the exit code, the sentences for bad input."""

import json
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from pytest_django import Settings

from analysis.models import Index, Job, Rating, Source, Stock
from analysis.tests.make import make_stock, make_user
from analysis.tests.test_commands import run
from stockapp.accounts.models import User
from watchlist.models import Watchlist, WatchlistItem
from watchlist.page import WatchlistPage
from watchlist.tests.make import make_list

pytestmark = pytest.mark.django_db

KEYS = {
    "ticker", "day", "status", "score", "raw_verdict", "verdict", "side", "entry", "stop", "target", "risk_reward",
    "close", "bar_count", "error_kind", "error_message", "weekly_verdict", "weekly_since",
}  # fmt: skip


def rows(*args: str) -> tuple[list[dict[str, Any]], int]:
    out, _, code = run("analyze", *args, "--inline", "--wait", "--json")
    return json.loads(out), code


def test_json_rows_tell_everything_and_the_code_is_zero_when_all_completed() -> None:
    found, code = rows("KAVERI.DEMO", "B&D.DEMO")
    assert code == 0
    assert [row["ticker"] for row in found] == ["B&D.DEMO", "KAVERI.DEMO"]
    for row in found:
        assert row.keys() >= KEYS
        assert row["status"] == "completed"
        assert -1 <= row["score"] <= 1
        assert row["bar_count"] > 1_000


def test_one_failure_makes_the_code_one_and_has_its_sentence() -> None:
    found, code = rows("VANQUAY.DEMO", "KAVERI.DEMO")
    assert code == 1
    failed = next(row for row in found if row["ticker"] == "VANQUAY.DEMO")
    assert (failed["status"], failed["error_kind"], failed["score"]) == ("failed", "no_data", None)
    assert failed["error_message"].startswith("Vanquay Stores is no longer listed")


def test_without_json_it_prints_a_table() -> None:
    out, err, code = run("analyze", "VANQUAY.DEMO", "KAVERI.DEMO", "--inline", "--wait")
    assert out.splitlines()[0].split()[:3] == ["ticker", "day", "status"]
    assert "completed: 1 of 2 stocks completed." in out
    assert (err, code) == ("1 of 2 stocks failed.", 1)


def test_the_weekly_verdict_of_the_strategy_is_printed_beside_the_daily_one() -> None:
    make_user("ann", strategy="trend")
    tickers = ["B&D.DEMO", "KAVERI.DEMO", "MERUVANTA.DEMO"]
    printed = {}
    for strategy in ("technical_rating", "trend"):
        found, _ = rows(*tickers, "--strategy", strategy)
        ratings = {rating.result.stock_id: rating for rating in Rating.objects.filter(strategy=strategy)}
        printed[strategy] = [(row["weekly_verdict"], row["weekly_since"]) for row in found]
        assert printed[strategy] == [
            (ratings[ticker].weekly_verdict, str(ratings[ticker].weekly_since)) for ticker in tickers
        ]
    assert printed["trend"] != printed["technical_rating"]
    out, _, _ = run("analyze", *tickers, "VANQUAY.DEMO", "--strategy", "trend", "--inline", "--wait")
    table = [line.split() for line in out.splitlines()]
    assert table[0][3:6] == ["verdict", "weekly", "score"]
    assert [line[4] for line in table[1:5]] == [*(verdict for verdict, _ in printed["trend"]), "–"]


def test_a_watchlist_and_all_stocks_can_be_named() -> None:
    user = make_user("ann")
    watchlist = Watchlist.objects.create(owner=user, name="Mine")
    WatchlistItem.objects.create(watchlist=watchlist, stock=make_stock("KAVERI.DEMO"))
    make_stock("B&D.DEMO")
    make_stock("GONE.DEMO", is_active=False)
    assert [row["ticker"] for row in rows("--watchlist", "Mine", "--user", "ann")[0]] == ["KAVERI.DEMO"]
    assert Job.objects.get().requested_by == user
    assert [row["ticker"] for row in rows("--all")[0]] == ["B&D.DEMO", "KAVERI.DEMO"]
    assert Job.objects.latest("created_at").source == Source.BULK


@pytest.mark.parametrize(
    ("args", "strategy"),
    [
        (("--user", "ann"), "trend"),
        (("--user", "ann", "--strategy", "swing"), "swing"),
        ((), "technical_rating"),
    ],
)
def test_the_user_s_strategy_is_used_where_none_is_named(args: tuple[str, ...], strategy: str) -> None:
    make_user("ann", strategy="trend")
    rows("KAVERI.DEMO", *args)
    assert Job.objects.get().strategy == strategy


def test_a_named_strategy_is_printed_and_changes_nobodys_list() -> None:
    """Two users with different strategies once flipped each other's lists."""
    users = [make_user("ann"), make_user("bob", strategy="trend")]
    tickers = ["B&D.DEMO", "KAVERI.DEMO", "MERUVANTA.DEMO"]
    watchlists = [make_list(user, *tickers) for user in users]
    rows(*tickers)
    before = [shown(watchlist, user) for watchlist, user in zip(watchlists, users, strict=True)]
    assert [{row[1] for row in each} for each in before] == [{"technical_rating"}, {"trend"}]
    assert before[0] != before[1]
    printed, _ = rows(*tickers, "--strategy", "swing")
    ratings = {rating.result.stock_id: rating for rating in Rating.objects.filter(strategy="swing")}
    assert [(row["verdict"], row["score"]) for row in printed] == [
        (ratings[ticker].verdict, round(ratings[ticker].score or 0, 6)) for ticker in tickers
    ]
    assert [shown(watchlist, user) for watchlist, user in zip(watchlists, users, strict=True)] == before
    rows("--watchlist", "Mine", "--user", "bob")
    assert [shown(watchlist, user) for watchlist, user in zip(watchlists, users, strict=True)] == before


def shown(watchlist: Watchlist, user: User) -> list[tuple[object, ...]]:
    """Return the verdict of each stock on a list, as its owner sees it."""
    return [
        (row.stock.pk, rating.strategy, rating.score, row.verdict, rating.verdict_since, rating.plan, rating.why)
        for row in WatchlistPage(watchlist, user).rows
        if (rating := row.rating)
    ]


def test_too_few_bars_for_the_strategy_of_the_command_are_a_failure_though_another_has_rated_the_stock() -> None:
    user = make_user("ann", strategy="mean_reversion")
    found, code = rows("NAVANKURA.DEMO")
    assert (code, found[0]["status"], found[0]["error_kind"]) == (1, "failed", "not_enough_history")
    assert (found[0]["verdict"], found[0]["error_message"]) == (None, "Not enough history: 43 bars, 50 needed.")
    stock = Stock.objects.get()
    assert (stock.last_status, stock.last_error) == ("completed", "")
    assert [row.verdict is not None for row in WatchlistPage(make_list(user, stock.pk), user).rows] == [True]
    found, code = rows("NAVANKURA.DEMO", "--user", "ann")
    assert (code, found[0]["status"], found[0]["error_message"]) == (0, "completed", None)


def test_a_user_s_strategy_that_is_gone_is_refused_in_words() -> None:
    make_user("ann", strategy="astrology")
    _, err, code = run("analyze", "KAVERI.DEMO", "--user", "ann")
    assert err.startswith("There is no strategy “astrology”; there are: technical_rating, trend")
    assert code == 2


def test_an_index_can_be_named_and_its_stocks_that_are_active_are_analysed() -> None:
    index = Index.objects.create(name="NIFTY 50", loaded_at=timezone.now())
    for ticker, is_active in (("KAVERI.DEMO", True), ("GONE.DEMO", False)):
        index.members.create(stock=make_stock(ticker, is_active=is_active))
    make_stock("B&D.DEMO")
    assert [row["ticker"] for row in rows("--index", "nifty 50")[0]] == ["KAVERI.DEMO"]
    assert (Job.objects.get().source, Job.objects.get().total) == (Source.BULK, 1)
    _, err, code = run("analyze", "--index", "NIFTY 500")
    assert (err, code) == ("There is no index “NIFTY 500”; there are: “NIFTY 50”.", 2)


def test_what_must_be_fetched_is_told_with_the_time_it_takes(settings: Settings) -> None:
    settings.PRICE_SOURCE = "yahoo"
    make_stock("TCS.NS")
    _, err, _ = run("analyze", "--all")
    assert err.startswith("Bars of 1 stock must be fetched from Yahoo: less than a minute at 1 request a second.")


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ((), "Name tickers, or --watchlist with --user, or --index, or --all: one of the four."),
        (("KAVERI.DEMO", "--all"), "Name tickers, or --watchlist with --user, or --index, or --all: one of the four."),
        (("TCS.NS; drop",), "“TCS.NS; DROP” is not a ticker. A ticker looks like TCS.NS or AAPL."),
        (("--all",), "There are no stocks yet: see load_stocks and load_demo."),
        (("--index", "NIFTY 50"), "There is no index “NIFTY 50”; see load_stocks."),
        (("--watchlist", "Mine"), "--watchlist needs --user: whose is it?"),
        (("--watchlist", "Mine", "--user", "bob"), "There is no user “bob”."),
        (("--watchlist", "Mine", "--user", "ann"), "ann has no watchlist “Mine”."),
        (("TCS.NS", "--as-of", "yesterday"), "“yesterday” is no day; write it like 2026-03-31."),
        (("TCS.NS", "--as-of", "2999-01-01"), "2999-01-01 is in the future; give a day that is past."),
    ],
)
def test_bad_input_is_one_sentence_and_code_two(args: tuple[str, ...], sentence: str) -> None:
    make_user("ann")
    out, err, code = run("analyze", *args)
    assert (out, err, code) == ("", sentence, 2)
    assert not Job.objects.exists()


def test_load_demo_makes_the_user_once_and_keeps_what_it_did_since(settings: Any) -> None:
    settings.DEBUG = True
    assert run("load_demo", "--user", "demo")[2] == 0
    watchlist = Watchlist.objects.get()
    job = Job.objects.get()
    assert (job.source, job.requested_by, job.total) == (Source.DEMO, watchlist.owner, Stock.objects.count())
    watchlist.items.first().delete()  # type: ignore[union-attr]
    assert run("load_demo", "--user", "demo")[2] == 0
    assert (watchlist.items.count(), Job.objects.count()) == (Stock.objects.count() - 1, 1)


def test_load_demo_makes_no_user_with_a_known_password_on_a_server() -> None:
    assert run("load_demo", "--user", "demo")[1:] == ("A demo user has a known password: only while DEBUG is on.", 2)
    assert not get_user_model().objects.exists()
