"""The demo market beside real stocks: left out of all that spans the installation, and there where it is watched."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.engine.strategies import STRATEGIES
from analysis.jobs.rerun import rerun
from analysis.jobs.runs import bulk_stocks, submit_bulk
from analysis.models import (
    ExchangeSchedule,
    Index,
    IndexMember,
    Job,
    PriceHistory,
    Source,
    Stock,
    StrategyRecord,
)
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_finished_job, make_job, make_result, make_stock, make_user
from analysis.track_records.batch import RecordBatch
from analysis.track_records.refresh import compute_records, refresh, request_outdated, request_records
from analysis.worker.recover import recover
from watchlist.schedules import run, setup_schedules
from watchlist.tests.make import make_list, tickers_of

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

LEFT_OUT = "Demo stocks are not included."
DEMO = ["KAVERI.DEMO", "QUILLMERE.DEMO"]
AFTER_THE_CLOSE = datetime(2026, 11, 25, 23, tzinfo=UTC)
"""Of both exchanges of the demo market and of the NSE."""


@pytest.fixture
def demo() -> list[str]:
    """The demo market, of which two companies have a result."""
    load_demo_market()
    for ticker in DEMO:
        make_result(Stock.objects.get(pk=ticker))
    return DEMO


def make_real() -> Stock:
    stock = make_stock("REAL.NS", exchange="NSE", industry="Steel")
    make_result(stock)
    return stock


def planned() -> set[str]:
    """The exchanges with a next run."""
    return set(ExchangeSchedule.objects.exclude(next_run_at=None).values_list("pk", flat=True))


@pytest.mark.parametrize(
    ("fields", "is_real"),
    [
        ({}, True),
        ({"is_active": False}, False),
        ({"is_confirmed": False}, False),
        ({"ticker": "OTHER.DEMO"}, False),
    ],
)
def test_a_real_stock_is_active_confirmed_and_not_of_the_demo_market(
    demo: list[str], fields: dict[str, Any], is_real: bool
) -> None:
    assert not Stock.objects.has_demo_left_out()
    make_stock(**{"ticker": "REAL.NS", **fields})
    assert Stock.objects.real().exists() == Stock.objects.has_demo_left_out() == is_real
    assert Stock.objects.without_demo().filter(pk__in=DEMO).exists() != is_real


def test_bulk_jobs_leave_it_out(demo: list[str], client: Client) -> None:
    client.force_login(make_user("boss", is_staff=True))
    index = Index.objects.get(name="Demo market")
    page = reverse("analysis:confirm_bulk")
    assert bulk_stocks(None).count() == bulk_stocks(index).count() == 40
    assert LEFT_OUT not in client.get(page).text
    assert "Demo market</option>" in client.get(reverse("analysis:jobs")).text
    make_real()
    assert [stock.pk for stock in bulk_stocks(None)] == ["REAL.NS"]
    text = " ".join(client.get(page).text.split())
    assert ("<strong>1 stock</strong> will be analysed" in text, LEFT_OUT in text) == (True, True)
    assert "Demo market</option>" not in client.get(reverse("analysis:jobs")).text
    with pytest.raises(RequestRejected, match="“Demo market” has only demo stocks"):
        submit_bulk(index)
    with pytest.raises(CommandError, match="“Demo market” has only demo stocks"):
        call_command("analyze", index="demo market")
    mixed = Index.objects.create(name="Both", loaded_at=timezone.now())
    IndexMember.objects.bulk_create(IndexMember(index=mixed, stock_id=ticker) for ticker in [*DEMO, "REAL.NS"])
    assert [stock.pk for stock in bulk_stocks(mixed)] == ["REAL.NS"]


def test_a_run_of_before_is_run_again_without_it(demo: list[str]) -> None:
    old = make_job("REAL.NS", *DEMO, source=Source.BULK)
    own = make_job("REAL.NS", *DEMO, source=Source.WATCHLIST, requested_by=make_user())
    pure = make_job(*DEMO, source=Source.BULK)
    for job in (old, own, pure):
        Job.objects.filter(pk=job.pk).update(status="completed", completed_at=timezone.now())
        job.refresh_from_db()
    again = [rerun(job, source=Source.WATCHLIST).job for job in (old, own, pure)]
    assert [job.total for job in again] == [1, 3, 2]


def test_a_backfill_of_all_leaves_it_out(demo: list[str]) -> None:
    make_real()
    call_command("backfill", since="2026-11-20", to="2026-11-23", verbosity=0)
    assert list(Job.objects.latest("created_at").details.values_list("stock_id", flat=True)) == ["REAL.NS"]


def test_the_screener_leaves_it_out_with_its_filters_and_says_so(demo: list[str], client: Client) -> None:
    client.force_login(make_user())
    page = reverse("screener:screener")
    answer = client.get(page)
    assert [row.stock.pk for row in answer.context["screener"].rows] == DEMO
    assert LEFT_OUT not in answer.text
    make_real()
    answer = client.get(page)
    assert [row.stock.pk for row in answer.context["screener"].rows] == ["REAL.NS"]
    assert LEFT_OUT in answer.text
    known = answer.context["screener"].form.known
    assert [known.of(name) for name in ("industry", "exchange", "index")] == [["Steel"], ["NSE"], []]
    answer = client.get(page, {"q": "nothing"})
    assert answer.context["screener"].total == 1
    rows = client.get(reverse("api:screen_stocks")).json()["items"]
    assert [row["ticker"] for row in rows] == ["REAL.NS"]
    export = client.get(reverse("screener:export", args=["csv"])).content.decode()
    assert ("REAL.NS" in export, ".DEMO" in export) == (True, False)


def test_it_stays_on_lists_and_pages_and_can_be_analysed_from_there(demo: list[str], client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    make_real()
    watchlist = make_list(ann, "KAVERI.DEMO", "REAL.NS")
    assert 'data-key="KAVERI.DEMO"' in client.get(watchlist.get_absolute_url()).text
    assert client.get(reverse("analysis:stock", args=["KAVERI.DEMO"])).status_code == 200
    client.post(reverse("watchlist:analyze", args=[watchlist.pk]), {"all": "all"})
    assert Job.objects.latest("created_at").total == 2
    assert tickers_of(watchlist) == ["KAVERI.DEMO", "REAL.NS"]


def test_its_exchanges_have_no_runs_once_there_is_a_real_stock(demo: list[str]) -> None:
    make_list(make_user(), *DEMO)
    setup_schedules()
    assert planned() == {"DEMO-IN", "DEMO-US"}
    make_real()
    with time_machine.travel(AFTER_THE_CLOSE):
        assert run("DEMO-IN") is None
        assert planned() == {"NSE"}
    assert not Job.objects.filter(source=Source.SCHEDULE).exists()
    Stock.objects.filter(pk="REAL.NS").update(is_active=False)
    setup_schedules()
    assert "DEMO-IN" in planned()


def test_records_are_of_demo_prices_only_while_there_is_no_real_stock(client: Client) -> None:
    ann = make_user("ann", is_staff=True)
    client.force_login(ann)
    make_finished_job("KAVERI.DEMO")
    compute_records()
    page = reverse("analysis:track_record")
    assert set(StrategyRecord.objects.values_list("price_source", "stocks")) == {("demo", 1)}
    assert not request_outdated()
    assert LEFT_OUT not in client.get(page).text
    make_real()
    assert "invented prices" in client.get(page).text  # until it is computed anew
    recover()
    assert StrategyRecord.objects.filter(requested_at__isnull=False).count() == len(STRATEGIES)
    assert not request_outdated()
    refresh()
    assert set(StrategyRecord.objects.values_list("price_source", "stocks")) == {("csv", 0)}
    assert not request_outdated()
    assert "No results yet" in client.get(page).text
    PriceHistory.objects.filter(stock="KAVERI.DEMO").update(stock="REAL.NS", source="csv")
    compute_records()
    assert LEFT_OUT in client.get(page).text


def test_a_half_computed_record_of_demo_prices_is_begun_again(settings: Settings) -> None:
    make_finished_job("KAVERI.DEMO", "MERUVANTA.DEMO")
    request_records()
    refresh(seconds=0)
    rows = list(StrategyRecord.objects.all())
    assert RecordBatch.resume(rows) is not None
    make_real()
    assert RecordBatch.resume(rows) is None


def test_a_real_stock_that_is_only_typed_changes_nothing(demo: list[str], client: Client, ann: User) -> None:
    client.post(reverse("watchlist:watch"), {"ticker": "TYPED.NS"})
    assert Stock.objects.without_demo().filter(pk__in=DEMO).count() == 2
    assert make_result(Stock.objects.get(pk="TYPED.NS"), day=date(2026, 11, 20)).pk
