"""The browser: the system's Chromium, which may look at nothing but the test's own server."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.visits import CHROMIUM, CHROMIUM_ARGUMENTS, allow_orm_beside_playwright, listen

PATIENCE = 60_000  # only what never comes takes as long, however busy the machine is


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try a browser's test once more: what Chromium draws, and when, is not ours. One that needed it is reported."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(autouse=True, scope="session")
def patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(autouse=True, scope="session")
def orm_beside_playwright() -> None:
    allow_orm_beside_playwright()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    assert CHROMIUM, "Chromium was not found: install the package chromium."
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": CHROMIUM_ARGUMENTS}


@pytest.fixture
def visitor(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """A page whose console stays empty, whose policy holds and whose requests stay on the host, or the test fails."""
    complaints = listen(page, live_server.url)
    page.set_default_timeout(PATIENCE)
    yield page
    assert complaints == []
