"""Sentences of waits: the reason as it is stored, with the time of the next attempt where the reader is."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from analysis.models import JobDetail, Stock
from analysis.wait_sentences import describe_wait

NOW = datetime(2026, 11, 20, 21, 30, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def at_a_fixed_moment() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (20, "next attempt at 21:30:30"),
        (30, "next attempt at 21:31"),
        (240, "next attempt at 21:35"),
        (86_400, "next attempt at 21:31 on 21 Nov"),
        (0, "next attempt now"),
        (-3600, "next attempt now"),
    ],
)
def test_a_future_time_is_given_and_a_past_one_is_not(seconds: int, words: str) -> None:
    sentence = describe_wait("Yahoo cannot be reached", NOW + timedelta(seconds=seconds))
    assert sentence == f"Yahoo cannot be reached; {words}."


def test_the_time_is_in_the_current_zone() -> None:
    with timezone.override(ZoneInfo("Asia/Kolkata")):
        assert describe_wait("It waits", NOW + timedelta(minutes=2)).endswith("next attempt at 03:03.")


@pytest.mark.parametrize(
    ("zone", "now", "seconds", "words"),
    [
        ("UTC", "23:59:50", 5, "at 23:59:55"),
        ("UTC", "23:59:50", 15, "at 00:00:05 on 21 Nov"),
        ("UTC", "23:58:30", 60, "at 00:00 on 21 Nov"),
        ("Asia/Kolkata", "18:29:50", 15, "at 00:00:05 on 21 Nov"),
        ("Asia/Kolkata", "23:59:50", 15, "at 05:30:05"),
        ("America/New_York", "23:59:50", 60, "at 19:01"),
    ],
)
def test_the_day_is_given_where_it_is_another_for_the_reader(zone: str, now: str, seconds: int, words: str) -> None:
    moment = datetime.fromisoformat(f"2026-11-20T{now}+00:00")
    with timezone.override(ZoneInfo(zone)), time_machine.travel(moment, tick=False):
        assert describe_wait("It waits", moment + timedelta(seconds=seconds)) == f"It waits; next attempt {words}."


def test_a_reason_without_a_time_is_a_sentence_of_its_own() -> None:
    assert describe_wait("Yahoo limits our requests: waiting until 14:05.", None) == (
        "Yahoo limits our requests: waiting until 14:05."
    )


@pytest.mark.django_db(transaction=True)
def test_reasons_that_were_stored_with_a_time_lose_it_and_those_without_one_stay() -> None:
    old, new = [("analysis", "0022_answers_of_sources")], [("analysis", "0023_waits")]
    texts = {
        "A.NS": ("Yahoo limits our requests: waiting until 14:05.", "Yahoo limits our requests"),
        "B.NS": (
            "Yahoo did not answer for B.NS: status 500. Not asked again yet: waiting until 14:05:09.",
            "Yahoo did not answer for B.NS: status 500",
        ),
        "C.NS": ("Yahoo did not answer: waiting for the request that was sent to try.", "Yahoo did not answer"),
        "D.NS": ("Too many wait to ask Yahoo.", "Too many wait to ask Yahoo."),
    }
    try:
        before: Any = MigrationExecutor(connection).migrate(old).apps
        jobs, details, stocks = (before.get_model("analysis", name) for name in ("Job", "JobDetail", "Stock"))
        job = jobs.objects.create(source="watchlist", total=4, request_key="k", price_source="yahoo", strategy="trend")
        for ticker, (text, _) in texts.items():
            stock = stocks.objects.create(ticker=ticker, last_status="queued", last_wait=text, last_job=job)
            details.objects.create(job=job, stock=stock, wait_reason=text, not_before=NOW)
        stocks.objects.create(ticker="E.NS", last_wait="Yahoo limits our requests: waiting until 14:05.")
        MigrationExecutor(connection).migrate(new)
        wanted = {ticker: (reason, NOW) for ticker, (_, reason) in texts.items()}
        rows = JobDetail.objects.values_list("stock", "wait_reason", "not_before")
        assert {ticker: (reason, until) for ticker, reason, until in rows} == wanted
        waits = Stock.objects.values_list("pk", "last_wait", "last_wait_until")
        assert {ticker: (reason, until) for ticker, reason, until in waits} == wanted | {"E.NS": ("", None)}
        MigrationExecutor(connection).migrate(old)
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes("analysis"))
