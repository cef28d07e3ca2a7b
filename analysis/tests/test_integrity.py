"""Integrity: every kind of damage is found, named, and repaired; a database that is well is left alone."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from analysis.background import PLACE
from analysis.jobs.end import remove
from analysis.models import (
    DetailStatus,
    Job,
    JobDetail,
    JobStatus,
    PriceHistory,
    Rating,
    RawData,
    Result,
    Stock,
    Worker,
)
from analysis.tests.make import details_of, make_finished_job, make_job, make_result, make_stock, make_user
from analysis.upkeep.integrity import IntegrityFinding, check_integrity
from analysis.upkeep.retention import prune
from analysis.worker.recover import recover
from analysis.worker.slice import run_job

pytestmark = pytest.mark.django_db(transaction=True)


def sql(statement: str, *values: Any) -> None:
    """Damage the database as a hand in it would."""
    keys = [value.hex if isinstance(value, uuid.UUID) and connection.vendor == "sqlite" else value for value in values]
    with connection.cursor() as cursor:
        cursor.execute(statement, keys)


@contextmanager
def unguarded() -> Iterator[None]:
    """Without foreign keys and triggers, in this session."""
    is_sqlite = connection.vendor == "sqlite"
    sql("PRAGMA foreign_keys = OFF" if is_sqlite else "SET session_replication_role = replica")
    try:
        yield
    finally:
        sql("PRAGMA foreign_keys = ON" if is_sqlite else "SET session_replication_role = DEFAULT")


def found(findings: list[IntegrityFinding] | None = None) -> dict[str, int]:
    return {f.check.name: f.count for f in findings or check_integrity() if f.count}


def assert_repaired(name: str, count: int) -> None:
    """The damage is found as this and nothing else, and after one repair nothing is."""
    assert found() == {name: count}
    [finding] = [f for f in check_integrity(fix=True) if f.count]
    assert (finding.check.name, finding.repaired, finding.is_open) == (name, count, False)
    assert found() == {}


def test_all_is_well_after_ordinary_work() -> None:
    make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", "NAVANKURA.DEMO")
    make_user("ann", strategy="mean_reversion")  # for which alone the last one has bars enough
    make_finished_job("NAVANKURA.DEMO")
    assert Rating.objects.scored().get(result__stock="NAVANKURA.DEMO").strategy == "mean_reversion"
    make_finished_job("KAVERI.DEMO", as_of=date(2026, 10, 1))
    make_job("B&D.DEMO")
    gone = make_finished_job("B&D.DEMO", "ORIENTUS.DEMO")
    Stock.objects.get(pk="ORIENTUS.DEMO").delete()
    remove([make_finished_job("MANGALAM.DEMO")])
    assert found() == {}
    assert gone.details.count() == 1


def test_a_job_whose_details_were_pruned_is_not_taken_for_miscounted() -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    Job.objects.filter(pk=job.pk).update(completed_at=timezone.now() - timedelta(days=100))
    prune()
    assert not job.details.exists()
    assert found() == {}


@pytest.mark.parametrize(("completed", "failed"), [(0, 1), (2, 0), (0, 0)])
def test_counts_that_rows_contradict(completed: int, failed: int) -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    sql(
        "UPDATE analysis_job SET completed_count = %s, failed_count = %s, skipped_count = 0 WHERE id = %s",
        completed,
        failed,
        job.pk,
    )
    assert_repaired("counters", 1)
    job.refresh_from_db()
    assert (job.completed_count, job.failed_count, job.skipped_count) == (1, 1, 0)


def test_results_of_a_deleted_stock() -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    result = Result.objects.get(stock="KAVERI.DEMO")
    with unguarded():
        sql("DELETE FROM analysis_stock WHERE ticker = 'KAVERI.DEMO'")
    orphans = next(f for f in check_integrity() if f.check.name == "orphans")
    assert f"result {result.pk} (stock)" in orphans.examples
    assert_repaired("orphans", orphans.count)
    assert not Result.objects.filter(pk=result.pk).exists()
    assert not RawData.objects.filter(pk=result.pk).exists()
    assert not Rating.objects.filter(result=result.pk).exists()
    assert list(details_of(job)) == ["VANQUAY.DEMO"]
    connection.check_constraints()


def test_a_stock_that_names_a_result_and_a_job_that_are_gone() -> None:
    job = make_finished_job("KAVERI.DEMO")
    with unguarded():
        sql("DELETE FROM analysis_rawdata")
        sql("DELETE FROM analysis_rating")
        sql("DELETE FROM analysis_result")
        sql("DELETE FROM analysis_jobdetail")
        sql("DELETE FROM analysis_job WHERE id = %s", job.pk)
    findings = check_integrity(fix=True)
    assert found(findings)["orphans"] == 2
    assert not [f for f in findings if f.is_open]
    stock = Stock.objects.get(pk="KAVERI.DEMO")
    assert (stock.last_result, stock.last_job) == (None, None)


def test_a_success_that_no_strategy_has_rated() -> None:
    older = make_result(make_stock("KAVERI.DEMO"), date(2026, 1, 20))
    Job.objects.update(status=JobStatus.COMPLETED, completed_at=timezone.now(), completed_count=1)
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    stock = Stock.objects.select_related("last_result").get(pk="KAVERI.DEMO")
    result = stock.last_result
    assert result
    assert result != older
    assert found() == {}
    sql("DELETE FROM analysis_rating WHERE result_id = %s", result.pk)
    assert_repaired("ratings", 1)
    stock.refresh_from_db()
    assert stock.last_result == older
    assert not RawData.objects.filter(pk=result.pk).exists()
    assert not Rating.objects.filter(result=result.pk).exists()
    assert details_of(job)["KAVERI.DEMO"].result is None
    assert Result.objects.get(stock="VANQUAY.DEMO").status == "failed"
    connection.check_constraints()


def test_a_last_result_that_is_not_the_newest_success() -> None:
    stock = make_stock()
    older, newest = make_result(stock, date(2026, 11, 19)), make_result(stock, date(2026, 11, 20))
    Job.objects.update(status=JobStatus.COMPLETED, completed_at=timezone.now(), completed_count=1)
    assert found() == {}
    for wrong in (older.pk, None):
        sql("UPDATE analysis_stock SET last_result_id = %s", wrong)
        assert_repaired("last_results", 1)
        stock.refresh_from_db()
        assert stock.last_result == newest


def lease(job: Job, *, holder: str, until: timedelta) -> JobDetail:
    sql(
        "UPDATE analysis_jobdetail SET status = 'processing', attempts = 1, holder = %s, lease_token = %s,"
        " lease_until = %s WHERE job_id = %s",
        holder,
        uuid.uuid4(),
        timezone.now() + until,
        job.pk,
    )
    sql("UPDATE analysis_job SET status = 'processing' WHERE id = %s", job.pk)
    return JobDetail.objects.get(job=job)


def test_a_lease_that_nobody_holds() -> None:
    detail = lease(make_job(), holder="", until=timedelta(hours=9))
    assert_repaired("leases_without_worker", 1)
    detail.refresh_from_db()
    assert (detail.status, detail.lease_token) == (DetailStatus.QUEUED, None)
    run_job(str(detail.job_id))
    assert found() == {}


def test_a_lease_that_ended_long_ago_and_that_no_living_worker_took_over() -> None:
    Worker.objects.create(host="a", pid=1)
    detail = lease(make_job(), holder="elsewhere:12", until=-timedelta(hours=1))
    assert_repaired("expired_leases", 1)
    detail.refresh_from_db()
    assert detail.status == DetailStatus.QUEUED


@pytest.mark.parametrize(
    ("holder", "until"),
    [(f"{PLACE}:4194305", timedelta(hours=1)), ("elsewhere:12", -timedelta(hours=1))],  # no process has such a pid
    ids=["a dead process of this machine", "another machine, long ago"],
)
def test_stocks_whose_worker_stopped_are_told_and_are_no_failure(
    holder: str, until: timedelta, capsys: pytest.CaptureFixture[str]
) -> None:
    """A backup that was made during a job is restored so."""
    detail = lease(make_job(), holder=holder, until=until)
    assert found() == {"interrupted_stocks": 1}
    call_command("check_integrity")
    out = capsys.readouterr().out
    assert "a worker will return them to the queue" in out
    assert "All is well." in out
    recover()
    assert found() == {}
    detail.refresh_from_db()
    assert detail.status == DetailStatus.QUEUED


def test_stocks_whose_worker_stopped_are_put_back_on_demand() -> None:
    lease(make_job(), holder="elsewhere:12", until=-timedelta(hours=1))
    assert_repaired("interrupted_stocks", 1)


def test_a_lease_that_is_held_or_has_just_ended_is_left_alone() -> None:
    job = make_job()
    for until in (timedelta(seconds=30), -timedelta(seconds=30)):
        lease(job, holder="elsewhere:12", until=until)
        assert found() == {}


def test_an_active_job_without_open_stocks() -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    sql("UPDATE analysis_job SET status = 'processing', completed_at = NULL WHERE id = %s", job.pk)
    assert_repaired("active_without_open_stocks", 1)
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.failed_count) == (JobStatus.COMPLETED, 1, 1)


def test_stocks_that_wait_in_a_job_which_has_ended() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    sql("UPDATE analysis_job SET status = 'cancelled', completed_at = %s", timezone.now())
    assert_repaired("queued_in_ended_jobs", 2)
    assert {detail.status for detail in details_of(job).values()} == {DetailStatus.CANCELLED}
    assert set(Stock.objects.values_list("last_status", flat=True)) == {"cancelled"}


def test_two_active_jobs_of_one_request() -> None:
    first = make_job("KAVERI.DEMO")
    second = make_job("B&D.DEMO")
    sql("DROP INDEX one_active_job_per_request")
    try:
        sql("UPDATE analysis_job SET request_key = %s", first.request_key)
        assert_repaired("two_active_jobs", 1)
    finally:
        constraint = next(c for c in Job._meta.constraints if c.name == "one_active_job_per_request")
        with connection.schema_editor() as editor:
            editor.add_constraint(Job, constraint)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, second.status) == (JobStatus.QUEUED, JobStatus.CANCELLED)


def test_a_price_history_that_does_not_say_what_its_bars_are() -> None:
    make_finished_job("KAVERI.DEMO")
    last = PriceHistory.objects.get().last_session
    sql("UPDATE analysis_pricehistory SET last_session = %s, bar_count = 7", date(2030, 1, 1))
    assert_repaired("price_histories", 1)
    history = PriceHistory.objects.get()
    assert (history.last_session, history.bar_count) == (last, len(history.unpack()))


def test_a_price_history_with_damaged_bars_is_fetched_again() -> None:
    make_finished_job("KAVERI.DEMO")
    sql("UPDATE analysis_pricehistory SET bars = %s", b"nonsense")
    assert_repaired("price_histories", 1)
    assert not PriceHistory.objects.exists()
    make_finished_job("KAVERI.DEMO")
    assert PriceHistory.objects.exists()


def test_the_command_exits_with_1_while_there_is_any(capsys: pytest.CaptureFixture[str]) -> None:
    job = make_finished_job("KAVERI.DEMO")
    call_command("check_integrity")
    assert "All is well." in capsys.readouterr().out
    sql("UPDATE analysis_job SET completed_count = 0 WHERE id = %s", job.pk)
    with pytest.raises(CommandError, match="Found what must never be: counters") as rejection:
        call_command("check_integrity", "--json")
    assert rejection.value.returncode == 1
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["counters"]["found"], rows["counters"]["examples"]) == (1, [str(job.pk)])
    call_command("check_integrity", "--fix")
    out = capsys.readouterr().out
    assert "Repaired 1. Their stocks were counted again." in out
    assert "All is well now." in out
