"""The stock page's chart in a real browser: drawn, moved by keys, filled with indicators, remembered."""

import re
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from analysis.models import PriceHistory, Stock, StockStatus
from analysis.prices.arrow import pack_bars
from analysis.tests.make import PASSWORD, make_finished_job, make_stock, make_user, store_events
from analysis.worker.slice import run_job
from tests.processes import wait_for
from watchlist.models import Watchlist, WatchlistItem

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PATIENCE = 90_000  # the first indicator loads pandas-ta, and some compile


@pytest.fixture
def ann(visitor: Page, live_server: LiveServer) -> Page:
    """The browser of Ann, who is logged in and has an analysed stock on her list, and one behind it."""
    user = make_user("ann")
    make_finished_job("KAVERI.DEMO", "NAVANKURA.DEMO", requested_by=user)
    watchlist = Watchlist.objects.create(owner=user, name="Mine")
    for position, ticker in enumerate(["KAVERI.DEMO", "NAVANKURA.DEMO"]):
        WatchlistItem.objects.create(watchlist=watchlist, stock_id=ticker, position=position)
    visitor.goto(f"{live_server.url}/login/?next=/stocks/KAVERI.DEMO/")
    visitor.get_by_label("Username").fill("ann")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    expect(visitor.locator("canvas").first).to_be_visible()
    return visitor


def chart(page: Page) -> Locator:
    return page.locator("#chart")


def shown_from(page: Page) -> str:
    return chart(page).get_attribute("data-from") or ""


def inks(page: Page) -> list[str]:
    """The colours on the chart's first canvas, read from a copy: Chromium warns of one that is read again and again."""
    found: list[str] = page.evaluate("""() => {
      const canvas = document.querySelector("#chart canvas");
      const copy = Object.assign(document.createElement("canvas"), { width: canvas.width, height: canvas.height });
      const context = copy.getContext("2d", { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const bytes = context.getImageData(0, 0, copy.width, copy.height).data;
      const found = new Set();
      for (let n = 0; n < bytes.length; n += 4) found.add(`${bytes[n]},${bytes[n + 1]},${bytes[n + 2]}`);
      return [...found];
    }""")
    return found


def add(page: Page, name: str) -> None:
    page.get_by_role("combobox", name="Indicator to add").fill(name)
    page.get_by_role("button", name="Add", exact=True).click()


def test_the_chart_shows_what_the_page_says(ann: Page) -> None:
    result = Stock.objects.get(pk="KAVERI.DEMO").last_result
    assert result is not None
    summary = ann.locator("#chart-summary")
    expect(summary).to_contain_text(f", {result.ratings.get(strategy='technical_rating').get_verdict_display()}.")
    newest = ann.locator("#sessions tbody tr").first
    close = newest.locator("td").nth(3).inner_text()
    expect(summary).to_contain_text(close)
    expect(ann.locator("#chart-legend")).to_contain_text(close)
    wait_for(lambda: len(inks(ann)) > 8)


def test_dividends_and_splits_are_marked_and_named(ann: Page) -> None:
    days = PriceHistory.objects.get(stock="KAVERI.DEMO").unpack().session.tolist()
    dividends = dict.fromkeys(days[-1::-62], 12.5)
    store_events("KAVERI.DEMO", dividends=dividends, splits={days[-1]: 2.0})
    ann.reload()
    expect(ann.locator("#chart-legend")).to_contain_text("Split 2:1Dividend ₹12.50")
    of_two_years = [day for day in dividends if day >= days[-500]]
    marked = f"Dividends and splits marked: {len(of_two_years) + 1}."
    expect(ann.locator("#chart-summary")).to_contain_text(marked)
    expect(ann.locator("#sessions tbody tr").first).to_contain_text("Dividend ₹12.50")
    ann.locator("summary", has_text="Dividends and splits").click()
    expect(ann.get_by_role("cell", name="Dividend ₹12.50")).to_have_count(len(dividends))


def test_ranges_are_chosen_by_key_and_pointer_and_kept(ann: Page) -> None:
    expect(ann.get_by_role("button", name="1Y")).to_have_attribute("aria-pressed", "true")
    year = wait_for(lambda: shown_from(ann))
    ann.keyboard.press("1")
    expect(ann.get_by_role("button", name="3M")).to_have_attribute("aria-pressed", "true")
    wait_for(lambda: shown_from(ann) > year)
    ann.get_by_role("button", name="All").click()
    first = Stock.objects.get(pk="KAVERI.DEMO").histories.get().first_session.isoformat()
    expect(chart(ann)).to_have_attribute("data-from", first)
    ann.keyboard.press("4")
    expect(chart(ann)).not_to_have_attribute("data-from", first)
    wait_for(lambda: "" < shown_from(ann) < year)
    two_years = shown_from(ann)
    ann.reload()
    expect(chart(ann)).to_have_attribute("data-from", two_years)


def cut_to_a_running_week_and_month() -> list[date]:
    """Store the bars up to a Wednesday in the middle of a month, and return their sessions."""
    history = PriceHistory.objects.get(stock="KAVERI.DEMO")
    days: list[date] = history.unpack().session.tolist()
    last = next(day for day in days[::-1] if day.weekday() == 2 and 8 < day.day < 20)
    PriceHistory.objects.filter(pk=history.pk).update(bars=pack_bars(history.unpack().until(last)))
    return days[: days.index(last) + 1]


def count_weeks_and_months(days: list[date]) -> dict[str, int]:
    return {"Week": len({day.isocalendar()[:2] for day in days}), "Month": len({(day.year, day.month) for day in days})}


def test_weeks_and_months_are_drawn_with_the_last_one_so_far(ann: Page) -> None:
    days = cut_to_a_running_week_and_month()
    evening = datetime.combine(days[-1], time(20), UTC)
    with time_machine.travel(evening):
        ann.reload()
        legend, note, summary = (ann.locator(f"#chart-{name}") for name in ("legend", "note", "summary"))
        expect(note).to_be_hidden()
        for interval, count in count_weeks_and_months(days).items():
            period = interval.lower()
            button = ann.get_by_role("group", name="Interval").get_by_role("button", name=interval)
            button.focus()
            ann.keyboard.press("Enter")
            expect(button).to_have_attribute("aria-pressed", "true")
            expect(chart(ann)).to_have_attribute("data-candles", str(count))
            expect(legend).to_contain_text(re.compile(rf"^{interval} so far, to {days[-1].day} \w+ {days[-1].year}"))
            expect(legend).to_contain_text(f"SMA 20 {period}s")
            expect(legend).to_contain_text(f"Score at the {period}’s end")
            expect(note).to_contain_text(
                f"The faint last candle is the {period} so far, which is rated once it is complete."
            )
            expect(summary).to_contain_text(re.compile(r"Shown are the (weeks|months) .* score [+−]?\d+, \w+"))
            expect(ann.get_by_role("button", name="All")).to_have_attribute("aria-pressed", "true")
        ann.get_by_role("button", name="Day", exact=True).click()
        expect(chart(ann)).to_have_attribute("data-candles", "500")
        expect(ann.get_by_role("button", name="1Y")).to_have_attribute("aria-pressed", "true")
        expect(note).to_be_hidden()


def test_a_week_that_ended_without_its_last_price_is_called_incomplete(ann: Page) -> None:
    days = cut_to_a_running_week_and_month()
    ann.reload()
    ann.get_by_role("button", name="Week", exact=True).click()
    expect(ann.locator("#chart-legend")).to_contain_text(f"Week to {days[-1].day} ")
    expect(ann.locator("#chart-legend")).to_contain_text(", incomplete")
    expect(ann.locator("#chart-note")).to_contain_text(
        "The last week has no price of its last trading day; the next price completes it."
    )


def test_an_interval_that_could_not_be_loaded_shows_no_other_and_can_be_tried_again(ann: Page) -> None:
    expect(chart(ann)).to_have_attribute("data-candles", "500")
    ann.route("**/series/?period=week", lambda route: route.fulfill(body="Not JSON."))
    week = ann.get_by_role("button", name="Week", exact=True)
    week.click()
    expect(ann.locator("#chart-message")).to_have_text("The prices could not be loaded.")
    expect(ann.locator("#chart-legend")).to_be_empty()
    ann.unroute("**/series/?period=week")
    week.click()
    expect(ann.locator("#chart-message")).to_be_hidden()
    expect(ann.locator("#chart-legend")).to_contain_text("SMA 20 weeks")


def test_the_interval_is_kept_for_other_stocks_and_counts_for_indicators(ann: Page) -> None:
    ann.get_by_role("button", name="Week", exact=True).click()
    ann.get_by_role("button", name="2Y").click()
    add(ann, "RSI")
    values = ann.locator("[data-values]")
    expect(values).to_contain_text(re.compile(r"weekly \d\d\.\d\d"), timeout=PATIENCE)
    chart(ann).focus()
    ann.keyboard.press("]")
    expect(ann.get_by_role("heading", level=1)).to_have_text("NAVANKURA.DEMO")
    expect(ann.locator("#chart-note")).to_contain_text(
        re.compile(r"No weekly verdict\. Not enough history: \d+ completed")
    )
    expect(values).to_contain_text(re.compile(r"RSI 14 has no value over \d+ weeks\."))
    expect(ann.get_by_role("button", name="2Y")).to_have_attribute("aria-pressed", "true")


def test_the_chart_moves_and_zooms_by_key_once_it_is_focused(ann: Page) -> None:
    before = shown_from(ann)
    ann.keyboard.press("ArrowLeft")
    assert shown_from(ann) == before
    chart(ann).focus()
    ann.keyboard.press("ArrowLeft")
    expect(chart(ann)).not_to_have_attribute("data-from", before)
    moved = shown_from(ann)
    assert moved < before
    ann.keyboard.press("+")
    expect(chart(ann)).not_to_have_attribute("data-from", moved)
    assert shown_from(ann) > moved


def test_indicators_are_added_as_overlay_and_pane_and_remembered_and_removed(ann: Page) -> None:
    shown = ann.get_by_role("list", name="Indicators on the chart").get_by_role("listitem")
    field = ann.get_by_role("combobox", name="Indicator to add")
    field.press_sequentially("donch")
    expect(ann.get_by_role("option", name="Donchian")).to_be_visible()
    field.press("ArrowDown")
    field.press("Enter")
    expect(shown.filter(has_text="Donchian 20, 20")).to_contain_text(re.compile(r"Upper \d"), timeout=PATIENCE)
    expect(chart(ann)).to_have_attribute("data-panes", "0")
    expect(field).to_be_focused()

    add(ann, "RSI")
    expect(shown.filter(has_text="RSI 14")).to_contain_text(re.compile(r"\d\d\.\d\d"), timeout=PATIENCE)
    expect(chart(ann)).to_have_attribute("data-panes", "1")
    expect(ann.locator("#chart-summary")).to_contain_text(re.compile(r"RSI 14 \d\d\.\d\d"))

    ann.get_by_label("Settings of RSI 14").click()
    ann.get_by_label("Length").last.fill("21")
    ann.get_by_role("button", name="Apply").last.click()
    expect(shown.filter(has_text="RSI 21")).to_contain_text(re.compile(r"\d\d\.\d\d"), timeout=PATIENCE)

    ann.reload()
    expect(shown).to_have_count(2)
    expect(shown.filter(has_text="RSI 21")).to_contain_text(re.compile(r"\d\d\.\d\d"), timeout=PATIENCE)
    expect(chart(ann)).to_have_attribute("data-panes", "1")

    ann.get_by_role("button", name="Remove RSI 21").click()
    expect(chart(ann)).to_have_attribute("data-panes", "0")
    expect(shown).to_have_count(1)
    ann.get_by_role("button", name="Remove Donchian 20, 20").press("Enter")
    expect(shown).to_have_count(0)
    expect(ann.locator("#chart-summary")).not_to_contain_text("Donchian")


def test_an_indicator_with_too_few_bars_says_so_and_the_chart_stays(ann: Page) -> None:
    add(ann, "ht_trendline")
    expect(ann.locator("[data-values] b").first).to_be_visible(timeout=PATIENCE)
    chart(ann).focus()
    ann.keyboard.press("]")
    expect(ann.get_by_role("heading", level=1)).to_have_text("NAVANKURA.DEMO")
    expect(ann.locator("[data-values]")).to_have_text("HT trend needs more sessions than the 43 that are stored.")
    expect(ann.locator("canvas").first).to_be_visible()


def test_the_chart_follows_the_theme_while_it_is_shown(ann: Page) -> None:
    rising = {"light": "0,114,178", "dark": "86,180,233"}

    def is_drawn(theme: str, other: str) -> bool:
        found = inks(ann)
        return rising[theme] in found and rising[other] not in found

    wait_for(lambda: is_drawn("light", "dark"))
    ann.emulate_media(color_scheme="dark")
    wait_for(lambda: is_drawn("dark", "light"))


@pytest.mark.parametrize("width", [1280, 390])
def test_no_table_beside_the_chart_has_to_be_scrolled(ann: Page, width: int) -> None:
    ann.set_viewport_size({"width": width, "height": 900})
    expect(ann.locator(".scroll").first).to_be_visible()
    ann.evaluate("""() => {
      const change = document.querySelector(".sessions tbody td:nth-child(6)");
      change.insertAdjacentHTML("beforeend", " <small>over 12 sessions</small>");
      for (const cell of document.querySelectorAll(":is(.sessions td:nth-child(5), .runs td:nth-child(4))"))
        cell.textContent = "₹1,48,234.55";
      for (const verdict of document.querySelectorAll(".runs .verdict")) verdict.lastChild.textContent = "Strong Sell";
    }""")
    fits = "[...document.querySelectorAll('.scroll')].every((box) => box.scrollWidth <= box.clientWidth)"
    wait_for(lambda: ann.evaluate(fits))  # the window has its new width a moment later


def test_a_phone_shows_weeks_without_scrolling_sideways(ann: Page) -> None:
    ann.set_viewport_size({"width": 390, "height": 844})
    for interval in ("Week", "Month"):
        ann.get_by_role("button", name=interval, exact=True).click()
        expect(ann.locator("#chart-note")).to_contain_text(f"Each candle is a {interval.lower()};")
        wait_for(lambda: ann.evaluate("document.documentElement.scrollWidth") <= 390)


def test_a_stock_without_bars_offers_to_fetch_them_and_then_shows_them(ann: Page, live_server: LiveServer) -> None:
    make_stock("MERUVANTA.DEMO")
    ann.goto(f"{live_server.url}/stocks/MERUVANTA.DEMO/")
    expect(ann.get_by_role("heading", name="No price history")).to_be_visible()
    expect(chart(ann)).to_be_hidden()
    ann.get_by_role("button", name="Fetch prices and analyse").click()
    expect(ann.get_by_text("Queued").first).to_be_visible()
    stock = Stock.objects.get(pk="MERUVANTA.DEMO")
    assert stock.last_status == StockStatus.QUEUED
    run_job(str(stock.last_job_id))
    expect(ann.get_by_role("heading", name="No price history")).to_be_hidden()
    expect(ann.locator("canvas").first).to_be_visible()
