"""The admin under the content security policy: its scripts and styles work, and its console stays empty."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from analysis.tests.make import make_finished_job, make_user
from tests.browser.visits import log_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_the_admin_works_under_the_policy_and_its_console_stays_empty(visitor: Page, live_server: LiveServer) -> None:
    dee = make_user("dee", is_staff=True, is_superuser=True)
    job = make_finished_job("KAVERI.DEMO", requested_by=dee)
    log_in(visitor, dee, live_server.url)
    for address in (
        reverse("admin:index"),
        reverse("admin:analysis_job_changelist"),
        reverse("admin:analysis_job_change", args=[job.pk]),
        reverse("admin:analysis_job_delete", args=[job.pk]),
        reverse("admin:analysis_stock_change", args=["KAVERI.DEMO"]),
        reverse("admin:analysis_result_evidence", args=[job.details.get().result_id]),
        reverse("admin:accounts_user_change", args=[dee.pk]),
        reverse("admin:accounts_user_add"),
        reverse("admin:watchlist_watchlist_add"),
        reverse("admin:analysis_indexmember_add"),
        reverse("admin:django_q_schedule_changelist"),
        reverse("admin:accounts_apitoken_changelist"),
        reverse("admin:auth_user_password_change", args=[dee.pk]),
    ):
        visitor.goto(f"{live_server.url}{address}")
        visitor.wait_for_load_state("networkidle")
        assert visitor.locator("#user-tools").is_visible(), address


def test_a_list_of_the_admin_ticks_all_its_rows(visitor: Page, live_server: LiveServer) -> None:
    """A thing that only its scripts do."""
    dee = make_user("dee", is_staff=True, is_superuser=True)
    make_finished_job("KAVERI.DEMO", requested_by=dee)
    log_in(visitor, dee, live_server.url)
    visitor.goto(f"{live_server.url}{reverse('admin:analysis_job_changelist')}")
    visitor.locator("#action-toggle").check()
    assert visitor.locator("tbody input.action-select:checked").count() == 1
