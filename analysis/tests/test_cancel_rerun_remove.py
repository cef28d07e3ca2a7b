"""Cancelling, running again and removing jobs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from analysis.models import DetailStatus, Job, JobDetail, JobStatus, RawData, Result, Source, Stock, StockStatus
from analysis.prices import History, PriceError
from analysis.services import Refused, cancel, remove, rerun, run_slice
from analysis.services import run as run_module
from analysis.services.work import Desk
from analysis.tests.make import details_of, make_finished_job, make_job, make_user

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 30, 40, tzinfo=UTC)


def test_a_cancelled_job_tells_so_everywhere() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    assert cancel(job)
    job.refresh_from_db()
    assert (job.status, job.completed_at is not None) == (JobStatus.CANCELLED, True)
    assert {detail.status for detail in details_of(job).values()} == {DetailStatus.CANCELLED}
    assert set(Stock.objects.values_list("last_status", flat=True)) == {StockStatus.CANCELLED}


def test_a_running_slice_stops_within_a_group_when_its_job_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """The price source is the edge: while it is asked for the first group, somebody cancels."""
    tickers = [f"T{n}.DEMO" for n in range(12)]
    job = make_job(*tickers)
    asked: list[str] = []

    class Source:
        name = "demo"

        def daily(self, tickers: list[str], since: Any) -> dict[str, History | PriceError]:
            asked.extend(tickers)
            cancel(job)
            return {ticker: PriceError("unavailable", "down", permanent=False) for ticker in tickers}  # type: ignore[arg-type]

    monkeypatch.setattr(Desk, "source_of", lambda *_: Source())
    run_slice(str(job.pk))
    assert len(asked) == run_module.GROUP_TO_FETCH
    statuses = sorted(detail.status for detail in details_of(job).values())
    assert statuses == ["cancelled"] * 7 + ["failed"] * 5
    job.refresh_from_db()
    assert (job.status, job.failed_count) == (JobStatus.CANCELLED, 5)


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


def test_there_must_be_something_to_run_again() -> None:
    job = make_job("KAVERI.DEMO")
    with pytest.raises(Refused, match="still running"):
        rerun(job, source=Source.API)
    run_slice(str(job.pk))
    job.refresh_from_db()
    with pytest.raises(Refused, match="No stock of the job failed"):
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
