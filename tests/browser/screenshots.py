"""Pictures of every page at two widths and in both themes: `python -m tests.browser.screenshots [NAME…]`.

A fresh database, the demo market, its first analysis by a real worker, the real web server. Without names the folder
`docs/screenshots` is made anew.
"""

import base64
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "screenshots"
DATA = tempfile.TemporaryDirectory(prefix="screenshots-")
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "stockapp.settings",
    "ENV_FILE": "",
    "DEBUG": "true",
    "SECRET_KEY": "only-for-these-pictures-of-a-server-with-and-without-debug-0123456789",
    "DATA_DIR": DATA.name,
    "LOG_LEVEL": "ERROR",
    "EMAIL_URL": "console://",
    "EMAIL_FROM": "stocks@example.org",
    "SITE_URL": "https://stocks.example.org",
}

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from analysis.models import Job, StrategyRecord  # noqa: E402
from stockapp.accounts.models import User  # noqa: E402
from tests.browser.pages import THEMES, Visit, furnish  # noqa: E402
from tests.browser.visits import CHROMIUM, CHROMIUM_ARGUMENTS, allow_orm_beside_playwright, log_in  # noqa: E402
from tests.processes import wait_for  # noqa: E402

WIDTHS = {1280: 800, 390: 844}
TALLEST = 1200
BEHIND_PROXY = {"X-Forwarded-Proto": "https"}
QUALITY = 55


def main(names: list[str]) -> None:
    allow_orm_beside_playwright()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("load_demo", user="demo", verbosity=0)
    with _running("manage.py", "worker"):
        wait_for(lambda: not Job.objects.active().exists())
        wait_for(
            lambda: StrategyRecord.objects.exists() and not StrategyRecord.objects.exclude(requested_at=None).exists()
        )
    User.objects.update(is_demo=False)  # the web server runs as for real, where a demo account cannot log in
    newcomer = User.objects.create_user("newcomer")
    parts = furnish(User.objects.get(username="demo"), newcomer, Job.objects.get())
    visits = [visit for part in parts.values() for visit in part if not names or visit.name in names]
    FOLDER.mkdir(exist_ok=True)
    for old in [] if names else FOLDER.glob("*.*"):
        old.unlink()
    with _web() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        for visit in visits:
            for theme in THEMES:
                for width, height in WIDTHS.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=theme,
                        reduced_motion="reduce",
                        extra_http_headers=BEHIND_PROXY,
                    )
                    page = context.new_page()
                    _visit(page, address, visit)
                    (FOLDER / f"{visit.name}-{width}-{theme}.webp").write_bytes(_picture(page, width))
                    context.close()
        browser.close()
    size = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{len(visits)} pages, {len(list(FOLDER.iterdir()))} pictures, {size / 1e6:.1f} MB in {FOLDER}")


def _visit(page: Page, address: str, visit: Visit) -> None:
    if visit.who:
        log_in(page, visit.who, address)
    page.goto(f"{address}{visit.address}", wait_until="load")
    if visit.act:
        visit.act(page)


def _picture(page: Page, width: int) -> bytes:
    """The page from its top, as high as it is and no higher than `TALLEST`, as WebP: a third of a PNG."""
    page.evaluate("scrollTo(0, 0)")
    clip = {
        "x": 0,
        "y": 0,
        "width": width,
        "height": page.evaluate("document.documentElement.scrollHeight"),
        "scale": 1,
    }
    clip["height"] = min(TALLEST, clip["height"])
    asked = {"format": "webp", "quality": QUALITY, "captureBeyondViewport": True, "clip": clip}
    shot = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
    return base64.b64decode(shot["data"])


@contextmanager
def _web() -> Iterator[str]:
    """The address of the web server, once it answers; as it runs for real, so that failures have their own pages."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    address = f"http://{bind}"
    real = {"DEBUG": "false", "ALLOWED_HOSTS": "127.0.0.1", "CSRF_TRUSTED_ORIGINS": address}
    with _running("manage.py", "collectstatic", "--no-input", "--verbosity", "0", **real) as collect:
        collect.wait()
    gunicorn = ["-m", "gunicorn", "stockapp.wsgi", "--bind", bind, "--threads", "8", "--log-level", "warning"]
    with _running(*gunicorn, **real):
        wait_for(lambda: _answers(f"{address}/login/"))
        yield address


def _answers(address: str) -> bool:
    try:
        with urlopen(HttpRequest(address, headers=BEHIND_PROXY)) as answer:  # noqa: S310 - our own server
            return bool(answer.status == 200)
    except URLError:
        return False


@contextmanager
def _running(*command: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env={**os.environ, **env}, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
