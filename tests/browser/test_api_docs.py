"""The API's documentation in a real browser: under the strict policy, without a network, and it can be tried."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from analysis.tests.make import PASSWORD, make_user
from watchlist.models import Watchlist

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_an_operation_is_tried_on_the_page_of_the_documentation(visitor: Page, live_server: LiveServer) -> None:
    make_user("ann")
    visitor.goto(f"{live_server.url}/api/docs")
    visitor.get_by_label("Username").fill("ann")
    visitor.get_by_label("Password").fill(PASSWORD)
    visitor.get_by_role("button", name="Log in").click()
    operation = visitor.locator("#operations-Watchlists-create_watchlist")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table tbody .response-col_status")).to_contain_text("201")
    assert Watchlist.objects.get().name == "Banks"
