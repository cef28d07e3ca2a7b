"""Cancelling, running again and removing jobs."""

import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from analysis.jobs.end import cancel, remove
from analysis.jobs.rerun import rerun
from analysis.models import DetailStatus, Job, JobDetail, JobStatus, RawData, Result, Source, Stock, StockStatus
from analysis.prices.port import PriceError, PriceErrorKind
from analysis.rejections import RequestRejected
from analysis.tests.make import details_of, make_finished_job, make_job, make_user
from analysis.worker.assess import assess_stock
from analysis.worker.bars import BarLoader
from analysis.worker.claim import claim, release
from analysis.worker.recover import recover
from analysis.worker.save import save
from analysis.worker.slice import run_slice

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 30, 40, tzinfo=UTC)


def test_a_cancelled_job_tells_so_everywhere() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    assert cancel(job)
    job.refresh_from_db()
    assert (job.status, job.completed_at is not None) == (JobStatus.CANCELLED, True)
    assert {detail.status for detail in details_of(job).values()} == {DetailStatus.CANCELLED}
    assert set(Stock.objects.values_list("last_status", flat=True)) == {StockStatus.CANCELLED}


def test_a_running_slice_stops_within_a_stock_when_its_job_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The price source is the edge: while it is asked for the first stock, somebody cancels."""
    job = make_job(*[f"T{n}.DEMO" for n in range(12)])
    asked: list[str] = []

    def fetch_daily(_: object, tickers: list[str], *_others: object) -> dict[str, PriceError]:
        asked.extend(tickers)
        cancel(job)
        return {ticker: PriceError(PriceErrorKind.UNAVAILABLE, "It is down.", permanent=False) for ticker in tickers}

    monkeypatch.setattr("analysis.prices.demo.DemoMarket.fetch_daily", fetch_daily)
    run_slice(str(job.pk))
    assert len(asked) == 1
    assert {detail.status for detail in details_of(job).values()} == {DetailStatus.CANCELLED}
    job.refresh_from_db()
    assert (job.status, job.failed_count) == (JobStatus.CANCELLED, 0)


def test_a_finished_job_cannot_be_cancelled() -> None:
    assert not cancel(make_finished_job("KAVERI.DEMO"))


def test_running_again_makes_a_new_job_that_names_its_parent() -> None:
    user = make_user()
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=user)
    again = rerun(job, source=Source.WATCHLIST, failed_only=True, requested_by=user).job
    assert (again.parent, again.requested_by, again.total) == (job, user, 1)
    assert list(details_of(again)) == ["VANQUAY.DEMO"]
    cancel(again)
    assert rerun(job, source=Source.WATCHLIST).job.total == 2


def test_what_the_deadline_cut_off_is_run_again_with_what_failed() -> None:
    job = make_job("KAVERI.DEMO", "VANQUAY.DEMO", "B&D.DEMO", "T1.DEMO")
    lease = claim(job.pk, uuid.uuid4())
    assert lease
    loader = BarLoader(job, [detail for detail in lease.details if detail.stock_id in {"KAVERI.DEMO", "VANQUAY.DEMO"}])
    for detail in loader.details:
        loader.fetch(detail)
    save(lease, [assess_stock(loader, detail) for detail in loader.details])
    release(lease)
    Job.objects.update(deadline=timezone.now() - timedelta(minutes=1))
    recover()
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.failed_count) == (JobStatus.CANCELLED, 1, 1)
    again = rerun(job, source=Source.WATCHLIST, failed_only=True).job
    assert sorted(details_of(again)) == ["B&D.DEMO", "T1.DEMO", "VANQUAY.DEMO"]


def test_a_stock_that_is_cancelled_waits_for_nothing_any_more() -> None:
    job = make_job("KAVERI.DEMO")
    Stock.objects.update(last_wait="Yahoo limits our requests", last_wait_until=timezone.now())
    cancel(job)
    assert (Stock.objects.get().last_wait, Stock.objects.get().last_wait_until) == ("", None)


def test_there_must_be_something_to_run_again() -> None:
    job = make_job("KAVERI.DEMO")
    with pytest.raises(RequestRejected, match="still running"):
        rerun(job, source=Source.API)
    run_slice(str(job.pk))
    job.refresh_from_db()
    with pytest.raises(RequestRejected, match="No stock of the job failed"):
        rerun(job, source=Source.API, failed_only=True)


def test_removing_a_job_takes_its_results_along_and_leaves_no_orphan() -> None:
    """Failure 2 of the old system: results that belonged to no job."""
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    assert remove([job]) == 1
    assert [model.objects.count() for model in (Job, JobDetail, Result, RawData)] == [0, 0, 0, 0]
    for stock in Stock.objects.all():
        assert (stock.last_status, stock.last_job, stock.last_result) == (StockStatus.NEVER, None, None)
        assert (stock.last_error, stock.last_analyzed_at) == ("", None)


def test_after_a_removal_stocks_tell_what_is_still_true() -> None:
    with time_machine.travel(NOON, tick=False):
        old = make_finished_job("KAVERI.DEMO")
    with time_machine.travel(NOON + timedelta(days=3), tick=False):
        new = make_finished_job("KAVERI.DEMO")
        remove([new])
    stock = Stock.objects.get()
    assert (stock.last_job, stock.last_status) == (old, StockStatus.COMPLETED)
    assert stock.last_result == Result.objects.get()
    assert stock.last_analyzed_at == NOON


def test_an_active_job_is_cancelled_before_it_is_removed() -> None:
    job = make_job("KAVERI.DEMO")
    remove([job])
    assert Stock.objects.get().last_status == StockStatus.NEVER
    assert run_slice(str(job.pk)) == 0


def test_a_question_about_the_past_leaves_the_present_alone() -> None:
    now = make_finished_job("KAVERI.DEMO")
    past = make_finished_job("KAVERI.DEMO", as_of=date(2015, 12, 1))
    assert details_of(past)["KAVERI.DEMO"].error_message == "KAVERI.DEMO has no bars up to 2015-12-01."
    stock = Stock.objects.get()
    assert (stock.last_status, stock.last_job, stock.last_error) == (StockStatus.COMPLETED, now, "")
    remove([now])
    stock.refresh_from_db()
    assert (stock.last_status, stock.last_job) == (StockStatus.NEVER, None)


def test_a_run_by_a_clock_that_was_ahead_is_replaced_once_the_clock_is_right() -> None:
    with time_machine.travel(NOON + timedelta(days=365), tick=False):
        ahead = make_finished_job("KAVERI.DEMO", as_of=NOON.date())
    assert Result.objects.get(stock="KAVERI.DEMO").job == ahead
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        again = make_finished_job("KAVERI.DEMO", as_of=NOON.date(), strategy="trend")
    result = Result.objects.get(stock="KAVERI.DEMO")
    assert (result.job, result.started_at) == (again, NOON + timedelta(hours=1))


def test_an_older_run_does_not_replace_what_a_newer_one_found() -> None:
    old = make_job("KAVERI.DEMO")
    lease = claim(old.pk, uuid.uuid4())
    assert lease
    loader = BarLoader(lease.job, lease.details)
    for detail in lease.details:
        loader.fetch(detail)
    outcomes = [assess_stock(loader, detail) for detail in lease.details]
    new = make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    assert save(lease, outcomes) == 1
    result = Result.objects.get(stock="KAVERI.DEMO")
    assert result.job == new
    assert details_of(old)["KAVERI.DEMO"].result == result
