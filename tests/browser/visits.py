"""How a browser is started, how somebody is logged in, and how all is heard that a page must not do."""

import os
import shutil
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from playwright.sync_api import ConsoleMessage, Page, Request

from stockapp.accounts.models import User

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TELL_VIOLATIONS = """addEventListener("securitypolicyviolation", (event) =>
  console.error(`Policy: ${event.effectiveDirective} refuses ${event.blockedURI}`));"""


def allow_orm_beside_playwright() -> None:
    """Playwright's synchronous API runs an event loop in the caller's thread, where Django would refuse its ORM."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"


def log_in(page: Page, user: User, address: str) -> None:
    """Give the browser a session of the user's, as if logged in at this address."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    host = urlsplit(address).hostname or ""
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "domain": host, "path": "/"}])


def listen(page: Page, host: str) -> list[str]:
    """What the page does that it must not: console, policy, requests to others than `host`; grows as it happens."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    def see(request: Request) -> None:
        if not request.url.startswith((host, "data:", "blob:")):
            complaints.append(f"Asks {request.url}")

    page.add_init_script(TELL_VIOLATIONS)
    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", see)
    return complaints
