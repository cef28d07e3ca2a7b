"""Requests that no page of ours makes: odd tickers, identifiers, headers and texts are met with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client
from django.urls import reverse

from analysis.models import Stock
from analysis.tests.make import make_stock
from stockapp.accounts.models import User
from watchlist.models import Screen
from watchlist.tests.make import make_list, url

pytestmark = pytest.mark.django_db

FORM = "application/x-www-form-urlencoded"
TICKERS = [
    "../../etc/passwd", "..", ".", "<script>alert(1)</script>", "A" * 2_000, "ΑΠΠΛ", "टाटा.NS", "AAPL\0", "A B", "'--",
    "%", "%2e%2e", "AAPL;DROP TABLE", "＝1", "\u202eAAPL", "AAPL\n", "{{7*7}}",
]  # fmt: skip
ROUTES = [
    "/stocks/{}/", "/stocks/{}/live/", "/stocks/{}/series/", "/stocks/{}/indicators/rsi/", "/stocks/{}/previous/",
    "/stocks/{}/next/", "/watchlists/{pk}/rows/{}/", "/api/stocks/{}", "/api/stocks/{}/plan", "/api/stocks/{}/results",
    "/api/stocks/{}/results/2026-11-20",
]  # fmt: skip


@pytest.fixture
def ann(client: Client) -> User:
    user = User.objects.create(username="ann")
    client.force_login(user)
    client.raise_request_exception = False
    return user


def is_in_order(answer: Any) -> bool:
    """No error of the server, and nothing alive from the request in what a browser takes for a page."""
    body = answer.content.decode(errors="replace")
    is_page = answer.headers.get("Content-Type", "").startswith("text/html")
    return answer.status_code < 500 and not (is_page and "<script>alert" in body)


@pytest.mark.parametrize("route", ROUTES)
def test_a_ticker_that_is_none_is_not_there(client: Client, ann: User, route: str) -> None:
    mine = make_list(ann, "KAVERI.DEMO")
    for ticker in TICKERS:
        address = route.replace("{pk}", str(mine.pk)).replace("{}", quote(ticker, safe=""))
        answer = client.get(address)
        assert answer.status_code in {404, 422}, (address, answer.status_code)
        assert is_in_order(answer), address


@pytest.mark.parametrize("route", ["/stocks/{}/", "/stocks/{}/live/", "/watchlists/{pk}/rows/{}/?open=M%26M.NS"])
def test_odd_tickers_that_exist_have_their_pages(client: Client, ann: User, route: str) -> None:
    mine = make_list(ann, "M&M.NS", "BAJAJ-AUTO.NS", "^NSEI", "INR=X")
    for ticker in ("M&M.NS", "BAJAJ-AUTO.NS", "^NSEI", "INR=X", "m&m.ns"):
        address = route.replace("{pk}", str(mine.pk)).replace("{}", quote(ticker, safe=""))
        assert client.get(address).status_code in {200, 286, 302}, address


def test_an_account_without_stocks_is_led_nowhere_by_a_ticker_that_is_none(client: Client, ann: User) -> None:
    for ticker in TICKERS:
        assert client.get(f"/stocks/{quote(ticker, safe='')}/next/").status_code == 404, ticker


def test_a_ticker_that_no_address_can_hold_is_not_made_in_the_admin(client: Client) -> None:
    client.force_login(User.objects.create(username="dee", is_staff=True, is_superuser=True))
    answer = client.post(reverse("admin:analysis_stock_add"), {"ticker": "../<script>", "name": "X"})
    assert "is not a ticker" in answer.text
    assert not Stock.objects.exists()


def odd_forms(pk: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for text in ("\0", "\ud800", "x" * 5_000, "=cmd|'/C calc'!A0", "<script>alert(1)</script>", "9" * 30, "-1"):
        yield f"/watchlists/{pk}/add/", {"ticker": text}
        yield f"/watchlists/{pk}/note/", {"note": text, f"note-{text}": text}
        yield f"/watchlists/{pk}/note/", {"note": text}
        yield f"/watchlists/{pk}/note/", {"note": "KAVERI.DEMO", "note-KAVERI.DEMO": text}
        yield f"/watchlists/{pk}/remove/", {"remove": text}
        yield f"/watchlists/{pk}/restore/", {"removed": text}
        yield f"/watchlists/{pk}/move/", {"move": text, "by": text, "before": text}
        yield f"/watchlists/{pk}/analyze/", {"one": text}
        yield f"/watchlists/{pk}/analyze/", {"tickers": [text]}
        yield f"/watchlists/{pk}/shift/", {"way": text}
        yield f"/watchlists/{pk}/rename/", {"name": text}
        yield f"/watchlists/{pk}/import/", {"text": text}
        yield f"/watchlists/{pk}/import/confirm/", {"text": text, "tickers": [text]}
        yield "/watchlists/new/", {"name": text}
        yield "/screener/add/", {"tickers": [text], "watchlist": text, "query": text}
        yield "/screener/add/", {"tickers": [text]}
        yield "/screener/screens/", {"name": text, "query": text}
        yield "/stocks/KAVERI.DEMO/indicators/", {"name": text, "instead_of": text}
        yield "/stocks/KAVERI.DEMO/indicators/hide/", {"slug": text}
        yield "/account/", {"capital": text, "strategy": text}
        yield "/account/tokens/new/", {"name": text, "scope": text, "days": text}
        yield "/account/digest/", {"by_url": "on", "url": text, "email": text}
        yield "/theme/", {"theme": text, "next": text}
        yield "/jobs/bulk/start/", {"index": text}
        yield "/login/", {"username": text, "password": text}


def test_no_text_in_a_form_is_an_error_of_the_server(client: Client, ann: User) -> None:
    pk = make_list(ann, "KAVERI.DEMO").pk
    wrong = [
        (address, data)
        for address, data in odd_forms(pk)
        if not is_in_order(client.post(address, urlencode(data, True, errors="surrogatepass"), content_type=FORM))
    ]
    assert not wrong


@pytest.mark.parametrize(
    "address",
    [
        "/stocks/?q={}", "/?q={}", "/jobs/?q={}&page={}&status={}&order={}", "/screener/?q={}&score_min={}&page={}",
        "/screener/?screen={}&sort={}&columns={}", "/screener/export.csv?q={}&since={}", "/track-record/?strategy={}",
        "/indicators/?name={}", "/account/example/?capital={}", "/digest/unsubscribe/{}/", "/admin/login/?next={}",
        "/digest/confirm/{}/",
        "/stocks/KAVERI.DEMO/series/?all={}", "/stocks/KAVERI.DEMO/indicators/rsi/?length={}", "/login/?next={}",
        "/stocks/KAVERI.DEMO/next/?list={}", "/api/stocks?q={}&cursor={}", "/api/jobs?status={}&limit={}",
        "/api/results?day={}", "/api/screener?score_min={}&index={}&cursor={}", "/api/watchlists/{}", "/api/jobs/{}",
        "/watchlists/{}/", "/screener/screens/{}/", "/jobs/{}/", "/jobs/bulk/?index={}",
    ],
)  # fmt: skip
def test_no_text_in_an_address_is_an_error_of_the_server(client: Client, ann: User, address: str) -> None:
    make_stock("KAVERI.DEMO")
    for text in ("\0", "%", "<script>alert(1)</script>", "9" * 30, "-1", "x" * 3_000, "NaN", "1e999", "é", "\ufffe"):
        assert is_in_order(client.get(address.replace("{}", quote(text, safe="")))), (address, text)
    assert is_in_order(client.get(address.replace("{}", "%ff%fe")))


@pytest.mark.parametrize("current", ["http://[", "//[::1", "javascript:alert(1)", "\\\\x", "http://testserver/?q=%00"])
def test_no_address_that_htmx_may_name_is_an_error_of_the_server(client: Client, ann: User, current: str) -> None:
    mine = make_list(ann, "KAVERI.DEMO")
    headers = {"HX-Request": "true", "HX-Current-URL": current, "Referer": current}
    for name, data in (("note", {"note": "KAVERI.DEMO"}), ("remove", {"remove": "KAVERI.DEMO"})):
        assert client.post(url(name, mine), data, headers=headers).status_code == 200


def test_a_screen_stays_as_short_as_what_it_asks(client: Client, ann: User) -> None:
    """A question may repeat itself; what is kept of it does not, and fits its column on every database."""
    answer = client.post(reverse("screener:create"), {"name": "Long", "query": "&".join(["verdict=buy"] * 1_000)})
    assert answer.status_code == 302
    assert Screen.objects.get().query == "verdict=buy"
