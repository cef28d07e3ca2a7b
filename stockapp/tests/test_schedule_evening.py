"""A scheduled weekend on a frozen clock: Friday's close in Mumbai, Saturday, Sunday, a holiday Monday, Tuesday."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core import mail
from pytest_django import Settings

from analysis.models import Ending, Job, JobStatus, Result, ScheduledRun, Stock
from analysis.prices.demo_companies import COMPANIES
from analysis.stock_lists.load import load_demo_market
from analysis.tests.calls import take_due_calls
from analysis.tests.make import make_user
from analysis.worker.slice import run_job
from stockapp.digest import outbox
from stockapp.digest.models import Message
from stockapp.digest.subscriptions import confirm, subscribe
from watchlist import schedules
from watchlist.models import Watchlist

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

INDIANS = [one.ticker for one in COMPANIES if one.currency == "INR" and one.source == "up" and not one.listed_sessions]
DUE = timedelta(hours=10, minutes=45)  # Mumbai closes at 10:00 UTC


def live_until(clock: time_machine.Traveller, moment: datetime) -> None:
    """Let the time pass, with what a worker does at every full hour."""
    now = datetime.now(UTC)
    while now < moment:
        now = min(now + timedelta(hours=1), moment)
        clock.move_to(now + timedelta(seconds=1))
        schedules.setup_schedules()
        for exchanges in take_due_calls(schedules.RUN):
            schedules.run(*exchanges)
        for job in Job.objects.active():
            run_job(str(job.pk))
        outbox.wake_delivery()
        outbox.deliver()


def day(number: int) -> datetime:
    return datetime(2026, 1, number, tzinfo=UTC)


def verdicts(session: date) -> dict[str, str]:
    return dict(Result.objects.filter(day=session).values_list("stock_id", "ratings__verdict"))


@pytest.mark.parametrize("most", [5_000, 7])
def test_what_runs_and_what_is_sent_over_a_long_weekend(settings: Settings, most: int) -> None:
    """The same is sent, once, however many jobs a run is split into."""
    settings.SENDS_EMAIL = True
    settings.MAX_STOCKS_PER_JOB = most
    with time_machine.travel(day(21), tick=False) as clock:
        load_demo_market()
        Stock.objects.exclude(pk__in=INDIANS).delete()
        watchlists = {name: Watchlist.objects.create(owner=make_user(name), name="Mine") for name in ("ann", "bob")}
        for watchlist in watchlists.values():
            for ticker in INDIANS:
                watchlist.items.create(stock_id=ticker)
        ann = watchlists["ann"].owner
        subscribed = subscribe(ann, email="ann@example.org", by_email=True, url="").subscription
        confirm(ann.pk, subscribed.serial, "ann@example.org")
        live_until(clock, day(23))  # Wednesday and Thursday: what came before
        before = len(mail.outbox)

        live_until(clock, day(23) + DUE - timedelta(minutes=1))
        assert Job.objects.filter(part_of=None).count() == 2
        live_until(clock, day(24))
        assert Job.objects.filter(part_of=None).count() == 3
        changed = {
            one for one, verdict in verdicts(date(2026, 1, 23)).items() if verdict != verdicts(date(2026, 1, 22))[one]
        }
        friday = mail.outbox[before:]
        assert len(friday) == 1
        assert friday[0].to == ["ann@example.org"]
        assert {
            ticker for ticker in INDIANS if f"{ticker} " in _section(str(friday[0].body), "VERDICTS CHANGED")
        } == changed

        live_until(clock, day(27) + DUE - timedelta(minutes=1))  # Saturday, Sunday, Republic Day
        assert Job.objects.filter(part_of=None).count() == 3
        assert len(mail.outbox) == before + 1

        live_until(clock, day(28))
        assert Job.objects.filter(part_of=None).count() == 4
    sessions = list(ScheduledRun.objects.order_by("session").values_list("session", flat=True))
    assert sessions == [date(2026, 1, number) for number in (21, 22, 23, 27)]
    assert Job.objects.count() == 4 * -(-len(INDIANS) // most)
    assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.COMPLETED}
    assert Ending.objects.filter(notified_at__isnull=False).count() == 4
    assert Message.objects.exclude(job=None).count() == len(mail.outbox)
    assert {sent.to[0] for sent in mail.outbox} == {"ann@example.org"}


def _section(body: str, title: str) -> str:
    """The part of a digest under a heading, up to the next one."""
    _, _, rest = body.partition(f"{title}\n")
    return rest.partition("\nPLANS HIT\n")[0].partition("\nCOULD NOT BE ANALYSED\n")[0]
