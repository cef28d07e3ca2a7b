"""Two readers of one list with different strategies: scheduled runs over the demo market, and what each reader gets."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from analysis.engine.strategies import MEAN_REVERSION, TECHNICAL_RATING, TREND
from analysis.jobs.end import record_end
from analysis.models import DetailStatus, Ending, ExchangeSchedule, Job, Rating
from analysis.prices.instruments import exchange_of
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_stock
from analysis.worker.rate import rate_latest
from analysis.worker.slice import run_job
from stockapp.accounts.models import User
from stockapp.digest.compose import preview_digest
from stockapp.digest.models import Message
from stockapp.digest.outbox import create_messages, deliver
from stockapp.tests.test_digest_changes import DAYS, found, rated, scheduled
from stockapp.tests.test_digest_outbox import watcher
from watchlist.schedules import run

pytestmark = pytest.mark.django_db

KAVERI, SURYAVANA, VAJRASTHAN = "KAVERI.DEMO", "SURYAVANA.DEMO", "VAJRASTHAN.DEMO"
NAVANKURA = "NAVANKURA.DEMO"  # has 43 bars: enough for the trend, too few for the technical rating
EXCHANGE = exchange_of(KAVERI, "DEMO-IN").code
THURSDAY, FRIDAY = date(2026, 11, 19), date(2026, 11, 20)


@pytest.fixture(autouse=True)
def demo_market(settings: Settings) -> None:
    settings.SENDS_EMAIL = True
    load_demo_market()


def reader(name: str, strategy: str, *tickers: str) -> User:
    user = watcher(name, *(tickers or (KAVERI, SURYAVANA, VAJRASTHAN, NAVANKURA)))
    choose(user, strategy)
    return user


def choose(user: User, strategy: str) -> None:
    user.strategy = strategy
    user.save(update_fields=["strategy"])


def plan_runs(strategy: str = TECHNICAL_RATING.key) -> None:
    ExchangeSchedule.objects.create(exchange=EXCHANGE, strategy=strategy, last_session=date(2026, 11, 18))


def run_evening(day: date) -> Job:
    """The scheduled run after a session, with its digest, as a worker does both."""
    with time_machine.travel(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), tick=False):
        first = run(EXCHANGE)
        assert first
        run_job(first)
        deliver()
    return Job.objects.get(pk=first)


def message_to(user: User, job: Job) -> str:
    """The subject and the text of a reader's message about a run; empty without one."""
    message = Message.objects.filter(user=user, job=job).first()
    return f"{message.subject}\n{message.text}" if message else ""


def test_two_readers_of_one_list_get_the_changes_by_their_own_strategies() -> None:
    plan_runs()
    ann, bob = reader("ann", TECHNICAL_RATING.key), reader("bob", TREND.key)
    first = run_evening(THURSDAY)
    assert first.strategy == TECHNICAL_RATING.key
    assert "1 stock failed" in message_to(ann, first)
    assert "Not enough history: 43 bars, 50 needed." in message_to(ann, first)
    assert message_to(bob, first) == ""

    second = run_evening(FRIDAY)
    to_ann, to_bob = message_to(ann, second), message_to(bob, second)
    assert ": 2 verdicts changed" in to_ann
    assert "KAVERI.DEMO Kaverisagar Looms: Neutral → Sell" in to_ann
    assert "VAJRASTHAN.DEMO Vajrasthan Steel: Strong Buy → Sell" in to_ann
    assert SURYAVANA not in to_ann
    assert "1 stock failed as before." in to_ann
    assert "by your strategy, Technical rating." in to_ann
    assert ": 2 verdicts changed" in to_bob
    assert "SURYAVANA.DEMO Suryavana Solar: Strong Sell → Sell" in to_bob
    assert "VAJRASTHAN.DEMO Vajrasthan Steel: Strong Buy → Neutral" in to_bob
    assert KAVERI not in to_bob
    assert "failed" not in to_bob
    assert "by your strategy, Trend." in to_bob


def test_a_preview_is_by_the_readers_strategy() -> None:
    plan_runs()
    ann, bob = reader("ann", TECHNICAL_RATING.key), reader("bob", TREND.key)
    run_evening(THURSDAY)
    run_evening(FRIDAY)
    Message.objects.all().delete()
    for user, changed, other in ((ann, KAVERI, SURYAVANA), (bob, SURYAVANA, KAVERI)):
        preview = preview_digest(user.digest)
        assert preview
        assert changed in preview.text
        assert other not in preview.text


def test_scores_that_the_schedules_strategy_has_and_the_readers_lacks_are_a_failure_told_once() -> None:
    plan_runs(TREND.key)
    ann, bob = reader("ann", TECHNICAL_RATING.key, NAVANKURA), reader("bob", TREND.key, NAVANKURA)
    jobs = [run_evening(THURSDAY), run_evening(FRIDAY)]
    assert {detail.status for job in jobs for detail in job.details.all()} == {DetailStatus.COMPLETED}
    assert "1 stock failed" in message_to(ann, jobs[0])
    assert "Not enough history (1 stock): NAVANKURA.DEMO\n  Not enough history: 43 bars, 50 needed." in message_to(
        ann, jobs[0]
    )
    assert [message_to(ann, jobs[1]), message_to(bob, jobs[0]), message_to(bob, jobs[1])] == ["", "", ""]


@pytest.mark.parametrize("is_rated_at_once", [True, False])
def test_a_strategy_chosen_since_the_last_run_is_no_change_of_a_verdict(is_rated_at_once: bool) -> None:
    plan_runs()
    bob = reader("bob", TECHNICAL_RATING.key)
    run_evening(THURSDAY)
    choose(bob, TREND.key)
    if is_rated_at_once:
        rate_latest(TREND.key)
    job = run_evening(FRIDAY)
    verdicts = Rating.objects.filter(result__stock=KAVERI).values_list("strategy", "result__day", "verdict")
    assert (TECHNICAL_RATING.key, THURSDAY, "neutral") in verdicts
    assert (TREND.key, FRIDAY, "sell") in verdicts
    text = message_to(bob, job)
    assert KAVERI not in text
    # A change needs ratings of both sessions by the strategy; a session that it has not rated is no change.
    assert ("SURYAVANA.DEMO Suryavana Solar: Strong Sell → Sell" in text) is is_rated_at_once


def test_the_messages_of_a_run_take_as_many_queries_for_many_readers_as_for_one_of_each_strategy() -> None:
    stock = make_stock("TCS.NS")
    first, second = scheduled(DAYS[0]), scheduled(DAYS[1])
    for job, day, verdict, others in ((first, DAYS[0], "neutral", "buy"), (second, DAYS[1], "buy", "sell")):
        rated(found(job, stock, day, verdict), others)
    record_end(second)
    counts = {}
    for number in range(4):
        reader(f"ann{number}", TECHNICAL_RATING.key, "TCS.NS")
        reader(f"bob{number}", TREND.key, "TCS.NS")
        Message.objects.all().delete()
        Ending.objects.update(notified_at=None)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert create_messages(Ending.objects.get()) == 2 * (number + 1)
        counts[number] = len(queries)
    assert len(set(counts.values())) == 1, counts
    reader("cat", MEAN_REVERSION.key, "TCS.NS")
    Ending.objects.update(notified_at=None)
    Message.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        create_messages(Ending.objects.get())
    assert len(queries) > counts[0]
