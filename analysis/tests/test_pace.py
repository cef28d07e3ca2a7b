"""The pace of the installation: one for all processes, and stocks that wait for it without losing anything."""

from datetime import date, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from analysis.jobs.end import cancel
from analysis.models import (
    DetailStatus,
    ErrorKind,
    Job,
    JobDetail,
    JobStatus,
    RequestPace,
    Result,
    Stock,
    StockStatus,
)
from analysis.pages.source_notice import read_source_notice
from analysis.prices.instruments import exchange_of
from analysis.prices.pace import PaceMode, PauseReason
from analysis.prices.port import PriceError
from analysis.prices.sessions import last_closed_session
from analysis.request_pace import CHECK_AGAIN, MAX_UNANSWERED, DatabasePacer, current_pause, wait_for_turn
from analysis.tests.make import details_of, make_finished_job, make_job, make_user
from analysis.tests.test_commands import run
from analysis.timing import TIMING
from analysis.worker.claim import claim, next_job
from analysis.worker.recover import is_work_waiting, recover, unserved_jobs
from analysis.worker.slice import run_job, run_slice
from tests.yahoo_standin.behaviours import BEHAVIOURS, behaviour_of
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
PACER = DatabasePacer("yahoo")
SINCE_EVER = timedelta(0)


def row() -> RequestPace:
    return RequestPace.objects.get()


def clock(until: datetime | None) -> str:
    """The next full minute, where the pages' people are."""
    assert until
    return f"{timezone.localtime(until + timedelta(seconds=59)):%H:%M}"


def end_pause() -> None:
    """As if the time of the pause had gone by."""
    past = timezone.now() - timedelta(seconds=1)
    RequestPace.objects.update(until=past)
    JobDetail.objects.filter(not_before__isnull=False).update(not_before=past)


def test_the_first_request_goes_at_once_and_the_next_waits_for_its_turn(settings: Settings) -> None:
    settings.REQUESTS_PER_SECOND = 20.0
    started = timezone.now()
    for _ in range(4):
        PACER.before_request()
    assert timedelta(seconds=0.15) <= timezone.now() - started < timedelta(seconds=2)


def test_two_pacers_share_one_pace(settings: Settings) -> None:
    settings.REQUESTS_PER_SECOND = 10.0
    PACER.before_request()
    started = timezone.now()
    DatabasePacer("yahoo").before_request()
    assert timezone.now() - started > timedelta(seconds=0.05)


def test_a_turn_that_is_far_off_is_refused_and_not_taken(settings: Settings) -> None:
    settings.REQUESTS_PER_SECOND = 0.01
    PACER.before_request()
    taken = row().next_at
    with pytest.raises(PriceError, match="Too many wait to ask Yahoo"):
        PACER.before_request()
    assert row().next_at == taken
    wait = wait_for_turn()
    assert wait
    assert taken - TIMING.longest_turn <= wait.until <= taken
    assert wait.reason == "Waiting for its turn at 0.01 requests a second"


def test_a_turn_is_told_in_the_singular_too(settings: Settings) -> None:
    settings.REQUESTS_PER_SECOND = 1
    RequestPace.objects.create(source="yahoo", next_at=timezone.now() + TIMING.longest_turn + timedelta(seconds=1))
    wait = wait_for_turn()
    assert wait
    assert wait.reason == "Waiting for its turn at 1 request a second"


def test_a_limit_that_one_process_meets_stops_the_others(settings: Settings) -> None:
    settings.LIMIT_PAUSE_SECONDS = 120
    PACER.before_request()
    PACER.record_limit()
    with pytest.raises(PriceError, match="limits our requests"):
        DatabasePacer("yahoo").before_request()
    told = current_pause()
    assert told
    assert timedelta(seconds=110) < told.until - timezone.now() <= timedelta(seconds=120)
    assert told.reason == "Yahoo limits our requests"
    assert str(told) == f"Yahoo limits our requests; next attempt at {clock(told.until)}."


def test_one_pacer_tries_at_the_end_of_a_pause_and_its_success_opens_it_for_all() -> None:
    PACER.record_limit()
    end_pause()
    PACER.before_request()
    other = DatabasePacer("yahoo")
    with pytest.raises(PriceError):
        other.before_request()
    wait = wait_for_turn()
    assert wait
    assert wait.until - timezone.now() <= CHECK_AGAIN
    PACER.record_success()
    assert row().mode == PaceMode.OPEN
    assert (current_pause(), wait_for_turn()) == (None, None)
    other.before_request()


def test_a_success_in_ordinary_times_writes_nothing(django_assert_num_queries: object) -> None:
    PACER.before_request()
    with django_assert_num_queries(0):  # type: ignore[operator]
        PACER.record_success()


def test_limited_stocks_wait_with_the_reason_and_keep_their_attempts(standin: YahooStandIn) -> None:
    job = make_job("AAPL", "KAVERI.DEMO", "MSFT")
    standin.limit(60)
    assert run_slice(str(job.pk)) == 1  # the demo stock is not held up
    details = details_of(job)
    assert details["KAVERI.DEMO"].status == DetailStatus.COMPLETED
    until = row().until
    for ticker in ("AAPL", "MSFT"):
        detail = details[ticker]
        assert (detail.status, detail.attempts, detail.unanswered, detail.not_before) == ("queued", 0, 0, until)
        assert detail.wait_reason == "Yahoo limits our requests"
        stock = Stock.objects.get(pk=ticker)
        assert (stock.last_status, stock.last_wait) == (StockStatus.QUEUED, detail.wait_reason)
        assert stock.last_wait_until == until
    assert standin.requests.total() + standin.others.total() == 1  # the first is for a cookie
    job.refresh_from_db()
    assert job.status == JobStatus.PROCESSING


def test_nobody_spins_on_a_job_that_waits_and_nothing_looks_wedged(standin: YahooStandIn) -> None:
    job = make_job("AAPL", "MSFT")
    standin.limit(60)
    run_slice(str(job.pk))
    assert next_job() is None
    assert claim(job.pk, uuid4()) is None
    assert run_slice(str(job.pk)) == 0
    Job.objects.update(progress_at=timezone.now() - timedelta(hours=1))
    assert not unserved_jobs(since=SINCE_EVER)
    assert not is_work_waiting(since=timedelta(seconds=30))
    assert recover().total == 0
    assert not OrmQ.objects.exists()


def test_at_the_end_of_the_pause_the_job_is_woken_once_and_goes_on(standin: YahooStandIn) -> None:
    job = make_job("AAPL", "MSFT")
    standin.limit(60)
    run_slice(str(job.pk))
    Job.objects.update(created_at=timezone.now() - timedelta(hours=1))
    standin.come_back()
    end_pause()
    assert (recover().woken, recover().woken) == (1, 0)
    assert OrmQ.objects.count() == 1
    assert run_slice(str(job.pk)) == 2
    job.refresh_from_db()
    assert (job.status, job.completed_count) == (JobStatus.COMPLETED, 2)
    assert set(job.details.values_list("attempts", "wait_reason", "not_before")) == {(1, "", None)}
    assert set(Stock.objects.values_list("last_wait", "last_wait_until")) == {("", None)}
    assert standin.requests == {"AAPL": 1, "MSFT": 1}
    assert standin.others == {"/": 2, "/v1/test/getcrumb": 1}


def test_stocks_with_fresh_bars_are_not_held_up(standin: YahooStandIn) -> None:
    make_finished_job("AAPL")
    standin.limit(60)
    job = make_job("AAPL", "MSFT")
    assert run_slice(str(job.pk)) == 1
    assert {ticker: detail.status for ticker, detail in details_of(job).items()} == {
        "AAPL": DetailStatus.COMPLETED,
        "MSFT": DetailStatus.QUEUED,
    }


def test_a_job_that_waits_still_has_its_deadline_and_can_be_cancelled(standin: YahooStandIn) -> None:
    standin.limit(60)
    late, unwanted = make_job("AAPL"), make_job("MSFT")
    run_slice(str(late.pk))
    Job.objects.filter(pk=late.pk).update(deadline=timezone.now())
    assert recover().expired == 1
    assert cancel(unwanted)
    for job in (late, unwanted):
        detail = job.details.get()
        assert (detail.status, detail.not_before, detail.wait_reason) == (DetailStatus.CANCELLED, None, "")


def test_a_source_that_is_down_is_waited_for_and_asked_little(standin: YahooStandIn) -> None:
    job = make_job(*[f"T{n}.NS" for n in range(20)])
    standin.go_down(60)
    run_slice(str(job.pk))
    assert (row().mode, row().reason) == (PaceMode.PAUSED, PauseReason.SILENT)
    assert sum(standin.requests.values()) <= 3
    details = details_of(job).values()
    assert {(detail.status, detail.attempts) for detail in details} == {("queued", 0)}
    assert any(detail.wait_reason == "Yahoo cannot be reached" for detail in details)
    standin.come_back()
    for _ in range(3):
        end_pause()
        run_slice(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.completed_count) == (JobStatus.COMPLETED, 20)


@pytest.mark.parametrize("behaviour", ["DOWN", "HTML", "FORBIDDEN"])
def test_a_source_that_answers_everything_without_prices_is_asked_little(behaviour: str, standin: YahooStandIn) -> None:
    """A maintenance page, or no way in: as bad as silence, and no reason to ask for every stock five times."""
    standin.everything = BEHAVIOURS[behaviour]
    job = make_job(*[f"T{n}.NS" for n in range(20)])
    run_slice(str(job.pk))
    assert (row().mode, row().reason) == (PaceMode.PAUSED, PauseReason.SILENT)
    assert sum(standin.requests.values()) <= 4  # one of them with new cookies
    assert {(detail.status, detail.attempts) for detail in details_of(job).values()} == {("queued", 0)}


def test_a_stock_that_is_never_answered_for_fails_with_its_sentence_and_holds_up_no_other(
    standin: YahooStandIn,
) -> None:
    job = make_job("BROKEN.NS", "INFY.NS", "TCS.NS")
    assert run_slice(str(job.pk)) == 2
    waiting = details_of(job)["BROKEN.NS"]
    assert (waiting.status, waiting.attempts, waiting.unanswered) == (DetailStatus.QUEUED, 0, 1)
    assert waiting.wait_reason == "Yahoo did not answer: status 500"
    for _ in range(MAX_UNANSWERED - 1):
        end_pause()
        run_slice(str(job.pk))
    failed = details_of(job)["BROKEN.NS"]
    assert (failed.status, failed.error_kind, failed.attempts) == (DetailStatus.FAILED, ErrorKind.UNAVAILABLE, 1)
    assert failed.error_message == "Yahoo did not answer for BROKEN.NS: status 500."
    assert standin.requests["BROKEN.NS"] == MAX_UNANSWERED


def test_one_stock_that_is_never_answered_for_pauses_no_request(standin: YahooStandIn) -> None:
    """A canary is answered: it is no outage, and no page says so."""
    job = make_job("BROKEN.NS", "RESET.NS")
    for _ in range(MAX_UNANSWERED):
        end_pause()
        run_slice(str(job.pk))
        assert (row().mode, row().unanswered) == (PaceMode.OPEN, 0)
        assert read_source_notice() is None
    assert {detail.status for detail in details_of(job).values()} == {DetailStatus.FAILED}


@pytest.mark.parametrize("tickers", [1, 3])
def test_no_stock_fails_while_yahoo_cannot_be_reached_however_long(tickers: int, standin: YahooStandIn) -> None:
    standin.go_down(3600)
    job = make_job(*[f"T{number}.NS" for number in range(tickers)])
    run_slice(str(job.pk))
    assert read_source_notice()
    for _ in range(3 * MAX_UNANSWERED):
        end_pause()
        run_slice(str(job.pk))
        assert {(detail.status, detail.unanswered) for detail in details_of(job).values()} == {("queued", 0)}
        assert {detail.wait_reason for detail in details_of(job).values()} == {"Yahoo cannot be reached"}
    assert row().strikes == 3 * MAX_UNANSWERED + 1
    standin.come_back()
    end_pause()
    assert run_slice(str(job.pk)) == tickers


def test_an_outage_of_one_exchange_fails_no_stock_in_ten_minutes_and_holds_up_no_other(
    standin: YahooStandIn,
) -> None:
    is_down = True
    standin.everything = lambda asked: (
        BEHAVIOURS["BROKEN"](asked) if is_down and asked.symbol.endswith(".NS") else behaviour_of(asked.symbol)(asked)
    )
    start = timezone.now()
    with time_machine.travel(start, tick=False) as traveller:
        job = make_job(*[f"T{n}.NS" for n in range(10)], *[f"US{n}" for n in range(5)])
        while timezone.now() < start + timedelta(seconds=595):
            run_slice(str(job.pk))
            traveller.shift(timedelta(seconds=5))
        statuses = [detail.status for detail in details_of(job).values()]
        assert (statuses.count("queued"), statuses.count("completed")) == (10, 5)
        assert standin.requests.total() <= 80
        is_down = False
        traveller.shift(timedelta(seconds=410))
        assert run_slice(str(job.pk)) == 10


def test_one_stock_whose_answer_names_a_time_pauses_all_for_that_and_fails_alone(standin: YahooStandIn) -> None:
    job = make_job("BROKENFOR.NS", "TCS.NS", "INFY.NS")
    for _ in range(2 * MAX_UNANSWERED):
        run_slice(str(job.pk))
        end_pause()
    statuses = {ticker: detail.status for ticker, detail in details_of(job).items()}
    assert statuses == {"BROKENFOR.NS": "failed", "TCS.NS": "completed", "INFY.NS": "completed"}
    assert standin.requests["BROKENFOR.NS"] == MAX_UNANSWERED


def test_an_inline_run_ends_at_the_deadline_and_says_why(standin: YahooStandIn, settings: Settings) -> None:
    standin.go_down(3600)
    job = make_job("AAPL")
    with time_machine.travel(timezone.now()) as traveller:
        assert run_job(str(job.pk), on_wait=lambda: traveller.shift(timedelta(hours=2))) == 0
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert job.error_message.startswith("Its deadline passed while 1 stock waited for their prices.")


def test_an_inline_run_waits_itself(standin: YahooStandIn, settings: Settings) -> None:
    settings.LIMIT_PAUSE_SECONDS = 1
    job = make_job("AAPL")
    answers = iter([BEHAVIOURS["LIMITED"]])
    standin.behaviours["AAPL"] = lambda asked: next(answers, behaviour_of("AAPL"))(asked)
    told: list[str] = []
    assert run_job(str(job.pk), on_wait=lambda: told.append(details_of(job)["AAPL"].wait_reason)) == 1
    assert standin.requests["AAPL"] == 2
    assert set(told) == {"Yahoo limits our requests"}


def test_a_command_that_waits_says_why_once(standin: YahooStandIn, settings: Settings) -> None:
    settings.LIMIT_PAUSE_SECONDS = 1
    answers = iter([BEHAVIOURS["LIMITED"]])
    standin.behaviours["AAPL"] = lambda asked: next(answers, behaviour_of("AAPL"))(asked)
    out, err, code = run("analyze", "AAPL", "--inline")
    assert code == 0
    assert "AAPL" in out
    assert err.count("Yahoo limits our requests; next attempt") == 1


def test_a_failed_refresh_says_how_old_the_bars_are_and_writes_no_result_for_a_session_without_a_bar(
    standin: YahooStandIn,
) -> None:
    now = timezone.now()
    expected = last_closed_session(exchange_of("AAPL"), now)
    standin.market.until = lambda _: expected - timedelta(days=7)
    make_finished_job("AAPL")
    before = Result.objects.get()
    assert before.day < expected
    standin.behaviours["AAPL"] = BEHAVIOURS["REFUSED"]
    job = make_job("AAPL")
    JobDetail.objects.filter(job=job).update(unanswered=MAX_UNANSWERED - 1)
    run_slice(str(job.pk))
    detail, stock = details_of(job)["AAPL"], Stock.objects.get()
    assert detail.status == DetailStatus.FAILED
    assert detail.error_message.endswith(f"; stale: bars to {before.day}.")
    assert (stock.last_error, stock.last_result) == (detail.error_message, before)
    assert list(Result.objects.completed()) == [before]


def test_a_missing_bar_of_the_last_session_brings_no_result_for_it(standin: YahooStandIn) -> None:
    expected = last_closed_session(exchange_of("LASTNULL"), timezone.now())
    make_finished_job("LASTNULL")
    assert Result.objects.get().day < expected


def test_an_analysis_on_a_sunday_is_of_friday_and_says_so(standin: YahooStandIn, client: Client) -> None:
    with time_machine.travel(datetime(2026, 11, 22, 9, 0, tzinfo=timezone.get_current_timezone())):
        job = make_finished_job("AAPL", "TCS.NS")
        client.force_login(make_user("ann"))
        assert "close of 20 Nov 2026, the last session that has closed" in client.get("/stocks/AAPL/").text
    assert {result.day for result in Result.objects.all()} == {date(2026, 11, 20)}
    assert {detail.day for detail in details_of(job).values()} == {date(2026, 11, 20)}


@pytest.mark.parametrize(
    ("ticker", "guessed", "currency", "decimals"),
    [
        ("VOD.L", "GBp", "GBp", 2),
        ("TCS.NS", "", "INR", 2),
        ("OTHERCURRENCY.L", "GBp", "XAU", 2),
        ("7203.T", "", "JPY", 2),
    ],
)
def test_a_stock_learns_its_currency_from_its_source(
    standin: YahooStandIn, ticker: str, guessed: str, currency: str, decimals: int
) -> None:
    Stock.objects.create(ticker=ticker, currency=guessed)
    make_finished_job(ticker)
    stock = Stock.objects.get()
    assert (stock.currency, stock.decimals) == (currency, decimals)
    assert stock.name.endswith("of the stand-in")


def test_a_source_that_tells_no_currency_leaves_the_guess(standin: YahooStandIn) -> None:
    make_finished_job("NOCURRENCY.L")
    assert Stock.objects.get().currency == "GBp"
