"""Recovering: nothing that a dead worker held is lost, nothing is tried for ever, nothing is forgotten."""

import os
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from analysis.background import PLACE
from analysis.jobs.end import cancel, remove
from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, JobStatus, Stock, StockStatus, Worker
from analysis.tests.make import details_of, make_job
from analysis.worker.assess import assess_stock
from analysis.worker.bars import BarLoader
from analysis.worker.claim import claim, release, renew
from analysis.worker.recover import recover
from analysis.worker.save import save
from analysis.worker.slice import run_slice

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(minutes=10)
DEAD_PID = 2**22 + 1  # beyond what Linux gives out


def lose_worker(job: Job) -> None:
    """A slice claims the job's stocks and is never heard of again."""
    assert claim(job.pk, uuid.uuid4())
    held = JobDetail.objects.filter(job=job, status=DetailStatus.PROCESSING)
    held.update(lease_until=timezone.now() - LONG_AGO, holder=f"{PLACE}:{DEAD_PID}")


def test_an_expired_lease_goes_back_to_the_queue_and_the_job_is_woken() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    lose_worker(job)
    assert recover().requeued == 2
    assert {detail.status for detail in details_of(job).values()} == {DetailStatus.QUEUED}
    assert Stock.objects.get(pk="KAVERI.DEMO").last_status == StockStatus.QUEUED
    assert OrmQ.objects.count() == 1
    assert run_slice(str(job.pk)) == 2
    job.refresh_from_db()
    assert (job.status, job.completed_count) == (JobStatus.COMPLETED, 2)


def test_a_running_lease_is_left_alone() -> None:
    job = make_job("KAVERI.DEMO")
    claim(job.pk, uuid.uuid4())
    assert recover().total == 0


def test_the_third_lost_attempt_fails_the_stock_alone_and_ends_the_job() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    JobDetail.objects.filter(stock="KAVERI.DEMO").update(attempts=2)
    lose_worker(job)
    lose_worker(job)
    JobDetail.objects.update(lease_until=timezone.now() + LONG_AGO)
    done = recover()
    assert (done.failed, done.requeued) == (1, 1)
    lost = details_of(job)["KAVERI.DEMO"]
    assert (lost.status, lost.error_kind, lost.attempts) == (DetailStatus.FAILED, ErrorKind.WORKER_LOST, 3)
    assert lost.error_message == Stock.objects.get(pk="KAVERI.DEMO").last_error
    run_slice(str(job.pk))
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.failed_count) == (JobStatus.COMPLETED, 1, 1)


def test_a_job_whose_last_stock_is_lost_ends() -> None:
    job = make_job("KAVERI.DEMO")
    JobDetail.objects.update(attempts=2)
    lose_worker(job)
    recover()
    job.refresh_from_db()
    assert (job.status, job.failed_count) == (JobStatus.FAILED, 1)


def test_a_job_without_progress_is_woken_once() -> None:
    job = make_job("KAVERI.DEMO")
    assert recover().woken == 0
    Job.objects.update(progress_at=timezone.now() - LONG_AGO)
    assert (recover().woken, recover().woken) == (1, 0)
    assert OrmQ.objects.get().task["args"] == (str(job.pk),)


def test_wrong_counters_are_set_right_and_the_job_ends() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    JobDetail.objects.filter(stock="KAVERI.DEMO").update(status=DetailStatus.COMPLETED)
    JobDetail.objects.filter(stock="B&D.DEMO").update(status="failed", error_kind="no_data", error_message="Lost.")
    assert recover().repaired == 1
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.failed_count) == (JobStatus.COMPLETED, 1, 1)


def test_a_job_whose_stock_was_deleted_while_it_ran_still_ends() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO")
    Stock.objects.filter(pk="B&D.DEMO").delete()
    run_slice(str(job.pk))
    recover()
    job.refresh_from_db()
    assert (job.status, job.completed_count, job.skipped_count) == (JobStatus.COMPLETED, 1, 1)


def test_a_deadline_that_passed_cancels_what_is_left_and_says_so() -> None:
    job = make_job("KAVERI.DEMO")
    Job.objects.update(deadline=timezone.now() - LONG_AGO)
    assert claim(job.pk, uuid.uuid4()) is None
    assert recover().expired == 1
    job.refresh_from_db()
    assert (job.status, job.error_message) == (JobStatus.CANCELLED, "Its deadline passed.")
    assert details_of(job)["KAVERI.DEMO"].status == DetailStatus.CANCELLED


def test_a_deadline_that_passed_while_stocks_waited_for_their_source_names_the_cause() -> None:
    job = make_job("KAVERI.DEMO", "B&D.DEMO", "MERU.DEMO")
    reason = "Yahoo cannot be reached"
    waiting = JobDetail.objects.exclude(stock="KAVERI.DEMO")
    waiting.update(wait_reason=reason, not_before=timezone.now() + LONG_AGO)
    Job.objects.update(deadline=timezone.now() - LONG_AGO)
    recover()
    job.refresh_from_db()
    assert job.error_message.endswith(f" while 2 stocks waited for their prices. Latest reason: {reason}.")


def test_cancelling_ends_what_waits_now_and_what_ran_when_its_lease_ends() -> None:
    job = make_job("KAVERI.DEMO")
    lose_worker(job)
    assert cancel(job)
    assert not cancel(job)
    assert recover().cancelled == 1
    assert details_of(job)["KAVERI.DEMO"].status == DetailStatus.CANCELLED
    assert Stock.objects.get().last_status == StockStatus.CANCELLED
    assert run_slice(str(job.pk)) == 0


def test_recovering_twice_changes_nothing_more() -> None:
    job = make_job("KAVERI.DEMO")
    lose_worker(job)
    recover()
    assert recover().total == 0


def test_a_lease_of_a_dead_process_of_this_place_does_not_have_to_expire() -> None:
    job = make_job("KAVERI.DEMO")
    claim(job.pk, uuid.uuid4())
    JobDetail.objects.update(holder=f"elsewhere/0123:{DEAD_PID}")
    assert recover().total == 0
    JobDetail.objects.update(holder=f"{PLACE}:{DEAD_PID}")
    assert recover().requeued == 1


@pytest.mark.parametrize("is_killed_later", [False, True])
def test_a_lease_that_a_process_let_expire_three_times_is_told_as_timed_out(is_killed_later: bool) -> None:
    """Its queue kills it in the end: that it is dead when somebody looks says nothing about why."""
    job = make_job("KAVERI.DEMO")
    JobDetail.objects.update(attempts=2)
    claim(job.pk, uuid.uuid4())
    JobDetail.objects.update(lease_until=timezone.now() - LONG_AGO)
    if is_killed_later:
        JobDetail.objects.update(holder=f"{PLACE}:{DEAD_PID}")
    recover()
    detail = details_of(job)["KAVERI.DEMO"]
    assert (detail.status, detail.error_kind) == (DetailStatus.FAILED, ErrorKind.TIMEOUT)
    assert detail.error_message.startswith("Timed out: 3 workers did not finish it within")


def test_a_job_that_was_removed_meanwhile_stops_nobody() -> None:
    job = make_job("KAVERI.DEMO")
    lease = claim(job.pk, uuid.uuid4())
    assert lease
    loader = BarLoader(lease.job, lease.details)
    for detail in lease.details:
        loader.fetch(detail)
    outcomes = [assess_stock(loader, detail) for detail in lease.details]
    remove([job])
    assert save(lease, outcomes) == 0
    release(lease)
    assert not renew(lease)
    assert recover().total == 0


def test_a_release_after_a_cancel_leaves_nothing_queued() -> None:
    job = make_job("KAVERI.DEMO")
    lease = claim(job.pk, uuid.uuid4())
    assert lease
    cancel(job)
    release(lease)
    assert details_of(job)["KAVERI.DEMO"].status == DetailStatus.CANCELLED


def test_a_slice_ends_at_once_when_its_worker_is_asked_to_stop_and_leaves_a_message() -> None:
    job = make_job("KAVERI.DEMO")
    Worker.objects.create(host=PLACE, pid=1, group=os.getpgrp(), is_stopping=True)
    started = timezone.now()
    assert run_slice(str(job.pk)) == 0
    assert timezone.now() - started < timedelta(seconds=10)
    assert details_of(job)["KAVERI.DEMO"].status == DetailStatus.QUEUED
    assert OrmQ.objects.count() == 1


def test_a_worker_that_was_killed_while_it_stopped_stops_nobody_of_its_number_later() -> None:
    job = make_job("KAVERI.DEMO")
    Worker.objects.create(
        host=PLACE, pid=1, group=os.getpgrp(), is_stopping=True, seen_at=timezone.now() - timedelta(minutes=10)
    )
    assert run_slice(str(job.pk)) == 1


def test_a_slice_lets_go_when_its_worker_is_asked_to_stop() -> None:
    job = make_job("KAVERI.DEMO")
    worker = Worker.objects.create(host=PLACE, pid=1, group=os.getpgrp())
    lease = claim(job.pk, uuid.uuid4())
    assert lease
    assert renew(lease)
    Worker.objects.filter(pk=worker.pk).update(is_stopping=True)
    assert run_slice(str(job.pk)) == 0
    assert not renew(lease)


def test_what_is_at_work_is_found_without_reading_what_has_ended() -> None:
    job = make_job(*[f"T{n:04}.NS" for n in range(300)])
    job.details.update(status=DetailStatus.COMPLETED)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # the database now knows that a status tells little
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # which it prefers for so few
    at_work = JobDetail.objects.leased()
    for asked in (at_work, JobDetail.objects.held_in("here"), at_work.filter(lease_until__lt=timezone.now())):
        assert "detail_leased" in asked.order_by().explain()
