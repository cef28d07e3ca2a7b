"""The browser: the system's Chromium, which may look at nothing but the test's own server."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

PATIENCE = 60_000  # only what never comes takes as long, however busy the machine is


@pytest.fixture(autouse=True, scope="session")
def patience() -> None:
    expect.set_options(timeout=PATIENCE)


@pytest.fixture(autouse=True, scope="session")
def orm_beside_playwright() -> None:
    """Playwright's synchronous API runs an event loop in the test's thread, where Django would refuse its ORM."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    assert CHROMIUM, "Chromium was not found: install the package chromium."
    args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": args}


@pytest.fixture
def visitor(page: Page, live_server: LiveServer) -> Iterator[Page]:
    """A page whose console stays empty and whose requests stay on the host, or the test fails."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:")):
            complaints.append(request.url)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", see)
    page.set_default_timeout(PATIENCE)
    yield page
    assert complaints == []
