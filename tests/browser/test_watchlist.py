from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from playwright.sync_api import BrowserContext, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from analysis.models import JobDetail, Stock
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_job, make_result, make_stock, make_user
from tests.processes import manage
from watchlist.models import Screen, Watchlist
from watchlist.tests.make import make_list, tickers_of

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CLOSES = [100.0 + n % 7 for n in range(30)]
WHY = "17 of 26 votes up, led by EMA 200; 5 down, led by RSI 14."


def log_in(context: BrowserContext, user: User, server: LiveServer) -> None:
    client = Client()
    client.force_login(user)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": server.url}])


@pytest.fixture
def watchlist() -> Watchlist:
    """Ann's list of three analysed stocks."""
    for n, ticker in enumerate(("A.NS", "B.NS", "C.NS")):
        stock = make_stock(ticker, name=f"Company {ticker[0]}")
        make_result(stock, recent_closes=CLOSES, why=WHY, score=0.3 - 0.1 * n, what_changed="RSI left oversold")
    return make_list(make_user("ann"), "A.NS", "B.NS", "C.NS")


@pytest.fixture
def ann(visitor: Page, live_server: LiveServer, watchlist: Watchlist) -> Page:
    """A visitor who is logged in as Ann and looks at her list."""
    log_in(visitor.context, watchlist.owner, live_server)
    visitor.goto(live_server.url)
    return visitor


def order_of(page: Page) -> list[str]:
    return [str(row.get_attribute("data-key")) for row in page.locator("tr[data-key]").all()]


@pytest.mark.machine_clock  # of the worker
def test_first_use_import_analyse_open_a_stock_and_come_back_to_what_was_shown(
    visitor: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    load_demo_market()
    log_in(visitor.context, make_user("ann"), live_server)
    with manage("worker", folder=tmp_path):
        visitor.goto(live_server.url)
        expect(visitor.get_by_role("heading", name="No stocks yet")).to_be_visible()
        visitor.get_by_role("link", name="Import stocks").click()
        visitor.get_by_label("Tickers", exact=True).fill(
            "KAVERI.DEMO, MERUVANTA.DEMO\nKAVERI.DEMO\nINDRAKOT.DEMO not/a/ticker"
        )
        visitor.get_by_role("button", name="Preview").click()
        expect(visitor.get_by_text("3 stocks can be added")).to_be_visible()
        expect(visitor.get_by_text("named more than once, and added once: KAVERI.DEMO")).to_be_visible()
        visitor.get_by_role("checkbox", name="INDRAKOT.DEMO").uncheck()
        visitor.get_by_role("checkbox", name="Analyse those").uncheck()
        visitor.get_by_role("button", name=re.compile("^Add to")).click()
        expect(visitor.get_by_text("2 stocks are on “Watchlist” now.")).to_be_visible()

        visitor.get_by_role("button", name="Analyse all").click()
        for row in visitor.locator("tr[data-key]").all():
            expect(row).to_contain_text(re.compile("Buy|Neutral|Sell"), timeout=90_000)
        expect(visitor.locator(".sparkline")).to_have_count(2)
        expect(visitor.locator("#announcer")).to_have_text("Analysis finished.")
        expect(visitor.locator("#live")).not_to_have_attribute("hx-trigger", "every 2s")

    visitor.get_by_label("Order").select_option("-ticker")
    expect(visitor).to_have_url(re.compile(r"\?sort=-ticker$"))
    visitor.get_by_placeholder("Filter: ticker").fill("mer")
    expect(visitor).to_have_url(re.compile(r"\?q=mer&sort=-ticker$"))
    expect(visitor.locator("tr[data-key]")).to_have_count(1)
    visitor.get_by_role("link", name="MERUVANTA.DEMO").click()
    expect(visitor.get_by_role("heading", level=1)).to_contain_text("MERUVANTA.DEMO")
    visitor.go_back()
    expect(visitor.locator("tr[data-key]")).to_have_count(1)
    expect(visitor.get_by_placeholder("Filter: ticker")).to_have_value("mer")
    expect(visitor.get_by_label("Order")).to_have_value("-ticker")


def test_a_removed_stock_comes_back_and_the_focus_is_never_lost(ann: Page, watchlist: Watchlist) -> None:
    ann.get_by_role("button", name="Remove B.NS").press("Enter")
    expect(ann.get_by_text("Removed B.NS from this list.")).to_be_visible()
    expect(ann.get_by_role("link", name="C.NS", exact=True)).to_be_focused()
    ann.get_by_role("button", name="Remove C.NS").press("Enter")
    expect(ann.get_by_role("link", name="A.NS", exact=True)).to_be_focused()
    expect(ann.get_by_text("Removed C.NS from this list.")).to_be_visible()
    ann.get_by_role("button", name="Undo").press("Enter")
    expect(ann.get_by_text("C.NS is back on “Mine”.")).to_be_visible()
    expect(ann.locator("#live tbody th a:focus")).to_have_count(1)
    assert tickers_of(watchlist) == ["A.NS", "C.NS"]
    for ticker in ("C.NS", "A.NS"):
        ann.get_by_role("button", name=f"Remove {ticker}").press("Enter")
        expect(ann.get_by_role("button", name=f"Remove {ticker}")).to_have_count(0)
    expect(ann.get_by_role("heading", name="No stocks yet")).to_be_visible()
    expect(ann.get_by_role("combobox", name="Tickers or names to add")).to_be_focused()


def test_rows_are_walked_opened_and_moved_by_keys(ann: Page, watchlist: Watchlist) -> None:
    ann.keyboard.press("j")
    ann.keyboard.press("j")
    expect(ann.get_by_role("link", name="B.NS", exact=True)).to_be_focused()
    ann.keyboard.press("o")
    expect(ann.locator("[data-more='B.NS']")).to_contain_text(WHY)
    ann.keyboard.press("o")
    expect(ann.locator("[data-more='B.NS']")).to_have_count(0)
    ann.keyboard.press("Alt+ArrowUp")
    expect(ann.locator("tr[data-key]").first).to_have_attribute("data-key", "B.NS")
    expect(ann.get_by_role("link", name="B.NS", exact=True)).to_be_focused()
    assert tickers_of(watchlist) == ["B.NS", "A.NS", "C.NS"]
    ann.keyboard.press("n")
    expect(ann.get_by_role("combobox", name="Tickers or names to add")).to_be_focused()


def test_a_row_is_dragged_to_its_place(ann: Page, watchlist: Watchlist) -> None:
    ann.locator("#row-C\\.NS .grip").drag_to(ann.locator("#row-A\\.NS"), target_position={"x": 200, "y": 5})
    expect(ann.locator("tr[data-key]").first).to_have_attribute("data-key", "C.NS")
    assert tickers_of(watchlist) == ["C.NS", "A.NS", "B.NS"]
    ann.locator("#row-C\\.NS .grip").drag_to(ann.locator("#row-B\\.NS"), target_position={"x": 200, "y": 50})
    expect(ann.locator("tr[data-key]").last).to_have_attribute("data-key", "C.NS")
    assert tickers_of(watchlist) == ["A.NS", "B.NS", "C.NS"]


def test_the_verdict_says_why_on_hover_and_on_focus_until_escape(ann: Page) -> None:
    tip = ann.locator("#tip-B\\.NS")
    expect(tip).to_be_hidden()
    ann.locator("#why-B\\.NS").hover()
    expect(tip).to_have_text(WHY)
    expect(tip).to_be_visible()
    ann.mouse.move(0, 0)
    expect(tip).to_be_hidden()
    ann.locator("#why-B\\.NS").focus()
    expect(tip).to_be_visible()
    ann.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_what_is_typed_ticked_and_open_stays_while_the_rows_are_live(ann: Page, watchlist: Watchlist) -> None:
    make_job("A.NS", requested_by=watchlist.owner)
    ann.reload()
    expect(ann.get_by_text("Waiting for a worker:")).to_be_visible()
    ann.get_by_role("button", name="More of B.NS").click()
    note = ann.get_by_label("Note", exact=True)
    note.press_sequentially("half a not")
    ann.get_by_role("checkbox", name="Select C.NS").check()
    note.focus()
    for attempts in (1, 2):
        with ann.expect_response(lambda answer: "/rows/" in answer.url and answer.status == 200):
            JobDetail.objects.update(attempts=attempts)
    note.press("e")
    expect(note).to_be_focused()
    expect(note).to_have_value("half a note")
    expect(ann.get_by_role("checkbox", name="Select C.NS")).to_be_checked()
    ann.get_by_role("button", name="Save note").click()
    expect(ann.get_by_text("The note on B.NS is saved.")).to_be_visible()
    assert watchlist.items.get(stock="B.NS").note == "half a note"
    JobDetail.objects.update(status="completed")
    Stock.objects.update(last_status="completed")
    expect(ann.locator("#announcer")).to_have_text("Analysis finished.")
    expect(ann.get_by_label("Note", exact=True)).to_have_value("half a note")


def test_when_the_session_ends_while_rows_are_live_the_whole_page_asks_to_log_in(
    ann: Page, watchlist: Watchlist
) -> None:
    make_job("A.NS", requested_by=watchlist.owner)
    ann.reload()
    expect(ann.get_by_text("0 of 1 done")).to_be_visible()
    Session.objects.all().delete()
    expect(ann).to_have_url(re.compile("/login/"))
    expect(ann.get_by_label("Password")).to_have_count(1)
    expect(ann.locator("table")).to_have_count(0)


def test_on_a_phone_the_rest_opens_under_the_row(ann: Page) -> None:
    ann.set_viewport_size({"width": 390, "height": 800})
    row = ann.locator("#row-A\\.NS")
    expect(row.get_by_text("₹100.00").first).to_be_visible()
    expect(row.locator(".c-plan")).to_be_hidden()
    ann.get_by_role("button", name="More of A.NS").click()
    more = ann.locator("[data-more='A.NS']")
    for shown in (WHY, "RSI left oversold", "₹95.00", "200 shares"):
        expect(more.get_by_text(shown)).to_be_visible()
    expect(more.locator(".sparkline")).to_be_visible()
    more.get_by_role("button", name="Move A.NS down").click()
    expect(ann.locator("tr[data-key]").first).to_have_attribute("data-key", "B.NS")
    assert ann.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_works_without_javascript(
    new_context: Callable[..., BrowserContext], live_server: LiveServer, watchlist: Watchlist
) -> None:
    context = new_context(java_script_enabled=False)
    log_in(context, watchlist.owner, live_server)
    page = context.new_page()
    page.goto(live_server.url)
    page.get_by_label("Order").select_option("-ticker")
    page.get_by_role("button", name="Show", exact=True).click()
    assert order_of(page) == ["C.NS", "B.NS", "A.NS"]
    page.get_by_role("link", name="Verdict").click()
    assert page.url.endswith("?sort=-score")
    page.get_by_label("Order").select_option("")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("button", name="More of B.NS").click()
    page.get_by_role("button", name="Move B.NS to the top").click()
    assert order_of(page) == ["B.NS", "A.NS", "C.NS"]
    page.get_by_label("Note", exact=True).fill("mine")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("The note on B.NS is saved.")).to_be_visible()
    page.get_by_role("button", name="Remove B.NS").click()
    page.get_by_role("button", name="Undo").click()
    assert order_of(page) == ["B.NS", "A.NS", "C.NS"]
    assert watchlist.items.get(stock="B.NS").note == "mine"
    page.get_by_role("checkbox", name="Select A.NS").check()
    page.get_by_role("button", name="Move or copy selected").click()
    page.get_by_role("textbox", name="Name of the new list").fill("Fresh")
    page.get_by_role("textbox", name="Name of the new list").press("Enter")
    page.locator("#copy-picked").click()
    expect(page.get_by_text("Copied A.NS to “Fresh”.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("checkbox", name="Select C.NS").check()
    page.get_by_role("button", name="Remove selected").click()
    page.get_by_role("button", name="Undo").click()
    assert order_of(page) == ["B.NS", "A.NS", "C.NS"]
    page.locator("summary", has_text="This list").click()
    page.get_by_role("link", name="Import stocks…").click()
    page.get_by_label("Or a file").set_input_files(
        {"name": "list.csv", "mimeType": "text/csv", "buffer": b"ticker,note\nD.NS,new\n"}
    )
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Add to “Mine”").click()
    assert order_of(page) == ["B.NS", "A.NS", "C.NS", "D.NS"]
    page.locator("summary", has_text="This list").click()
    page.get_by_role("link", name="Delete this list…").click()
    page.get_by_role("button", name="Delete the list").click()
    expect(page.get_by_role("heading", name="No stocks yet")).to_be_visible()


def test_acts_that_come_while_the_table_is_drawn_again_are_done_one_after_the_other(
    ann: Page, watchlist: Watchlist
) -> None:
    held: list[Route] = []
    ann.route("**/move/", lambda route: held.append(route), times=1)
    ann.locator("[id='open-C.NS']").focus()
    ann.keyboard.press("Alt+ArrowUp")
    ann.keyboard.press("Alt+ArrowUp")
    ann.get_by_role("button", name="Remove A.NS").click()
    expect(ann.get_by_role("button", name="Remove A.NS")).to_be_focused()
    held[0].continue_()
    expect(ann.get_by_text("Removed A.NS from this list.")).to_be_visible()
    assert order_of(ann) == ["C.NS", "B.NS"] == tickers_of(watchlist)


def test_the_longest_names_do_not_make_a_phone_scroll_sideways(ann: Page, watchlist: Watchlist) -> None:
    long = "W" * 60
    make_list(watchlist.owner, "A.NS", name=long)
    Screen.objects.create(owner=watchlist.owner, name=long, query="sort=stock")
    Stock.objects.filter(pk="A.NS").update(name=2 * long)
    watchlist.items.filter(stock="A.NS").update(note=3 * long)
    ann.set_viewport_size({"width": 390, "height": 844})
    for address in ("/", "/screener/", "/stocks/A.NS/", f"/watchlists/{watchlist.pk}/delete/"):
        ann.goto(urljoin(ann.url, address))
        assert ann.evaluate("document.documentElement.scrollWidth") == 390, address


def test_rows_that_are_open_are_open_again_when_somebody_comes_back(ann: Page, watchlist: Watchlist) -> None:
    for ticker in ("A.NS", "B.NS"):
        ann.get_by_role("button", name=f"More of {ticker}").click()
        expect(ann.get_by_role("region", name=f"Note on {ticker}")).to_be_visible()
    ann.get_by_role("button", name="More of A.NS").click()
    expect(ann).to_have_url(re.compile(r"\?open=B\.NS$"))
    ann.get_by_role("link", name="C.NS", exact=True).click()
    expect(ann.get_by_role("heading", name="C.NS", exact=True)).to_be_visible()
    ann.go_back()
    expect(ann.get_by_role("region", name="Note on B.NS")).to_be_visible()
    expect(ann.get_by_role("region", name="Note on A.NS")).to_have_count(0)


def test_ticked_rows_are_moved_to_a_new_list_by_keys_and_come_back(ann: Page, watchlist: Watchlist) -> None:
    for ticker in ("A.NS", "C.NS"):
        ann.get_by_role("checkbox", name=f"Select {ticker}").press("Space")
    ann.get_by_role("button", name="Move or copy selected").press("Enter")
    ann.get_by_label("To the list").select_option("New list…")
    ann.get_by_role("textbox", name="Name of the new list").fill("Fres")
    ann.get_by_role("textbox", name="Name of the new list").press("Enter")  # which presses no button
    ann.get_by_role("textbox", name="Name of the new list").fill("Fresh")
    ann.locator("#move-picked").press("Enter")
    expect(ann.get_by_text("Moved 2 stocks to “Fresh”.")).to_be_visible()
    expect(ann.get_by_role("link", name="Fresh")).to_be_visible()
    assert order_of(ann) == ["B.NS"]
    ann.get_by_role("button", name="Undo").press("Enter")
    expect(ann.get_by_text("2 stocks are back on “Mine”.")).to_be_visible()
    expect(ann.get_by_role("link", name="Fresh")).to_have_count(0)
    assert order_of(ann) == ["A.NS", "B.NS", "C.NS"] == tickers_of(watchlist)
    assert not JobDetail.objects.exists()


def test_ticked_rows_are_removed_and_the_choice_of_a_list_stays_while_rows_are_live(
    ann: Page, watchlist: Watchlist
) -> None:
    other = make_list(watchlist.owner, name="Other")
    make_job("A.NS", requested_by=watchlist.owner)
    ann.reload()
    ann.get_by_role("checkbox", name="Select B.NS").check()
    ann.get_by_role("button", name="Move or copy selected").click()
    ann.get_by_label("To the list").select_option("New list…")
    ann.get_by_role("textbox", name="Name of the new list").press_sequentially("half a na")
    with ann.expect_response(lambda answer: "/rows/" in answer.url and answer.status == 200):
        JobDetail.objects.update(attempts=1)
    ann.get_by_role("textbox", name="Name of the new list").press("m")
    expect(ann.get_by_role("textbox", name="Name of the new list")).to_have_value("half a nam")
    ann.get_by_label("To the list").select_option("Other")
    ann.locator("#copy-picked").click()
    expect(ann.get_by_text("Copied B.NS to “Other”.")).to_be_visible()
    expect(ann.get_by_label("To the list")).to_be_hidden()
    assert tickers_of(other) == ["B.NS"]
    ann.get_by_role("checkbox", name="Select C.NS").check()
    ann.get_by_role("button", name="Remove selected").press("Enter")
    expect(ann.get_by_text("Removed 2 stocks from this list.")).to_be_visible()
    expect(ann.get_by_role("link", name="A.NS", exact=True)).to_be_focused()
    assert tickers_of(watchlist) == ["A.NS"]


def test_enter_on_a_tick_analyses_nothing(ann: Page) -> None:
    ann.get_by_role("checkbox", name="Select C.NS").focus()
    ann.keyboard.press("Enter")
    ann.keyboard.press("Alt+ArrowUp")  # which is done after whatever came before it
    expect(ann.locator("tr[data-key]").nth(1)).to_have_attribute("data-key", "C.NS")
    assert not JobDetail.objects.exists()
