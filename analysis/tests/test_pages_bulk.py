"""Bulk jobs from the pages: for staff only, and after a page that asks."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.jobs.submit import submit
from analysis.models import Index, IndexMember, Job, Source
from analysis.tests.make import make_stock, make_user

pytestmark = pytest.mark.django_db
CONFIRM, START, JOBS = "/jobs/bulk/", "/jobs/bulk/start/", "/jobs/"


def make_index(name: str, *tickers: str) -> Index:
    index = Index.objects.create(name=name, loaded_at=timezone.now())
    IndexMember.objects.bulk_create([IndexMember(index=index, stock_id=ticker) for ticker in tickers])
    return index


@pytest.fixture
def index() -> Index:
    for ticker in ("TCS.NS", "INFY.NS", "AAPL"):
        make_stock(ticker)
    make_stock("GONE.NS", is_active=False)
    return make_index("NIFTY 500", "TCS.NS", "INFY.NS", "GONE.NS")


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(make_user("boss", is_staff=True))
    return client


def test_the_jobs_page_offers_it_to_staff_alone(client: Client, index: Index) -> None:
    client.force_login(make_user("ann"))
    assert CONFIRM not in client.get(JOBS).text
    client.force_login(make_user("boss", is_staff=True))
    text = client.get(JOBS).text
    assert CONFIRM in text
    assert "NIFTY 500" in text
    assert "All active stocks" in text


def test_it_asks_first_with_number_and_time(boss: Client, index: Index, settings: Settings) -> None:
    settings.PRICE_SOURCE = "yahoo"
    settings.REQUESTS_PER_SECOND = 0.01
    text = boss.get(CONFIRM, {"index": index.pk}).text
    assert "Analyse NIFTY 500?" in text
    assert "<strong>2 stocks</strong>" in text
    assert "about 4 min at 0.01 requests a second" in text
    assert "<strong>3 stocks</strong>" in boss.get(CONFIRM).text
    assert not Job.objects.exists()


def test_it_starts_one_job_of_the_active_stocks(boss: Client, index: Index) -> None:
    answer = boss.post(START, {"index": index.pk})
    job = Job.objects.get()
    assert answer.headers["Location"] == job.get_absolute_url()
    assert (job.source, job.description, job.total) == (Source.BULK, "NIFTY 500", 2)
    assert boss.post(START, {"index": index.pk}).headers["Location"] == job.get_absolute_url()
    boss.post(START)
    assert set(Job.objects.values_list("description", "total")) == {("NIFTY 500", 2), ("All active stocks", 3)}


def test_what_cannot_be_started_says_why(boss: Client, index: Index, settings: Settings) -> None:
    empty = make_index("Empty")
    assert "disabled" in boss.get(CONFIRM, {"index": empty.pk}).text
    answer = boss.post(START, {"index": empty.pk})
    assert answer.status_code == 422
    assert "“Empty” has no active stocks." in answer.text
    submit(["WAITING.NS"], source=Source.COMMAND)
    settings.MAX_WAITING_STOCKS = 1
    answer = boss.post(START, {"index": index.pk})
    assert answer.status_code == 422
    assert "1 stock is waiting to be analysed already; the limit is 1." in answer.text
    assert "no such index" in boss.post(START, {"index": 0}, follow=True).text


@pytest.mark.parametrize(("method", "address"), [("get", CONFIRM), ("post", START)])
def test_it_is_for_staff(client: Client, index: Index, method: str, address: str) -> None:
    assert getattr(client, method)(address).headers["Location"].startswith(reverse("login"))
    client.force_login(make_user("ann"))
    assert getattr(client, method)(address).status_code == 403
    assert not Job.objects.exists()
    client.force_login(make_user("boss", is_staff=True))
    assert getattr(client, method)(address).status_code in {200, 302}


def test_starting_takes_a_post(boss: Client) -> None:
    assert boss.get(START).status_code == 405
