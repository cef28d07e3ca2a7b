"""How a browser test begins: somebody is logged in."""

from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from playwright.sync_api import Page

from stockapp.accounts.models import User


def log_in(page: Page, user: User, address: str) -> None:
    """Give the browser a session of the user's, as if logged in at this address."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    host = urlsplit(address).hostname or ""
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "domain": host, "path": "/"}])
