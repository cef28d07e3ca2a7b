from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.jobs.end import cancel
from analysis.models import DetailStatus, Job, JobDetail, JobStatus, Source, Stock, Worker
from analysis.tests.make import make_finished_job, make_job, make_stock, make_user
from analysis.worker.slice import run_slice

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ann(client: Client) -> User:
    user = make_user("ann")
    client.force_login(user)
    return user


def url(name: str, job: Job) -> str:
    return reverse(f"analysis:{name}", args=[job.pk])


def test_the_list_says_what_starts_a_job(client: Client, ann: User) -> None:
    assert "No jobs yet" in client.get(reverse("analysis:jobs")).text


def test_the_list_shows_status_progress_and_failures(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann, description="Two of them")
    text = client.get(reverse("analysis:jobs")).text
    for shown in ("Two of them", "Completed", "2 of 2", "1 failed", "2 stocks", "(1 failed) Jobs", "1 × No data"):
        assert shown in text, shown


def listed(client: Client, **asked: str) -> str:
    answer = client.get(reverse("analysis:jobs"), asked)
    assert answer.status_code == 200
    return answer.text


def test_the_list_is_filtered_by_status(client: Client, ann: User) -> None:
    make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann, description="Done one")
    make_job("KAVERI.DEMO", requested_by=ann, description="Waiting one")
    text = listed(client, status="queued")
    assert "Waiting one" in text
    assert "Done one" not in text
    assert "No job of yours is like that" in listed(client, status="failed")
    assert "Done one" in listed(client, status="failures")
    assert "Done one" in listed(client, status="nonsense")


def test_the_list_is_filtered_by_source_name_and_stock(client: Client, ann: User) -> None:
    make_job("KAVERI.DEMO", requested_by=ann, description="Of the morning", source=Source.SCHEDULE)
    make_job("VANQUAY.DEMO", requested_by=ann, description="Of the evening")
    for asked in (
        {"source": "schedule"},
        {"q": "MORNING"},
        {"q": "kaveri.demo"},
        {"q": "morning", "source": "schedule"},
    ):
        text = listed(client, **asked)
        assert "Of the morning" in text, asked
        assert "Of the evening" not in text, asked
    assert "is like that" in listed(client, q="morning", source="api")
    assert "is like that" in listed(client, q="KAVERI")  # a stock is named in full


def test_filters_stay_in_the_address_of_tabs_pages_and_the_poller(client: Client, ann: User) -> None:
    for n in range(26):
        make_finished_job(f"S{n}.NS", requested_by=ann, description=f"Morning {n}")
    job = make_job("KAVERI.DEMO", requested_by=ann, description="Morning again")
    text = listed(client, q="morning", order="failures", page="2")
    assert job.description in text
    for kept in ("q=morning&amp;order=failures&amp;status=failed", "order=failures&amp;page=1", "live/?q=morning"):
        assert kept in text, kept


def test_the_list_is_ordered_as_asked(client: Client, ann: User) -> None:
    for name, failed, minutes in (("Old", 2, 9), ("Long", 1, 60), ("New", 0, 1)):
        job, now = make_job("KAVERI.DEMO", requested_by=ann, description=f"{name} one"), timezone.now()
        Job.objects.filter(pk=job.pk).update(
            total=5,
            status=JobStatus.COMPLETED,
            failed_count=failed,
            started_at=now - timedelta(minutes=minutes),
            completed_at=now,
        )

    def order(**asked: str) -> list[str]:
        return re.findall(r"(\w+) one</a>", listed(client, **asked))

    assert order() == ["New", "Long", "Old"]
    assert order(order="failures") == ["Old", "Long", "New"]
    assert order(order="longest") == ["Long", "Old", "New"]


def test_the_list_says_how_many_jobs_are_before_a_queued_one(client: Client, ann: User) -> None:
    make_job("KAVERI.DEMO", requested_by=make_user("bob"))
    make_job("VANQUAY.DEMO", requested_by=ann)
    assert "1 job before it" in listed(client)
    assert "(1 running) Jobs" in listed(client)


def test_the_list_holds_ones_own_jobs_and_for_staff_all(client: Client, ann: User) -> None:
    make_job("KAVERI.DEMO", requested_by=make_user("bob"), description="Of Bob")
    assert "Of Bob" not in client.get(reverse("analysis:jobs")).text
    client.force_login(make_user("boss", is_staff=True))
    assert "Of Bob" in client.get(reverse("analysis:jobs")).text


@pytest.mark.parametrize("count", [1, 50, 500])
def test_the_list_takes_as_many_queries_for_five_hundred_jobs_as_for_one(
    client: Client, ann: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make_finished_job("VANQUAY.DEMO", requested_by=ann)
    now, stock = timezone.now(), Stock.objects.get()
    jobs = [
        Job(
            source=Source.BULK,
            strategy="technical_rating",
            price_source="csv",
            requested_by=ann,
            total=1,
            request_key=str(n),
            created_at=now - timedelta(seconds=n),
        )
        for n in range(2 * count)
    ]
    for job in jobs[::2]:
        job.status, job.failed_count, job.completed_at = JobStatus.FAILED, 1, now
    Job.objects.bulk_create(jobs)
    failed = {"status": DetailStatus.FAILED, "error_kind": "no_data", "error_message": "Nothing there."}
    JobDetail.objects.bulk_create(JobDetail(job=job, stock=stock, **failed) for job in jobs[::2])
    with django_assert_num_queries(8):  # and the next runs, the causes, the places in the queue
        answer = client.get(reverse("analysis:jobs"))
    assert ("Page 1 of" in answer.text) == (count > 1)
    with django_assert_num_queries(7):
        client.get(reverse("analysis:jobs"), {"status": "failed"})


def test_the_list_polls_while_a_job_runs(client: Client, ann: User) -> None:
    job = make_job("KAVERI.DEMO", requested_by=ann)
    assert "every 2s" in client.get(reverse("analysis:jobs")).text
    assert client.get(reverse("analysis:jobs_live"), headers=HTMX).status_code == 200
    run_slice(str(job.pk))
    last = client.get(reverse("analysis:jobs_live"), headers=HTMX)
    assert last.status_code == 286
    assert "every 2s" not in last.text


def test_a_job_shows_each_stock_with_what_was_found_or_why_not(client: Client, ann: User) -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", "NAVANKURA.DEMO", requested_by=ann)
    detail = job.details.get(stock="KAVERI.DEMO")
    text = client.get(url("job", job)).text
    assert detail.get_status_display() in text
    assert "1 × No data" in text
    assert "1 × Not enough history" in text
    assert "Vanquay Stores is no longer listed" in text
    assert "Rerun 2 failed" in text
    assert text.index("VANQUAY.DEMO") < text.index('data-key="KAVERI.DEMO"')  # failures first


def test_a_job_polls_until_it_has_ended(client: Client, ann: User) -> None:
    job = make_job("KAVERI.DEMO", requested_by=ann)
    text = client.get(url("job", job)).text
    assert "every 2s" in text
    assert "Waiting for a worker" in text
    assert "Jobs ahead" in text
    assert client.get(url("job_live", job), headers=HTMX).status_code == 200
    run_slice(str(job.pk))
    last = client.get(url("job_live", job), headers=HTMX)
    assert last.status_code == 286
    assert "every 2s" not in last.text
    assert "The job has ended: Completed." in last.text


def test_a_rate_is_shown_only_once_it_can_be_measured(client: Client, ann: User) -> None:
    job = make_job(*[f"S{n}.NS" for n in range(40)], requested_by=ann)
    now = timezone.now()
    running = Job.objects.filter(pk=job.pk)
    running.update(status=JobStatus.PROCESSING, started_at=now - timedelta(seconds=2), completed_count=20)
    with time_machine.travel(now, tick=False):
        assert "Rate" not in client.get(url("job", job)).text
        running.update(started_at=now - timedelta(seconds=10))
        text = client.get(url("job", job)).text
    assert "2.0/s" in text
    assert "10 s" in text


@pytest.mark.parametrize("count", [1, 50, 500])
def test_a_job_takes_as_many_queries_for_five_hundred_stocks_as_for_one(
    client: Client, ann: User, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = make_job(*[f"S{n}.NS" for n in range(count)], requested_by=ann)
    job.details.update(status=DetailStatus.FAILED, error_kind="no_data", error_message="Nothing there.")
    Job.objects.update(status=JobStatus.FAILED, failed_count=count, completed_at=timezone.now())
    with django_assert_num_queries(8):  # session, user, running jobs, job, kinds, lines, count, page
        text = client.get(url("job", job)).text
    assert f"{count} × No data" in text
    assert ("450 more, which the plain text lists" in text) == (count == 500)


def test_failures_are_folded_by_kind_the_most_frequent_first(client: Client, ann: User) -> None:
    job = make_job(*[f"S{n}.NS" for n in range(5)], requested_by=ann)
    job.details.update(status=DetailStatus.FAILED, error_kind="unknown_ticker", error_message="Nobody knows <it>.")
    job.details.filter(stock="S4.NS").update(error_kind="timeout", error_message="It took too long.")
    Job.objects.update(status=JobStatus.FAILED, failed_count=5, completed_at=timezone.now())
    text = client.get(url("job", job)).text
    assert text.index("4 × Unknown ticker") < text.index("1 × Timed out")
    assert "S0.NS: Nobody knows &lt;it&gt;.\nS1.NS: Nobody" in text
    plain = client.get(url("job_failures", job))
    assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "5 of 5 failed" in plain.text
    assert "4 × Unknown ticker\nS0.NS: Nobody knows <it>.\nS1.NS" in plain.text
    assert plain.text.endswith("1 × Timed out\nS4.NS: It took too long.\n")


def test_staff_that_may_look_but_not_act_is_offered_no_act(client: Client, ann: User) -> None:
    job = make_finished_job("VANQUAY.DEMO", requested_by=ann)
    assert "Rerun all" in client.get(url("job", job)).text
    client.force_login(make_user("looker", is_staff=True))
    text = client.get(url("job", job)).text
    assert "Only ann may cancel or rerun it." in text
    assert "Rerun all" not in text
    client.force_login(make_user("boss", is_staff=True, is_superuser=True))
    assert "Rerun all" in client.get(url("job", job)).text


def test_a_job_says_why_its_stocks_wait_and_how_long_fetching_takes(
    client: Client, ann: User, settings: Settings
) -> None:
    settings.PRICE_SOURCE = "yahoo"
    job = make_job(*[f"S{n}.NS" for n in range(60)], requested_by=ann)
    text = client.get(url("job", job)).text
    assert "Bars of 60 stocks are still to be fetched from Yahoo: about 1 min at 1 request a second." in text
    began = timezone.now() - timedelta(seconds=20)
    Job.objects.update(status=JobStatus.PROCESSING, started_at=began, completed_count=20)
    text = client.get(url("job", job)).text
    assert "1.0/s" in text
    assert re.search(r"Left, about</dt>\s*<dd>\s*1 min 6 s", text)  # the pace of requests decides, not the rate
    until = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=5)
    job.details.filter(stock="S1.NS").update(not_before=until, wait_reason="Yahoo limits our requests")
    text = client.get(url("job", job)).text
    reason = f"Yahoo limits our requests; next attempt at {until:%H:%M}."
    assert text.count(reason) == 2  # of the job, and of its stock
    Job.objects.update(progress_at=timezone.now() - timedelta(hours=1))
    Worker.objects.create(host="a", pid=1)
    text = client.get(url("job", job)).text
    assert reason in text
    assert "Nothing has moved" not in text


def test_a_long_job_is_paged(client: Client, ann: User) -> None:
    job = make_job(*[f"S{n:03}.NS" for n in range(101)], requested_by=ann)
    first, second = client.get(url("job", job)).text, client.get(url("job", job), {"page": 2}).text
    assert "Page 1 of 2" in first
    assert "S100.NS" not in first
    assert f"{url('job_live', job)}?page=2" in second
    assert 'data-key="S100.NS"' in second


def test_cancelling_ends_the_job(client: Client, ann: User) -> None:
    job = make_job("KAVERI.DEMO", requested_by=ann)
    answer = client.post(url("cancel_job", job), follow=True)
    assert "What had been finished stays." in answer.text
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED
    assert "had ended already" in client.post(url("cancel_job", job), follow=True).text


def test_the_failed_ones_are_run_again_in_a_job_of_their_own(client: Client, ann: User) -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann)
    answer = client.post(url("rerun_failed", job))
    again = Job.objects.get(parent=job)
    assert answer.headers["Location"] == again.get_absolute_url()
    assert list(again.details.values_list("stock_id", flat=True)) == ["VANQUAY.DEMO"]


def test_a_job_that_was_cut_short_offers_the_rest(client: Client, ann: User) -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann)
    job.details.create(stock=make_stock("T1.DEMO"), status=DetailStatus.CANCELLED)
    Job.objects.update(total=3, status=JobStatus.CANCELLED)
    assert "Rerun 2 that did not complete" in client.get(url("job", job)).text
    client.post(url("rerun_failed", job))
    assert set(Job.objects.get(parent=job).details.values_list("stock_id", flat=True)) == {"T1.DEMO", "VANQUAY.DEMO"}


def test_a_job_that_was_cancelled_before_it_began_offers_all(client: Client, ann: User) -> None:
    job = make_job("KAVERI.DEMO", requested_by=ann)
    cancel(job)
    text = client.get(url("job", job)).text
    assert "Rerun all" in text
    assert "did not complete" not in text


def test_all_are_run_again(client: Client, ann: User) -> None:
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann)
    client.post(url("rerun_job", job))
    assert Job.objects.get(parent=job).total == 2


@pytest.mark.parametrize("name", ["rerun_job", "rerun_failed"])
def test_what_cannot_be_rerun_says_why(client: Client, ann: User, name: str) -> None:
    answer = client.post(url(name, make_job("KAVERI.DEMO", requested_by=ann)))
    assert answer.status_code == 422
    assert "still running" in answer.text


ACTS = [
    ("get", "job"),
    ("get", "job_live"),
    ("get", "job_failures"),
    ("post", "cancel_job"),
    ("post", "rerun_job"),
    ("post", "rerun_failed"),
]


@pytest.mark.parametrize(("method", "name"), ACTS)
def test_a_job_is_for_who_asked_for_it(client: Client, method: str, name: str) -> None:
    ann = make_user("ann")
    job = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann)
    address = url(name, job)
    assert getattr(client, method)(address).headers["Location"].startswith(reverse("login"))
    client.force_login(make_user("bob"))
    assert getattr(client, method)(address).status_code == 404
    assert Job.objects.count() == 1
    client.force_login(ann)
    assert getattr(client, method)(address).status_code in {200, 286, 302}


@pytest.mark.parametrize("name", ["cancel_job", "rerun_job", "rerun_failed"])
def test_acts_take_a_post(client: Client, ann: User, name: str) -> None:
    assert client.get(url(name, make_job("KAVERI.DEMO", requested_by=ann))).status_code == 405
