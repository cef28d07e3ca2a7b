"""Pruning: what is too old goes, what is needed stays, and nothing is left behind."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from analysis.db import refresh_planner_statistics
from analysis.jobs.end import remove
from analysis.jobs.rerun import rerun
from analysis.models import (
    LARGE_TABLES,
    DetailStatus,
    Job,
    JobDetail,
    JobStatus,
    Rating,
    RawData,
    Result,
    ResultStatus,
    Source,
    Stock,
)
from analysis.rejections import RequestRejected
from analysis.tests.make import make_finished_job, make_job, make_result, make_stock, make_user
from analysis.upkeep.integrity import check_integrity
from analysis.upkeep.retention import PruneResult, prune, would_prune

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def ages(settings: Settings) -> None:
    """Let each kind of row have an age of its own."""
    settings.KEEP_RAW_DATA_DAYS, settings.KEEP_DETAILS_DAYS, settings.KEEP_RESULTS_DAYS = 30, 90, 730


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let commands and pages take place when `prune(NOW)` does."""
    with time_machine.travel(NOW):
        yield


def age(days: float, *results: Result) -> None:
    """Make these results, and their jobs with them, so many days old."""
    then = NOW - timedelta(days=days)
    Result.objects.filter(pk__in=[result.pk for result in results]).update(updated_at=then, completed_at=then)
    jobs = Job.objects.filter(pk__in=[result.job_id for result in results])
    jobs.update(status=JobStatus.COMPLETED, completed_count=1, created_at=then, completed_at=then)


def results_of(stock: Stock, days: int) -> list[Result]:
    """So many results of a stock, each of a job of its own with its detail; the newest, the last one, first."""
    made = [make_result(stock, FRIDAY - timedelta(days=n)) for n in range(days)][::-1]
    for result in made:
        JobDetail.objects.create(job=result.job, stock=stock, status=DetailStatus.COMPLETED, result=result)
    Stock.objects.filter(pk=stock.pk).update(last_result=made[-1], last_job=made[-1].job_id)
    return made[::-1]


def counts() -> tuple[int, ...]:
    return tuple(model.objects.count() for model in (RawData, JobDetail, Result, Job))


def test_each_kind_goes_at_its_own_age() -> None:
    newest, month, quarter, years = results_of(make_stock(), 4)
    for days, result in ((1, newest), (31, month), (91, quarter), (731, years)):
        age(days, result)
    assert prune(NOW) == PruneResult(raw_data=3, details=2, results=1, jobs=1)
    assert set(RawData.objects.values_list("pk", flat=True)) == {newest.pk}
    assert set(JobDetail.objects.values_list("job", flat=True)) == {newest.job_id, month.job_id}
    assert set(Result.objects.all()) == {newest, month, quarter}
    assert not Job.objects.filter(pk=years.job_id).exists()


def test_evidence_may_be_kept_as_long_as_its_result(settings: Settings) -> None:
    settings.KEEP_RAW_DATA_DAYS = settings.KEEP_RESULTS_DAYS
    newest, kept, old = results_of(make_stock(), 3)
    for days, result in ((1, newest), (729, kept), (731, old)):
        age(days, result)
    told = would_prune(NOW)
    assert prune(NOW) == told == PruneResult(raw_data=1, details=2, results=1, jobs=1)
    assert set(RawData.objects.values_list("pk", flat=True)) == {newest.pk, kept.pk}


def test_ratings_go_with_their_results_in_one_statement_a_batch() -> None:
    newest, *old = results_of(make_stock(), 30)
    age(1, newest)
    age(1000, *old)
    for strategy in ("trend", "swing"):
        Rating.objects.bulk_create(
            Rating(result=result, strategy=strategy, no_score_reason="Too few bars.") for result in (newest, *old)
        )
    with CaptureQueriesContext(connection) as queries:
        assert prune(NOW).results == len(old)
    of_ratings = [query["sql"] for query in queries if '"analysis_rating"' in query["sql"]]
    assert [sql.split()[0] for sql in of_ratings] == ["DELETE"]
    assert set(Rating.objects.values_list("result", flat=True)) == {newest.pk}
    assert Rating.objects.count() == 3


def test_a_day_before_its_age_nothing_goes() -> None:
    newest, *old = results_of(make_stock(), 4)
    age(0, newest)
    for days, result in zip((29.9, 29.9, 29.9), old, strict=True):
        age(days, result)
    assert prune(NOW) == PruneResult()


def test_the_newest_result_of_a_stock_stays_with_its_evidence_and_job_however_old() -> None:
    stock = make_stock()
    newest, older = results_of(stock, 2)
    age(2000, newest, older)
    assert prune(NOW) == PruneResult(raw_data=1, details=2, results=1, jobs=1)
    stock.refresh_from_db()
    assert stock.last_result == newest
    assert RawData.objects.filter(pk=newest.pk).exists()
    assert Job.objects.get(pk=newest.job_id) == stock.last_job


def test_the_last_success_stays_behind_newer_failures() -> None:
    stock = make_stock()
    failed, success = results_of(stock, 2)
    Result.objects.filter(pk=failed.pk).update(status=ResultStatus.FAILED, error_message="No data.")
    Stock.objects.filter(pk=stock.pk).update(last_result=success)
    age(2000, failed, success)
    prune(NOW)
    assert set(Result.objects.all()) == {failed, success}


def test_what_an_active_job_points_at_stays() -> None:
    stock = make_stock()
    newest, older = results_of(stock, 2)
    age(2000, newest, older)
    running = make_job("KAVERI.DEMO", "B&D.DEMO")
    JobDetail.objects.filter(job=running, stock=stock).update(result=older)
    prune(NOW)
    assert set(Result.objects.all()) == {newest, older}
    assert set(RawData.objects.values_list("pk", flat=True)) == {newest.pk, older.pk}
    assert running.details.count() == 2


def test_an_active_job_stays_however_old() -> None:
    job = make_job()
    Job.objects.filter(pk=job.pk).update(created_at=NOW - timedelta(days=900), progress_at=NOW - timedelta(days=900))
    assert prune(NOW) == PruneResult()


def test_a_result_computed_lately_stays_however_old_its_session() -> None:
    """A backfill of old sessions is not taken away the night after."""
    stock = make_stock()
    newest = make_result(stock)
    old_session = make_result(stock, date(2020, 1, 6))
    Stock.objects.filter(pk=stock.pk).update(last_result=newest)
    age(1, newest, old_session)
    assert prune(NOW) == PruneResult()


def test_the_dry_run_names_exactly_what_goes_and_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("KAVERI.DEMO", "B&D.DEMO"):
        for n, result in enumerate(results_of(make_stock(name), 12)):
            age(100 * n, result)
    before = counts()
    told = would_prune(NOW)
    assert counts() == before
    assert prune(NOW) == told
    assert counts() == tuple(
        there - gone for there, gone in zip(before, (told.raw_data, told.details, told.results, told.jobs), strict=True)
    )
    assert prune(NOW) == PruneResult()
    call_command("prune", "--dry-run")
    said = capsys.readouterr().out
    assert said.startswith("Would remove the raw data of 0 results, 0 details of jobs, 0 results, 0 jobs and 0 unconf")


def test_the_command_says_what_it_removed(capsys: pytest.CaptureFixture[str]) -> None:
    newest, older = results_of(make_stock(), 2)
    age(1000, newest, older)
    call_command("prune")
    said = capsys.readouterr().out
    assert said.startswith("Removed the raw data of 1 results, 2 details of jobs, 1 results, 1 jobs and 0 unconfirmed")


def test_what_is_left_is_whole(client: Client) -> None:
    """No orphan, every stock tells what is true, and its page is shown."""
    user = make_user()
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=user)
    told = {stock.pk: (stock.last_status, stock.last_error) for stock in Stock.objects.all()}
    long_ago = timezone.now() - timedelta(days=1000)
    Job.objects.filter(pk=job.pk).update(completed_at=long_ago)
    Result.objects.update(updated_at=long_ago)
    prune()
    assert JobDetail.objects.count() == 0
    for stock in Stock.objects.all():
        assert (stock.last_status, stock.last_error, stock.last_job) == (*told[stock.pk], job)
    client.force_login(user)
    assert client.get(f"/stocks/{stock.pk}/").status_code == 200
    with connection.cursor() as cursor:
        connection.check_constraints()
        cursor.execute("SELECT count(*) FROM analysis_rawdata WHERE result_id NOT IN (SELECT id FROM analysis_result)")
        assert cursor.fetchone() == (0,)


def test_a_pruned_job_keeps_its_counts_and_its_page_says_why_its_stocks_are_not_shown(client: Client) -> None:
    user = make_user()
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=user)
    Job.objects.filter(pk=job.pk).update(completed_at=timezone.now() - timedelta(days=100))
    prune()
    job.refresh_from_db()
    assert (job.total, job.completed_count, job.failed_count) == (2, 1, 1)
    client.force_login(user)
    page = client.get(job.get_absolute_url()).content.decode()
    assert "What became of each stock was removed" in page
    assert "2 of 2" in page
    assert "Rerun" not in page
    with pytest.raises(RequestRejected, match="details were removed"):
        rerun(job, source=Source.API)


def test_removing_a_pruned_job_lets_its_stocks_tell_what_is_left() -> None:
    stock = make_stock()
    newest, older = results_of(stock, 2)
    age(100, newest, older)
    prune(NOW)
    remove([Job.objects.get(pk=newest.job_id)])
    stock.refresh_from_db()
    assert (stock.last_result, stock.last_job, stock.last_status) == (older, None, "completed")
    assert stock.last_analyzed_at == NOW - timedelta(days=100)


def test_removing_an_older_job_leaves_the_story_of_a_pruned_newer_one() -> None:
    stock = make_stock()
    newest, older = results_of(stock, 2)
    age(100, newest, older)
    Stock.objects.filter(pk=stock.pk).update(last_status="failed", last_error="No data.")
    prune(NOW)
    remove([Job.objects.get(pk=older.job_id)])
    stock.refresh_from_db()
    assert (stock.last_status, stock.last_error, stock.last_job_id) == ("failed", "No data.", newest.job_id)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_delete_everything_once() -> None:
    for name in ("KAVERI.DEMO", "B&D.DEMO"):
        age(1000, *results_of(make_stock(name), 60))
    told = would_prune(NOW)
    done: list[PruneResult] = []

    def run() -> None:
        try:
            done.append(prune(NOW))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2
    total = PruneResult(
        *(sum(getattr(one, kind) for one in done) for kind in ("raw_data", "details", "results", "jobs"))
    )
    assert (total.raw_data, total.details, total.jobs) == (told.raw_data, told.details, told.jobs)
    assert total.results == told.results
    assert counts() == (2, 0, 2, 2)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite plans without counts")
@pytest.mark.parametrize("read_whole_tables", [prune, would_prune, check_integrity])
def test_postgresql_counts_its_rows_before_whole_tables_are_read(read_whole_tables: Callable[[], object]) -> None:
    with CaptureQueriesContext(connection) as queries:
        read_whole_tables()
    assert queries.captured_queries[0]["sql"].startswith("ANALYZE analysis_stock, ")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_thousand_results_exactly_what_was_announced_goes_and_no_orphan_is_left() -> None:
    stocks, sessions = 200, 500
    made = [Stock(ticker=f"T{n:03}.DEMO") for n in range(stocks)]
    Stock.objects.bulk_create(made)
    times = [NOW - timedelta(days=1.5 * n) for n in range(sessions)]
    given = {"source": "bulk", "price_source": "demo"}
    jobs = Job.objects.bulk_create(
        Job(**given, strategy="technical_rating", request_key=str(n), status="completed", total=stocks,
            completed_count=stocks, created_at=at, completed_at=at)
        for n, at in enumerate(times)
    )  # fmt: skip
    numbers = {"status": "completed", "close": 10.0}
    newest = Result.objects.bulk_create(
        Result(job=jobs[0], stock=stock, day=FRIDAY, started_at=NOW, completed_at=NOW, created_at=NOW, updated_at=NOW,
               engine_version="1", **given, **numbers)
        for stock in made
    )  # fmt: skip
    refresh_planner_statistics(
        LARGE_TABLES
    )  # which are then behind, as PostgreSQL's own are after so many rows at once
    copy_to_every_other_job(jobs[0])
    assert Result.objects.count() == 100_000
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO analysis_rawdata (result_id, evidence) SELECT id, '{}' FROM analysis_result WHERE id % 10 = 0"
        )
    evidence = RawData.objects.count()
    rate_every_result("trend", "swing")
    young = RawData.objects.filter(result__updated_at__gte=NOW - timedelta(days=30)).count()
    found = Result.objects.filter(job__in=jobs[:80]).only("job", "stock")
    JobDetail.objects.bulk_create(
        (JobDetail(job_id=r.job_id, stock_id=r.stock_id, result=r, status="completed") for r in found), batch_size=5_000
    )
    for stock, result in zip(made, newest, strict=True):
        stock.last_result, stock.last_job_id = result, result.job_id
    Stock.objects.bulk_update(made, ["last_result", "last_job"])
    told = would_prune(NOW)
    assert prune(NOW) == told
    assert (told.raw_data, told.details) == (evidence - young, 19 * stocks)
    assert (told.results, told.jobs) == (13 * stocks, 13)
    assert counts() == (young, 61 * stocks, 487 * stocks, 487)
    assert Rating.objects.count() == 2 * 487 * stocks
    connection.check_constraints()
    assert set(Stock.objects.values_list("last_result", flat=True)) == {result.pk for result in newest}


def rate_every_result(*strategies: str) -> None:
    """Give every result the same rating by each strategy."""
    given = {"score": 0.3, "raw_verdict": "buy", "verdict": "buy"}
    first = Rating.objects.create(result=Result.objects.earliest("pk"), strategy="copied", **given)
    columns = [str(field.column) for field in Rating._meta.concrete_fields if field.column != "id"]
    values = ", ".join({"result_id": "s.id", "strategy": "%s"}.get(column, f"r.{column}") for column in columns)
    with connection.cursor() as cursor:
        for strategy in strategies:
            cursor.execute(
                f"INSERT INTO analysis_rating ({', '.join(columns)}) SELECT {values} "  # noqa: S608
                "FROM analysis_result s CROSS JOIN analysis_rating r WHERE r.id = %s",
                [strategy, first.pk],
            )
    first.delete()


def copy_to_every_other_job(job: Job) -> None:
    """Give every other job the same results, computed when it ended: a hundred thousand rows in one statement."""
    of_the_job = {"job_id": "j.id", "day": "date(j.completed_at)"}
    of_the_job |= dict.fromkeys(("started_at", "completed_at", "created_at", "updated_at"), "j.completed_at")
    columns = [str(field.column) for field in Result._meta.concrete_fields if field.column != "id"]
    values = ", ".join(of_the_job.get(column, f"r.{column}") for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO analysis_result ({', '.join(columns)}) SELECT {values} "  # noqa: S608
            "FROM analysis_job j CROSS JOIN analysis_result r WHERE r.job_id = %s AND j.id <> r.job_id",
            [job.pk if connection.vendor == "postgresql" else job.pk.hex],
        )
