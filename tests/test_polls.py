"""Polls: a part that nothing has changed of costs three or four queries and no bytes, and any change draws it anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from analysis.jobs.end import cancel
from analysis.models import Job, JobDetail, Stock, Worker
from analysis.tests.make import make_finished_job, make_job, make_user
from analysis.worker.slice import run_slice
from watchlist.models import WatchlistItem
from watchlist.tests.make import make_list

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
NOW = datetime.fromisoformat("2026-11-20T11:00:00+00:00")
KAVERI = "KAVERI.DEMO"


@pytest.fixture(autouse=True)
def at_a_fixed_moment() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def poll_of(text: str) -> str:
    """The address that the page, or the part, asks again."""
    found = re.search(r'hx-get="([^"]+seen=[^"]+)"', text)
    assert found
    return unescape(found[1])


def asked(client: Client, address: str) -> tuple[int, int, int]:
    """Status, queries and bytes of a poll."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address, headers=HTMX)
    return answer.status_code, len(queries), len(answer.content)


def page_of(name: str, client: Client) -> str:
    """The address of a page of Ann's on which one stock is being analysed, and that of a bystander is not."""
    ann = make_user("ann")
    client.force_login(ann)
    make_finished_job(KAVERI, requested_by=ann)
    Worker.objects.create(host="a", pid=1)
    if name == "watchlist":
        page = make_list(ann, KAVERI, "MERUVANTA.DEMO").get_absolute_url()
    job = make_job(KAVERI, requested_by=ann)
    if name == "stock":
        page = reverse("analysis:stock", args=[KAVERI])
    elif name == "job":
        page = job.get_absolute_url()
    return page


PAGES = {"stock": 3, "watchlist": 4, "job": 5}
"""Page -> queries of a poll that finds nothing new: two of them are the session's and the user's."""


@pytest.mark.parametrize("name", PAGES)
def test_a_poll_that_finds_nothing_new_is_a_few_queries_and_no_bytes(name: str, client: Client) -> None:
    address = poll_of(client.get(page_of(name, client)).text)
    for _ in range(2):
        assert asked(client, address) == (204, PAGES[name], 0)


def lose_the_worker() -> None:
    Worker.objects.update(seen_at=timezone.now() - timedelta(hours=1))


def spoil_the_workers_clock() -> None:
    Worker.objects.update(clock_skew=7200)


def start_another_job() -> None:
    make_job("MERUVANTA.DEMO", requested_by=Job.objects.first().requested_by)  # type: ignore[union-attr]


def try_again() -> None:
    JobDetail.objects.filter(job__status="queued").update(attempts=1)


def wait_for_the_source() -> None:
    until = timezone.now() + timedelta(minutes=1)
    JobDetail.objects.filter(job__status="queued").update(wait_reason="Yahoo limits requests", not_before=until)
    Stock.objects.filter(pk=KAVERI).update(last_wait="Yahoo limits requests", last_wait_until=until)


@pytest.mark.parametrize("name", PAGES)
def test_a_worker_whose_clock_is_wrong_counts_as_none(name: str, client: Client) -> None:
    page = page_of(name, client)
    spoil_the_workers_clock()
    text = client.get(page).text
    assert "No worker is running." in text or "Waiting for a worker:" in text
    assert asked(client, poll_of(text))[0] == 204


@pytest.mark.parametrize(
    "change", [lose_the_worker, spoil_the_workers_clock, start_another_job, try_again, wait_for_the_source]
)
@pytest.mark.parametrize("name", PAGES)
def test_whatever_the_part_shows_is_drawn_anew_once_when_it_changes(
    name: str, change: Callable[[], None], client: Client
) -> None:
    address = poll_of(client.get(page_of(name, client)).text)
    change()
    answer = client.get(address, headers=HTMX)
    assert (answer.status_code, 'id="live"' in answer.text) == (200, True)
    assert asked(client, poll_of(answer.text))[0] == 204


@pytest.mark.parametrize("name", ["stock", "watchlist"])
def test_what_the_clock_alone_decides_is_renewed_every_five_minutes(
    name: str, client: Client, at_a_fixed_moment: Any
) -> None:
    address = poll_of(client.get(page_of(name, client)).text)
    at_a_fixed_moment.shift(timedelta(minutes=4, seconds=59))
    Worker.objects.update(seen_at=timezone.now())
    assert asked(client, address)[0] == 204
    at_a_fixed_moment.shift(timedelta(seconds=1))
    Worker.objects.update(seen_at=timezone.now())
    assert asked(client, address)[0] == 200


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("end", ["run", "cancel"])
def test_the_end_is_shown_whole_and_asks_no_more(name: str, end: str, client: Client) -> None:
    address = poll_of(client.get(page_of(name, client)).text)
    job = Job.objects.active().get()
    if end == "run":
        run_slice(str(job.pk))
    else:
        cancel(job)
    answer = client.get(address, headers=HTMX)
    assert answer.status_code == 286
    assert "hx-trigger" not in answer.text.partition(">")[0]


@pytest.mark.parametrize("status", ["queued", "processing"])
def test_the_time_of_an_active_job_moves_on_every_ten_seconds(
    client: Client, status: str, at_a_fixed_moment: Any
) -> None:
    page = page_of("job", client)
    started_at = timezone.now() if status == "processing" else None
    Job.objects.active().update(status=status, created_at=timezone.now(), started_at=started_at)
    address = poll_of(client.get(page).text)
    at_a_fixed_moment.shift(timedelta(seconds=9))
    assert asked(client, address)[0] == 204
    at_a_fixed_moment.shift(timedelta(seconds=1))
    assert asked(client, address)[0] == 200


def test_a_stock_that_moves_between_the_page_and_its_stamp_is_not_missed(client: Client) -> None:
    """The stamp is of the rows that are shown, not of those read for it."""
    page = page_of("stock", client)
    text = client.get(page).text
    stamped = poll_of(text)
    Stock.objects.filter(pk=KAVERI).update(last_status="processing")
    assert asked(client, stamped)[0] == 200


def test_notes_and_order_that_change_elsewhere_are_drawn_on_a_list(client: Client) -> None:
    address = poll_of(client.get(page_of("watchlist", client)).text)
    WatchlistItem.objects.filter(stock=KAVERI).update(note="Looked at.")
    answer = client.get(address, headers=HTMX)
    assert "Looked at." in answer.text
    address = poll_of(answer.text)
    WatchlistItem.objects.filter(stock=KAVERI).update(position=9)
    assert asked(client, address)[0] == 200


def test_the_stamp_stands_in_no_other_address_of_the_part(client: Client) -> None:
    page = page_of("watchlist", client)
    polled = client.get(poll_of(client.get(f"{page}?sort=ticker").text), headers=HTMX)
    assert polled.status_code == 204
    start_another_job()
    polled = client.get(poll_of(client.get(f"{page}?sort=ticker").text) + "x", headers=HTMX)
    assert polled.headers["HX-Replace-Url"] == f"{page}?sort=ticker"
    assert polled.text.count("seen=") == 1


@pytest.mark.parametrize("name", ["watchlist", "job"])
def test_a_stamp_tells_nobody_of_anothers_list_or_job(name: str, client: Client) -> None:
    address = poll_of(client.get(page_of(name, client)).text)
    client.force_login(make_user("bob"))
    assert asked(client, address)[0] == 404
    client.logout()
    answer = client.get(address, headers=HTMX)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")


def test_a_list_of_two_hundred_costs_a_poll_as_few_queries(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    tickers = [f"T{n:03}.NS" for n in range(200)]
    watchlist = make_list(ann, *tickers)
    make_job(*tickers, requested_by=ann)
    address = poll_of(client.get(watchlist.get_absolute_url()).text)
    assert asked(client, address) == (204, 4, 0)
