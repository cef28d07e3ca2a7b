"""Jobs in a real browser: a failing stock and its retry, copying, and a poller that meets failures of its own."""

import math
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from analysis.models import DetailStatus, Job, JobStatus
from analysis.tests.make import make_job, make_user
from stockapp.accounts.models import User
from tests.browser.visits import log_in
from tests.processes import manage

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ann(visitor: Page, live_server: LiveServer) -> User:
    user = make_user("ann")
    log_in(visitor, user, live_server.url)
    return user


def failed_job(user: User, count: int) -> Job:
    job = make_job(*[f"S{n:02}.NS" for n in range(count)], requested_by=user, description="All of them")
    job.details.update(status=DetailStatus.FAILED, error_kind="unknown_ticker", error_message="Nobody knows it.")
    Job.objects.update(status=JobStatus.FAILED, failed_count=count, completed_at=timezone.now())
    return job


def csv_lines() -> Iterator[str]:
    """Two hundred weekdays of an invented company."""
    yield "date,open,high,low,close,volume"
    for n in range(280, 0, -1):
        day, price = timezone.now().date() - timedelta(days=n), 100 + 10 * math.sin(n / 9)
        if day.weekday() < 5:
            yield f"{day},{price:.2f},{price + 2:.2f},{price - 2:.2f},{price + 1:.2f},1000"


@pytest.mark.machine_clock  # of the worker
def test_a_stock_fails_and_is_analysed_once_its_cause_is_gone(
    visitor: Page, live_server: LiveServer, ann: User, tmp_path: Path
) -> None:
    folder = tmp_path / "prices"
    folder.mkdir()
    job = make_job("INVENTED.NS", requested_by=ann, description="One stock")
    with manage("worker", folder=tmp_path, CSV_PRICES_DIR=str(folder)):
        visitor.goto(f"{live_server.url}{job.get_absolute_url()}")
        expect(visitor.get_by_text("The job has ended: Failed.")).to_be_attached(timeout=60_000)
        expect(visitor).to_have_title("(1 failed) One stock · Stockapp")
        row = visitor.get_by_role("row", name="INVENTED.NS")
        expect(row).to_contain_text("INVENTED.NS.csv")
        (folder / "INVENTED.NS.csv").write_text("\n".join(csv_lines()))
        visitor.get_by_role("button", name="Rerun all").click()
        expect(visitor.get_by_text("reruns an earlier job")).to_be_visible()
        expect(visitor.get_by_role("row", name="INVENTED.NS")).to_contain_text("Completed", timeout=60_000)
    expect(visitor).to_have_title("One stock · Stockapp")


def test_failures_are_copied_by_a_button(visitor: Page, live_server: LiveServer, ann: User) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    visitor.goto(f"{live_server.url}{failed_job(ann, 3).get_absolute_url()}")
    copy = visitor.get_by_role("button", name="Copy")
    expect(copy).to_be_hidden()
    visitor.get_by_text("3 × Unknown ticker").click()
    copy.click()
    expect(visitor.get_by_role("button", name="Copied")).to_be_visible()
    copied = visitor.evaluate("navigator.clipboard.readText()")
    assert copied == "\n".join(f"S0{n}.NS: Nobody knows it." for n in range(3))


def test_failures_are_copied_where_the_browser_withholds_its_clipboard(
    visitor: Page, live_server: LiveServer, ann: User
) -> None:
    visitor.add_init_script("Object.defineProperty(Navigator.prototype, 'clipboard', { value: undefined })")
    visitor.goto(f"{live_server.url}{failed_job(ann, 1).get_absolute_url()}")
    visitor.get_by_text("1 × Unknown ticker").click()
    visitor.get_by_role("button", name="Copy").click()
    assert visitor.evaluate("getSelection().toString()") == "S00.NS: Nobody knows it."


def test_the_question_of_a_cancel_stays_while_the_page_is_renewed(
    visitor: Page, live_server: LiveServer, ann: User
) -> None:
    job = make_job("KAVERI.DEMO", requested_by=ann)
    visitor.goto(f"{live_server.url}{job.get_absolute_url()}")
    visitor.locator("summary", has_text="Cancel").click()
    for _ in range(2):
        with visitor.expect_response("**/live/**"):
            pass
    question = visitor.get_by_text("1 stock will not be analysed.")
    expect(question).to_be_visible()
    visitor.get_by_role("button", name="Cancel the job").click()
    expect(visitor.get_by_text("What had been finished stays.")).to_be_visible()
    job.refresh_from_db()
    assert job.status == JobStatus.CANCELLED


def test_a_session_that_ends_while_the_page_polls_leads_to_the_login(
    visitor: Page, live_server: LiveServer, ann: User
) -> None:
    job = make_job("KAVERI.DEMO", requested_by=ann)
    visitor.goto(f"{live_server.url}{job.get_absolute_url()}")
    expect(visitor.get_by_role("heading", level=1)).to_be_visible()
    Session.objects.all().delete()
    expect(visitor.get_by_text("Your session has ended.")).to_be_visible()
    assert f"next={job.get_absolute_url()}" in visitor.url


def test_a_database_that_is_away_is_told_beside_what_was_found_and_polling_goes_on(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    ann = make_user("ann")
    log_in(page, ann, live_server.url)
    job = make_job("KAVERI.DEMO", requested_by=ann)
    page.goto(f"{live_server.url}{job.get_absolute_url()}")
    (tmp_path / "maintenance").write_text("The database is being moved.")
    told = page.locator("#notices").get_by_text("The database is being moved. What is shown may be old")
    expect(told).to_be_visible(timeout=60_000)
    expect(page.get_by_role("row", name="KAVERI.DEMO")).to_be_visible()
    (tmp_path / "maintenance").unlink()
    expect(told).to_be_hidden(timeout=60_000)


def test_status_and_acts_stay_in_view_on_a_phone(visitor: Page, live_server: LiveServer, ann: User) -> None:
    visitor.set_viewport_size({"width": 390, "height": 844})
    visitor.goto(f"{live_server.url}{failed_job(ann, 60).get_absolute_url()}")
    visitor.get_by_role("link", name="S59.NS").scroll_into_view_if_needed()
    assert visitor.evaluate("scrollY") > 1000
    expect(visitor.get_by_role("button", name="Rerun all")).to_be_in_viewport()
    expect(visitor.locator(".job-head .status")).to_be_in_viewport()
    assert visitor.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.browser_context_args(java_script_enabled=False)
def test_jobs_work_without_javascript(visitor: Page, live_server: LiveServer, ann: User) -> None:
    failed_job(ann, 2)
    visitor.goto(f"{live_server.url}/jobs/?status=failures")
    visitor.get_by_label("Name or ticker").fill("S01.NS")
    visitor.get_by_role("button", name="Filter").click()
    assert "status=failures" in visitor.url
    visitor.get_by_role("link", name="All of them").click()
    visitor.get_by_text("2 × Unknown ticker").click()
    expect(visitor.locator("pre")).to_contain_text("S01.NS: Nobody knows it.")
    expect(visitor.locator("[data-copy]")).to_be_hidden()
    visitor.get_by_role("button", name="Rerun all").click()
    expect(visitor.get_by_text("reruns an earlier job")).to_be_visible()
