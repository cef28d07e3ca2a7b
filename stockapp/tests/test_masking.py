"""Secrets stand in no page of an error, no listing of settings and no log, from real processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest

from stockapp.environment import BASE_DIR
from stockapp.tests.test_environment import GOOD
from tests.processes import free_port, wait_for

pytestmark = pytest.mark.slow

KEY = "key-\"with'all&<sorts>\\of letters and blanks, longer than a line of a page that shows it"
DATABASE_PASSWORD = "d@ta/base:pass&word'7\""
MAIL_PASSWORD = "mail#pass?w\\rd 8"
METRICS_TOKEN = "metrics-token-99"
TYPED = "typed-by-a-user"
SECRETS = (KEY, DATABASE_PASSWORD, MAIL_PASSWORD, METRICS_TOKEN)
# Parts without any letter that a page, Python or an address writes in another way.
PARTS = ("key-", "sorts", "letters and blanks", "longer than", "base:pass", "word'7", "pass?w", "rd 8", METRICS_TOKEN)
HIDDEN = {
    "SECRET_KEY": KEY,
    "DATABASE_URL": f"postgresql://stockapp:{quote(DATABASE_PASSWORD, safe='')}@127.0.0.1:1/stocks",
    "EMAIL_URL": f"smtp://stocks:{quote(MAIL_PASSWORD, safe='')}@127.0.0.1:2",
    "EMAIL_FROM": "stocks@example.org",
    "METRICS_TOKEN": METRICS_TOKEN,
    "ALLOWED_HOSTS": "127.0.0.1",
    "DJANGO_SETTINGS_MODULE": "stockapp.tests.leaking_urls",
}
SERVE = """
import sys
from django.core.servers.basehttp import run
from stockapp.wsgi import application
run("127.0.0.1", int(sys.argv[1]), application)
"""


def process_environment(**more: str) -> dict[str, str]:
    return os.environ | GOOD | HIDDEN | more


def secrets_in(text: str) -> list[str]:
    return [part for part in (*SECRETS, *map(quote, SECRETS), "base%3Apass", "pass%3Fw", *PARTS[3:]) if part in text]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A development server with DEBUG on, which hands its own environment to each request."""
    port = str(free_port())
    with subprocess.Popen([sys.executable, "-c", SERVE, port], cwd=BASE_DIR, env=process_environment()) as server:
        try:
            wait_for(lambda: _answers(f"http://127.0.0.1:{port}/leak/"))
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def _answers(address: str) -> bool:
    try:
        return bool(page(address))
    except URLError:
        return False


def page(address: str, accept: str = "text/html", **form: str) -> str:
    request = Request(address, headers={"Accept": accept}, data=urlencode(form).encode() or None)  # noqa: S310
    try:
        urlopen(request, timeout=60)  # noqa: S310
    except HTTPError as error:
        return error.read().decode()
    raise AssertionError("the view did not fail")


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_the_debug_page_of_a_view_that_holds_every_secret_shows_none(address: str, accept: str) -> None:
    text = page(f"{address}/leak/", accept)
    assert "RuntimeError" in text
    assert "ConnectionError" in text
    assert "DATABASE_URL" in text, "the server's environment is a part of the page"
    assert "SecretStr" in text
    assert secrets_in(text) == []


def test_a_debug_page_does_not_show_what_a_form_marks_as_sensitive(address: str) -> None:
    for accept in ("text/html", "text/plain"):
        text = page(f"{address}/sign-in/", accept, name="ann", password=TYPED)
        assert "ZeroDivisionError" in text
        assert TYPED not in text


def run(*command: str, **more: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=BASE_DIR,
        env=process_environment(**more),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "command", ["diffsettings", "diffsettings --all", "diffsettings --output unified", "check --deploy"]
)
def test_a_command_that_tells_of_settings_shows_no_secret(command: str) -> None:
    said = run("manage.py", *command.split())
    assert "SECRET_KEY" in said or "System check" in said
    assert secrets_in(said) == []


@pytest.mark.parametrize("form", ["line", "json"])
def test_a_log_shows_no_secret(form: str) -> None:
    said = run(
        "-c",
        "import django, logging; django.setup()\n"
        "from django.test import Client\n"
        "from django.conf import settings\n"
        "Client(raise_request_exception=False).get('/leak/', headers={'Host': '127.0.0.1'})\n"
        "logging.getLogger('analysis').warning('mail goes to %s', settings.ENV.email_url.get_secret_value())",
        LOG_FORMAT=form,
    )
    assert "RuntimeError" in said
    assert "mail goes to" in said
    assert secrets_in(said) == []
