"""Limits of what may wait: one user's, everybody's, the reserve; also for requests that come together."""

from datetime import timedelta
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.jobs.end import cancel
from analysis.jobs.rerun import rerun
from analysis.jobs.runs import submit_bulk
from analysis.jobs.submit import Submission, submit
from analysis.models import DetailStatus, Index, IndexMember, Job, JobDetail, Source, Stock
from analysis.rejections import QuotaExceeded, RequestRejected
from analysis.tests.make import make_job, make_stock, make_user
from analysis.tests.together import together
from analysis.worker.claim import claim

pytestmark = pytest.mark.django_db

THREADS = 40


def tickers(count: int, name: str = "T") -> list[str]:
    return [f"{name}{number:05}.NS" for number in range(count)]


@pytest.fixture(autouse=True)
def small_limits(settings: Settings) -> None:
    """Twenty may wait, five of them are kept back, and eight may be one user's."""
    settings.MAX_WAITING_STOCKS = 20
    settings.RESERVED_WAITING_STOCKS = 5
    settings.MAX_WAITING_STOCKS_PER_USER = 8


def test_a_user_has_so_many_stocks_waiting_and_others_their_own() -> None:
    ann, bob = make_user("ann"), make_user("bob")
    submit(tickers(6), source=Source.API, requested_by=ann)
    with pytest.raises(QuotaExceeded, match="You have 6 stocks waiting; the limit is 8"):
        submit(tickers(3, "N"), source=Source.API, requested_by=ann)
    submit(tickers(2, "N"), source=Source.API, requested_by=ann)
    submit(tickers(7, "N"), source=Source.API, requested_by=bob)
    assert Job.objects.active().stocks_left() == 15
    assert not Stock.objects.filter(pk="N00007.NS").exists()  # what was refused has left nothing


def test_users_cannot_fill_the_part_that_is_kept_for_schedules_and_staff() -> None:
    for name in ("ann", "bob"):
        submit(tickers(7), source=Source.API, requested_by=make_user(name))
    with pytest.raises(QuotaExceeded, match="14 stocks are waiting to be analysed already; the limit is 15"):
        submit(tickers(2), source=Source.API, requested_by=make_user("cat"))
    boss = make_user("boss", is_staff=True)
    submit(tickers(2), source=Source.API, requested_by=boss)
    submit(tickers(4), source=Source.COMMAND)
    with pytest.raises(QuotaExceeded, match="20 stocks are waiting to be analysed already; the limit is 20"):
        submit(["ONE.NS"], source=Source.COMMAND)


def test_what_is_at_work_counts_until_it_is_done() -> None:
    ann = make_user()
    job = make_job(*tickers(8), requested_by=ann)
    assert claim(job.pk, job.pk)
    assert JobDetail.objects.filter(status=DetailStatus.PROCESSING).count() == 8
    with pytest.raises(QuotaExceeded):
        submit(["ONE.NS"], source=Source.API, requested_by=ann)
    cancel(job)
    submit(["ONE.NS"], source=Source.API, requested_by=ann)


def test_cancelling_jobs_does_not_let_a_user_request_stocks_without_end(settings: Settings) -> None:
    settings.MAX_STOCKS_PER_DAY_PER_USER = 20
    ann, boss = make_user(), make_user("boss", is_staff=True)
    for _ in range(2):
        cancel(submit(tickers(8), source=Source.API, requested_by=ann).job)
    with pytest.raises(QuotaExceeded, match="You have requested 16 stocks within 24 hours; the limit is 20"):
        submit(tickers(8), source=Source.API, requested_by=ann)
    for _ in range(3):
        cancel(submit(tickers(8), source=Source.API, requested_by=boss).job)
    cancel(submit(tickers(8), source=Source.API, requested_by=make_user("bob")).job)
    cancel(submit(tickers(8), source=Source.COMMAND, requested_by=ann).job)
    cancel(submit(tickers(4), source=Source.API, requested_by=ann).job)
    assert JobDetail.objects.count() == 60
    with pytest.raises(QuotaExceeded, match="20 stocks within 24 hours"):
        submit(["ONE.NS"], source=Source.API, requested_by=ann)
    Job.objects.update(created_at=timezone.now() - timedelta(hours=25))
    submit(["ONE.NS"], source=Source.API, requested_by=ann)


def test_a_request_that_no_wait_lets_in_is_refused_for_good() -> None:
    ann = make_user()
    with pytest.raises(
        RequestRejected, match="9 stocks are too many at once; the limit is 8 waiting stocks"
    ) as rejection:
        submit(tickers(9), source=Source.API, requested_by=ann)
    assert not isinstance(rejection.value, QuotaExceeded)
    assert not Job.objects.exists()


def test_a_duplicate_counts_against_no_limit() -> None:
    ann = make_user()
    first = submit(tickers(8), source=Source.API, requested_by=ann)
    again = submit(tickers(8), source=Source.API, requested_by=ann)
    assert (again.job, again.is_duplicate) == (first.job, True)


def test_a_rerun_is_within_the_same_limits() -> None:
    ann, boss = make_user(), make_user("boss", is_staff=True)
    bulk = submit(tickers(12), source=Source.BULK, requested_by=boss).job
    cancel(bulk)
    bulk.refresh_from_db()
    again = rerun(bulk, source=Source.WATCHLIST, requested_by=boss).job
    assert (again.source, again.total, again.requested_by) == (Source.BULK, 12, boss)
    cancel(again)
    small = submit(tickers(8), source=Source.API, requested_by=ann).job
    cancel(small)
    small.refresh_from_db()
    submit(["ONE.NS"], source=Source.API, requested_by=ann)
    with pytest.raises(QuotaExceeded, match="You have 1 stock waiting"):
        rerun(small, source=Source.WATCHLIST, requested_by=ann)


def test_the_api_says_when_to_come_back_and_where_that_would_not_help(client: Client) -> None:
    client.force_login(make_user())
    address = reverse("api:analyze_all_stocks")
    never = client.post(address, {"symbols": tickers(9)}, content_type="application/json")
    assert (never.status_code, "Retry-After" in never.headers) == (422, False)
    assert client.post(address, {"symbols": tickers(6)}, content_type="application/json").status_code == 201
    later = client.post(address, {"symbols": tickers(3, "N")}, content_type="application/json")
    assert (later.status_code, later.headers["Retry-After"]) == (429, "60")
    assert later.json()["error"]["message"].startswith("You have 6 stocks waiting; the limit is 8.")


def test_a_bulk_run_of_any_size_becomes_several_jobs(settings: Settings) -> None:
    settings.MAX_STOCKS_PER_JOB = 10
    for ticker in tickers(25):
        make_stock(ticker)
    boss = make_user("boss", is_staff=True)
    submissions = submit_bulk(None, requested_by=boss)
    jobs = [submission.job for submission in submissions]
    assert [(job.total, job.description) for job in jobs] == [
        (10, "All active stocks"),
        (10, "All active stocks, part 2 of 3"),
        (5, "All active stocks, part 3 of 3"),
    ]
    assert [job.part_of for job in jobs] == [None, jobs[0], jobs[0]]
    assert sorted(JobDetail.objects.values_list("stock_id", flat=True)) == tickers(25)
    again = submit_bulk(None, requested_by=boss)
    assert [(one.job, one.is_duplicate) for one in again] == [(job, True) for job in jobs]


def test_a_bulk_run_is_refused_for_what_waits_and_not_for_its_size(settings: Settings) -> None:
    settings.MAX_STOCKS_PER_JOB = 10
    boss = make_user("boss", is_staff=True)
    for ticker in tickers(30):
        make_stock(ticker)
    for name in ("A", "B"):
        submit(tickers(8, name), source=Source.COMMAND)
    submit_bulk(None, requested_by=boss)
    index = Index.objects.create(name="Few", loaded_at="2026-11-20T00:00:00Z")
    IndexMember.objects.create(index=index, stock_id=tickers(1)[0])
    assert Job.objects.active().stocks_left() == 46
    with pytest.raises(QuotaExceeded, match="46 stocks are waiting"):
        submit_bulk(index, requested_by=boss)


def test_a_run_leaves_its_asker_the_own_limits() -> None:
    boss = make_user("boss", is_staff=True)
    for ticker in tickers(12):
        make_stock(ticker)
    submit_bulk(None, requested_by=boss)
    assert not submit(tickers(8, "N"), source=Source.API, requested_by=boss).is_duplicate


def test_the_command_splits_a_run_over_everything_and_names_every_job(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.MAX_STOCKS_PER_JOB = 2
    for ticker in tickers(3):
        make_stock(ticker)
    call_command("analyze", all=True)
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[2] for line in said] == ["2 stocks queued.", "1 stocks queued."]
    with pytest.raises(CommandError, match="3 stocks are too many for one job"):
        call_command("analyze", *tickers(3, "N"))


@pytest.mark.django_db(transaction=True)
def test_forty_jobs_of_one_user_at_once_stay_within_the_limit_of_jobs(settings: Settings) -> None:
    settings.MAX_ACTIVE_JOBS_PER_USER = 5
    ann = make_user()
    answers = together([partial(submit, [ticker], source=Source.API, requested_by=ann) for ticker in tickers(THREADS)])
    assert Job.objects.active().count() == 5
    assert sum(isinstance(answer, Submission) for answer in answers) == 5
    assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == THREADS - 5, answers
    assert Stock.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_forty_jobs_of_one_user_at_once_stay_within_the_limit_of_a_day(settings: Settings) -> None:
    settings.MAX_STOCKS_PER_DAY_PER_USER = 5
    ann = make_user()
    answers = together([partial(submit, [ticker], source=Source.API, requested_by=ann) for ticker in tickers(THREADS)])
    assert JobDetail.objects.count() == sum(isinstance(answer, Submission) for answer in answers) == 5, answers
    assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == THREADS - 5, answers


@pytest.mark.django_db(transaction=True)
def test_forty_users_at_once_stay_within_the_installations_limit() -> None:
    users = [make_user(f"user{number}") for number in range(THREADS)]
    answers = together(
        [partial(submit, tickers(4, f"U{n}X"), source=Source.API, requested_by=user) for n, user in enumerate(users)]
    )
    assert Job.objects.active().stocks_left() == 12  # of 15, in jobs of 4
    assert sum(isinstance(answer, Submission) for answer in answers) == 3, answers
    assert sum(isinstance(answer, QuotaExceeded) for answer in answers) == THREADS - 3


@pytest.mark.django_db(transaction=True)
def test_forty_jobs_at_once_over_the_same_new_stocks_wait_for_each_other_and_never_in_a_circle(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.MAX_WAITING_STOCKS = 10_000
    settings.MAX_WAITING_STOCKS_PER_USER = 2_000
    users = [make_user(f"user{number}") for number in range(THREADS)]
    wanted = [tickers(30)[n % 7 :: 1 + n % 3] for n in range(THREADS)]
    answers = together(
        [
            partial(submit, stocks, source=Source.API, requested_by=user)
            for user, stocks in zip(users, wanted, strict=True)
        ]
    )
    assert [answer for answer in answers if not isinstance(answer, Submission)] == []
    assert Job.objects.active().stocks_left() == sum(map(len, wanted)) == JobDetail.objects.count()
    assert "deadlock" not in caplog.text
