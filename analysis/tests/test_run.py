"""Running: claims under a lease, results tied to jobs, one row per stock and day, counters equal to rows."""

import json
import logging
import os
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db.models import F
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries, Settings
from structlog.contextvars import get_contextvars

from analysis.engine.assess import assess_all
from analysis.engine.assessment import Assessment, NotEnoughHistory
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.jobs.submit import CHUNK
from analysis.models import (
    DetailStatus,
    ErrorKind,
    Job,
    JobDetail,
    JobStatus,
    PriceHistory,
    Rating,
    RawData,
    Result,
    ResultStatus,
    Source,
    Stock,
    StockStatus,
)
from analysis.prices.demo_companies import COMPANIES
from analysis.prices.instruments import exchange_of
from analysis.prices.port import PriceError, PriceErrorKind
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.tests.make import details_of, make_finished_job, make_job, make_user
from analysis.worker.assess import assess_stock
from analysis.worker.bars import BarLoader
from analysis.worker.claim import claim, next_job, release
from analysis.worker.recover import recover
from analysis.worker.save import save
from analysis.worker.slice import GROUP_TO_FETCH, run_slice

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 30, 40, tzinfo=UTC)


def test_a_job_runs_from_claim_to_result() -> None:
    job = make_finished_job("KAVERI.DEMO", source=Source.API)
    result = Result.objects.get()
    detail = details_of(job)["KAVERI.DEMO"]
    assert (job.status, job.completed_count, job.failed_count) == (JobStatus.COMPLETED, 1, 0)
    assert job.created_at < job.started_at <= job.completed_at  # type: ignore[operator]
    assert (result.job, result.source, result.price_source) == (job, Source.API, "demo")
    assert result.day == last_closed_session(exchange_of("KAVERI.DEMO"), timezone.now())
    rating = result.ratings.get()
    assert (detail.result, detail.verdict, detail.score) == (result, rating.verdict, rating.score)
    assert (detail.attempts, detail.fence, detail.lease_token) == (1, 1, None)
    assert result.input_fingerprint
    assert result.duration > timedelta(0)
    assert len(result.raw_data.evidence["signals"]) == 26


@pytest.mark.django_db(transaction=True)
def test_the_log_tells_how_a_job_ended_and_which(caplog: pytest.LogCaptureFixture) -> None:
    seen = []

    def note(record: logging.LogRecord) -> bool:
        seen.append(get_contextvars())
        return True

    caplog.handler.addFilter(note)
    with caplog.at_level(logging.INFO, "analysis.jobs.counters"):
        job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    assert "The job has ended: completed; 1 of 2 stocks completed, 1 failed; " in caplog.text
    assert seen == [{"job": str(job.pk)}]


def test_the_stock_carries_its_own_last_state() -> None:
    """Failure 8 of the old system: the watchlist knew nothing of the last analysis."""
    job = make_finished_job("KAVERI.DEMO")
    stock = Stock.objects.get()
    assert (stock.last_status, stock.last_job, stock.last_error) == (StockStatus.COMPLETED, job, "")
    assert stock.last_result == Result.objects.get()
    assert stock.last_analyzed_at is not None


@pytest.mark.parametrize(("strategies", "limit"), [(["technical_rating"], 1_300), (list(STRATEGIES), 1_600)])
def test_the_evidence_of_a_stock_day_takes_about_a_kilobyte(strategies: list[str], limit: int) -> None:
    """The limit holds for each company of the demo market, with one strategy in use and with all."""
    for strategy in strategies:
        make_user(strategy, strategy=strategy)
    make_finished_job(*(company.ticker for company in COMPANIES))
    assert set(Rating.objects.values_list("strategy", flat=True)) == set(strategies)
    stored = RawData.objects.values_list("result__stock", "evidence")
    sizes = {ticker: len(json.dumps(evidence, separators=(",", ":")).encode()) for ticker, evidence in stored}
    assert len(sizes) > 30
    assert {ticker: size for ticker, size in sizes.items() if size >= limit} == {}


def test_repairs_and_warnings_about_the_bars_are_counted_on_the_result() -> None:
    make_finished_job("TENFALLOW.DEMO", "KAVERI.DEMO")
    for result in Result.objects.select_related("raw_data"):
        told = [finding["severity"] for finding in result.raw_data.evidence["data_quality"]]
        assert result.finding_count == sum(severity != "info" for severity in told)
    assert Result.objects.get(stock="TENFALLOW.DEMO").finding_count == 1


def test_a_failure_is_told_where_people_look() -> None:
    """Failures 5 and 7 of the old system: no status, and errors only in a log file."""
    job = make_finished_job("VANQUAY.DEMO", "NAVANKURA.DEMO", "KAVERI.DEMO", "NOSUCH.DEMO")
    details = details_of(job)
    assert (job.status, job.completed_count, job.failed_count) == (JobStatus.COMPLETED, 1, 3)
    assert (details["VANQUAY.DEMO"].status, details["VANQUAY.DEMO"].error_kind) == ("failed", ErrorKind.NO_DATA)
    assert "no longer listed" in details["VANQUAY.DEMO"].error_message
    assert details["NAVANKURA.DEMO"].error_kind == ErrorKind.NOT_ENOUGH_HISTORY
    assert details["NAVANKURA.DEMO"].error_message == "Not enough history: 43 bars, 50 needed."
    assert details["NOSUCH.DEMO"].error_kind == ErrorKind.UNKNOWN_TICKER
    stock = Stock.objects.get(pk="VANQUAY.DEMO")
    assert (stock.last_status, stock.last_result) == (StockStatus.FAILED, None)
    assert stock.last_error == details["VANQUAY.DEMO"].error_message
    failed = Result.objects.get(stock="VANQUAY.DEMO")
    assert (failed.status, failed.error_message) == (ResultStatus.FAILED, stock.last_error)
    assert not failed.ratings.exists()


def test_a_job_without_one_success_has_failed_and_says_why() -> None:
    """Failure 12 of the old system: failures counted as success."""
    job = make_finished_job("VANQUAY.DEMO", "NOSUCH.DEMO", "NOSUCH2.DEMO")
    assert (job.status, job.completed_count, job.failed_count) == (JobStatus.FAILED, 0, 3)
    assert job.error_message == "No stock could be analysed: 2 × unknown ticker, 1 × no data"


def test_two_runs_of_a_day_share_one_result_and_keep_their_own_snapshots() -> None:
    """Failures 3 and 9 of the old system: several rows a day, and updates that hit every row of a ticker."""
    first = make_finished_job("KAVERI.DEMO")
    JobDetail.objects.filter(job=first).update(score=F("score") / 2)
    made_at = Result.objects.get().created_at
    second = make_finished_job("KAVERI.DEMO")
    result = Result.objects.get()
    assert (result.job, result.created_at) == (second, made_at)
    ours, theirs = details_of(first)["KAVERI.DEMO"], details_of(second)["KAVERI.DEMO"]
    assert ours.result == theirs.result == result
    score = result.ratings.get().score
    assert score is not None
    assert (ours.score, theirs.score) == (score / 2, score)
    assert RawData.objects.count() == 1


def test_another_day_is_another_row() -> None:
    with time_machine.travel(NOON, tick=False):
        make_finished_job("KAVERI.DEMO")
    with time_machine.travel(NOON + timedelta(days=3), tick=False):
        make_finished_job("KAVERI.DEMO")
    assert Result.objects.count() == 2
    assert Stock.objects.get().last_result == Result.objects.latest("day")


def test_a_failure_never_replaces_a_success() -> None:
    with time_machine.travel(NOON, tick=False):
        make_finished_job("FICKLEBURN.DEMO")
        PriceHistory.objects.all().delete()
    with time_machine.travel(NOON.replace(second=5), tick=False):
        job = make_finished_job("FICKLEBURN.DEMO")
    result, stock = Result.objects.get(), Stock.objects.get()
    assert (result.status, job.status) == (ResultStatus.COMPLETED, JobStatus.FAILED)
    assert details_of(job)["FICKLEBURN.DEMO"].result is None
    assert (stock.last_status, stock.last_result) == (StockStatus.FAILED, result)
    assert "does not answer" in stock.last_error


def test_a_success_replaces_a_failure_of_the_same_day() -> None:
    with time_machine.travel(NOON.replace(second=5), tick=False):
        make_finished_job("FICKLEBURN.DEMO")
    with time_machine.travel(NOON, tick=False):
        make_finished_job("FICKLEBURN.DEMO")
    result = Result.objects.get()
    assert (result.status, result.error_message) == (ResultStatus.COMPLETED, "")
    assert Stock.objects.get().last_error == ""


def test_an_as_of_run_sees_no_later_bar_and_leaves_the_newest_result_in_place() -> None:
    with time_machine.travel(NOON, tick=False):
        newest = make_finished_job("KAVERI.DEMO")
        past = make_finished_job("KAVERI.DEMO", as_of=datetime(2026, 3, 31).date())  # noqa: DTZ001
    with time_machine.travel(datetime(2026, 3, 31, 20, tzinfo=UTC), tick=False):
        PriceHistory.objects.all().delete()
        then = make_finished_job("KAVERI.DEMO")
    old, lived = details_of(past)["KAVERI.DEMO"], details_of(then)["KAVERI.DEMO"]
    assert (old.day, old.score, old.verdict) == (lived.day, lived.score, lived.verdict)
    assert Stock.objects.get().last_result == details_of(newest)["KAVERI.DEMO"].result


def test_fresh_bars_are_not_fetched_again() -> None:
    with time_machine.travel(NOON, tick=False):
        make_finished_job("KAVERI.DEMO")
    with time_machine.travel(NOON + timedelta(minutes=5), tick=False):
        make_finished_job("KAVERI.DEMO")
    assert PriceHistory.objects.get().fetched_at == NOON


def test_a_csv_folder_is_a_source_and_its_broken_rows_are_findings(settings: Settings) -> None:
    folder: Path = settings.CSV_PRICES_DIR
    rows = [f"2026-0{1 + n // 28}-{1 + n % 28:02},10,11,9,{10 + n % 5 / 10},1000" for n in range(100)]
    (folder / "ACME.csv").write_text("\n".join(["date,open,high,low,close,volume", *rows, "2026-05-01,x,11,9,10,1000"]))
    job = make_finished_job("ACME", "MISSING")
    details = details_of(job)
    assert details["ACME"].status == DetailStatus.COMPLETED
    assert details["MISSING"].error_kind == ErrorKind.UNKNOWN_TICKER
    codes = {finding["code"] for finding in Result.objects.get(stock="ACME").raw_data.evidence["data_quality"]}
    assert len(codes) >= 3  # a broken row, unadjusted prices, stale bars
    assert Result.objects.get(stock="ACME").price_source == "csv"


def test_an_unexpected_error_is_recorded_and_the_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    PriceHistory.objects.filter(stock="KAVERI.DEMO").update(bars=b"no arrow")
    job = make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    broken = details_of(job)["KAVERI.DEMO"]
    assert (broken.status, broken.error_kind) == (DetailStatus.FAILED, ErrorKind.INTERNAL)
    assert broken.error_message.startswith("Internal error (")
    assert details_of(job)["B&D.DEMO"].status == DetailStatus.COMPLETED
    logged = [record for record in caplog.records if record.name == "analysis.worker.assess"]
    assert [bool(record.exc_info) for record in logged] == [True]


def test_slices_share_a_job_without_doing_a_stock_twice() -> None:
    job = make_job(*[f"T{n:03}.DEMO" for n in range(CHUNK + 10)])
    first, second = claim(job.pk, uuid.uuid4()), claim(job.pk, uuid.uuid4())
    assert first
    assert second
    assert (len(first.details), len(second.details)) == (CHUNK, 10)
    assert not {d.pk for d in first.details} & {d.pk for d in second.details}
    assert claim(job.pk, uuid.uuid4()) is None


def test_a_slice_that_lost_its_lease_writes_nothing() -> None:
    job = make_job("KAVERI.DEMO")
    frozen = claim(job.pk, uuid.uuid4())
    assert frozen
    loader = BarLoader(frozen.job, frozen.details)
    for detail in frozen.details:
        loader.fetch(detail)
    outcomes = [assess_stock(loader, detail) for detail in frozen.details]
    release(frozen)
    other = claim(job.pk, uuid.uuid4())
    assert other
    assert other.details[0].fence == 2
    assert save(frozen, outcomes) == 0
    assert not Result.objects.exists()
    assert Job.objects.get().completed_count == 0
    run_slice(str(job.pk))  # nothing is left to claim: the other slice holds it
    assert not Result.objects.exists()


def test_a_repeated_or_late_message_does_no_harm() -> None:
    job = make_finished_job("KAVERI.DEMO")
    assert run_slice(str(job.pk)) == 0
    assert run_slice(str(uuid.uuid4())) == 0
    assert Job.objects.get().completed_count == 1


def test_a_slice_whose_time_is_spent_leaves_a_message_for_the_next() -> None:
    job = make_job(*[f"T{n:03}.DEMO" for n in range(CHUNK + 1)])
    assert run_slice(str(job.pk), seconds=0) == 1
    assert OrmQ.objects.count() == 1
    assert run_slice(str(job.pk)) == CHUNK
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED  # no such companies: every stock failed, with its sentence


def test_a_chunk_needs_as_many_queries_as_one_stock(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    """Failure 6 of the old system: queries that grew with what was stored."""
    tickers = ["KAVERI.DEMO", "B&D.DEMO", "MERUVANTA.DEMO", "TRISHANKU.DEMO", "NILGAON.DEMO", "SURYAVANA.DEMO"]
    make_finished_job(*tickers)
    job = make_job(*tickers)
    with django_assert_max_num_queries(45):
        run_slice(str(job.pk))


def test_a_source_that_raises_fails_its_stocks_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The price source is the edge that is stood in for."""

    def fetch_daily(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("analysis.prices.demo.DemoMarket.fetch_daily", fetch_daily)
    job = make_finished_job("KAVERI.DEMO")
    detail = details_of(job)["KAVERI.DEMO"]
    assert (detail.status, detail.error_kind) == (DetailStatus.FAILED, ErrorKind.UNAVAILABLE)
    assert detail.error_message == "The price source demo failed unexpectedly (ZeroDivisionError)."
    assert caplog.records[0].exc_info


def test_a_stock_whose_worker_was_lost_is_tried_again_alone() -> None:
    job = make_job("B&D.DEMO", "KAVERI.DEMO", "MERUVANTA.DEMO")
    lost = claim(job.pk, uuid.uuid4())
    assert lost
    assert len(lost.details) == 3
    JobDetail.objects.update(lease_until=timezone.now() - timedelta(minutes=5))
    recover()
    chunks = [claim(job.pk, uuid.uuid4()) for _ in range(4)]
    assert [lease and [detail.stock_id for detail in lease.details] for lease in chunks] == [
        ["B&D.DEMO"],
        ["KAVERI.DEMO"],
        ["MERUVANTA.DEMO"],
        None,
    ]


def test_a_small_job_waits_for_one_chunk_of_a_large_one() -> None:
    large = make_job(*[f"T{n:03}.DEMO" for n in range(3 * CHUNK)])
    claim(large.pk, uuid.uuid4())
    small = make_job("KAVERI.DEMO")
    assert next_job() == small.pk
    claim(small.pk, uuid.uuid4())
    assert next_job() == large.pk


def test_a_slow_slice_makes_room_between_groups_and_the_attempt_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The price source is the edge: while it is asked for the first group, a small job is submitted."""
    large = make_job(*[f"T{n}.DEMO" for n in range(12)])
    served: list[str] = []

    def fetch_daily(_: object, tickers: list[str], *_others: object) -> dict[str, PriceError]:
        served.extend(tickers)
        if len(served) == GROUP_TO_FETCH:
            make_job("KAVERI.DEMO")
        return {ticker: PriceError(PriceErrorKind.UNAVAILABLE, "It is down.", permanent=False) for ticker in tickers}

    monkeypatch.setattr("analysis.prices.demo.DemoMarket.fetch_daily", fetch_daily)
    run_slice(str(large.pk))
    assert served.index("KAVERI.DEMO") == GROUP_TO_FETCH
    assert set(JobDetail.objects.values_list("attempts", flat=True)) == {1}
    assert not Job.objects.active().exists()


def test_a_stock_without_a_name_learns_it_from_its_source() -> None:
    Stock.objects.create(ticker="B&D.DEMO", name="Ours")
    make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    assert Stock.objects.get(pk="KAVERI.DEMO").name == "Kaverisagar Looms"
    assert Stock.objects.get(pk="B&D.DEMO").name == "Ours"


def test_a_bar_fetched_before_the_close_is_fetched_again_after_it(settings: Settings) -> None:
    file: Path = settings.CSV_PRICES_DIR / "ACME.NS.csv"
    days = [day.isoformat() for day in sessions_between(exchange_of("ACME.NS"), date(2026, 6, 1), date(2026, 11, 19))]
    rows = "\n".join(["date,open,high,low,close,volume", *(f"{day},100,101,99,100.5,1000" for day in days)])
    file.write_text(f"{rows}\n2026-11-20,100,101,99,100.5,1000")
    with time_machine.travel(datetime(2026, 11, 20, 6, 0, tzinfo=UTC), tick=False):
        morning = make_finished_job("ACME.NS")
    file.write_text(f"{rows}\n2026-11-20,100,131,99,130,1000")
    with time_machine.travel(datetime(2026, 11, 20, 13, 0, tzinfo=UTC), tick=False):
        evening = make_finished_job("ACME.NS")
    days_found = [details_of(job)["ACME.NS"].day for job in (morning, evening)]
    assert days_found == [date(2026, 11, 19), date(2026, 11, 20)]
    assert Result.objects.latest("day").close == 130


@pytest.mark.machine_clock  # which files' times are of
def test_a_price_file_that_was_corrected_is_read_again_though_no_session_has_passed(settings: Settings) -> None:
    file: Path = settings.CSV_PRICES_DIR / "ACME.csv"
    days = sessions_between(
        exchange_of("ACME"), date(2026, 6, 1), last_closed_session(exchange_of("ACME"), timezone.now())
    )
    rows = [f"{day},100,101,99,100.5,1000" for day in days]
    file.write_text("\n".join(["date,open,high,low,close,volume", *rows]))
    make_finished_job("ACME")
    first = PriceHistory.objects.get().fetched_at
    make_finished_job("ACME")
    assert PriceHistory.objects.get().fetched_at == first  # nothing has changed, nothing is read
    corrected = file.with_suffix(".new")
    corrected.write_text(file.read_text().replace(rows[-1], f"{days[-1]},100,101,99,99.5,1000"))
    os.utime(corrected, (0, 0))  # a copy may keep an old time
    corrected.replace(file)
    make_finished_job("ACME")
    assert Result.objects.get().close == 99.5
    assert PriceHistory.objects.get().fetched_at > first


def test_the_bars_of_a_price_file_that_was_taken_away_still_serve_their_session(settings: Settings) -> None:
    file: Path = settings.CSV_PRICES_DIR / "ACME.csv"
    days = sessions_between(
        exchange_of("ACME"), date(2026, 6, 1), last_closed_session(exchange_of("ACME"), timezone.now())
    )
    file.write_text("\n".join(["date,open,high,low,close,volume", *(f"{day},100,101,99,100.5,1000" for day in days)]))
    make_finished_job("ACME")
    file.unlink()
    assert make_finished_job("ACME").completed_count == 1


def test_a_sentence_that_is_too_long_for_its_column_is_cut_and_harms_no_other_stock(settings: Settings) -> None:
    (settings.CSV_PRICES_DIR / "ACME.csv").write_text("date,open\n" + "x" * 700 + ",1")
    (settings.CSV_PRICES_DIR / f"{'B' * 15}.csv").write_text(f"date,{'y' * 900}\n1,2")
    job = make_finished_job("ACME", "B" * 15, "KAVERI.DEMO")
    assert (job.completed_count, job.failed_count) == (1, 2)


def test_what_the_database_refuses_fails_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine's numbers stand in for nonsense that a constraint catches: a score beyond one."""

    def nonsense(
        series: SeriesCache, strategies: Sequence[Strategy], *, decimals: int, obstacle: str
    ) -> list[Assessment | NotEnoughHistory]:
        [found] = assess_all(series, strategies, decimals=decimals, obstacle=obstacle)
        if isinstance(found, Assessment) and found.close == closes["KAVERI.DEMO"]:
            return [replace(found, score=7.0)]
        return [found]

    make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    closes = dict(Result.objects.values_list("stock", "close"))
    monkeypatch.setattr("analysis.worker.assess.assess_all", nonsense)
    job = make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    details = details_of(job)
    assert details["B&D.DEMO"].status == DetailStatus.COMPLETED
    assert (details["KAVERI.DEMO"].status, details["KAVERI.DEMO"].error_kind) == ("failed", ErrorKind.INTERNAL)
    assert caplog.records
