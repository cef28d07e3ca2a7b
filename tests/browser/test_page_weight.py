"""What the first visit of the watchlist costs a browser, from a server as it runs for real: DEBUG off, gunicorn."""

import socket
import subprocess
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_finished_job, make_user
from stockapp.environment import BASE_DIR
from tests.browser.visits import log_in
from tests.processes import environment, manage, wait_for
from watchlist.tests.make import make_list

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(600)]

MOST = 90_000
REAL = {"DEBUG": "false", "ALLOWED_HOSTS": "127.0.0.1"}


def test_the_first_visit_of_a_watchlist_of_forty_stocks_takes_less_than_90_kilobytes(
    page: Page, tmp_path: Path
) -> None:
    ann = make_user("ann")
    tickers = load_demo_market()
    make_finished_job(*tickers, requested_by=ann)
    make_list(ann, *tickers)
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, cwd=BASE_DIR, env=environment(tmp_path, **REAL), check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    finished: list[Request] = []
    page.on("requestfinished", lambda request: finished.append(request))
    page.set_extra_http_headers({"X-Forwarded-Proto": "https"})  # as the proxy in front of it says
    with manage("serve", "--bind", f"127.0.0.1:{port}", folder=tmp_path, **REAL):
        wait_for(lambda: answers(port))
        log_in(page, ann, f"http://127.0.0.1:{port}")
        page.goto(f"http://127.0.0.1:{port}/", wait_until="networkidle")
        expect(page.locator("tr[data-key]")).to_have_count(len(tickers))
        sizes = {request.url.partition(str(port))[2]: sent(request) for request in finished}
    assert not [name for name in sizes if "chart" in name]
    assert {Path(name).suffix for name in sizes} >= {".css", ".js"}
    assert sum(sizes.values()) < MOST, sizes


def sent(request: Request) -> int:
    """The bytes of an answer as they came over the wire, compressed and with their headers."""
    sizes = request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


def answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port)
    try:
        connection.request("GET", "/login/", headers={"X-Forwarded-Proto": "https"})
        return connection.getresponse().status == 200
    except ConnectionRefusedError:
        return False
    finally:
        connection.close()
