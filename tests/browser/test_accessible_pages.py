"""Jobs, account, records and failures, looked at by axe in both themes; none scrolls sideways on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from analysis.services import compute_records
from analysis.tests.make import make_finished_job, make_job, make_user
from tests.browser.visits import log_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pages_have_no_fault_that_axe_finds_and_fit_a_phone(page: Page, live_server: LiveServer, theme: str) -> None:
    ann = make_user("ann", theme=theme, is_staff=True)
    ended = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO", requested_by=ann)
    compute_records(["technical_rating"])
    waiting = make_job("NILGAON.DEMO", requested_by=ann)
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light", reduced_motion="reduce")
    faults = {}
    for address in (
        "/login/",
        "/jobs/",
        *(job.get_absolute_url() for job in (ended, waiting)),
        "/track-record/",
        "/account/",
        "/account/password/",
        "/nowhere/",
    ):
        if address != "/login/":
            log_in(page, ann, live_server.url)
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(f"{live_server.url}{address}")
        for fold in page.locator(".failures summary, .plain-words summary").all():
            fold.click()
        found = Axe().run(page).response["violations"]
        page.set_viewport_size({"width": 390, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth") > 390:
            found.append("scrolls sideways")
        if found:
            faults[address] = found
    assert faults == {}
