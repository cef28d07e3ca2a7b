"""Tickers without any price: in no search and no bulk run, and deleted when no list contains them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib import import_module
from uuid import UUID

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from analysis.models import ErrorKind, ExchangeSchedule, Index, IndexMember, Job, JobDetail, Source, Stock
from analysis.services import bulk_stocks, check_integrity, load_stocks, run_job, submit
from analysis.tests.make import make_result, make_stock, make_user
from watchlist import services
from watchlist.schedules import run, setup_schedules
from watchlist.tests.make import make_list
from watchlist.upkeep import prune, would_prune

pytestmark = pytest.mark.django_db

UPGRADE = import_module("analysis.migrations.0010_confirm_known_stocks")
GHOST = "INVENTED.NS"
EVENING = datetime(2026, 1, 23, 10, 45, tzinfo=UTC)  # Mumbai has closed


def analyse(*tickers: str) -> Job:
    job = submit(tickers, source=Source.WATCHLIST).job
    run_job(str(job.pk))
    job.refresh_from_db()
    return job


def has_csv(settings: Settings, ticker: str, days: int = 3) -> None:
    """The folder has prices of this ticker: too few for a verdict, but prices."""
    rows = "".join(f"2026-01-{20 + n},100,101,99,100,1000\n" for n in range(days))
    (settings.CSV_PRICES_DIR / f"{ticker}.csv").write_text("date,open,high,low,close,volume\n" + rows)


def test_a_ticker_that_somebody_types_is_not_active_until_a_price_confirms_it(client: Client) -> None:
    ann = make_user()
    client.force_login(ann)
    services.add(make_list(ann), "KAVERI.DEMO")
    stock = Stock.objects.get()
    assert (stock.is_confirmed, stock.is_active) == (False, True)
    assert not bulk_stocks(None).exists()
    assert not Stock.objects.matching("KAV").exists()
    assert "Ticker not confirmed yet: no price has been found for it so far." in client.get("/stocks/KAVERI.DEMO/").text
    analyse("KAVERI.DEMO")
    assert bulk_stocks(None).get().pk == "KAVERI.DEMO"
    assert Stock.objects.matching("KAV").exists()
    assert "confirmed" not in client.get("/stocks/KAVERI.DEMO/").text


@time_machine.travel(EVENING, tick=False)
def test_prices_confirm_a_ticker_even_if_they_are_too_few_for_a_verdict(settings: Settings) -> None:
    has_csv(settings, "NEWLY.NS")
    job = analyse("NEWLY.NS")
    assert job.details.get().error_kind == ErrorKind.NOT_ENOUGH_HISTORY
    assert Stock.objects.get().is_confirmed


def test_only_the_answer_that_there_is_no_such_ticker_counts(client: Client, settings: Settings) -> None:
    analyse(GHOST)
    analyse(GHOST)
    assert Stock.objects.get().refusals == 2
    (settings.CSV_PRICES_DIR / f"{GHOST}.csv").write_text("nonsense")
    analyse(GHOST)
    stock = Stock.objects.get()
    assert (stock.refusals, stock.last_status, stock.is_given_up) == (2, "failed", False)
    (settings.CSV_PRICES_DIR / f"{GHOST}.csv").unlink()
    analyse(GHOST)
    assert Stock.objects.get().is_given_up
    client.force_login(make_user())
    page = client.get(f"/stocks/{GHOST}/").text
    assert "Unknown ticker: 3 analyses found no such ticker. Scheduled runs leave it out." in page


def test_a_confirmed_stock_that_its_source_no_longer_knows_stays_confirmed() -> None:
    make_stock("DELISTED.NS")
    for _ in range(4):
        analyse("DELISTED.NS")
    stock = Stock.objects.get()
    assert (stock.is_confirmed, stock.refusals) == (True, 0)
    assert bulk_stocks(None).exists()


def test_schedules_ask_three_times_and_no_more() -> None:
    watchlist = make_list(make_user(), "TCS.NS")
    services.add(watchlist, GHOST)
    with time_machine.travel(datetime(2026, 1, 22, 22, tzinfo=UTC), tick=False) as clock:
        setup_schedules()
        asked = []
        for day in (23, 27, 28, 29, 30):
            clock.move_to(datetime(2026, 1, day, 10, 46, tzinfo=UTC))
            job = run("NSE")
            assert job
            asked.append(JobDetail.objects.filter(job=UUID(job), stock=GHOST).exists())
            run_job(job)
    assert asked == [True, True, True, False, False]
    assert ExchangeSchedule.objects.get().problem == ""


def test_invented_tickers_give_no_exchange_a_schedule() -> None:
    services.add(make_list(make_user(), "TCS.NS"), "INVENTED.L")
    with time_machine.travel(EVENING, tick=False):
        setup_schedules()
    assert [schedule.pk for schedule in ExchangeSchedule.objects.all()] == ["NSE"]


def test_a_list_that_is_loaded_confirms_its_stocks(settings: Settings) -> None:
    analyse(GHOST)
    file = settings.DATA_DIR / "mine.csv"
    file.write_text(f"ticker,name\n{GHOST},Not invented\nOTHER.NS,Other\n")
    load_stocks(file)
    assert set(bulk_stocks(None).values_list("pk", "refusals")) == {(GHOST, 0), ("OTHER.NS", 0)}


def test_pruning_removes_what_nobody_watches_and_no_source_knows(capsys: pytest.CaptureFixture[str]) -> None:
    watchlist = make_list(make_user(), "TCS.NS")
    for ticker in (GHOST, "TYPO.NS", "UNASKED.NS"):
        services.add(watchlist, ticker)
    job = analyse(GHOST, "TYPO.NS", "KAVERI.DEMO")
    for ticker in ("TYPO.NS", "UNASKED.NS"):
        services.remove(watchlist, ticker)
    submit(["WAITS.NS"], source=Source.API)
    Stock.objects.filter(pk="WAITS.NS").update(refusals=1)
    assert would_prune().stocks == 2
    call_command("prune", dry_run=True)
    assert "and 2 unconfirmed stocks that nobody watches." in capsys.readouterr().out
    assert Stock.objects.filter(pk="TYPO.NS").exists()
    assert prune().stocks == 2
    assert set(Stock.objects.values_list("pk", flat=True)) == {"TCS.NS", GHOST, "KAVERI.DEMO", "WAITS.NS"}
    job.refresh_from_db()
    assert (job.total, job.failed_count, job.details.count()) == (3, 2, 2)
    assert prune().stocks == 0
    assert [finding.check.name for finding in check_integrity() if finding.count] == []


def test_a_ticker_whose_source_was_only_silent_is_not_removed() -> None:
    job = submit(["NEWCO.NS"], source=Source.API).job
    job.details.update(
        status="failed", error_kind=ErrorKind.UNAVAILABLE, error_message="It is down.", completed_at=EVENING
    )
    Job.objects.filter(pk=job.pk).update(status="failed", failed_count=1, completed_at=timezone.now())
    assert prune().stocks == 0
    assert Stock.objects.filter(pk="NEWCO.NS").exists()


def test_upgrading_doubts_only_what_was_never_known() -> None:
    make_result(make_stock("RESULT.NS"), date(2026, 1, 20))
    listed = make_stock("LISTED.NS")
    IndexMember.objects.create(index=Index.objects.create(name="NSE", loaded_at=EVENING), stock=listed)
    make_stock("COMPANY.DEMO")
    analyse(GHOST, "KAVERI.DEMO")
    Stock.objects.update(is_confirmed=True, refusals=0)
    make_stock("TYPED.NS")
    UPGRADE.doubt_unknown_tickers(apps, None)
    doubted = Stock.objects.unconfirmed().values_list("pk", "refusals")
    assert set(doubted) == {(GHOST, 1), ("TYPED.NS", 0)}
