"""Backfills: past sessions get the verdicts that runs as of them would have given, through the jobs' own machinery."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.engine.assess import assess_all
from analysis.engine.series import SeriesCache
from analysis.jobs.end import cancel
from analysis.jobs.rerun import rerun
from analysis.jobs.submit import submit
from analysis.models import Job, JobDetail, JobStatus, PriceHistory, RawData, Result, Stock, StockStatus
from analysis.prices.arrow import pack_bars
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.rejections import RequestRejected
from analysis.tests.make import make_finished_job, make_job, make_user
from analysis.tests.test_commands import run
from analysis.worker.assess import Outcome, assess_past_sessions
from analysis.worker.backfill import backfill_stock
from analysis.worker.bars import BarLoader
from analysis.worker.claim import claim
from analysis.worker.slice import run_job

pytestmark = pytest.mark.django_db

TICKER = "KAVERI.DEMO"
RATED = (
    "strategy", "score", "previous_score", "raw_verdict", "verdict", "verdict_since", "no_score_reason", "side",
    "entry", "stop", "target", "risk_reward", "no_trade_reason", "what_changed", "why", "caution", "weekly_verdict",
    "weekly_since", "no_weekly_reason",
)  # fmt: skip
FOUND = (
    "day", "status", "price_source", "close", "previous_close", "bar_count", "finding_count", "input_fingerprint",
    "engine_version",
)  # fmt: skip


def sessions(count: int, ticker: str = TICKER) -> list[date]:
    """The newest sessions that have closed, oldest first."""
    last = last_closed_session(exchange_of(ticker), timezone.now())
    return sessions_between(exchange_of(ticker), last.replace(year=last.year - 1), last)[-count:]


def make_backfill(days: list[date], *tickers: str, **fields: object) -> Job:
    return make_finished_job(*tickers or [TICKER], source="command", since=days[0], as_of=days[-1], **fields)


def spoil(day: date, **prices: float) -> None:
    """Put other values into the stored bar of this session."""
    history = PriceHistory.objects.get()
    bars = history.unpack()
    columns = {name: getattr(bars, name).copy() for name in prices}
    for name, price in prices.items():
        columns[name][bars.session == np.datetime64(day)] = price
    history.bars = pack_bars(replace(bars, **columns))
    history.save(update_fields=["bars"])


def found_by_day() -> dict[date, tuple[dict[str, object], list[dict[str, object]]]]:
    """Results by day, each with its ratings."""
    return {
        result.day: ({name: getattr(result, name) for name in FOUND}, list(result.ratings.values(*RATED)))
        for result in Result.objects.all()
    }


@pytest.mark.parametrize("strategy", ["technical_rating", "trend"])
@pytest.mark.parametrize("ticker", [TICKER, "TENFALLOW.DEMO"])
def test_every_session_is_what_a_run_as_of_it_finds(ticker: str, strategy: str) -> None:
    days = sessions(30, ticker)
    make_backfill(days, ticker, strategy=strategy)
    filled = found_by_day()
    Result.objects.all().delete()
    for day in (days[0], days[7], days[19], days[-1]):
        make_finished_job(ticker, as_of=day, strategy=strategy)
        assert filled[day] == found_by_day()[day]


@pytest.mark.parametrize("lost", [3, 9])
def test_a_row_without_prices_is_no_session_of_a_backfill(lost: int) -> None:
    days = sessions(10)
    make_backfill(days)
    Result.objects.all().delete()
    spoil(days[lost], open=np.nan, high=np.nan, low=np.nan, close=np.nan)
    job = make_backfill(days)
    filled = found_by_day()
    assert (job.status, sorted(filled)) == (JobStatus.COMPLETED, [*days[:lost], *days[lost + 1 :]])
    Result.objects.all().delete()
    as_of = days[lost - 1] if lost < 9 else days[lost]
    make_finished_job(TICKER, as_of=as_of)
    assert filled[days[lost - 1]] == found_by_day()[days[lost - 1]]


def test_a_backfill_without_a_session_fails_in_words_and_writes_nothing() -> None:
    friday = next(day for day in reversed(sessions(10)) if day.weekday() == 4 and day < timezone.localdate())
    live = make_finished_job(TICKER, as_of=friday, strategy="trend")
    days = [friday + timedelta(days=1), friday + timedelta(days=2)]
    job = make_job(TICKER, source="command", since=days[0], as_of=min(days[1], timezone.localdate()))
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert job.details.get().error_message.startswith(f"{TICKER} has no session from {days[0]} to ")
    assert Result.objects.get().job == live
    Result.objects.all().delete()
    make_backfill(days[:1])
    assert not Result.objects.exists()


def test_a_run_of_today_and_one_as_of_its_session_are_one_and_the_same() -> None:
    make_finished_job(TICKER)
    today = found_by_day()
    [day] = today
    make_finished_job(TICKER, as_of=day)
    assert found_by_day() == today


def test_one_job_with_one_detail_fills_every_session() -> None:
    days = sessions(25)
    job = make_backfill(days)
    assert (job.status, job.total, job.completed_count) == (JobStatus.COMPLETED, 1, 1)
    results = Result.objects.order_by("day")
    assert [result.day for result in results] == days
    assert {(result.job_id, result.source, result.price_source) for result in results} == {(job.pk, "command", "demo")}
    detail = JobDetail.objects.get()
    assert (detail.day, detail.result) == (days[-1], results.last())


def test_a_stock_keeps_its_last_state_but_for_the_newest_result() -> None:
    days = sessions(5)
    make_backfill(days)
    stock = Stock.objects.get()
    assert (stock.last_status, stock.last_job, stock.last_analyzed_at) == (StockStatus.NEVER, None, None)
    assert stock.last_result == Result.objects.get(day=days[-1])


def test_only_the_last_session_has_evidence() -> None:
    days = sessions(5)
    make_backfill(days)
    assert RawData.objects.get().result.day == days[-1]


def test_what_was_found_at_its_own_time_stays_and_an_earlier_backfill_does_not() -> None:
    days = sessions(5)
    live = make_finished_job(TICKER, as_of=days[1])
    first = make_backfill(days)
    assert {result.day for result in live.results.all()} == {days[1]}
    assert RawData.objects.filter(result__day=days[1]).exists()
    assert first.results.count() == 4
    make_backfill([days[0], days[3]])
    longer = make_backfill(days, strategy="trend")
    assert longer.results.count() == 4
    assert {result.ratings.count() for result in longer.results.all()} == {2}  # the installation's and the job's
    assert set(RawData.objects.values_list("result__day", flat=True)) == {days[1], days[-1]}


def test_sessions_before_there_were_enough_bars_are_left_out() -> None:
    history = sessions(60, "NAVANKURA.DEMO")
    job = make_backfill(history, "NAVANKURA.DEMO")
    assert job.status == JobStatus.FAILED
    assert job.details.get().error_message == "Not enough history: 43 bars, 50 needed."
    assert Result.objects.get().ratings.get().no_score_reason == "Not enough history: 43 bars, 50 needed."


def test_a_stock_without_prices_fails_in_words() -> None:
    job = make_backfill(sessions(5), "VANQUAY.DEMO")
    assert job.status == JobStatus.FAILED
    assert "no longer listed" in job.details.get().error_message


def test_bars_are_fetched_back_to_the_first_session_s_own_window() -> None:
    make_finished_job(TICKER)
    asked = PriceHistory.objects.get().requested_since
    days = sessions(200)
    make_backfill(days)
    assert PriceHistory.objects.get().requested_since < asked


def test_nothing_is_written_once_the_job_has_ended() -> None:
    days = sessions(10)
    job = make_job(TICKER, since=days[0], as_of=days[-1])
    lease = claim(job.pk, job.pk)
    assert lease is not None
    loader = BarLoader(lease.job, lease.details)
    for detail in lease.details:
        loader.fetch(detail)
    cancel(job)
    assert backfill_stock(lease, loader, lease.details[0]) is None
    assert not Result.objects.exists()


def test_what_is_cancelled_half_way_is_known_to_the_stock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.worker.backfill.SESSIONS_AT_ONCE", 4)
    days = sessions(10)
    job = make_job(TICKER, since=days[0], as_of=days[-1])
    lease = claim(job.pk, job.pk)
    assert lease is not None
    loader = BarLoader(lease.job, lease.details)
    for detail in lease.details:
        loader.fetch(detail)

    def cancelled_at_the_sixth(loader: BarLoader, detail: JobDetail) -> Iterator[Outcome]:
        for n, outcome in enumerate(assess_past_sessions(loader, detail), 1):
            yield outcome
            if n == 6:
                cancel(job)

    monkeypatch.setattr("analysis.worker.backfill.assess_past_sessions", cancelled_at_the_sixth)
    assert backfill_stock(lease, loader, lease.details[0]) is None
    assert sorted(Result.objects.values_list("day", flat=True)) == days[:4]
    assert Stock.objects.get().last_result == Result.objects.get(day=days[3])


def test_a_session_that_breaks_the_engine_fails_the_stock_and_is_no_silent_hole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = sessions(10)

    def assess_or_break(series: SeriesCache, *args: Any, **options: Any) -> Any:
        if series.bars.last_session == days[4]:
            raise ZeroDivisionError("a session like no other")
        return assess_all(series, *args, **options)

    monkeypatch.setattr("analysis.worker.assess.assess_all", assess_or_break)
    job = make_backfill(days)
    assert job.status == JobStatus.FAILED
    assert job.details.get().error_message == "Internal error (ZeroDivisionError): a session like no other"


def test_a_page_of_a_session_that_was_filled_in_says_that_its_findings_are_not_kept(client: Client) -> None:
    client.force_login(make_user("ann"))
    days = sessions(3, "TENFALLOW.DEMO")
    make_backfill(days, "TENFALLOW.DEMO")
    Result.objects.get(day=days[-1]).delete()
    filled = Result.objects.get(day=days[1])
    Stock.objects.update(last_result=filled)
    text = client.get(reverse("analysis:stock", args=["TENFALLOW.DEMO"])).text
    assert "This verdict was filled in later: its reasons and its 1 finding were not kept." in text
    assert "Nothing had to be repaired" not in text


def test_a_backfill_can_be_run_again_and_is_another_request_than_the_run_of_its_last_day() -> None:
    days = sessions(5)
    job = make_backfill(days)
    again = rerun(job, source=job.source).job  # type: ignore[arg-type]
    assert (again.since, again.as_of) == (days[0], days[-1])
    assert not submit([TICKER], source="command", as_of=days[-1], wake=False).is_duplicate  # type: ignore[arg-type]
    run_job(str(again.pk))
    assert again.results.count() == 5


def test_a_backfill_needs_two_days_in_order() -> None:
    days = sessions(2)
    with pytest.raises(
        RequestRejected, match="A backfill goes from a day since 2000-01-03 to one that is not before it"
    ):
        make_job(TICKER, since=days[1], as_of=days[0])


def test_the_command_fills_and_tells() -> None:
    days = sessions(5)
    out, err, code = run("backfill", TICKER, "--from", str(days[0]), "--to", str(days[-1]), "--inline")
    assert (err, code) == ("", 0)
    assert "5 results are this backfill's." in out
    assert Job.objects.get().description == f"Backfill from {days[0]} to {days[-1]}"
    out, _, code = run("backfill", "--from", str(days[0]), "--to", str(days[-1]), "--inline", "--json")
    assert (json.loads(out)[0]["ticker"], code) == (TICKER, 0)
    out, _, _ = run("backfill", TICKER, "--from", str(days[0]), "--to", str(days[0]), "--inline")
    assert "\n1 result is this backfill's." in out


def test_a_backfill_of_more_stocks_than_a_job_may_have_is_split(settings: Settings) -> None:
    settings.MAX_STOCKS_PER_JOB = 1
    days = sessions(3)
    span = ("--from", str(days[0]), "--to", str(days[-1]))
    out, err, code = run("backfill", TICKER, "MERUVANTA.DEMO", *span, "--inline")
    assert (err, code) == ("", 0)
    assert "6 results are this backfill's." in out
    first, second = Job.objects.order_by("created_at", "description")
    assert (second.part_of, second.description) == (first, f"{first.description}, part 2 of 2")
    out, _, code = run("backfill", TICKER, "MERUVANTA.DEMO", *span)
    assert (out.count("1 stocks queued."), code) == (2, 0)
    Job.objects.active().delete()
    listed = json.loads(run("backfill", TICKER, "MERUVANTA.DEMO", *span, "--json")[0])
    assert [job["total"] for job in listed] == [1, 1]


def test_nothing_of_a_split_request_is_submitted_when_a_later_part_is_no_ticker(settings: Settings) -> None:
    settings.MAX_STOCKS_PER_JOB = 1
    days = sessions(2)
    _, err, code = run("backfill", "ABC.NS", "Z Z", "--from", str(days[0]), "--to", str(days[-1]))
    assert (code, Job.objects.count()) == (2, 0)
    assert "“Z Z” is not a ticker." in err


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("--from", "soon", "--to", "2026-01-05"), "“soon” is no day; write it like 2026-03-31."),
        (
            ("A.NS", "--from", "2026-01-05", "--to", "2999-01-01"),
            "2999-01-01 is in the future; give a day that is past.",
        ),
        (("--from", "", "--to", "2026-01-05"), "“” is no day; write it like 2026-03-31."),
        (("A.NS", "--from", "2026-01-05", "--to", " "), "“ ” is no day; write it like 2026-03-31."),
        (
            ("A.NS", "--from", "1990-01-05", "--to", "1990-01-09"),
            "1990-01-09 is too long ago; give a day since 2000-01-03.",
        ),
        (("--from", "2026-01-05", "--to", "2026-01-09"), "No stocks given."),
    ],
)
def test_the_command_says_what_is_wrong(args: tuple[str, ...], sentence: str) -> None:
    assert run("backfill", *args)[1:] == (sentence, 2)
