from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.models import Job, JobDetail, Stock, StockStatus, Worker
from analysis.tests.make import make_job, make_result, make_stock, make_user
from analysis.worker.claim import claim
from analysis.worker.slice import run_slice
from watchlist.models import Watchlist
from watchlist.tests.make import HTMX, make_list, tickers_of, url

if TYPE_CHECKING:
    from stockapp.accounts.models import User

pytestmark = pytest.mark.django_db


def test_a_first_visit_makes_a_first_list(client: Client, ann: User) -> None:
    answer = client.get("/", follow=True)
    assert Watchlist.objects.get(owner=ann).name == "Watchlist"
    assert "No stocks yet" in answer.text
    client.get("/")
    assert Watchlist.objects.count() == 1


def test_a_row_shows_the_figures_and_the_plan_for_this_user(client: Client, ann: User) -> None:
    make_result(make_stock("M&M.NS", name="Mahindra"), day=date(2025, 11, 20))
    watchlist = make_list(ann, "M&M.NS")
    text = client.get(url("watchlist", watchlist)).text
    assert f'href="/stocks/M&amp;M.NS/?list={watchlist.pk}"' in text
    assert 'value="M&amp;M.NS"' in text
    for shown in ("Mahindra", "₹100.00", "+2.04%", "Buy", "+30", "₹95.00", "200 shares", "sessions late"):
        assert shown in text, shown


def test_a_row_is_marked_where_the_data_had_findings(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"), finding_count=2)
    make_result(make_stock("B.NS"))
    text = client.get(url("watchlist", make_list(ann, "A.NS", "B.NS"))).text
    assert text.count("badge-data") == 1
    assert "2 data findings" in text
    assert "2 findings about the bars behind this result" in text


def test_a_held_back_verdict_shows_the_raw_one(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"), raw_verdict="neutral", score=0.05)
    assert "raw: Neutral" in client.get(url("watchlist", make_list(ann, "A.NS"))).text


def test_a_short_is_not_planned_for_somebody_who_trades_long_only(client: Client, ann: User) -> None:
    short: dict[str, Any] = {"verdict": "sell", "raw_verdict": "sell", "side": "short", "stop": 105.0, "target": 90.0}
    make_result(make_stock("A.NS"), **short)
    watchlist = make_list(ann, "A.NS")
    text = client.get(url("watchlist", watchlist)).text
    assert "Exit or avoid" in text
    assert "₹105.00" not in text
    get_user_model().objects.update(long_only=False)
    assert "₹105.00" in client.get(url("watchlist", watchlist)).text


def test_a_failed_row_keeps_its_figures_and_offers_to_retry(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"))
    Stock.objects.update(
        last_status=StockStatus.FAILED, last_error="The source is down.", last_analyzed_at=timezone.now()
    )
    text = client.get(url("watchlist", make_list(ann, "A.NS"))).text
    assert "The source is down." in text
    assert "Retry A.NS" in text
    assert "₹100.00" in text
    assert "(1 failed) Mine" in text


def test_a_row_that_waits_for_its_source_says_why_and_until_when(client: Client, ann: User) -> None:
    until = timezone.now().replace(second=0, microsecond=0) + timedelta(minutes=2)
    wait = {"last_wait": "Yahoo limits our requests", "last_wait_until": until}
    stock = make_stock("A.NS", last_status=StockStatus.QUEUED, **wait)
    watchlist = make_list(ann, "A.NS")
    for page in (url("watchlist", watchlist), stock.get_absolute_url()):
        assert f"Yahoo limits our requests; next attempt at {until:%H:%M}" in client.get(page).text
    Stock.objects.update(last_wait_until=timezone.now())
    for page in (url("watchlist", watchlist), stock.get_absolute_url()):
        assert "next attempt" not in client.get(page).text


@pytest.mark.parametrize("rows", [1, 50, 500])
def test_the_page_takes_seven_queries_however_long_the_list(
    client: Client, ann: User, rows: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    tickers = [f"S{n}.NS" for n in range(rows)]
    watchlist = make_list(ann, *tickers)
    for stock in Stock.objects.all():
        make_result(stock)
    with django_assert_max_num_queries(7):
        assert client.get(url("watchlist", watchlist)).status_code == 200


def test_adding_a_stock_analyses_it_for_the_first_time(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    answer = client.post(url("add", watchlist), {"ticker": " kaveri.demo "}, follow=True)
    assert tickers_of(watchlist) == ["KAVERI.DEMO"]
    assert "KAVERI.DEMO is on “Mine” now." in answer.text
    assert Job.objects.get().requested_by == ann
    assert Stock.objects.get().last_status == StockStatus.QUEUED


def test_a_stock_that_has_been_analysed_is_not_analysed_again_when_added(client: Client, ann: User) -> None:
    make_result(make_stock("A.NS"))
    jobs = Job.objects.count()
    client.post(url("add", make_list(ann)), {"ticker": "A.NS"})
    assert Job.objects.count() == jobs


def test_adding_twice_says_so(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS")
    answer = client.post(url("add", watchlist), {"ticker": "a.ns"}, follow=True)
    assert "A.NS is on “Mine” already." in answer.text
    assert tickers_of(watchlist) == ["A.NS"]


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("ticker", ["not a ticker", "<script>", "INE002A01018", "A" * 21])
def test_a_malformed_ticker_is_refused_and_kept_in_the_field(
    client: Client, ann: User, headers: dict[str, str], ticker: str
) -> None:
    watchlist = make_list(ann)
    answer = client.post(url("add", watchlist), {"ticker": ticker}, headers=headers)
    assert answer.status_code == 422
    assert "ive its ticker" in answer.text or "is not a ticker" in answer.text
    assert answer.context["add_form"]["ticker"].value() == ticker
    assert "<script>alert" not in answer.text
    assert not Stock.objects.exists()


def test_the_form_comes_back_empty_with_the_new_row_beside_it(client: Client, ann: User) -> None:
    answer = client.post(url("add", make_list(ann)), {"ticker": "KAVERI.DEMO"}, headers=HTMX)
    assert answer.status_code == 200
    assert 'id="add"' in answer.text
    assert answer.text.count('hx-swap-oob="true"') == 4
    assert 'data-key="KAVERI.DEMO"' in answer.text
    assert 'data-added="KAVERI.DEMO"' in answer.text
    assert "<html" not in answer.text


def test_without_scripts_the_page_comes_back_at_the_new_row(client: Client, ann: User) -> None:
    make_list(ann, "A.NS")
    answer = client.post(reverse("watchlist:watch"), {"ticker": "M&M.NS, TCS.NS"})
    assert answer.headers["Location"].endswith("#row-M%26M.NS")


def test_a_new_row_that_the_filters_hide_is_named(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS")
    headers = HTMX | {"HX-Current-URL": f"http://testserver{watchlist.get_absolute_url()}?verdict=buy"}
    answer = client.post(url("add", watchlist), {"ticker": "TCS.NS"}, headers=headers)
    shown = f"{watchlist.get_absolute_url()}#row-TCS.NS"
    message = f'TCS.NS is on “Mine” now. The filters hide TCS.NS (queued). <a href="{shown}">Show it</a>'
    assert message in answer.text
    assert answer.text.count('class="notice notice-') - answer.text.count("Waiting for a worker:") == 1


def test_several_new_rows_that_the_filters_hide_are_counted_and_names_are_escaped(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS", name="<b>")
    headers = HTMX | {"HX-Current-URL": f"http://testserver{watchlist.get_absolute_url()}?verdict=buy&sort=ticker"}
    answer = client.post(url("add", watchlist), {"ticker": "TCS.NS, INFY.NS"}, headers=headers)
    assert "are on “&lt;b&gt;” now. The filters hide 2 of them. <a" in answer.text
    assert f'{watchlist.get_absolute_url()}?sort=ticker#row-TCS.NS">Show them</a>' in answer.text


def test_a_row_has_one_button_to_analyse_it_and_one_whole_list_of_failures_one_too(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS")
    text = client.get(url("watchlist", watchlist)).text
    assert text.count('name="one"') == 2
    Stock.objects.filter(pk="A.NS").update(last_status=StockStatus.FAILED, last_error="Not found.")
    text = client.get(url("watchlist", watchlist)).text
    assert (text.count('name="one"'), text.count('aria-label="Retry A.NS"')) == (2, 1)
    assert "Retry 1 failed" in text
    Stock.objects.update(last_status=StockStatus.FAILED, last_error="Not found.")
    text = client.get(url("watchlist", watchlist)).text
    assert ("Analyse all" in text, "Retry 2 failed" in text) == (True, False)


def test_removing_can_be_undone_with_note_and_place(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS", "C.NS")
    watchlist.items.filter(stock="B.NS").update(note="watch the results")
    answer = client.post(url("remove", watchlist), {"remove": "B.NS"}, follow=True)
    assert "Removed B.NS" in answer.text
    assert tickers_of(watchlist) == ["A.NS", "C.NS"]
    client.post(url("undo", watchlist), {"undo": answer.context["change"].pk})
    assert tickers_of(watchlist) == ["A.NS", "B.NS", "C.NS"]
    assert watchlist.items.get(stock="B.NS").note == "watch the results"


def test_a_forged_undo_restores_nothing(client: Client, ann: User) -> None:
    watchlist = make_list(ann)
    answer = client.post(url("undo", watchlist), {"undo": "forged"}, follow=True)
    assert "cannot be undone any more" in answer.text


def test_an_undo_works_on_its_own_list_only(client: Client, ann: User) -> None:
    one, two = make_list(ann, "A.NS"), make_list(ann, name="Other")
    change = client.post(url("remove", one), {"remove": "A.NS"}, headers=HTMX).context["change"]
    client.post(url("undo", two), {"undo": change.pk})
    assert not two.items.exists()


def test_removing_what_is_not_there_changes_nothing(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS")
    assert client.post(url("remove", watchlist), {"remove": "B.NS"}).status_code == 302
    assert tickers_of(watchlist) == ["A.NS"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"all": "all", "tickers": ["A.NS"]}, ["A.NS", "B.NS", "C.NS"]),
        ({"tickers": ["A.NS", "C.NS"]}, ["A.NS", "C.NS"]),
        ({"tickers": ["A.NS", "C.NS"], "one": "B.NS"}, ["B.NS"]),
    ],
)
def test_all_the_ticked_or_one_are_analysed(
    client: Client, ann: User, form: dict[str, object], expected: list[str]
) -> None:
    watchlist = make_list(ann, "A.NS", "B.NS", "C.NS")
    assert client.post(url("analyze", watchlist), form).status_code == 302
    job = Job.objects.get()
    assert sorted(job.details.values_list("stock_id", flat=True)) == expected
    assert (job.source, job.requested_by) == ("watchlist", ann)


def test_to_analyse_the_ticked_there_must_be_some(client: Client, ann: User) -> None:
    answer = client.post(url("analyze", make_list(ann, "A.NS")), {})
    assert answer.status_code == 422
    assert "No stocks given." in answer.text
    assert not Job.objects.exists()


def test_a_stock_that_is_not_on_the_list_is_not_analysed_through_it(client: Client, ann: User) -> None:
    answer = client.post(url("analyze", make_list(ann, "A.NS")), {"one": "EVIL.NS"})
    assert answer.status_code == 422
    assert "EVIL.NS is not on this list." in answer.text
    assert not Job.objects.exists()


def test_an_empty_list_cannot_be_analysed(client: Client, ann: User) -> None:
    answer = client.post(url("analyze", make_list(ann)), {"all": "all"}, headers=HTMX)
    assert answer.status_code == 422
    assert "No stocks given." in answer.text


def test_analysing_twice_leads_to_one_job(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS")
    client.post(url("analyze", watchlist), {"all": "all"})
    answer = client.post(url("analyze", watchlist), {"all": "all"}, follow=True)
    assert "That is being analysed already." in answer.text
    assert Job.objects.count() == 1


def test_the_page_polls_while_something_is_analysed_and_then_stops(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "KAVERI.DEMO", "VANQUAY.DEMO")
    answer = client.post(url("analyze", watchlist), {"all": "all"}, headers=HTMX)
    assert 'hx-trigger="every 2s"' in answer.text
    assert "0 of 2 done" in answer.text
    poll = client.get(url("rows", watchlist), headers=HTMX)
    assert poll.status_code == 200
    run_slice(str(Job.objects.get().pk))
    last = client.get(url("rows", watchlist), headers=HTMX)
    assert last.status_code == 286
    assert "every 2s" not in last.text
    assert "Analysis finished. 1 stock failed." in last.text
    assert "every 2s" not in client.get(url("watchlist", watchlist)).text


def test_only_failures_of_the_analysis_that_ended_are_announced(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "KAVERI.DEMO", "VANQUAY.DEMO")
    client.post(url("analyze", watchlist), {"all": "all"}, headers=HTMX)
    run_slice(str(Job.objects.get().pk))
    assert "Analysis finished. 1 stock failed." in client.get(url("rows", watchlist), headers=HTMX).text
    client.post(url("analyze", watchlist), {"one": "KAVERI.DEMO"}, headers=HTMX)
    run_slice(str(Job.objects.active().get().pk))
    last = client.get(url("rows", watchlist), headers=HTMX).text
    assert "Analysis finished." in last
    assert "1 stock failed" not in last
    assert "Retry 1 failed" in last


def test_waiting_without_a_worker_is_said(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS")
    pages = (url("watchlist", watchlist), reverse("analysis:stock", args=["A.NS"]))
    for page in pages:
        assert "No worker is running." not in client.get(page).text
    client.post(url("analyze", watchlist), {"all": "all"})
    for page in pages:
        assert "No worker is running." in client.get(page).text
    Worker.objects.create(host="here", pid=1)
    for page in pages:
        text = client.get(page).text
        assert ("No worker is running." in text, "Waiting for a worker." in text) == (False, True)


def test_a_stock_in_work_says_since_when(client: Client, ann: User) -> None:
    watchlist, job = make_list(ann, "A.NS"), make_job("A.NS", requested_by=ann)
    assert claim(job.pk, uuid4())
    since = timezone.localtime(job.details.get().started_at)
    for page in (url("watchlist", watchlist), reverse("analysis:stock", args=["A.NS"])):
        assert f"In work since {since:%H:%M}." in client.get(page).text


def test_a_new_list_is_made_and_shown(client: Client, ann: User) -> None:
    make_list(ann)
    answer = client.post(reverse("watchlist:create"), {"name": "Banks"}, follow=True)
    assert answer.context["watchlist"] == Watchlist.objects.get(owner=ann, name="Banks", position=1)


@pytest.mark.parametrize(("name", "problem"), [("", "Give the list a name."), ("mine", "already")])
def test_a_list_without_a_name_of_its_own_is_refused(client: Client, ann: User, name: str, problem: str) -> None:
    make_list(ann)
    answer = client.post(reverse("watchlist:create"), {"name": name})
    assert answer.status_code == 422
    assert problem in answer.text
    assert Watchlist.objects.count() == 1


def test_two_people_may_call_their_lists_alike(client: Client, ann: User) -> None:
    make_list(make_user("bob"))
    assert client.post(reverse("watchlist:create"), {"name": "Mine"}).status_code == 302


def test_a_stock_can_be_watched_from_anywhere(client: Client, ann: User) -> None:
    client.post(reverse("watchlist:watch"), {"ticker": "KAVERI.DEMO"})
    assert tickers_of(Watchlist.objects.get(owner=ann)) == ["KAVERI.DEMO"]


ACTS = [
    ("get", "watchlist", {}),
    ("get", "rows", {}),
    ("post", "add", {"ticker": "B.NS"}),
    ("post", "remove", {"remove": "A.NS"}),
    ("post", "move_to", {"tickers": "A.NS", "target": "new", "name": "New"}),
    ("post", "copy_to", {"tickers": "A.NS", "target": "new", "name": "Newer"}),
    ("post", "undo", {"undo": "1"}),
    ("post", "analyze", {"all": "all"}),
    ("post", "move", {"move": "A.NS", "by": "1"}),
    ("post", "note", {"note": "A.NS", "note-A.NS": "mine"}),
    ("post", "add_demo_market", {}),
    ("post", "rename", {"name": "Other"}),
    ("post", "shift", {"way": "1"}),
    ("get", "delete", {}),
    ("get", "import", {}),
    ("post", "import", {"text": "C.NS"}),
    ("post", "confirm_import", {"text": "C.NS", "tickers": "C.NS"}),
    ("get", "export_csv", {}),
    ("get", "export_xlsx", {}),
]


@pytest.mark.parametrize(("method", "name", "data"), ACTS)
def test_a_list_is_its_owners_alone(client: Client, method: str, name: str, data: dict[str, str]) -> None:
    owner = make_user("ann")
    watchlist = make_list(owner, "A.NS")
    address = url(name, watchlist)
    assert getattr(client, method)(address, data).headers["Location"].startswith(reverse("login"))
    client.force_login(make_user("bob"))
    assert getattr(client, method)(address, data).status_code == 404
    assert tickers_of(watchlist) == ["A.NS"]
    client.force_login(owner)
    assert getattr(client, method)(address, data).status_code in {200, 286, 302}


@pytest.mark.parametrize("name", [name for method, name, _ in ACTS if method == "post" and name != "import"])
def test_acts_take_a_post(client: Client, ann: User, name: str) -> None:
    assert client.get(url(name, make_list(ann))).status_code == 405


def test_a_row_whose_worker_was_lost_says_which_try_is_next(client: Client, ann: User) -> None:
    watchlist = make_list(ann, "A.NS")
    make_job("A.NS", requested_by=ann)
    assert "Waiting to retry" not in client.get(watchlist.get_absolute_url()).text
    JobDetail.objects.update(attempts=1)
    assert "Waiting to retry (2 of 3)" in client.get(watchlist.get_absolute_url()).text
    assert "Waiting to retry (2 of 3)" in client.get(reverse("analysis:job", args=[Job.objects.get().pk])).text


def test_the_field_takes_a_list_and_keeps_what_is_not_certain(client: Client, ann: User) -> None:
    make_stock("TCS.NS", name="Tata Consultancy Services Limited")
    make_stock("INFY.NS", name="Infosys Limited")
    watchlist = make_list(ann)
    answer = client.post(url("add", watchlist), {"ticker": "TCS, Infosys, NSE:M&M, BRK.B, 500325"})
    assert answer.status_code == 200
    assert tickers_of(watchlist) == ["INFY.NS", "M&M.NS", "BRK-B"]
    text = " ".join(answer.text.split())
    assert "INFY.NS, M&amp;M.NS, BRK-B are on “Mine” now." in text
    assert 'value="TCS, 500325"' in text
    assert "“TCS” is not known here. Did you mean TCS.NS?" in text
    assert 'name="choose" value="TCS.NS"' in text
    assert "“500325” is a number." in text
    assert set(Stock.objects.values_list("pk", flat=True)) == {"TCS.NS", "INFY.NS", "M&M.NS", "BRK-B"}


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_candidate_is_added_by_its_button_and_the_rest_stays(
    client: Client, ann: User, headers: dict[str, str]
) -> None:
    make_stock("TCS.NS")
    watchlist = make_list(ann)
    answer = client.post(url("add", watchlist), {"ticker": "TCS, XYZ", "choose": "TCS.NS"}, headers=headers)
    assert tickers_of(watchlist) == ["TCS.NS"]
    assert 'value="XYZ"' in answer.text
    assert 'name="choose" value="XYZ.NS"' in " ".join(answer.text.split())


def test_the_default_exchange_decides_a_bare_name_and_another_is_offered(client: Client, ann: User) -> None:
    ann.default_exchange = "NSE"
    ann.save()
    make_stock("TCS.NS")
    make_stock("TCS")
    watchlist = make_list(ann)
    answer = client.post(url("add", watchlist), {"ticker": "tcs"})
    assert tickers_of(watchlist) == ["TCS.NS"]
    assert "TCS.NS was added. Another stock has this name:" in answer.text
    client.post(url("add", watchlist), {"choose": "TCS"})
    assert tickers_of(watchlist) == ["TCS.NS", "TCS"]


def test_a_suggestion_replaces_only_the_last_of_several_tickers(client: Client, ann: User) -> None:
    make_stock("TCS.NS")
    make_stock("TCS", exchange="US")
    answer = client.get(reverse("analysis:stock_search"), {"ticker": "INFY.NS, tc"}, headers=HTMX)
    assert 'data-value="INFY.NS, TCS.NS"' in answer.text
    assert 'data-value="INFY.NS, US:TCS"' in answer.text
