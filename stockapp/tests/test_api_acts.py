"""What programs can do, and how they are told what went wrong: one shape, a kind and a sentence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from analysis.models import Job, JobStatus, PriceHistory, Rating, Source
from analysis.tests.make import make_finished_job, make_stock, store_events
from analysis.upkeep.retention import prune
from analysis.worker.slice import run_job
from stockapp.accounts.models import User
from stockapp.process import WEB
from stockapp.tests.api_world import call, key_of, make_world, program
from watchlist.models import Watchlist

pytestmark = pytest.mark.django_db

ANALYZE = "/api/stocks/analyze-all-stocks"
WITH_A_PLAN = datetime(2026, 11, 25, 12, tzinfo=UTC)
"""A moment at which the demo market's MERUVANTA.DEMO has a plan."""


@pytest.fixture
def ann() -> User:
    return User.objects.create(username="ann", strategy="trend", capital=100_000)


@pytest.fixture
def programme(ann: User) -> Client:
    return program(key_of(ann))


def problem(answer: Any, status: int, kind: str) -> str:
    """The sentence of a problem that must be this one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert error["kind"] == kind
    assert error["message"].endswith(".")
    return str(error["message"])


def test_an_analysis_is_submitted_once_and_told_again_while_it_runs(programme: Client, ann: User) -> None:
    first = call(programme, "post", ANALYZE, {"symbols": ["kaveri.demo", " B&D.DEMO"]})
    job = Job.objects.get()
    assert (first.status_code, first.json()["is_duplicate"], first.json()["job_id"]) == (201, False, str(job.pk))
    assert (job.source, job.requested_by, job.strategy, job.total) == (Source.API, ann, "trend", 2)
    again = call(programme, "post", ANALYZE, {"symbols": ["B&D.DEMO", "KAVERI.DEMO"]})
    assert (again.status_code, again.json()["is_duplicate"], again.json()["job_id"]) == (200, True, str(job.pk))
    told = programme.get(first.json()["url"]).json()
    assert (told["status"], [row["ticker"] for row in told["details"]["items"]]) == (
        "queued",
        ["B&D.DEMO", "KAVERI.DEMO"],
    )
    assert programme.get(told["page"]).status_code == 302  # a page is for browsers


def test_a_job_keeps_telling_the_weekly_verdicts_of_its_run(programme: Client, ann: User) -> None:
    submitted = call(programme, "post", ANALYZE, {"symbols": ["KAVERI.DEMO", "VANQUAY.DEMO"]}).json()
    run_job(submitted["job_id"])
    rating = Rating.objects.get(strategy=ann.strategy)
    User.objects.filter(pk=ann.pk).update(strategy="technical_rating")

    def weekly() -> list[tuple[object, ...]]:
        items = programme.get(submitted["url"]).json()["details"]["items"]
        return [(row["weekly_verdict"], row["weekly_since"]) for row in items]

    assert rating.weekly_verdict
    found = [(rating.weekly_verdict, str(rating.weekly_since)), (None, None)]
    assert weekly() == found
    make_finished_job("KAVERI.DEMO", strategy="technical_rating")
    assert weekly() == found


@time_machine.travel(WITH_A_PLAN)
def test_results_come_with_plans_for_the_capital_that_was_given(programme: Client, ann: User) -> None:
    submitted = call(programme, "post", ANALYZE, {"symbols": ["MERUVANTA.DEMO"], "capital": 5_000_000}).json()
    run_job(submitted["job_id"])
    ann.long_only = False
    ann.save()
    (large,) = programme.get(submitted["url"]).json()["details"]["items"]
    (own,) = programme.get(submitted["job"]["url"]).json()["details"]["items"]
    assert large["status"] == own["status"] == "completed"
    assert large["plan"] == own["plan"]
    assert large["sizing"]["quantity"] > own["sizing"]["quantity"] > 0


@time_machine.travel(WITH_A_PLAN)
def test_a_plan_is_sized_for_what_is_asked(programme: Client, ann: User) -> None:
    submitted = call(programme, "post", ANALYZE, {"symbols": ["MERUVANTA.DEMO"]}).json()
    run_job(submitted["job_id"])
    address = "/api/stocks/MERUVANTA.DEMO/plan?long_only=no"
    told = programme.get(f"{address}&capital=1000000&risk_percent=2&position_limit_percent=100").json()
    at_risk, share = told["sizing"]["capital_at_risk"], abs(told["plan"]["entry"] - told["plan"]["stop"])
    assert at_risk <= 20_000 < at_risk + share
    none = programme.get(f"{address}&capital=1").json()
    assert none["sizing"] is None
    assert none["no_trade_reason"].startswith("quantity 0")
    assert problem(programme.get(f"{address}&risk_percent=101"), 422, "invalid").startswith("risk_percent")


def test_a_stock_comes_with_what_its_source_says_of_it(programme: Client) -> None:
    make_finished_job("KAVERI.DEMO")
    unknown = programme.get("/api/stocks/KAVERI.DEMO").json()
    names = "first_trade_date last_dividend dividends_12_months dividend_yield_percent last_split".split()
    assert [unknown[name] for name in names] == [None] * 5
    assert (unknown["kind"], unknown["exchange_name"]) == ("share", "")
    bars = PriceHistory.objects.get().unpack()
    days = bars.session.tolist()
    store_events(
        "KAVERI.DEMO",
        dividends={days[-5]: 4.0, days[-90]: 6.0},
        splits={days[-7]: 2.0},
        exchange_name="NSE",
        first_trade_date="2002-08-12",
    )
    told = programme.get("/api/stocks/KAVERI.DEMO").json()
    assert (told["exchange_name"], told["first_trade_date"]) == ("NSE", "2002-08-12")
    assert told["last_dividend"] == {"day": days[-5].isoformat(), "amount": 4.0}
    assert told["dividends_12_months"] == 10.0
    assert told["dividend_yield_percent"] == pytest.approx(1000 / bars.close[-1])
    assert told["last_split"] == {"day": days[-7].isoformat(), "ratio": "2:1"}
    store_events("KAVERI.DEMO")
    none = programme.get("/api/stocks/KAVERI.DEMO").json()
    assert (none["last_dividend"], none["dividends_12_months"], none["dividend_yield_percent"]) == (None, 0.0, None)


def test_the_demo_market_is_analysed_on_demand_and_never_stands_for_a_real_stock(programme: Client) -> None:
    assert "not loaded" in problem(call(programme, "post", ANALYZE, {"use_demo": True}), 422, "refused")
    for ticker in ("KAVERI.DEMO", "B&D.DEMO", "AAPL"):
        make_stock(ticker)
    sentence = problem(call(programme, "post", ANALYZE, {"symbols": ["AAPL"], "use_demo": True}), 422, "refused")
    assert "AAPL" in sentence
    assert call(programme, "post", ANALYZE, {"use_demo": True}).json()["job"]["total"] == 2


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ({}, "refused", "No stocks given"),
        ({"symbols": ["500325"]}, "refused", "“500325” is a number"),
        ({"symbols": [1]}, "invalid", "symbols.0: "),
        ({"symbols": "AAPL"}, "invalid", "symbols: "),
        ({"symbols": ["AAPL"], "strategy": "luck"}, "invalid", "strategy: There is no strategy “luck”"),
        ({"symbols": ["AAPL"], "capital": -1}, "invalid", "capital: "),
        ({"symbols": ["AAPL"], "capitol": 1}, "invalid", "capitol: "),
        ([], "invalid", ""),
    ],
)
def test_what_cannot_be_analysed_is_told_in_a_sentence(programme: Client, body: Any, kind: str, said: str) -> None:
    assert said in problem(call(programme, "post", ANALYZE, body), 422, kind)
    assert not Job.objects.exists()


def test_too_many_stocks_and_too_many_jobs_are_told_apart(programme: Client, settings: Settings) -> None:
    settings.MAX_STOCKS_PER_JOB, settings.MAX_ACTIVE_JOBS_PER_USER = 2, 1
    problem(call(programme, "post", ANALYZE, {"symbols": ["A", "B", "C"]}), 422, "refused")
    assert call(programme, "post", ANALYZE, {"symbols": ["A"]}).status_code == 201
    answer = call(programme, "post", ANALYZE, {"symbols": ["B"]})
    assert "which is the limit" in problem(answer, 429, "over_limit")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_body_that_is_no_json_is_told(programme: Client) -> None:
    problem(call(programme, "post", ANALYZE, "{"), 400, "bad_request")
    problem(programme.post(ANALYZE, b"\xff\xfe", content_type="application/json"), 400, "bad_request")
    problem(call(programme, "post", ANALYZE, ""), 422, "invalid")


def test_half_a_character_is_told(programme: Client) -> None:
    """JSON can write a surrogate alone, which no database keeps."""
    answer = call(programme, "post", "/api/watchlists", {"name": "Banks \ud800"})
    assert problem(answer, 422, "invalid") == "name: A character of this text is not whole."


def test_what_is_wrong_is_named_as_the_program_knows_it(programme: Client) -> None:
    answer = programme.get("/api/screener?verdict=buy&verdict=perhaps")
    assert problem(answer, 422, "invalid").startswith("verdict.1: ")
    answer = call(programme, "post", ANALYZE, [])
    assert list(answer.json()["error"]["fields"]) == ["body"]


def test_a_body_that_is_too_large_is_told(programme: Client, settings: Settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    problem(call(programme, "post", ANALYZE, {"symbols": ["AAPL"] * 100}), 413, "too_large")


def test_what_is_not_there_is_told(programme: Client) -> None:
    for address in ("nothing", "jobs/1", "jobs/00000000-0000-0000-0000-000000000000", "stocks/NO.NS", "stocks/a/b/c"):
        problem(programme.get(f"/api/{address}"), 404, "not_found")
    problem(programme.get("/api/stocks/NO.NS/results/2026-11-20"), 404, "not_found")
    problem(Client().get("/api/nothing"), 404, "not_found")


def test_an_address_says_which_methods_it_takes(programme: Client) -> None:
    answer = programme.put("/api/watchlists")
    problem(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "POST"}


def refuse(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def execute(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("django.db.backends.utils.CursorWrapper.execute", execute)


def test_a_database_that_does_not_answer_is_503_and_never_a_duplicate(
    programme: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(monkeypatch, OperationalError("the server closed the connection unexpectedly"))
    for method, address, body in (("post", ANALYZE, {"symbols": ["AAPL"]}), ("get", "/api/jobs", None)):
        answer = call(programme, method, address, body)
        assert "does not answer" in problem(answer, 503, "unavailable")
        assert int(answer.headers["Retry-After"]) > 0
    assert WEB.repeat < 10


def test_a_database_error_that_nobody_expected_is_logged_and_no_duplicate(
    programme: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for error in (IntegrityError("null value in column"), DatabaseError("strange")):
        refuse(monkeypatch, error)
        problem(call(programme, "post", ANALYZE, {"symbols": ["AAPL"]}), 500, "internal")
        assert str(error) in caplog.text


def test_a_job_is_cancelled_once_and_stays_as_it_ended() -> None:
    world = make_world()
    programme = program(key_of(world.ann))
    address = f"/api/jobs/{world.running.pk}/cancel"
    assert programme.post(address).json()["status"] == "cancelled"
    assert programme.post(address).json()["status"] == "cancelled"
    assert programme.post(f"/api/jobs/{world.done.pk}/cancel").json()["status"] == "completed"


def test_a_job_is_run_again_all_of_it_or_what_failed() -> None:
    world = make_world()
    programme = program(key_of(world.ann))
    address = f"/api/jobs/{world.done.pk}/rerun"
    failed = call(programme, "post", address, {"failed_only": True})
    assert (failed.status_code, failed.json()["job"]["total"], failed.json()["job"]["parent"]) == (
        201,
        1,
        str(world.done.pk),
    )
    assert call(programme, "post", address, {}).json()["job"]["total"] == 2
    assert call(programme, "post", address, {}).status_code == 200
    running = call(programme, "post", f"/api/jobs/{world.running.pk}/rerun", {})
    assert "still running" in problem(running, 422, "refused")


def test_a_job_whose_details_were_removed_says_so() -> None:
    world = make_world()
    programme = program(key_of(world.ann))
    address = f"/api/jobs/{world.done.pk}"
    assert programme.get(address).json()["pruned_at"] is None
    Job.objects.filter(pk=world.done.pk).update(completed_at=timezone.now() - timedelta(days=200))
    prune()
    told = programme.get(address).json()
    assert told["pruned_at"]
    assert (told["total"], told["details"]["items"]) == (2, [])
    assert "its details were removed" in problem(call(programme, "post", f"{address}/rerun", {}), 422, "refused")


def test_jobs_and_their_stocks_are_found_by_status() -> None:
    world = make_world()
    programme = program(key_of(world.ann))
    assert [job["id"] for job in programme.get("/api/jobs?status=queued").json()["items"]] == [str(world.running.pk)]
    problem(programme.get("/api/jobs?status=lost"), 422, "invalid")
    told = programme.get(f"/api/jobs/{world.done.pk}?status=failed").json()
    assert [(row["ticker"], row["error_kind"]) for row in told["details"]["items"]] == [("VANQUAY.DEMO", "no_data")]
    assert "no longer listed" in told["details"]["items"][0]["error_message"]


def test_a_result_tells_why_and_not_who_asked() -> None:
    world = make_world()
    told = program(key_of(world.bob)).get("/api/stocks/KAVERI.DEMO/results/{day}".format(**world.places)).json()
    assert len(told["evidence"]["components"]) > 20
    assert str(world.done.pk) not in json.dumps(told)
    assert "ann" not in told.values()


def test_a_watchlist_is_made_filled_renamed_and_deleted(programme: Client, ann: User) -> None:
    made = call(programme, "post", "/api/watchlists", {"name": " Banks "})
    assert (made.status_code, made.json()["name"]) == (201, "Banks")
    address = f"/api/watchlists/{made.json()['id']}"
    added = call(programme, "post", f"{address}/stocks", {"ticker": "kaveri.demo"})
    assert (added.status_code, added.json()) == (201, {"ticker": "KAVERI.DEMO", "is_new": True, "note": ""})
    assert Job.objects.get().status == JobStatus.QUEUED  # its first analysis
    assert call(programme, "post", f"{address}/stocks", {"ticker": "KAVERI.DEMO"}).status_code == 200
    told = programme.get(address).json()
    assert (told["stock_count"], told["stocks"]["items"][0]["stock"]["ticker"]) == (1, "KAVERI.DEMO")
    assert call(programme, "patch", address, {"name": "banks"}).json()["name"] == "banks"
    assert programme.delete(f"{address}/stocks/KAVERI.DEMO").status_code == 204
    problem(programme.delete(f"{address}/stocks/KAVERI.DEMO"), 404, "not_found")
    assert programme.delete(address).status_code == 204
    assert not Watchlist.objects.exists()


def test_a_watchlist_takes_what_its_forms_take(programme: Client, ann: User) -> None:
    first = call(programme, "post", "/api/watchlists", {"name": "Banks"}).json()
    call(programme, "post", "/api/watchlists", {"name": "Steel"})
    for name, said in (
        ("", "Give the list a name."),
        ("x" * 61, "60 letters"),
        ("STEEL", "already"),
        ("a\0", "Null"),
    ):
        for method, address in (("post", "/api/watchlists"), ("patch", f"/api/watchlists/{first['id']}")):
            answer = call(programme, method, address, {"name": name})
            assert said in problem(answer, 422, "invalid")
            assert list(answer.json()["error"]["fields"]) == ["name"]
    answer = call(programme, "post", f"/api/watchlists/{first['id']}/stocks", {"ticker": "not a ticker"})
    assert "is not a ticker" in problem(answer, 422, "invalid")


def test_a_stock_is_listed_though_its_analysis_must_wait(programme: Client, settings: Settings) -> None:
    settings.MAX_WAITING_STOCKS = 0
    made = call(programme, "post", "/api/watchlists", {"name": "Banks"}).json()
    added = call(programme, "post", f"/api/watchlists/{made['id']}/stocks", {"ticker": "AAPL"})
    assert added.status_code == 201
    assert added.json()["note"].startswith("It is not being analysed yet.")
