"""The demo market is removed for good: by whom, what goes and what stays, while workers run, and not loaded again."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analysis import queue
from analysis.jobs.schedules import DEMO_EXCHANGES, NAME
from analysis.models import (
    DemoRemoval,
    ExchangeSchedule,
    Index,
    IndexMember,
    Job,
    JobDetail,
    PriceHistory,
    Rating,
    RawData,
    Result,
    ScheduledRun,
    Source,
    Stock,
    StrategyRecord,
)
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_finished_job, make_job, make_result, make_stock, make_user, queued_calls
from analysis.track_records.refresh import compute_records
from analysis.upkeep import demo_removal
from analysis.upkeep.integrity import CHECKS
from analysis.worker.claim import claim
from analysis.worker.recover import recover
from analysis.worker.slice import run_slice
from stockapp.accounts.models import User
from watchlist import change_undo, changes, services
from watchlist.demo_market import REMOVE, remove_demo_market, remove_in_background
from watchlist.models import WatchlistItem
from watchlist.schedules import setup_schedules
from watchlist.tests.make import make_list, tickers_of

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

PAGE = "watchlist:remove_demo"


def call(name: str, **options: Any) -> str:
    output = io.StringIO()
    call_command(name, stdout=output, **options)
    return output.getvalue()


@pytest.fixture
def demo(settings: Settings) -> User:
    """The demo market with its account, as `make run` makes them, analysed; and a real stock with a result."""
    settings.DEBUG = True
    call("load_demo", user="demo")
    run_slice(str(Job.objects.get().pk))
    compute_records()
    setup_schedules()
    stock = make_stock("REAL.NS")
    make_result(stock)
    return User.objects.get(username="demo")


def staff_who_may(name: str = "boss") -> User:
    user = make_user(name, is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="delete_stock"))
    return user


def remaining() -> dict[str, int]:
    """How many rows of the demo market there are still, of every kind."""
    of_stock = (Result, PriceHistory, JobDetail, IndexMember, WatchlistItem)
    rows = {model.__name__: model.objects.filter(stock__ticker__endswith=".DEMO").count() for model in of_stock}
    return rows | {
        "Rating": Rating.objects.filter(result__stock__ticker__endswith=".DEMO").count(),
        "Stock": Stock.objects.demo().count(),
        "Index": Index.objects.filter(name="Demo market").count(),
        "Schedule": ExchangeSchedule.objects.filter(pk__startswith="DEMO").count(),
        "Planned": sum(queue.is_planned(NAME.format(code)) for code in DEMO_EXCHANGES),
        "Record": StrategyRecord.objects.filter(price_source="demo").count(),
        "Account": User.objects.filter(is_demo=True).count(),
    }


def test_everything_of_it_goes_and_everything_else_stays(demo: User) -> None:
    ann = make_user("ann")
    watchlist = make_list(ann, "KAVERI.DEMO", "REAL.NS", "MERUVANTA.DEMO")
    mixed = make_finished_job("KAVERI.DEMO", "REAL.NS", requested_by=ann)
    only = make_finished_job("KAVERI.DEMO", requested_by=ann)
    schedule = ExchangeSchedule.objects.get(pk="DEMO-IN")
    ScheduledRun.objects.create(schedule=schedule, session=timezone.localdate(), job=only)
    evidence = RawData.objects.exclude(result__stock__ticker__endswith=".DEMO").count()
    problems = [check.name for check in CHECKS if check.find()]
    said = call("remove_demo", yes=True)
    assert "The demo market has 40 stocks with 40 results, 2 jobs of its stocks alone, and 42 rows" in said
    assert "The account “demo” would be removed with its lists." in said
    assert "The demo market is removed." in said
    assert not any(remaining().values())
    assert tickers_of(watchlist) == ["REAL.NS"]
    assert Stock.objects.get().last_result
    assert RawData.objects.count() == Rating.objects.count() == evidence == 1
    assert list(Job.objects.filter(source=Source.WATCHLIST, requested_by=ann)) == [mixed]
    assert list(mixed.details.values_list("stock_id", flat=True)) == ["REAL.NS"]
    assert not Job.objects.filter(source=Source.DEMO).exists()
    assert [check.name for check in CHECKS if check.find()] == problems
    removal = DemoRemoval.objects.get()
    assert removal.completed_at


def test_it_can_be_removed_twice_and_before_it_was_loaded() -> None:
    make_user("ann")
    for _ in range(2):
        assert "The demo market is removed." in call("remove_demo")
    assert DemoRemoval.objects.count() == 1


def test_nothing_loads_it_again_but_an_explicit_command(demo: User, client: Client, settings: Settings) -> None:
    ann = make_user("ann")
    watchlist = make_list(ann)
    call("remove_demo", yes=True)
    said = call("load_demo", user="demo")
    assert "was removed from this installation; `load_demo --again` brings it back." in said
    assert "Log in with your own account" in said
    assert "Password: demo" not in said
    with pytest.raises(RequestRejected, match="was removed"):
        load_demo_market()
    client.force_login(ann)
    page = client.get(watchlist.get_absolute_url()).text
    assert ("No stocks yet" in page, "demo market" in page) == (True, False)
    answer = client.post(reverse("watchlist:add_demo_market", args=[watchlist.pk]))
    assert (answer.status_code, "was removed from this installation" in answer.text) == (422, True)
    answer = client.post(reverse("watchlist:add", args=[watchlist.pk]), {"ticker": "KAVERI.DEMO"})
    assert (answer.status_code, "KAVERI.DEMO is of the demo market, which was removed" in answer.text) == (422, True)
    answer = client.post(reverse("api:analyze_all_stocks"), {"use_demo": True}, content_type="application/json")
    assert (answer.status_code, "was removed" in answer.text) == (422, True)
    with pytest.raises(RequestRejected, match="was removed"):
        make_job("REAL.NS", "KAVERI.DEMO")
    assert not any(remaining().values())
    assert "Login: demo   Password: demo" in call("load_demo", user="demo", again=True)
    assert (Stock.objects.demo().count(), DemoRemoval.objects.count()) == (40, 0)
    assert "Login: demo   Password: demo" in call("load_demo", user="demo")
    assert "Load the demo market" in client.get(watchlist.get_absolute_url()).text


def test_undoing_an_earlier_change_brings_back_the_real_rows_alone(demo: User) -> None:
    ann = make_user("ann")
    watchlist = make_list(ann, "KAVERI.DEMO", "REAL.NS")
    change = changes.remove(watchlist, ["KAVERI.DEMO", "REAL.NS"])
    call("remove_demo", yes=True)
    result = change_undo.undo(ann, watchlist, change.pk)
    assert result
    assert result.back == ["REAL.NS"]


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda user: services.add(user.watchlists.get(), "REAL.NS"), "it has real stocks on its lists"),
        (lambda user: User.objects.filter(pk=user.pk).update(is_superuser=True), "it is the only superuser"),
    ],
)
def test_an_account_that_is_used_for_more_stays_and_it_is_said(demo: User, prepare: Any, reason: str) -> None:
    prepare(demo)
    assert f"The account “demo” would stay: {reason}." in call("remove_demo", yes=True)
    assert User.objects.filter(username="demo").exists()
    assert not Stock.objects.demo().exists()


def test_without_another_account_it_says_how_to_make_one(demo: User) -> None:
    assert "`createsuperuser` creates one." in call("remove_demo", yes=True)
    assert not User.objects.exists()


def test_the_command_asks_first(demo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))  # no terminal
    with pytest.raises(CommandError, match="add --yes"):
        call("remove_demo")
    terminal = io.StringIO("no\nyes\n")
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stdin", terminal)
    with pytest.raises(CommandError, match="Nothing was removed"):
        call("remove_demo")
    assert Stock.objects.demo().count() == 40
    assert not DemoRemoval.objects.exists()
    assert "The demo market is removed." in call("remove_demo")


def test_a_running_job_is_cancelled_and_what_a_worker_holds_is_left_until_it_gives_it_up(demo: User) -> None:
    running = make_job("KAVERI.DEMO", "REAL.NS", "INDRAKOT.DEMO")
    lease = claim(running.pk, running.pk)
    assert lease
    assert not remove_demo_market(patience=0)
    running.refresh_from_db()
    assert (running.status, running.error_message) == ("cancelled", "The demo market was removed.")
    assert set(Stock.objects.demo().values_list("pk", flat=True)) == {"KAVERI.DEMO", "INDRAKOT.DEMO"}
    assert DemoRemoval.objects.get().completed_at is None
    setup_schedules()
    assert REMOVE in queued_calls()
    JobDetail.objects.leased().update(lease_until=timezone.now() - timedelta(hours=1))
    recover()
    remove_in_background()
    assert not any(remaining().values())
    assert DemoRemoval.objects.get().completed_at


def test_an_interrupted_removal_goes_on_where_it_was(demo: User) -> None:
    demo_removal.mark_removed(None)
    rounds = 0
    while not demo_removal.delete_demo(until=lambda: True):
        rounds += 1
        assert rounds < 100
    assert rounds > 5
    assert remaining() | {"Account": 0, "WatchlistItem": 0} == dict.fromkeys(remaining(), 0)


def test_no_transaction_deletes_much(demo: User) -> None:
    """As many rows are deleted at once as another writer can wait for."""
    result = Result.objects.get(stock="KAVERI.DEMO")
    day = result.day
    copies = []
    for n in range(1, 1_001):
        result.pk, result.day = None, day - timedelta(days=n)
        copies.append(Result(**{f.attname: getattr(result, f.attname) for f in Result._meta.concrete_fields[1:]}))
    Result.objects.bulk_create(copies)
    with CaptureQueriesContext(connection) as queries:
        remove_demo_market(patience=0)
    savepoints = [query["sql"] for query in queries if query["sql"].startswith("SAVEPOINT")]
    assert len(savepoints) > 1_000 / 100 + 40 / demo_removal.STOCKS_AT_ONCE
    assert not any(remaining().values())


def test_the_page_asks_with_numbers_and_a_worker_removes_it(demo: User, client: Client) -> None:
    boss = staff_who_may()
    client.force_login(boss)
    make_list(boss, "KAVERI.DEMO")
    question = " ".join(client.get(reverse(PAGE)).text.split())
    assert "40 stocks with 40 results and their prices" in question
    assert "41 rows on the lists of 2 users" in question
    assert "the account “demo” with its lists" in question
    assert "Remove them…" in client.get(reverse("screener:screener")).text
    assert "Remove it for good…" in client.get(reverse("analysis:jobs")).text
    assert not DemoRemoval.objects.exists()
    answer = client.post(reverse(PAGE), follow=True)
    assert "The demo market is being removed." in answer.text
    assert DemoRemoval.objects.get().removed_by == boss
    assert Stock.objects.demo().count() == 40
    remove_in_background()
    assert not any(remaining().values())
    assert client.get(reverse("analysis:jobs")).text.count("Remove it for good…") == 0
    assert "It is not loaded." in client.get(reverse(PAGE)).text


def test_only_staff_who_may_delete_stocks_remove_it(demo: User, client: Client) -> None:
    assert client.post(reverse(PAGE)).headers["Location"].startswith(reverse("login"))
    may_not_log_in_to_admin = make_user("ann")
    may_not_log_in_to_admin.user_permissions.add(Permission.objects.get(codename="delete_stock"))
    for user in (demo, may_not_log_in_to_admin, make_user("cat", is_staff=True)):
        client.force_login(user)
        for ask in (client.get, client.post):
            assert ask(reverse(PAGE)).status_code == 403
        assert "Remove it for good…" not in client.get(reverse("analysis:jobs")).text
    assert not DemoRemoval.objects.exists()
    client.force_login(staff_who_may())
    assert client.post(reverse(PAGE)).status_code == 302


def test_an_account_that_removes_it_does_not_remove_itself(demo: User, client: Client) -> None:
    assert settings.DEBUG
    demo.user_permissions.add(Permission.objects.get(codename="delete_stock"))
    client.force_login(demo)
    assert "The account “demo” stays: you are logged in with it." in " ".join(client.get(reverse(PAGE)).text.split())
    client.post(reverse(PAGE))
    remove_in_background()
    assert User.objects.filter(pk=demo.pk).exists()
    assert not Stock.objects.demo().exists()
