"""Submitting: one job per request, decided by the database; sentences for what cannot be done."""

import threading
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.db import connections, transaction
from django_q.models import OrmQ
from pytest_django import Settings

from analysis.jobs.submit import RUN_SLICE, submit
from analysis.models import Job, JobDetail, JobStatus, Source, Stock, StockStatus
from analysis.rejections import QuotaExceeded, RequestRejected
from analysis.tests.make import make_finished_job, make_user

pytestmark = pytest.mark.django_db


def test_a_request_becomes_a_job_with_details_stocks_and_one_message() -> None:
    user = make_user()
    job = submit(["tcs.ns ", "B&D.DEMO", "TCS.NS"], source=Source.WATCHLIST, requested_by=user).job
    assert (job.status, job.total, job.requested_by, job.source) == (JobStatus.QUEUED, 2, user, Source.WATCHLIST)
    assert job.description == "B&D.DEMO, TCS.NS"
    assert sorted(JobDetail.objects.values_list("stock", "status")) == [("B&D.DEMO", "queued"), ("TCS.NS", "queued")]
    stock = Stock.objects.get(pk="TCS.NS")
    assert (stock.exchange, stock.currency, stock.last_status, stock.last_job) == ("NSE", "INR", "queued", job)
    message = OrmQ.objects.get()
    assert (message.task["func"], message.task["args"]) == (RUN_SLICE, (str(job.pk),))


def test_the_same_request_while_it_runs_answers_with_the_running_job() -> None:
    first = submit(["TCS.NS", "INFY.NS"], source=Source.WATCHLIST)
    again = submit(["INFY.NS", "TCS.NS"], source=Source.API)
    assert (first.is_duplicate, again.is_duplicate) == (False, True)
    assert again.job == first.job
    assert OrmQ.objects.count() == 1


@pytest.mark.parametrize("other", [{"as_of": date(2026, 1, 5)}, {"requested_by": True}])
def test_another_request_is_another_job(other: dict[str, object]) -> None:
    if other.get("requested_by"):
        other = {"requested_by": make_user()}
    submit(["TCS.NS"], source=Source.WATCHLIST)
    assert not submit(["TCS.NS"], source=Source.WATCHLIST, **other).is_duplicate  # type: ignore[arg-type]


def test_a_finished_job_does_not_stand_in_the_way() -> None:
    finished = make_finished_job("KAVERI.DEMO")
    submission = submit(["KAVERI.DEMO"], source=Source.WATCHLIST)
    assert not submission.is_duplicate
    assert submission.job != finished


def test_an_error_that_is_no_duplicate_is_not_taken_for_one() -> None:
    """Failure 1 of the old system: any database error passed for a duplicate."""
    submit(["TCS.NS"], source=Source.WATCHLIST)
    with pytest.raises(Exception, match="job_source_is_known"):
        submit(["INFY.NS"], source="nonsense")  # type: ignore[arg-type]
    assert Job.objects.count() == 1


def test_a_rollback_leaves_neither_rows_nor_message() -> None:
    with transaction.atomic():
        submit(["TCS.NS"], source=Source.WATCHLIST)
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert not OrmQ.objects.exists()


@pytest.mark.parametrize(
    ("tickers", "sentence"),
    [
        ([], "No stocks given."),
        (["TCS.NS; drop"], "Not a ticker: “TCS.NS; drop”. A ticker looks like TCS.NS or AAPL."),
        (["", "TCS.NS"], "Not a ticker: “”."),
        ([f"T{n}.NS" for n in range(10_000)], "10,000 stocks are too many for one job; the limit is 5,000."),
    ],
)
def test_bad_input_is_refused_in_a_sentence_and_leaves_nothing(tickers: list[str], sentence: str) -> None:
    with pytest.raises(RequestRejected) as rejection:
        submit(tickers, source=Source.API)
    assert str(rejection.value).startswith(sentence)
    assert not Job.objects.exists()
    assert not Stock.objects.exists()


def test_a_day_in_the_future_or_an_unknown_strategy_is_refused() -> None:
    with pytest.raises(RequestRejected, match="is in the future"):
        submit(["TCS.NS"], source=Source.API, as_of=date(2999, 1, 1))
    with pytest.raises(RequestRejected, match="too long ago"):
        submit(["TCS.NS"], source=Source.API, as_of=date(1900, 1, 1))
    with pytest.raises(RequestRejected, match="There is no strategy “luck”"):
        submit(["TCS.NS"], source=Source.API, strategy="luck")


def test_a_job_of_2300_stocks_needs_few_queries(django_assert_max_num_queries: object) -> None:
    with django_assert_max_num_queries(settings.WORKERS + 25):  # type: ignore[operator]
        submit([f"T{n}.NS" for n in range(2_300)], source=Source.BULK)
    assert JobDetail.objects.count() == 2_300
    assert Stock.objects.filter(last_status=StockStatus.QUEUED).count() == 2_300


@pytest.mark.django_db(transaction=True)
def test_fifty_identical_requests_at_once_get_one_job() -> None:
    user = make_user()
    together = threading.Barrier(50)
    answers: list[tuple[object, bool]] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            together.wait(30)
            submission = submit(["KAVERI.DEMO", "B&D.DEMO"], source=Source.API, requested_by=user)
            answers.append((submission.job.pk, submission.is_duplicate))
        except Exception as error:  # noqa: BLE001 - the assertion below shows it
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    job = Job.objects.get()
    assert {pk for pk, _ in answers} == {job.pk}
    assert sorted(is_duplicate for _, is_duplicate in answers) == [False] + [True] * 49
    assert JobDetail.objects.count() == 2
    assert OrmQ.objects.count() == 1


def test_a_user_has_a_limit_of_active_jobs_and_a_duplicate_does_not_count(settings: Settings) -> None:
    settings.MAX_ACTIVE_JOBS_PER_USER = 2
    user, other = make_user(), make_user("bob")
    for ticker in ("A.NS", "B.NS"):
        submit([ticker], source=Source.API, requested_by=user)
    with pytest.raises(QuotaExceeded, match="You have 2 jobs running or waiting"):
        submit(["C.NS"], source=Source.API, requested_by=user)
    assert submit(["A.NS"], source=Source.API, requested_by=user).is_duplicate
    assert not submit(["C.NS"], source=Source.API, requested_by=other).is_duplicate
    assert (Job.objects.count(), OrmQ.objects.count()) == (3, 3)


def test_the_queue_has_a_limit_and_a_refusal_leaves_nothing(settings: Settings) -> None:
    settings.MAX_WAITING_STOCKS = 3
    submit(["A.NS", "B.NS"], source=Source.API)
    with pytest.raises(QuotaExceeded, match="2 stocks are waiting to be analysed already"):
        submit(["C.NS", "D.NS"], source=Source.API)
    assert (Job.objects.count(), JobDetail.objects.count(), Stock.objects.count()) == (1, 2, 2)


def test_a_job_has_a_deadline_by_its_size(settings: Settings) -> None:
    settings.DEADLINE_SECONDS_PER_STOCK = 60
    job = submit(["A.NS", "B.NS"], source=Source.API).job
    assert job.deadline
    assert timedelta(minutes=61) < job.deadline - job.created_at < timedelta(minutes=63)
