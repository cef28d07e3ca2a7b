"""The screener in a real browser: from a filter to a file; on a phone; without JavaScript."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from analysis.tests.make import PASSWORD, make_result, make_stock, make_user
from stockapp.templatetags.formats import day, money, percent, score
from watchlist.models import Screen, Watchlist

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

COLUMNS = (
    "Ticker,Name,Last close,Currency,Session,Change %,Change over sessions,Verdict,Caution,Score,Verdict since"
).split(",")


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    """Let the results of Friday 20 November be the latest that there can be."""
    with time_machine.travel(datetime(2026, 11, 21, 12, tzinfo=UTC)):
        yield


@pytest.fixture
def market() -> None:
    make_user("ann", long_only=False)
    for n in range(60):
        stock = make_stock(f"S{n:02}.NS", exchange="NSE", industry="Banks" if n % 2 else "Metals")
        verdict = "buy" if n < 40 else "neutral"
        found: dict[str, Any] = {
            "score": 0.5 - n / 100,
            "close": 100 + n / 4,
            "verdict": verdict,
            "raw_verdict": verdict,
        }
        make_result(stock, verdict_since=date(2026, 11, 2), **found)


def log_in(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/screener/")
    page.get_by_label("Username").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Screener")).to_be_visible()


def shown(page: Page) -> list[list[str]]:
    """The cells of the page's rows as they are read, white space made one."""
    rows = page.locator("table.screened tbody tr").all()
    return [[" ".join(cell.split()) for cell in row.locator("th, td").all_inner_texts()] for row in rows]


def as_shown(row: list[Any]) -> list[str]:
    """A row of the workbook as the page writes it."""
    ticker, name, close, currency, session, change, _, verdict, _, points, since = row
    last = f"{money(close, currency)} {day(session)}"
    return [f"{ticker} {name}", last, percent(change), f"▲ {verdict}", score(points / 100), day(since)]


@pytest.mark.usefixtures("market")
def test_filter_save_and_export_give_a_workbook_of_the_same_rows(
    visitor: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    log_in(visitor, live_server)
    visitor.wait_for_load_state("load")  # the keys are heard from then on
    visitor.keyboard.press("g")
    visitor.keyboard.press("w")
    expect(visitor).to_have_title(re.compile("Watchlist"))
    visitor.wait_for_load_state("load")
    visitor.keyboard.press("g")
    visitor.keyboard.press("s")
    visitor.get_by_role("group", name="Verdict", exact=True).get_by_label("Buy", exact=True).check()
    visitor.get_by_label("Industry").first.select_option("Banks")
    visitor.get_by_text("Columns", exact=True).click()
    visitor.get_by_role("checkbox", name="Weekly verdict").uncheck()
    visitor.get_by_role("checkbox", name="R:R").uncheck()
    visitor.get_by_role("checkbox", name="Industry").uncheck()
    visitor.get_by_role("button", name="Show stocks").click()
    expect(visitor.get_by_text("20 stocks of 60 analysed stocks")).to_be_visible()
    visitor.get_by_role("link", name="Change").click()
    expect(visitor.get_by_role("columnheader", name="Change")).to_have_attribute("aria-sort", "descending")

    visitor.get_by_text("+ Save screen").click()
    visitor.get_by_label("Name for these filters").fill("Banks to buy")
    visitor.get_by_role("button", name="Save", exact=True).click()
    tab = visitor.get_by_role("link", name="Banks to buy")
    expect(tab).to_have_attribute("aria-current", "page")
    assert Screen.objects.get().name == "Banks to buy"

    visitor.get_by_role("navigation", name="Screens").get_by_role("link", name="All", exact=True).click()
    expect(visitor.get_by_text("60 stocks analysed")).to_be_visible()
    tab.click()
    expect(visitor.get_by_text("20 stocks of 60 analysed stocks")).to_be_visible()

    visitor.get_by_text("Export", exact=True).click()
    with visitor.expect_download() as download:
        visitor.get_by_role("link", name="Excel (XLSX)").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    assert file.name.startswith("Banks to buy ")
    sheet = load_workbook(file).active
    assert sheet is not None
    heading, *rows = [[cell.value for cell in row] for row in sheet.rows]
    assert heading == COLUMNS
    assert [as_shown(row) for row in rows] == shown(visitor)
    assert len(rows) == 20


@pytest.mark.usefixtures("market")
def test_on_a_phone_filters_are_a_sheet_and_the_stock_stays_in_view(visitor: Page, live_server: LiveServer) -> None:
    visitor.set_viewport_size({"width": 390, "height": 800})
    log_in(visitor, live_server)
    expect(visitor.get_by_label("Ticker or name", exact=True)).to_be_hidden()
    visitor.get_by_role("button", name="Filters and columns").click()
    visitor.get_by_label("Ticker or name", exact=True).fill("s1")
    visitor.get_by_role("button", name="Show stocks").click()
    expect(visitor.get_by_text("10 stocks of 60 analysed stocks")).to_be_visible()
    visitor.wait_for_load_state()  # later rows may still widen the columns
    first = visitor.get_by_role("rowheader").first
    before = first.bounding_box()
    visitor.get_by_role("region", name="Stocks that match").evaluate("box => box.scrollLeft = 300")
    after = first.bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] == before["x"]
    assert visitor.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.usefixtures("market")
def test_without_javascript_everything_but_keys_works(browser: Browser, live_server: LiveServer) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 800})
    page = context.new_page()
    log_in(page, live_server)
    page.get_by_role("button", name="Filters and columns").click()
    page.get_by_label("At least").first.fill("40")
    page.get_by_role("button", name="Show stocks").click()
    expect(page.get_by_text("11 stocks of 60 analysed stocks")).to_be_visible()
    page.get_by_role("checkbox", name="Tick S00.NS").check()
    page.get_by_role("checkbox", name="Tick S03.NS").check()
    page.get_by_role("button", name="Add ticked to list").click()
    expect(page.get_by_text("2 stocks are on “Watchlist” now.")).to_be_visible()
    assert set(Watchlist.objects.get().items.values_list("stock_id", flat=True)) == {"S00.NS", "S03.NS"}
    page.get_by_text("+ Save screen").click()
    page.get_by_label("Name for these filters").fill("Strong")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete the screen").click()
    expect(page.get_by_text("The screen “Strong” is deleted.")).to_be_visible()
    context.close()
