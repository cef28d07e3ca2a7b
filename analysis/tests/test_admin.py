"""The admin: for staff alone, acting through the services, with no evidence and no bars in a list."""

from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_q.models import Schedule

from analysis import queue
from analysis.jobs.submit import submit
from analysis.models import Job, JobStatus, PriceHistory, Rating, Result, Source, Stock, StockStatus
from analysis.tests.make import make_finished_job, make_job, make_rating, make_result, make_stock, make_user

pytestmark = pytest.mark.django_db
LISTS = ["job", "jobdetail", "result", "rating", "stock", "pricehistory", "worker"]


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def act(staff: Client, action: str, *jobs: Job) -> list[str]:
    data = {"action": action, "_selected_action": [str(job.pk) for job in jobs]}
    response = staff.post(reverse("admin:analysis_job_changelist"), data, follow=True)
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("model", [*LISTS, "watchlist"])
def test_every_list_opens_searches_and_needs_staff(staff: Client, model: str) -> None:
    make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO")
    app = "watchlist" if model == "watchlist" else "analysis"
    url = reverse(f"admin:{app}_{model}_changelist")
    assert staff.get(url).status_code == 200
    assert staff.get(url, {"q": "KAVERI"}).status_code == 200
    user = Client()
    assert user.get(url).status_code == 302
    user.force_login(make_user("ann"))
    assert user.get(url).status_code == 302


@pytest.mark.parametrize("model", LISTS)
def test_a_list_reads_no_evidence_and_no_bars_in_a_fixed_number_of_queries(staff: Client, model: str) -> None:
    url = reverse(f"admin:analysis_{model}_changelist")
    make_finished_job("KAVERI.DEMO")
    staff.get(url)
    with CaptureQueriesContext(connection) as one:
        staff.get(url)
    make_finished_job("B&D.DEMO", "VANQUAY.DEMO", "MERUVANTA.DEMO")
    with CaptureQueriesContext(connection) as more:
        staff.get(url)
    assert len(more) == len(one)
    said = " ".join(query["sql"] for query in more.captured_queries)
    assert "evidence" not in said
    assert '"bars"' not in said


def test_a_job_page_shows_its_details_a_page_at_a_time(staff: Client) -> None:
    job = submit([f"T{n:04}.NS" for n in range(2_000)], source=Source.BULK).job
    url = reverse("admin:analysis_job_change", args=[job.pk])
    page = staff.get(url).content.decode()
    assert "Stocks (2000)" in page
    assert page.count(".NS</a>") == 50
    assert "Page 2 of 40" in staff.get(url, {"p": 2}).content.decode()


def test_the_actions_call_the_services(staff: Client) -> None:
    finished, waiting = make_finished_job("KAVERI.DEMO", "VANQUAY.DEMO"), make_job("B&D.DEMO")
    assert "still running" in act(staff, "rerun_all", waiting)[0]
    assert "runs again as" in act(staff, "rerun_failed", finished)[0]
    assert Job.objects.get(parent=finished).total == 1
    assert "cancelled" in act(staff, "cancel_jobs", waiting)[0]
    assert "has ended already" in act(staff, "cancel_jobs", waiting)[0]
    waiting.refresh_from_db()
    assert waiting.status == JobStatus.CANCELLED


def test_staff_without_the_right_cannot_run_or_cancel(client: Client) -> None:
    user = make_user("ann", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(user)
    job = make_job("KAVERI.DEMO")
    act(client, "cancel_jobs", job)
    job.refresh_from_db()
    assert job.status == JobStatus.QUEUED


def test_deleting_asks_first_and_stocks_stay_true(staff: Client) -> None:
    job = make_finished_job("KAVERI.DEMO")
    url = reverse("admin:analysis_job_delete", args=[job.pk])
    assert "Are you sure" in staff.get(url).content.decode()
    staff.post(url, {"post": "yes"})
    assert not Job.objects.exists()
    assert not Result.objects.exists()
    assert Stock.objects.get().last_status == StockStatus.NEVER


def test_raw_data_stands_behind_a_link(staff: Client) -> None:
    make_finished_job("KAVERI.DEMO")
    result = Result.objects.get()
    evidence = reverse("admin:analysis_result_evidence", args=[result.pk])
    change = staff.get(reverse("admin:analysis_result_change", args=[result.pk])).content.decode()
    assert evidence in change
    assert "signals" not in change
    assert "signals" in staff.get(evidence).content.decode()
    assert Client().get(evidence).status_code == 302
    assert staff.get(reverse("admin:analysis_result_evidence", args=[0])).status_code == 404


def test_a_price_history_page_opens_without_its_bars(staff: Client) -> None:
    make_finished_job("KAVERI.DEMO")
    history: Any = PriceHistory.objects.get()
    page = staff.get(reverse("admin:analysis_pricehistory_change", args=[history.pk])).content.decode()
    assert history.checksum in page


def test_nobody_plans_a_call_of_another_function_there(staff: Client) -> None:
    queue.enqueue_at("Nightly", timezone.now(), "analysis.worker.slice.run_slice")
    planned = Schedule.objects.get()
    given = {"schedule_type": "D", "repeats": "-1", "next_run_0": "2026-11-23", "next_run_1": "03:00:00"}
    odd = {"name": "Odd", "func": "os.system", "args": "'true'", "hook": "os.system", "kwargs": "{}", "cluster": "x"}
    assert staff.post(reverse("admin:django_q_schedule_add"), given | odd).status_code == 403
    address = reverse("admin:django_q_schedule_change", args=[planned.pk])
    assert staff.post(address, given | odd).status_code == 302
    planned.refresh_from_db()
    assert (planned.func, planned.args, planned.hook) == ("analysis.worker.slice.run_slice", "", None)
    assert planned.schedule_type == "D"
    assert Schedule.objects.count() == 1


@pytest.mark.parametrize("model", ["jobdetail", "result", "rating"])
def test_a_long_list_counts_only_its_first_rows_and_reads_no_other_row_for_its_filters(
    staff: Client, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_finished_job("KAVERI.DEMO", "B&D.DEMO", "MERUVANTA.DEMO")
    monkeypatch.setattr("analysis.admin.lists.LongList.list_per_page", 2)
    url = reverse(f"admin:analysis_{model}_changelist")
    with CaptureQueriesContext(connection) as asked:
        page = staff.get(url)
    assert page.context["cl"].result_count == 3
    table = f'FROM "analysis_{model}"'
    said = [query["sql"] for query in asked.captured_queries if table in query["sql"]]
    assert said
    assert all(" LIMIT " in sql for sql in said)
    monkeypatch.setattr("analysis.admin.lists.SHOWN_AT_MOST", 2)
    assert staff.get(url).context["cl"].result_count == 2


@pytest.mark.parametrize("model", ["jobdetail", "result", "rating"])
def test_a_long_list_is_searched_by_ticker_and_by_name(staff: Client, model: str) -> None:
    make_finished_job("KAVERI.DEMO", "B&D.DEMO")
    Stock.objects.filter(pk="B&D.DEMO").update(name="Quayside Tea")
    url = reverse(f"admin:analysis_{model}_changelist")
    for text, found in (("kaveri", ["KAVERI.DEMO"]), ("side te", ["B&D.DEMO"]), ("none such", [])):
        rows = staff.get(url, {"q": text}).context["cl"].result_list
        assert [getattr(row, "result", row).stock_id for row in rows] == found


def test_ratings_are_filtered_by_strategy_and_verdict(staff: Client) -> None:
    week: dict[str, Any] = {"weekly_verdict": "strong_buy", "weekly_since": date(2026, 10, 16)}
    result = make_result(make_stock("KAVERI.DEMO"), strategy="trend", verdict="sell", **week)
    make_rating(result, strategy="swing", no_weekly_reason="Not enough history: 30 completed weeks, 50 needed.")
    url = reverse("admin:analysis_rating_changelist")
    for given, count in (
        ({"strategy": "trend"}, 1),
        ({"strategy": "no such"}, 0),
        ({"verdict__exact": "sell"}, 1),
    ):
        assert staff.get(url, given).context["cl"].result_count == count
    page = staff.get(url).content.decode()
    assert "Swing" in page
    assert "+30" in page
    assert "Not enough history: 30 completed weeks, 50 needed." in page
    assert '<td class="field-weekly_verdict">Strong Buy</td><td class="field-weekly_since' in page
    rating = result.ratings.get(strategy="trend")
    page = staff.get(reverse("admin:analysis_rating_change", args=[rating.pk])).content.decode()
    assert "The last session of the week in which the weekly verdict began." in page
    assert "Why there is no weekly verdict." in page


def test_a_result_shows_the_verdict_of_every_strategy(staff: Client) -> None:
    result = make_result(make_stock("KAVERI.DEMO"), strategy="trend", verdict="strong_sell", score=-0.6)
    make_rating(result, strategy="swing", weekly_verdict="sell", weekly_since=date(2026, 10, 16))
    Rating.objects.create(result=result, strategy="technical_rating", no_score_reason="Not enough history.")
    said = "Swing: Buy (weekly Sell), Technical rating: –, Trend: Strong Sell"
    assert said in staff.get(reverse("admin:analysis_result_changelist")).content.decode()
    assert said in staff.get(reverse("admin:analysis_result_change", args=[result.pk])).content.decode()
