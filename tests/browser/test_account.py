"""The account in a real browser: the example that follows the form, the theme, the keys."""

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from analysis.tests.make import make_user
from stockapp.accounts.models import User
from tests.browser.visits import log_in

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def ann(visitor: Page, live_server: LiveServer) -> User:
    user = make_user("ann")
    log_in(visitor, user, live_server.url)
    return user


def test_the_example_follows_what_is_typed_and_saves_nothing(visitor: Page, live_server: LiveServer, ann: User) -> None:
    visitor.goto(f"{live_server.url}/account/")
    example = visitor.get_by_role("region", name="For example")
    expect(example).to_contain_text("40 shares")
    expect(example).to_contain_text("as they are saved")
    with visitor.expect_request("**/account/example/**") as asked:
        visitor.get_by_label("Capital", exact=True).fill("1000000")
    assert "csrfmiddlewaretoken" not in asked.value.url
    expect(example).to_contain_text("400 shares")
    expect(example).to_contain_text("not saved yet")
    visitor.get_by_label("Number format").select_option("indian")
    expect(example).to_contain_text("2,00,000.00")
    visitor.get_by_label("Minimum risk:reward").fill("3")
    expect(example).to_contain_text("your minimum risk:reward")
    ann.refresh_from_db()
    assert ann.capital == 100_000


def test_the_theme_is_the_users_and_that_of_pages_without_one(
    visitor: Page, live_server: LiveServer, ann: User
) -> None:
    visitor.emulate_media(color_scheme="light")
    visitor.goto(f"{live_server.url}/account/")
    root = visitor.locator("html")
    expect(root).not_to_have_attribute("data-theme", re.compile("."))
    for theme in ("light", "dark"):
        with visitor.expect_navigation():  # until then nobody listens to the next key
            visitor.keyboard.press("t")
        expect(root).to_have_attribute("data-theme", theme)
    dark = visitor.evaluate("getComputedStyle(document.body).backgroundColor")
    ann.refresh_from_db()
    assert ann.theme == "dark"
    visitor.get_by_label("Account of ann").click()
    visitor.get_by_role("button", name="Log out").click()
    expect(visitor.get_by_role("heading", name="Log in")).to_be_visible()
    expect(root).to_have_attribute("data-theme", "dark")
    assert visitor.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_a_question_mark_lists_the_keys_but_not_while_typing(visitor: Page, live_server: LiveServer, ann: User) -> None:
    visitor.goto(f"{live_server.url}/jobs/")
    keys = visitor.get_by_role("dialog", name="Keys")
    visitor.keyboard.press("/")
    visitor.keyboard.type("t?gj")
    expect(visitor.get_by_label("Search stocks")).to_have_value("t?gj")
    expect(keys).to_be_hidden()
    visitor.locator("h1").click()
    visitor.keyboard.press("?")
    expect(keys).to_be_visible()
    visitor.keyboard.press("t")
    visitor.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    for second, place in (("r", "/track-record/"), ("a", "/account/"), ("w", "/watchlists/"), ("j", "/jobs/")):
        visitor.keyboard.press("g")
        visitor.keyboard.press(second)
        visitor.wait_for_url(f"{live_server.url}{place}**")
    ann.refresh_from_db()
    assert ann.theme == "auto"
