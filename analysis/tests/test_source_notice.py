"""The notice about Yahoo: when it is shown, which time it names, that polls carry it and what that costs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from analysis.models import Job, RequestPace, Stock, Worker
from analysis.pages.source_notice import SHOWN_FOR, read_source_notice
from analysis.prices.source_order import SourceOrder
from analysis.request_pace import YAHOO_PACER
from analysis.tests.make import make_job, make_result, make_user
from analysis.wait_sentences import describe_wait
from analysis.worker.slice import run_slice
from tests.yahoo_standin.server import YahooStandIn
from watchlist.tests.make import make_list

pytestmark = pytest.mark.django_db
NOW = datetime.fromisoformat("2026-11-20T11:00:10+00:00")
HTMX = {"HX-Request": "true"}
SILENT, LIMITED = "Yahoo cannot be reached", "Yahoo limits our requests"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def yahoo(settings: Settings) -> Settings:
    settings.PRICE_SOURCE, settings.PRICE_ORDER = "yahoo", SourceOrder(("yahoo",))
    return settings


def sentence() -> str | None:
    notice = read_source_notice()
    return notice.sentence if notice else None


def pages_of(name: str) -> str:
    ann = make_user(name)
    return make_list(ann, "AAPL").get_absolute_url()


def test_without_trouble_there_is_no_notice() -> None:
    assert sentence() is None
    YAHOO_PACER.before_request()
    YAHOO_PACER.record_success()
    assert sentence() is None


def test_a_limit_is_named_until_an_answer_comes(clock: Any, settings: Settings) -> None:
    settings.LIMIT_PAUSE_SECONDS = 120
    YAHOO_PACER.record_limit()
    assert sentence() == f"{LIMITED}; next attempt at 11:03."
    clock.shift(119)
    assert sentence() == f"{LIMITED}; next attempt at 11:02:10."
    clock.shift(5)
    assert sentence() == f"{LIMITED}; next attempt now."
    YAHOO_PACER.before_request()
    clock.shift(30)
    assert sentence() == f"{LIMITED}; next attempt now."
    YAHOO_PACER.record_success()
    assert sentence() is None


def test_where_nothing_is_requested_after_a_pause_the_notice_names_no_time_and_goes(
    clock: Any, settings: Settings
) -> None:
    settings.LIMIT_PAUSE_SECONDS = 60
    YAHOO_PACER.record_limit()
    clock.shift(180)
    assert sentence() == f"{LIMITED}; next attempt with the next analysis."
    clock.shift(SHOWN_FOR)
    assert sentence() is None


def test_the_first_request_without_an_answer_is_shown_with_the_time_of_the_next(standin: YahooStandIn) -> None:
    standin.go_down(600)
    job = make_job("AAPL")
    run_slice(str(job.pk))
    assert sentence() == f"{SILENT}; next attempt at 11:00:15."
    (detail,) = job.details.all()
    assert describe_wait(detail.wait_reason, detail.not_before) == sentence()


def test_a_stock_that_alone_has_no_answer_brings_no_notice(standin: YahooStandIn) -> None:
    run_slice(str(make_job("BROKEN.NS").pk))
    assert sentence() is None


FILES_HELP = "Stocks that have a price file are analysed from it"
ORDERS = {
    "beside": SourceOrder(("yahoo", "csv")),
    "behind": SourceOrder(("csv", "yahoo")),
    "elsewhere": SourceOrder(("csv",), {"US": ("csv", "yahoo")}),
    "apart": SourceOrder(("csv",), {"US": ("yahoo",)}),
}


@pytest.mark.parametrize("name", ORDERS)
def test_yahoo_anywhere_in_an_order_brings_the_notice_and_files_in_the_same_order_are_named(
    name: str, settings: Settings, client: Client
) -> None:
    order = ORDERS[name]
    settings.PRICE_SOURCE, settings.PRICE_ORDER = order.default[0], order
    make_list(ann := make_user("ann"), "AAPL")
    client.force_login(ann)
    for _ in range(3):
        YAHOO_PACER.record_silence()
    text = client.get("/stocks/AAPL/").text
    assert SILENT in text
    assert (FILES_HELP in text) == (name != "apart")
    assert ("instead of Yahoo, or beside it" in text) == (name == "apart")
    RequestPace.objects.all().delete()
    YAHOO_PACER.record_limit()
    text = client.get("/stocks/AAPL/").text
    assert FILES_HELP not in text
    assert ("instead of Yahoo, or beside it" in text) == (name == "apart")


@pytest.mark.parametrize("is_staff", [True, False])
def test_the_second_line_fits_the_reason_the_page_and_the_reader(client: Client, is_staff: bool) -> None:
    client.force_login(ann := make_user("ann", is_staff=is_staff))
    watchlist = make_list(ann, "AAPL")
    YAHOO_PACER.record_limit()
    text = client.get(watchlist.get_absolute_url()).text
    assert "Stored verdicts" in text
    assert ("docs/price-files.md" in text) == is_staff
    assert ("Your administrator can use price files" in text) != is_staff
    page = client.get("/stocks/AAPL/").text
    address = poll_of(page, reverse("analysis:source_notice")).replace("seen=", "seen=x")
    for text in (page, client.get(address, headers=HTMX).text):
        assert LIMITED in text
        assert "Stored verdicts" not in text
    make_result(Stock.objects.get())
    assert "Stored verdicts" in client.get("/stocks/AAPL/").text
    RequestPace.objects.update(reason="odd")
    text = client.get("/stocks/AAPL/").text
    assert ("An administrator should update the application." in text) != is_staff
    assert "price files" not in text


def test_a_stock_whose_exchange_has_no_yahoo_does_not_show_it(settings: Settings, client: Client) -> None:
    settings.PRICE_ORDER = SourceOrder(("yahoo",), {"NSE": ("csv",)})
    make_list(ann := make_user("ann"), "AAPL", "TCS.NS")
    client.force_login(ann)
    YAHOO_PACER.record_limit()
    assert LIMITED in client.get("/stocks/AAPL/").text
    assert LIMITED not in client.get("/stocks/TCS.NS/").text


@pytest.mark.parametrize("source", ["csv", "demo"])
def test_where_prices_do_not_come_from_yahoo_there_is_no_notice_and_no_query(
    source: str, settings: Settings, django_assert_num_queries: Any
) -> None:
    YAHOO_PACER.record_limit()
    settings.PRICE_SOURCE, settings.PRICE_ORDER = source, SourceOrder((source,))
    with django_assert_num_queries(0):
        assert read_source_notice() is None


PAGES = ["watchlist", "stock", "jobs", "job", "screener", "bulk"]


def address_of(name: str, watchlist: str, job: Job) -> str:
    addresses = {
        "watchlist": watchlist,
        "stock": "/stocks/AAPL/",
        "jobs": reverse("analysis:jobs"),
        "job": job.get_absolute_url(),
        "screener": reverse("screener:screener"),
        "bulk": reverse("analysis:confirm_bulk"),
    }
    return addresses[name]


@pytest.mark.parametrize("name", PAGES)
def test_pages_of_stocks_show_it_with_what_works_meanwhile_for_one_query(name: str, client: Client) -> None:
    ann = make_user("ann", is_staff=True)
    client.force_login(ann)
    watchlist, job = make_list(ann, "AAPL").get_absolute_url(), make_job("AAPL", requested_by=ann)
    address = address_of(name, watchlist, job)
    with CaptureQueriesContext(connection) as before:
        text = client.get(address).text
    assert SILENT not in text
    for _ in range(3):
        YAHOO_PACER.record_silence()
    with CaptureQueriesContext(connection) as after:
        text = client.get(address).text
    assert f"<strong>{SILENT}; next attempt at 11:00:15.</strong>" in text
    assert ("Stored verdicts stay visible" in text) == (name != "stock")  # it has no verdict yet
    assert sum("analysis_requestpace" in query["sql"] for query in after) == 1
    assert len(after) <= len(before)


def test_other_pages_and_those_of_demo_stocks_do_not_show_it(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    make_list(ann, "KAVERI.DEMO")
    YAHOO_PACER.record_limit()
    for address in ("/stocks/KAVERI.DEMO/", reverse("accounts:account")):
        assert LIMITED not in client.get(address).text


def poll_of(text: str, start: str = "") -> str:
    stamp = '[^"]*' if start else '[^"]+'
    found = re.search(rf'hx-get="({start}[^"]+seen={stamp})"', text)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("name", ["watchlist", "stock", "job"])
def test_the_polls_of_an_analysis_carry_it_when_it_comes_and_when_it_goes(name: str, client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    Worker.objects.create(host="a", pid=1)
    watchlist, job = make_list(ann, "AAPL").get_absolute_url(), make_job("AAPL", requested_by=ann)
    address = poll_of(client.get(address_of(name, watchlist, job)).text)
    assert client.get(address, headers=HTMX).status_code == 204
    YAHOO_PACER.record_limit()
    answer = client.get(address, headers=HTMX)
    assert answer.text.count(LIMITED) == (1 if name == "job" else 2)  # the notice, and beside the stock
    live = re.search(r'id="live".*?>', answer.text, re.DOTALL)
    assert live
    address = poll_of(live[0])
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address, headers=HTMX).status_code == 204
    assert sum("analysis_requestpace" in query["sql"] for query in queries) == 1
    RequestPace.objects.all().delete()
    answer = client.get(address, headers=HTMX)
    assert (answer.status_code, LIMITED in answer.text) == (200, False)
    assert 'id="source-notice"' in answer.text


def test_where_nothing_is_analysed_the_notice_itself_polls_often_only_while_there_is_one(client: Client) -> None:
    ann = make_user("ann")
    client.force_login(ann)
    text = client.get(make_list(ann, "AAPL").get_absolute_url()).text
    for seconds in (60, 5, 60):
        part = re.search(r'id="source-notice".*?>', text, re.DOTALL)
        assert part
        assert f'hx-trigger="every {seconds}s"' in part[0]
        address = poll_of(text, reverse("analysis:source_notice"))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address, headers=HTMX).status_code == 204
        assert len(queries) == 3  # two of them are the session's and the user's
        if seconds == 60:
            YAHOO_PACER.record_limit()
        else:
            RequestPace.objects.all().delete()
        answer = client.get(address, headers=HTMX)
        assert (answer.status_code, LIMITED in answer.text) == (200, seconds == 60)
        text = answer.text


def test_an_open_page_that_polls_for_it_does_not_prolong_the_session(client: Client, clock: Any) -> None:
    client.force_login(make_user("ann"))
    ends = Session.objects.get().expire_date
    for _ in range(4):
        clock.shift(timedelta(days=3))
        assert client.get(reverse("analysis:source_notice"), headers=HTMX).status_code == 200
        assert Session.objects.get().expire_date == ends
    clock.shift(timedelta(days=3))
    assert client.get(reverse("analysis:source_notice")).status_code == 302


def test_where_no_prices_come_from_yahoo_no_page_asks_for_the_notice(client: Client, settings: Settings) -> None:
    settings.PRICE_ORDER = SourceOrder(("csv",))
    ann = make_user("ann")
    client.force_login(ann)
    assert reverse("analysis:source_notice") not in client.get(make_list(ann, "AAPL").get_absolute_url()).text


def waits(text: str) -> list[str]:
    return [unescape(wait) for wait in re.findall(r'<p class="wait">(.*?)</p>', text)]


def test_a_stock_that_is_added_during_a_pause_says_so_at_once_and_looks_again_soon(client: Client) -> None:
    client.force_login(ann := make_user("ann"))
    Worker.objects.create(host="a", pid=1)
    watchlist = make_list(ann)
    YAHOO_PACER.record_limit()
    address = reverse("watchlist:add", args=[watchlist.pk])
    text = client.post(address, {"ticker": "TCS.NS KAVERI.DEMO"}, headers=HTMX).text
    assert waits(text) == [f"{LIMITED}; next attempt at 11:02.", "Waiting for a worker."]
    assert 'hx-trigger="load delay:700ms, every 2s"' in text
    assert 'hx-trigger="every 2s"' in client.get(watchlist.get_absolute_url()).text


@pytest.mark.parametrize(("own", "attempt"), [(20, "11:02"), (300, "11:06")])
def test_a_row_names_the_later_of_its_own_wait_and_the_pause_in_the_words_of_the_notice(
    own: int, attempt: str, client: Client
) -> None:
    client.force_login(ann := make_user("ann"))
    watchlist, _ = make_list(ann, "AAPL"), make_job("AAPL", requested_by=ann)
    until = NOW + timedelta(seconds=own)
    Stock.objects.update(last_wait="Yahoo did not answer: status 500", last_wait_until=until)
    YAHOO_PACER.record_limit()
    for address in (watchlist.get_absolute_url(), "/stocks/AAPL/"):
        assert waits(client.get(address).text) == [f"{LIMITED}; next attempt at {attempt}."]
    Stock.objects.update(last_wait="Waiting for its turn at 1 request a second")
    expected = LIMITED if own < 60 else "Waiting for its turn at 1 request a second"
    assert waits(client.get("/stocks/AAPL/").text) == [f"{expected}; next attempt at {attempt}."]


def test_once_yahoo_answers_again_a_stock_whose_time_has_come_waits_for_a_worker(client: Client, clock: Any) -> None:
    client.force_login(ann := make_user("ann"))
    Worker.objects.create(host="a", pid=1)
    watchlist, _ = make_list(ann, "AAPL"), make_job("AAPL", requested_by=ann)
    Stock.objects.update(last_wait=SILENT, last_wait_until=NOW + timedelta(seconds=5))
    assert waits(client.get(watchlist.get_absolute_url()).text) == [f"{SILENT}; next attempt at 11:00:15."]
    clock.shift(6)
    for address in (watchlist.get_absolute_url(), "/stocks/AAPL/"):
        assert waits(client.get(address).text) == ["Waiting for a worker."]


def test_everybody_who_is_logged_in_gets_the_notice_and_nobody_else(client: Client) -> None:
    YAHOO_PACER.record_limit()
    address = reverse("analysis:source_notice")
    for name in ("ann", "bob"):
        client.force_login(make_user(name))
        assert LIMITED in client.get(address).text
    client.logout()
    assert client.get(address).headers["Location"].startswith(reverse("login"))


def test_a_pause_until_tomorrow_names_the_day_in_the_notice_the_row_and_on_the_job(
    client: Client, standin: YahooStandIn
) -> None:
    standin.limit(60, retry_after="36000")
    client.force_login(ann := make_user("ann", time_zone="Asia/Kolkata"))
    watchlist, job = make_list(ann, "AAPL").get_absolute_url(), make_job("AAPL", requested_by=ann)
    run_slice(str(job.pk))
    attempt = "next attempt at 02:31 on 21 Nov."  # 21:00 in UTC, still on 20 November
    for address in (watchlist, "/stocks/AAPL/", job.get_absolute_url()):
        text = client.get(address).text
        assert text.count(f"{LIMITED}; {attempt}") == 2  # in the notice and beside the stock
        assert "after the pause until 02:31 on 21 Nov" in text or address != job.get_absolute_url()


def test_its_time_is_in_the_zone_of_the_reader(client: Client, settings: Settings) -> None:
    settings.LIMIT_PAUSE_SECONDS = 120
    YAHOO_PACER.record_limit()
    client.force_login(make_user("ann", time_zone="Asia/Kolkata"))
    assert f"{LIMITED}; next attempt at 16:33." in client.get(reverse("analysis:source_notice")).text
    assert timezone.get_current_timezone_name() == "UTC"
