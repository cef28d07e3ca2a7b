"""Jobs while Yahoo answers in a way that this version does not understand: they wait, say so, and lose nothing."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, JobStatus, RequestPace, Stock, Worker
from analysis.prices.instruments import exchange_of
from analysis.prices.pace import PaceMode, PauseReason
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.prices.yahoo_canary import MAX_UNKNOWN
from analysis.prices.yahoo_session import MAX_REDIRECTS
from analysis.request_pace import MAX_UNANSWERED
from analysis.tests.make import details_of, make_finished_job, make_job
from analysis.tests.test_pace import end_pause, row
from analysis.tests.test_prices_yahoo import DOUBTFUL
from analysis.worker.recover import recover
from analysis.worker.slice import run_slice
from tests.yahoo_standin.behaviours import BEHAVIOURS
from tests.yahoo_standin.server import YahooStandIn

pytestmark = pytest.mark.django_db
TICKERS = ("A.NS", "B.NS", "C.NS", "D.NS", "E.NS")
SENTENCE = "Yahoo answers in a way this version does not understand"
PROBES = 2 * MAX_UNANSWERED


def run_through(job: Job, pauses: int) -> None:
    """Run the job's slices, and let so many pauses end."""
    for _ in range(pauses):
        run_slice(str(job.pk))
        end_pause()


def assert_all_wait(job: Job) -> None:
    for detail in details_of(job).values():
        assert (detail.status, detail.attempts, detail.unanswered) == (DetailStatus.QUEUED, 0, 0)
        assert detail.wait_reason == SENTENCE


@pytest.mark.parametrize("name", DOUBTFUL)
def test_no_stock_of_a_job_fails_however_long_no_answer_is_understood(name: str, standin: YahooStandIn) -> None:
    standin.everything = BEHAVIOURS[name]
    job = make_job(*TICKERS)
    run_through(job, PROBES)
    run_slice(str(job.pk))
    assert_all_wait(job)
    assert row().reason == PauseReason.NOT_UNDERSTOOD
    assert standin.requests.total() == 2 * (PROBES + 1)
    standin.everything = None
    end_pause()
    assert run_slice(str(job.pk)) == len(TICKERS)
    job.refresh_from_db()
    assert (job.status, job.completed_count) == (JobStatus.COMPLETED, len(TICKERS))
    assert (row().mode, row().strikes, row().oddity_count) == (PaceMode.OPEN, 0, PROBES + 1)


@pytest.mark.parametrize("name", DOUBTFUL)
def test_stocks_with_stored_bars_wait_too(name: str, standin: YahooStandIn) -> None:
    today = last_closed_session(exchange_of("A.NS"), timezone.now())
    *_, yesterday, _ = sessions_between(exchange_of("A.NS"), today - timedelta(days=14), today)
    standin.market.until = lambda _: yesterday
    make_finished_job(*TICKERS)
    standin.market.until = lambda _: today
    standin.everything = BEHAVIOURS[name]
    job = make_job(*TICKERS)
    run_through(job, 3)
    run_slice(str(job.pk))
    assert_all_wait(job)
    standin.everything = None
    end_pause()
    assert run_slice(str(job.pk)) == len(TICKERS)


@pytest.mark.parametrize("name", DOUBTFUL)
def test_one_stock_without_prices_among_others_fails_alone_at_once(name: str, standin: YahooStandIn) -> None:
    ticker = f"{name}.NS"
    job = make_job(*TICKERS, ticker)
    assert run_slice(str(job.pk)) == len(TICKERS) + 1
    failed = details_of(job)[ticker]
    assert (failed.status, failed.error_kind) == (DetailStatus.FAILED, ErrorKind(DOUBTFUL[name].value))
    job.refresh_from_db()
    assert (job.completed_count, job.failed_count) == (len(TICKERS), 1)
    assert standin.requests.total() <= len(TICKERS) + 1 + 2
    assert standin.requests[ticker] == 1


def test_a_stock_that_is_redirected_without_end_fails_at_its_first_try(standin: YahooStandIn) -> None:
    job = make_job(*TICKERS, "LOOP.NS")
    assert run_slice(str(job.pk)) == len(TICKERS) + 1
    failed = details_of(job)["LOOP.NS"]
    assert (failed.status, failed.error_kind) == (DetailStatus.FAILED, ErrorKind.BAD_DATA)
    assert standin.requests["LOOP.NS"] == MAX_REDIRECTS + 1


def test_a_yahoo_that_knows_no_ticker_at_all_pauses_all_requests(standin: YahooStandIn) -> None:
    standin.everything = BEHAVIOURS["UNKNOWN"]
    job = make_job(*(f"S{number}.NS" for number in range(20)))
    run_through(job, 4)
    statuses = [detail.status for detail in details_of(job).values()]
    assert statuses.count(DetailStatus.FAILED) == MAX_UNKNOWN - 1
    assert statuses.count(DetailStatus.QUEUED) == 20 - MAX_UNKNOWN + 1
    assert row().reason == PauseReason.NOT_UNDERSTOOD


def test_a_list_of_wrong_tickers_fails_and_costs_one_request_more_for_every_few(standin: YahooStandIn) -> None:
    job = make_job(*(f"UNKNOWN{number}.NS" for number in range(12)))
    run_slice(str(job.pk))
    assert {detail.error_kind for detail in details_of(job).values()} == {ErrorKind.UNKNOWN_TICKER}
    assert standin.requests.total() == 12 + 12 // MAX_UNKNOWN


def test_a_canary_that_is_limited_makes_all_wait_and_fails_no_stock(standin: YahooStandIn) -> None:
    standin.everything = lambda asked: BEHAVIOURS["NULL" if asked.symbol.endswith(".NS") else "LIMITED"](asked)
    job = make_job("A.NS", "B.NS")
    run_through(job, 2)
    assert {detail.unanswered for detail in details_of(job).values()} == {0}
    assert row().limit_count == 2


@pytest.mark.django_db(transaction=True)  # health looks through a connection of its own
def test_health_names_the_cause_until_an_answer_is_understood(client: Client, standin: YahooStandIn) -> None:
    Worker.objects.create(host="a", pid=1)
    assert client.get("/healthz").status_code == 200
    standin.everything = BEHAVIOURS["OTHERSHAPE"]
    job = make_job("A.NS")
    run_slice(str(job.pk))
    response = client.get("/healthz")
    body = response.json()
    assert (response.status_code, body["problems"]) == (503, [f"{SENTENCE}. Update the application."])
    assert (body["pause"]["kind"], body["pause"]["reason"]) == ("odd", SENTENCE)
    end_pause()
    response = client.get("/healthz")
    assert (response.status_code, response.json()["problems"]) == (503, body["problems"])
    standin.everything = None
    assert run_slice(str(job.pk)) == 1
    response = client.get("/healthz")
    assert (response.status_code, response.json()["problems"], response.json()["pause"]) == (200, [], None)


def test_the_job_that_waits_until_its_deadline_says_why(standin: YahooStandIn) -> None:
    standin.everything = BEHAVIOURS["LIST"]
    job = make_job("A.NS", "B.NS")
    run_slice(str(job.pk))
    Job.objects.update(deadline=timezone.now())
    assert recover().expired == 1
    job.refresh_from_db()
    assert f"2 stocks waited for their prices. Latest reason: {SENTENCE}" in job.error_message
    assert Stock.objects.filter(last_wait="").count() == 2


# A clock that was set back


def test_a_turn_is_no_further_away_than_the_pace_allows(settings: Settings, standin: YahooStandIn) -> None:
    settings.REQUESTS_PER_SECOND = 20.0
    RequestPace.objects.create(source="yahoo", next_at=timezone.now() + timedelta(hours=2))
    job = make_job("KAVERI.DEMO", "A.NS")
    with time_machine.travel(timezone.now(), tick=False) as frozen:
        finished = 0
        for _ in range(4):
            finished += run_slice(str(job.pk))
            frozen.shift(10)
            recover()
    assert finished == 2
    assert row().next_at < timezone.now() + timedelta(minutes=2)


@pytest.mark.parametrize("behaviour", ["LIMITED", "OTHERSHAPE"])
def test_a_pause_and_the_waits_for_it_are_no_longer_after_the_clock_was_set_back(
    behaviour: str, standin: YahooStandIn
) -> None:
    now = timezone.now()
    with time_machine.travel(now, tick=False) as frozen:
        standin.everything = BEHAVIOURS[behaviour]
        job = make_job("A.NS", "B.NS")
        run_slice(str(job.pk))
        before = row()
        assert before.until == now + timedelta(seconds=60)
        frozen.move_to(now - timedelta(hours=5))
        assert recover().woken == 1
        assert row().until == timezone.now() + timedelta(seconds=60)
        assert set(JobDetail.objects.values_list("not_before", "wait_reason")) == {(None, "")}
        assert set(Stock.objects.values_list("last_wait", flat=True)) == {""}
        run_slice(str(job.pk))
        waits = set(JobDetail.objects.values_list("not_before", flat=True))
        assert waits == {timezone.now() + timedelta(seconds=60)}
        assert set(Stock.objects.values_list("last_wait_until", flat=True)) == waits
        standin.everything = None
        frozen.shift(61)
        assert run_slice(str(job.pk)) == 2


def test_a_wait_that_a_present_reason_explains_is_left_alone(standin: YahooStandIn, settings: Settings) -> None:
    settings.LIMIT_PAUSE_SECONDS = 3600
    standin.limit(60, retry_after="50000")
    job = make_job("A.NS")
    run_slice(str(job.pk))
    waits = details_of(job)["A.NS"].not_before
    assert waits
    assert waits - timezone.now() > timedelta(seconds=49_000)
    assert recover().total == 0
    assert details_of(job)["A.NS"].not_before == waits
