"""First use: from the login to a verdict and its chart, in a real browser with a real worker."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from analysis.models import Result
from analysis.services import load_demo_market
from analysis.tests.make import PASSWORD, make_user
from tests.processes import manage

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_log_in_add_a_stock_analyse_it_and_open_its_chart(
    visitor: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    make_user("ann")
    load_demo_market()
    with manage("worker", folder=tmp_path):
        visitor.goto(live_server.url)
        visitor.get_by_label("Username").fill("ann")
        visitor.get_by_label("Password").fill(PASSWORD)
        visitor.get_by_role("button", name="Log in").click()
        expect(visitor.get_by_text("No stocks yet")).to_be_visible()

        ticker = visitor.get_by_role("combobox", name="Ticker to add")
        ticker.press_sequentially("kaveri")
        expect(visitor.get_by_role("option", name="KAVERI.DEMO")).to_be_visible()
        ticker.press("ArrowDown")
        ticker.press("Enter")
        row = visitor.get_by_role("row", name="KAVERI.DEMO")
        expect(row).to_be_visible()

        visitor.get_by_role("button", name="Analyse all").click()
        expect(row).to_contain_text(re.compile("Buy|Neutral|Sell"), timeout=90_000)
        found = Result.objects.get()
        expect(row).to_contain_text(found.get_verdict_display())

        row.get_by_role("link", name="KAVERI.DEMO").click()
        expect(visitor.get_by_role("heading", level=1)).to_contain_text("KAVERI.DEMO")
        expect(visitor.get_by_role("region", name="Verdict")).to_contain_text(found.get_verdict_display())
        canvas = visitor.locator("canvas").first
        expect(canvas).to_be_visible()
        drawn = canvas.evaluate("c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size")
        assert drawn > 8
