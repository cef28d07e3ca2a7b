"""Schedules and the digest with real workers: missed runs, two workers, a worker killed before and while it sends."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from analysis.models import Ending, ExchangeSchedule, Job, ScheduledRun, Source, Stock
from analysis.prices.exchanges import exchange_named
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import latest_due_session
from analysis.stock_lists.load import load_demo_market
from analysis.tests.make import make_result, make_user
from stockapp.digest.models import Message, MessageStatus
from stockapp.digest.subscriptions import subscribe
from tests.faults.cluster import LONG_LEASE, TICKERS, Cluster, kill_all, worker
from tests.processes import wait_for
from tests.receivers import Hook, hook
from watchlist.models import Watchlist

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

TICKER = TICKERS[0]
EXCHANGE = exchange_of(TICKER).code
ENV = {"ALLOW_PRIVATE_NOTICES": "true", "LEASE_SECONDS": LONG_LEASE}


def missed(received: Hook) -> None:
    """A user who watches a stock whose exchange has closed three times since its last run, and wants to be told."""
    load_demo_market()
    Stock.objects.exclude(pk=TICKER).delete()
    ann = make_user("ann")
    Watchlist.objects.create(owner=ann, name="Mine").items.create(stock_id=TICKER)
    subscribe(ann, email="", by_email=False, url=received.url)
    newest = latest_due_session(exchange_named(EXCHANGE), timezone.now(), timedelta(minutes=45))
    long_ago = newest - timedelta(days=7)
    ExchangeSchedule.objects.create(exchange=EXCHANGE, last_session=long_ago)
    # Known of before: one verdict or the other differs from what is found now.
    job = Job.objects.create(
        source=Source.SCHEDULE, strategy="technical_rating", price_source="csv", total=1, request_key="before"
    )
    Job.objects.update(status="completed", completed_at=timezone.now())
    nothing = {"side": "", "entry": None, "stop": None, "target": None, "risk_reward": None}
    stock = Stock.objects.get(pk=TICKER)
    make_result(stock, long_ago, job=job, verdict="strong_sell", raw_verdict="strong_sell", **nothing)
    ScheduledRun.objects.create(schedule_id=EXCHANGE, session=long_ago, job=job)


def kill_cluster(cluster: Cluster) -> None:
    """Kill the supervisor first, so that it starts nothing again."""
    kill_all([cluster.supervisor, *sorted(cluster.family)])


def is_sent() -> bool:
    return Message.objects.filter(status=MessageStatus.SENT).exists()


def test_a_run_that_was_missed_runs_once_on_start_and_is_told_once_by_two_workers(tmp_path: Path) -> None:
    with hook() as received:
        missed(received)
        with worker(tmp_path / "a", **ENV), worker(tmp_path / "b", **ENV):
            wait_for(is_sent, 200)
            wait_for(lambda: not Job.objects.active().exists())
    assert ScheduledRun.objects.count() == 2  # the one before, and one for the newest of several sessions
    assert Job.objects.filter(source=Source.SCHEDULE).count() == 2
    assert len(received.got) == 1
    assert "1 verdict changed" in received.got[0]["title"]


def test_a_worker_killed_between_the_jobs_end_and_the_digest_has_it_sent_once(tmp_path: Path) -> None:
    with hook() as received:
        missed(received)
        with worker(tmp_path / "a", **ENV) as cluster:
            ends = time.monotonic() + 200
            while not Ending.objects.exists():  # asked without a pause: what follows would take half a second
                assert time.monotonic() < ends
            kill_cluster(cluster)
        assert received.got == []
        assert Ending.objects.get().notified_at is None
        with worker(tmp_path / "b", **ENV):
            wait_for(is_sent, 60)
            wait_for(lambda: not Message.objects.due().exists())
    assert len(received.got) == 1
    assert Message.objects.get().attempts == 1
    assert Ending.objects.get().notified_at is not None


def test_a_worker_killed_while_it_sends_has_it_sent_again_under_the_same_id(tmp_path: Path) -> None:
    """The window that cannot be closed: the receiver had it, and nobody was left to note it."""
    with hook() as received:
        missed(received)
        received.gate.clear()
        with worker(tmp_path / "a", **ENV) as cluster:
            wait_for(lambda: received.got, 200)
            kill_cluster(cluster)
            received.gate.set()
        before = Message.objects.get()
        assert before.status == MessageStatus.SENDING
        with worker(tmp_path / "b", **ENV):
            wait_for(is_sent, 60)
    message = Message.objects.get()
    assert (message.pk, message.attempts, message.fence) == (before.pk, 2, before.fence + 1)
    assert len(received.got) == 2
