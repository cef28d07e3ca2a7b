"""Yahoo that cannot be reached, as a person sees it who adds a stock meanwhile."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Response, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from analysis.models import JobDetail, RequestPace
from analysis.prices.source_order import SourceOrder
from analysis.request_pace import YAHOO_PACER
from analysis.tests.make import make_result, make_user
from tests.browser.visits import log_in
from tests.processes import manage, wait_for
from tests.yahoo_standin.server import running
from watchlist.tests.make import make_list

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.machine_clock]

PHONE, DESKTOP = (390, 844), (1280, 800)


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_a_stock_that_is_added_while_yahoo_is_down_is_in_view_and_says_what_happens(
    visitor: Page, live_server: LiveServer, settings: Settings, tmp_path: Path, size: tuple[int, int]
) -> None:
    settings.PRICE_SOURCE, settings.PRICE_ORDER = "yahoo", SourceOrder(("yahoo",))
    ann = make_user("ann")
    for item in make_list(ann, *(f"S{n}.NS" for n in range(30))).items.select_related("stock"):
        make_result(item.stock)
    visitor.set_viewport_size({"width": size[0], "height": size[1]})
    log_in(visitor, ann, live_server.url)
    drawn: list[str] = []
    visitor.on("response", lambda answer: drawn.append(answer.text()) if _is_drawn_poll(answer) else None)
    with running() as yahoo:
        env = {"PRICE_SOURCE": "yahoo", "YAHOO_URL": yahoo.address, "REQUESTS_PER_SECOND": "20", "LEASE_SECONDS": "24"}
        yahoo.go_down(3600)
        visitor.goto(live_server.url)
        field = visitor.get_by_role("combobox", name="Tickers or names to add")
        field.fill("TCS.NS")
        field.press("Enter")
        row = visitor.locator("tr[data-key='TCS.NS']")
        expect(row).to_be_in_viewport(ratio=1)
        expect(row).to_have_class(re.compile("is-new"))
        expect(row).to_contain_text("No worker is running.")  # the answer to the act itself, no poll
        expect(field).to_be_focused()
        with manage("worker", folder=tmp_path, **env):
            notice = visitor.locator("#source-notice")
            expect(notice).to_contain_text(re.compile("Yahoo cannot be reached; next attempt (at|now)"))
            expect(row).to_contain_text("Yahoo cannot be reached; next")
            expect(row).to_be_in_viewport(ratio=1)
            told = [text for text in drawn if "Yahoo cannot" in text]
            assert "source-notice" in told[0]
            assert "Yahoo cannot be reached" in told[0].partition('data-key="TCS.NS"')[2]
            assert visitor.locator("#live").get_attribute("hx-trigger") == "every 2s"
            yahoo.come_back()
            expect(row).to_contain_text(re.compile("Buy|Neutral|Sell"), timeout=120_000)
            expect(notice).not_to_contain_text("Yahoo")
    wait_for(lambda: JobDetail.objects.get().status == "completed")


def test_a_stock_that_is_on_the_list_already_is_brought_into_view(visitor: Page, live_server: LiveServer) -> None:
    ann = make_user("ann")
    make_list(ann, *(f"S{n:02}.NS" for n in range(40)))
    log_in(visitor, ann, live_server.url)
    visitor.goto(live_server.url)
    field = visitor.get_by_role("combobox", name="Tickers or names to add")
    field.fill("S35.NS")
    field.press("Enter")
    expect(visitor.locator("tr[data-key='S35.NS']")).to_be_in_viewport(ratio=1)
    expect(field).to_be_focused()


def test_the_notice_goes_by_itself_where_nothing_is_analysed(
    visitor: Page, live_server: LiveServer, settings: Settings
) -> None:
    settings.PRICE_SOURCE, settings.PRICE_ORDER = "yahoo", SourceOrder(("yahoo",))
    ann = make_user("ann")
    make_list(ann, "TCS.NS")
    log_in(visitor, ann, live_server.url)
    YAHOO_PACER.record_limit()
    visitor.goto(live_server.url)
    notice = visitor.locator("#source-notice")
    expect(notice).to_contain_text("Yahoo limits our requests; next attempt at")
    RequestPace.objects.all().delete()
    expect(notice).to_be_empty()


def _is_drawn_poll(answer: Response) -> bool:
    return answer.status == 200 and "/rows/" in answer.url
