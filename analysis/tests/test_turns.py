"""Turns: which job a worker serves next, by user first and then by job."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from analysis.jobs.end import cancel
from analysis.jobs.submit import CHUNK
from analysis.models import Job, JobDetail, Source, Stock
from analysis.tests.make import make_job, make_user
from analysis.worker.claim import claim, is_new_job_waiting, next_job

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 11, 20, 9, tzinfo=UTC)


def served(count: int) -> list[str]:
    """Whose job is served, one claim a second: what a worker does, without the analysis between."""
    names = []
    with time_machine.travel(MORNING, tick=False) as clock:
        for _ in range(count):
            clock.shift(timedelta(seconds=1))
            job_id = next_job()
            assert job_id
            assert claim(job_id, uuid.uuid4())
            job = Job.objects.select_related("requested_by").get(pk=job_id)
            names.append(job.requested_by.username if job.requested_by else "schedule")
    return names


def make_jobs(name: str, count: int, *, stocks: int) -> None:
    user = make_user(name)
    for number in range(count):
        make_job(*(f"{name[0].upper()}{number}X{stock}.NS" for stock in range(stocks)), requested_by=user)


def test_a_user_with_ten_jobs_has_no_more_turns_than_one_with_one() -> None:
    with time_machine.travel(MORNING - timedelta(minutes=1), tick=False):
        make_jobs("greedy", 10, stocks=CHUNK)
        make_jobs("ann", 1, stocks=4 * CHUNK)
        make_job(*(f"Z{n}.NS" for n in range(4 * CHUNK)), source=Source.SCHEDULE)
    turns = served(9)
    assert [turns.count(name) for name in ("greedy", "ann", "schedule")] == [3, 3, 3]
    assert len(set(turns[:3])) == 3


def test_of_one_users_jobs_a_new_one_goes_first_and_then_the_one_served_longest_ago() -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        ann = make_user()
        large = make_job(*(f"L{n}.NS" for n in range(3 * CHUNK)), requested_by=ann)
        assert claim(large.pk, uuid.uuid4())
        small = make_job("SMALL.NS", requested_by=ann)
        other = make_job("OTHER1.NS", "OTHER2.NS", requested_by=ann)
        clock.shift(timedelta(seconds=1))
        assert next_job() in {small.pk, other.pk}
        assert claim(small.pk, uuid.uuid4())
        assert next_job() == other.pk
        clock.shift(timedelta(seconds=1))
        cancel(other)
        assert next_job() == large.pk


def test_small_jobs_one_after_another_do_not_keep_others_waiting() -> None:
    """A job that has ended is no job to be served any more; that its owner was just served still counts."""
    with time_machine.travel(MORNING, tick=False) as clock:
        large = make_job(*(f"L{n}.NS" for n in range(3 * CHUNK)), requested_by=make_user("patient"))
        assert claim(large.pk, uuid.uuid4())
        clock.shift(timedelta(seconds=1))
        hasty = make_user("hasty")
        first = make_job("S0.NS", requested_by=hasty)
        assert next_job() == first.pk
        assert claim(first.pk, uuid.uuid4())
        cancel(first)
        clock.shift(timedelta(seconds=1))
        make_job("S1.NS", requested_by=hasty)
        assert next_job() == large.pk


def test_a_new_job_interrupts_the_fetching_of_others_only_where_its_user_is_not_being_served() -> None:
    ann, bob = make_user("ann"), make_user("bob")
    served_now = make_job("A.NS", "B.NS", requested_by=ann)
    assert claim(served_now.pk, uuid.uuid4())
    bobs = make_job("C.NS", "D.NS", requested_by=bob)
    assert is_new_job_waiting(served_now)
    assert claim(bobs.pk, uuid.uuid4())
    make_job("E.NS", requested_by=bob)
    assert not is_new_job_waiting(served_now)
    assert is_new_job_waiting(bobs)
    scheduled = make_job("F.NS", source=Source.SCHEDULE)
    assert is_new_job_waiting(served_now)
    assert claim(scheduled.pk, uuid.uuid4())
    make_job("G.NS", source=Source.SCHEDULE)
    assert not is_new_job_waiting(served_now)


def test_the_next_job_is_found_through_indexes_among_25000_waiting_stocks(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    tickers = [f"T{n:05}.NS" for n in range(5_000)]
    Stock.objects.bulk_create((Stock(ticker=ticker) for ticker in tickers), batch_size=1_000)
    fields = {"strategy": "technical_rating", "price_source": "csv", "total": 5_000}
    for number in range(5):
        job = Job.objects.create(
            source=Source.API, requested_by=make_user(f"u{number}"), request_key=str(number), **fields
        )
        JobDetail.objects.bulk_create((JobDetail(job=job, stock_id=t) for t in tickers), batch_size=1_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    with django_assert_num_queries(4 if connection.in_atomic_block else 2) as queries:  # two are a savepoint's
        assert next_job()
    for query in queries.captured_queries:
        if query["sql"].startswith("SELECT") and connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
                steps = [row[3] for row in cursor.fetchall()]
            assert not [step for step in steps if "SCAN" in step and "USING" not in step], steps
