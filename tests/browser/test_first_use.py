"""First use: from the login to a verdict and its chart, in a real browser with a real worker."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from analysis.models import Result
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import PASSWORD, make_user
from tests.browser.visits import log_in
from tests.processes import manage, wait_for
from watchlist.tests.make import make_list

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.mark.machine_clock  # of the worker
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

        ticker = visitor.get_by_role("combobox", name="Tickers or names to add")
        ticker.press_sequentially("kaveri")
        expect(visitor.get_by_role("option", name="KAVERI.DEMO")).to_be_visible()
        ticker.press("ArrowDown")
        ticker.press("Enter")
        row = visitor.get_by_role("row", name="KAVERI.DEMO")
        expect(row).to_be_visible()

        visitor.get_by_role("button", name="Analyse all").click()
        expect(row).to_contain_text(re.compile("Buy|Neutral|Sell"), timeout=90_000)
        found = Result.objects.get().ratings.get()
        expect(row).to_contain_text(found.get_verdict_display())

        row.get_by_role("link", name="KAVERI.DEMO").click()
        expect(visitor.get_by_role("heading", level=1)).to_contain_text("KAVERI.DEMO")
        expect(visitor.get_by_role("region", name="Verdict")).to_contain_text(found.get_verdict_display())
        canvas = visitor.locator("canvas").first
        expect(canvas).to_be_visible()
        colours = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"
        wait_for(lambda: canvas.evaluate(colours) > 8)


def test_an_option_stays_chosen_when_suggestions_for_the_last_letters_arrive_late(
    visitor: Page, live_server: LiveServer
) -> None:
    load_demo_market()
    log_in(visitor, make_user("ann"), live_server.url)
    visitor.goto(live_server.url)
    late: list[Route] = []
    visitor.route(re.compile("ticker=kaveri"), lambda route: late.append(route))
    ticker = visitor.get_by_role("combobox", name="Tickers or names to add")
    ticker.press_sequentially("kave")
    expect(visitor.get_by_role("option", name="KAVERI.DEMO")).to_be_visible()
    with visitor.expect_request(re.compile("ticker=kaveri")):
        ticker.press_sequentially("ri")
    ticker.press("ArrowDown")
    with visitor.expect_response(re.compile("ticker=kaveri")):
        late[0].continue_()
    option = visitor.get_by_role("option", name="KAVERI.DEMO")
    expect(option).to_have_attribute("aria-selected", "true")
    ticker.press("Enter")
    expect(visitor.get_by_role("row", name="KAVERI.DEMO")).to_be_visible()


@contextmanager
def before_the_scripts(visitor: Page, address: str) -> Iterator[None]:
    """Open a page; its scripts come at the end."""
    late: list[Route] = []
    visitor.route(re.compile(r"/htmx[^/]*\.js"), lambda route: late.append(route))
    with visitor.expect_request(re.compile("/htmx")):
        visitor.goto(address, wait_until="commit")
    yield
    late[0].continue_()


@pytest.mark.parametrize("field", ["Tickers or names to add", "Search stocks by ticker or name"])
def test_suggestions_come_for_what_was_typed_before_the_scripts(
    visitor: Page, live_server: LiveServer, field: str
) -> None:
    load_demo_market()
    log_in(visitor, make_user("ann"), live_server.url)
    with before_the_scripts(visitor, live_server.url):
        visitor.get_by_label(field).press_sequentially("kaveri")
    expect(visitor.get_by_role("option", name="KAVERI.DEMO")).to_be_visible()


def test_a_filter_that_was_typed_before_the_scripts_filters_wherever_the_focus_is_then(
    visitor: Page, live_server: LiveServer
) -> None:
    load_demo_market()
    watchlist = make_list(make_user("ann"), "MERUVANTA.DEMO")
    log_in(visitor, watchlist.owner, live_server.url)
    with before_the_scripts(visitor, live_server.url):
        visitor.get_by_label("Ticker, name, industry or note").press_sequentially("kaveri")
        visitor.get_by_label("Order").focus()
    expect(visitor.get_by_role("heading", name="No stock of this list fits")).to_be_visible()
