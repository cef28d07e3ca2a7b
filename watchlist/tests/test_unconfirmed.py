"""Tickers without any price: in no search and no bulk run, and deleted when no list contains them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from importlib import import_module
from uuid import UUID

import pytest
import time_machine
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.jobs.end import cancel
from analysis.jobs.rerun import rerun
from analysis.jobs.runs import bulk_stocks
from analysis.jobs.submit import submit
from analysis.models import ErrorKind, ExchangeSchedule, Index, IndexMember, Job, JobDetail, Source, Stock
from analysis.rejections import RequestRejected
from analysis.stock_lists.load import load_stocks
from analysis.tests.make import make_result, make_stock, make_user
from analysis.tests.together import together
from analysis.upkeep.integrity import check_integrity
from analysis.worker.claim import claim
from analysis.worker.slice import run_job
from watchlist import change_undo, changes, services
from watchlist.schedules import prune, run, setup_schedules, would_prune
from watchlist.tests.make import make_list

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
        changes.remove(watchlist, [ticker])
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


def invented(count: int, name: str = "X") -> list[str]:
    return [f"{name}{number:04}.NS" for number in range(count)]


def test_a_loop_of_jobs_over_invented_tickers_that_are_cancelled_is_refused_and_pruned(
    client: Client, settings: Settings
) -> None:
    settings.MAX_UNCONFIRMED_STOCKS_PER_USER = 25
    client.force_login(make_user())
    codes = []
    for name in "ABCDE":
        address = reverse("api:analyze_all_stocks")
        answer = client.post(address, {"symbols": invented(10, name)}, content_type="application/json")
        codes.append(answer.status_code)
        if answer.status_code == 201:
            cancelled = client.post(reverse("api:cancel_job", args=[answer.json()["job_id"]]))
            assert cancelled.status_code == 200, cancelled.content
    assert codes == [201, 201, 422, 422, 422]
    assert answer.json()["error"]["message"] == (
        "30 of your tickers would be without a known price; the limit is 25. Analyse them, or take wrong ones off your"
        " lists: tickers that no source knows, and those of cancelled jobs, are removed every night."
    )
    assert "Retry-After" not in answer.headers
    assert Stock.objects.count() == JobDetail.objects.count() == 20
    assert would_prune().stocks == prune().stocks == 20
    assert not JobDetail.objects.exists()
    job = Job.objects.latest("created_at")
    assert (job.total, job.status, job.pruned_at) == (10, "cancelled", None)
    assert [finding.check.name for finding in check_integrity() if finding.count] == []
    assert client.get(job.get_absolute_url()).status_code == 200
    with pytest.raises(RequestRejected, match="no longer known"):
        rerun(job, source=Source.API)
    submit(invented(25), source=Source.API, requested_by=make_user("bob"))


def test_a_loop_of_invented_tickers_on_a_list_that_are_removed_is_refused_too(settings: Settings) -> None:
    settings.MAX_UNCONFIRMED_STOCKS_PER_USER = 5
    watchlist = make_list(make_user())
    services.add_all(watchlist, dict.fromkeys(invented(4), ""))
    change = changes.remove(watchlist, invented(4))
    with pytest.raises(RequestRejected, match="6 of your tickers would be without a known price; the limit is 5"):
        services.add_all(watchlist, dict.fromkeys(invented(2, "Y"), ""))
    services.add(watchlist, "LAST.NS")
    services.add_all(watchlist, dict.fromkeys(invented(4), ""))  # these are known already
    changes.remove(watchlist, ["X0000.NS"])
    prune()
    services.add(watchlist, "OTHER.NS")
    result = change_undo.undo(watchlist.owner, watchlist, change.pk)
    assert result
    assert (result.present, result.gone) == ([f"X000{n}.NS" for n in range(1, 4)], ["X0000.NS"])
    with pytest.raises(RequestRejected, match="6 of your tickers"):
        services.analyze(watchlist, ["X0000.NS"])


def test_a_price_or_a_loaded_list_makes_room_for_further_tickers(settings: Settings) -> None:
    settings.MAX_UNCONFIRMED_STOCKS_PER_USER = 2
    ann = make_user()
    first = submit(["KAVERI.DEMO", GHOST], source=Source.API, requested_by=ann).job
    with pytest.raises(RequestRejected, match="3 of your tickers"):
        submit(["VANQUAY.DEMO"], source=Source.API, requested_by=ann)
    run_job(str(first.pk))
    assert Stock.objects.get(pk="KAVERI.DEMO").named_by is None
    submit(["VANQUAY.DEMO"], source=Source.API, requested_by=ann)
    file = settings.DATA_DIR / "mine.csv"
    file.write_text("ticker\nVANQUAY.DEMO\n")
    load_stocks(file)
    submit(["MORE.NS"], source=Source.API, requested_by=ann)
    assert set(Stock.objects.filter(named_by=ann).values_list("pk", flat=True)) == {GHOST, "MORE.NS"}


def test_staff_and_commands_bring_in_any_number_of_tickers(settings: Settings) -> None:
    settings.MAX_UNCONFIRMED_STOCKS_PER_USER = 2
    ann, boss = make_user(), make_user("boss", is_staff=True)
    submit(invented(3, "A"), source=Source.API, requested_by=boss)
    services.add_all(make_list(boss), dict.fromkeys(invented(3, "B"), ""))
    submit(invented(3, "C"), source=Source.COMMAND, requested_by=ann)
    submit(invented(2, "D"), source=Source.API, requested_by=ann)


def test_deleting_a_user_leaves_a_ticker_that_another_one_watches() -> None:
    ann, bob = make_user(), make_user("bob")
    services.add(make_list(ann), GHOST)
    watchlist = make_list(bob)
    services.add(watchlist, GHOST)
    ann.delete()
    prune()
    assert watchlist.items.get().stock.named_by is None


def test_what_a_slice_of_a_cancelled_job_still_holds_is_not_removed() -> None:
    job = submit(invented(2), source=Source.API).job
    assert claim(job.pk, job.pk)
    cancel(job)
    assert prune().stocks == 0
    assert Stock.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_forty_requests_at_once_bring_in_no_more_tickers_than_the_limit(settings: Settings) -> None:
    settings.MAX_UNCONFIRMED_STOCKS_PER_USER = 10
    settings.MAX_ACTIVE_JOBS_PER_USER = 100
    ann = make_user()
    lists = [make_list(ann, name=f"List {number}") for number in range(20)]
    acts = [partial(services.add_all, one, dict.fromkeys(invented(3, f"L{n}X"), "")) for n, one in enumerate(lists)]
    jobs = [partial(submit, invented(3, f"J{n}X"), source=Source.API, requested_by=ann) for n in range(20)]
    answers = together([*acts, *jobs])
    assert Stock.objects.filter(named_by=ann).count() == Stock.objects.count() == 9
    assert sum(isinstance(answer, RequestRejected) for answer in answers) == 37, answers
    assert sum(isinstance(answer, Exception) for answer in answers) == 37, answers


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
