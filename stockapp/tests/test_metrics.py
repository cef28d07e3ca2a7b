"""`/metrics`: what is counted, and who may read it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.models import DetailStatus, ErrorKind, Job, RequestPace, Worker
from analysis.prices.source_order import SourceOrder
from analysis.request_pace import YAHOO_PACER
from analysis.tests.make import make_finished_job, make_job, make_message, make_user

pytestmark = pytest.mark.django_db

Figures = dict[tuple[str, str], float]


@pytest.fixture(autouse=True)
def yahoo(settings: Settings) -> None:
    settings.PRICE_ORDER = SourceOrder(("yahoo",))


def read(client: Client, **headers: str) -> Figures:
    """(name, the labels' values or "") -> figure."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.text)
    return {(s.name, "".join(s.labels.values())): s.value for family in families for s in family.samples}


def test_an_empty_installation_has_zeros(client: Client) -> None:
    figures = read(client)
    assert figures["stockapp_jobs", "failed"] == 0
    assert figures["stockapp_workers", ""] == 0
    assert figures["stockapp_stock_failures_last_day", "unknown_ticker"] == 0
    assert ("stockapp_job_duration_seconds_last_day", "0.5") not in figures


def test_the_figures_are_those_of_the_rows(client: Client) -> None:
    now = timezone.now()
    make_job("KAVERI.DEMO", "NAVANKURA.DEMO")
    for seconds in (10, 20, 30):
        job = make_finished_job("KAVERI.DEMO")
        Job.objects.filter(pk=job.pk).update(started_at=now - timedelta(seconds=seconds), completed_at=now)
    job.details.update(
        status=DetailStatus.FAILED, error_kind=ErrorKind.UNKNOWN_TICKER, error_message="?", completed_at=now
    )
    old = make_finished_job("KAVERI.DEMO")
    Job.objects.filter(pk=old.pk).update(started_at=now - timedelta(days=3), completed_at=now - timedelta(days=2))
    Worker.objects.create(host="a/1", pid=7, restarts=2, recovered_count=5)
    make_message(waited=timedelta(seconds=30))
    YAHOO_PACER.before_request()
    YAHOO_PACER.record_limit()

    figures = read(client)

    assert figures["stockapp_jobs", "queued"] == 1
    assert figures["stockapp_jobs", "completed"] == 4
    assert figures["stockapp_jobs_ended_last_day", ""] == 3
    assert figures["stockapp_job_duration_seconds_last_day", "0.5"] == pytest.approx(20)
    assert figures["stockapp_job_duration_seconds_last_day", "0.95"] == pytest.approx(29)
    assert figures["stockapp_stock_failures_last_day", "unknown_ticker"] == 1
    assert (figures["stockapp_workers", ""], figures["stockapp_worker_restarts", "a:7"]) == (1, 2)
    assert figures["stockapp_worker_recovered", "a:7"] == 5
    assert (figures["stockapp_queue_depth", ""], figures["stockapp_stocks_unfinished", ""]) == (1, 2)
    assert figures["stockapp_queue_oldest_seconds", ""] >= 30
    assert figures["stockapp_source_pause_seconds", "limitedyahoo"] > 0
    assert figures["stockapp_source_pause_seconds", "silentyahoo"] == 0
    assert figures["stockapp_source_pause_seconds", "oddyahoo"] == 0
    assert figures["stockapp_source_paused", "limitedyahoo"] == 1
    assert figures["stockapp_source_paused", "oddyahoo"] == 0
    assert figures["stockapp_source_requests_total", "yahoo"] == 1
    assert figures["stockapp_source_limits_total", "yahoo"] == 1
    assert figures["stockapp_source_oddities_total", "yahoo"] == 0


def test_a_source_counts_as_paused_from_the_end_of_its_pause_until_a_probe_succeeds(client: Client) -> None:
    YAHOO_PACER.record_oddity()
    RequestPace.objects.update(until=timezone.now() - timedelta(seconds=1))
    figures = read(client)
    assert figures["stockapp_source_pause_seconds", "oddyahoo"] == 0
    assert figures["stockapp_source_paused", "oddyahoo"] == 1
    YAHOO_PACER.before_request()
    assert read(client)["stockapp_source_paused", "oddyahoo"] == 1
    YAHOO_PACER.record_success()
    assert read(client)["stockapp_source_paused", "oddyahoo"] == 0


def test_a_source_that_is_not_used_any_more_is_not_paused(client: Client, settings: Settings) -> None:
    YAHOO_PACER.record_oddity()
    settings.PRICE_ORDER = SourceOrder(("csv",))
    figures = read(client)
    assert figures["stockapp_source_paused", "oddyahoo"] == 0
    assert figures["stockapp_source_pause_seconds", "oddyahoo"] == 0


@pytest.mark.parametrize("jobs", [1, 30])
def test_they_cost_a_fixed_number_of_queries(
    client: Client, jobs: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(jobs):
        make_finished_job("KAVERI.DEMO")
    with django_assert_num_queries(10):
        read(client)


@pytest.mark.parametrize(
    "passed_on",
    [{"X-Forwarded-For": "203.0.113.9"}, {"X-Forwarded-Proto": "https"}, {"Forwarded": "for=203.0.113.9"}],
)
def test_without_a_token_only_the_machine_itself_may_read_them(client: Client, passed_on: dict[str, str]) -> None:
    assert client.get("/metrics", headers=passed_on).status_code == 401
    assert client.get("/metrics", REMOTE_ADDR="203.0.113.9").status_code == 401
    assert client.get("/metrics", REMOTE_ADDR="::1").status_code == 200


def test_with_a_token_it_has_to_be_given(client: Client, settings: Settings) -> None:
    settings.METRICS_TOKEN = "a-token"
    client.force_login(make_user("sam", is_staff=True, is_superuser=True))
    for given in ({}, {"Authorization": "Bearer another"}, {"Authorization": "a-token"}):
        answer = client.get("/metrics", headers=given)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert read(client, Authorization="Bearer a-token")
    assert (
        client.get("/metrics", REMOTE_ADDR="203.0.113.9", headers={"Authorization": "Bearer a-token"}).status_code
        == 200
    )
