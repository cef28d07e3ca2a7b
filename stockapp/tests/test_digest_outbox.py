"""Outbox: from a scheduled job's end to each reader, once, over a real mail server and a real web hook."""

import re
import uuid
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from pytest_django import Settings

from analysis import queue
from analysis.jobs.end import record_end
from analysis.models import Ending, Job
from analysis.tests.make import make_stock, make_user
from analysis.timing import TIMING, Timing
from stockapp.accounts.models import User
from stockapp.digest.models import MAX_ATTEMPTS, Channel, Message, MessageStatus, Subscription
from stockapp.digest.outbox import claim, create_messages, deliver, send, wake_delivery
from stockapp.digest.subscriptions import confirm, subscribe, unsubscribe
from stockapp.outgoing.dispatch import GRACE
from stockapp.settings import TASK_SECONDS
from stockapp.tests.test_digest_changes import DAYS, failed, found, scheduled
from tests.receivers import Misbehaviour, hook, mailbox, nuisance
from watchlist.models import Watchlist, WatchlistItem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail_is_sent(settings: Settings) -> None:
    settings.SENDS_EMAIL = True
    settings.ALLOW_PRIVATE_NOTICES = True
    settings.SITE_URL = "https://stocks.example.org"


def watcher(name: str, *tickers: str, url: str = "", by_email: bool = True) -> User:
    user = make_user(name)
    watchlist = Watchlist.objects.create(owner=user, name="Mine")
    for ticker in tickers:
        WatchlistItem.objects.create(watchlist=watchlist, stock_id=ticker)
    subscription = subscribe(user, email=f"{name}@example.org", by_email=by_email, url=url).subscription
    confirm(user.pk, subscription.serial, f"{name}@example.org")
    Message.objects.confirmations().delete()
    return user


def changed(ticker: str = "TCS.NS") -> Job:
    """A scheduled job that has ended and found another verdict than the one before."""
    stock = make_stock(ticker)
    found(scheduled(DAYS[0]), stock, DAYS[0], "neutral")
    job = scheduled(DAYS[1])
    found(job, stock, DAYS[1], "buy", what_changed="MACD crossed above its signal")
    record_end(job)
    return job


def statuses() -> list[str]:
    return list(Message.objects.order_by("created_at").values_list("status", flat=True))


def test_an_ended_job_tells_who_watches_and_wants_it_and_nobody_else() -> None:
    changed()
    make_stock("AAPL")
    watcher("ann", "TCS.NS")
    watcher("bob", "AAPL")
    off = watcher("cat", "TCS.NS")
    unsubscribe(off.pk)
    gone = watcher("dan", "TCS.NS")
    User.objects.filter(pk=gone.pk).update(is_active=False)
    assert deliver() == 1
    (sent,) = mail.outbox
    assert sent.to == ["ann@example.org"]
    assert sent.subject == "NSE after 2026-01-20: 1 verdict changed"
    assert "Why: MACD crossed above its signal" in sent.body
    assert deliver() == 0
    assert len(mail.outbox) == 1
    assert statuses() == [MessageStatus.SENT]


def test_nothing_is_sent_when_nothing_changed() -> None:
    stock = make_stock("TCS.NS")
    found(scheduled(DAYS[0]), stock, DAYS[0], "buy")
    job = scheduled(DAYS[1])
    found(job, stock, DAYS[1], "buy")
    record_end(job)
    watcher("ann", "TCS.NS")
    assert deliver() == 0
    assert not Message.objects.exists()
    assert Ending.objects.get().notified_at is not None
    assert not wake_delivery()


def test_a_real_mail_server_gets_the_headers_that_were_promised(settings: Settings) -> None:
    changed()
    watcher("ann", "TCS.NS")
    with mailbox() as box:
        settings.MAILERS = box.mailers
        assert deliver() == 1
    (got,) = box.got
    message = Message.objects.get()
    assert got["Message-ID"] == f"<digest-{message.pk}@stocks.example.org>"
    assert re.fullmatch(r"<https://stocks\.example\.org/digest/unsubscribe/.+/>", got["List-Unsubscribe"])
    assert b"\r\nList-Unsubscribe: <https://stocks.example.org/digest/unsubscribe/" in box.raw[0]
    assert max(map(len, box.raw[0].split(b"\r\n"))) < 998
    assert got["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert got["Auto-Submitted"] == "auto-generated"
    kinds = [part.get_content_type() for part in got.walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]
    assert "Neutral → Buy" in got.get_body(("plain",)).get_content()  # type: ignore[union-attr]


def test_who_trades_long_only_is_told_to_avoid_and_not_to_sell_short() -> None:
    stock = make_stock("TCS.NS")
    found(scheduled(DAYS[0]), stock, DAYS[0], "neutral")
    job = scheduled(DAYS[1])
    short = {"side": "short", "entry": 100.0, "stop": 105.0, "target": 90.0, "risk_reward": 2.0}
    found(job, stock, DAYS[1], "sell", **short)
    record_end(job)
    users = [watcher("ann", "TCS.NS"), watcher("bob", "TCS.NS")]
    User.objects.filter(username="bob").update(long_only=False)
    deliver()
    ann, bob = (Message.objects.get(user=user) for user in users)
    for said in (ann.text, ann.html):
        assert "Exit or avoid: the plan is a short, and you trade long only." in said
        assert "105" not in said
    assert "Plan (short): entry ₹100.00, stop ₹105.00, target ₹90.00" in bob.text
    assert "Plan (short): entry ₹100.00" in bob.html


def test_a_web_hook_gets_the_same_and_each_channel_is_one_message() -> None:
    changed()
    with hook() as received:
        watcher("ann", "TCS.NS", url=received.url)
        assert deliver() == 2
    (got,) = received.got
    assert got["title"] == "NSE after 2026-01-20: 1 verdict changed"
    assert "Neutral → Buy" in got["message"]
    assert sorted(Message.objects.values_list("channel", flat=True)) == [Channel.EMAIL, Channel.URL]


def test_two_who_write_the_messages_at_once_write_them_once() -> None:
    job = changed()
    watcher("ann", "TCS.NS")
    ending = Ending.objects.get()
    assert create_messages(ending) == 1
    assert create_messages(ending) == 0  # it was read before the first one wrote
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(job=job, user=User.objects.get(), channel=Channel.EMAIL)
    assert Message.objects.count() == 1


def test_a_message_is_claimed_by_one_and_taken_over_when_its_lease_is_over() -> None:
    changed()
    watcher("ann", "TCS.NS")
    create_messages(Ending.objects.get())
    first = claim()
    assert first
    assert claim() is None
    Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    second = claim()
    assert second
    assert (second.pk, second.fence, second.attempts) == (first.pk, first.fence + 1, 2)
    assert send(iter([second]))
    Message.objects.filter(status=MessageStatus.SENT).update(error_message="as the second one left it")
    send(iter([first]))  # it wakes up late: what it notes is dropped
    assert Message.objects.get().error_message == "as the second one left it"


def test_a_refusal_is_tried_again_later_and_later_and_then_told(settings: Settings) -> None:
    changed()
    with hook() as received, time_machine.travel(timezone.now(), tick=False) as clock:
        received.status = 503
        watcher("ann", "TCS.NS", url=received.url, by_email=False)
        waits = []
        for attempt in range(MAX_ATTEMPTS):
            assert deliver() == 0
            assert len(received.got) == attempt + 1
            message = Message.objects.get()
            waits.append((message.not_before - timezone.now()) // timedelta(minutes=1))
            assert deliver() == 0  # not yet
            clock.move_to(message.not_before + timedelta(seconds=1))
        assert len(received.got) == MAX_ATTEMPTS
    assert waits == [1, 4, 16, 64, 256]
    message = Message.objects.get()
    assert message.status == MessageStatus.FAILED
    assert "503" in message.error_message or "Service Unavailable" in message.error_message


def test_a_server_that_recovers_gets_the_message() -> None:
    changed()
    with hook() as received, time_machine.travel(timezone.now(), tick=False) as clock:
        received.status = 500
        watcher("ann", "TCS.NS", url=received.url, by_email=False)
        deliver()
        assert statuses() == [MessageStatus.WAITING]
        received.status = 200
        clock.shift(timedelta(minutes=2))
        assert wake_delivery()
        assert deliver() == 1
    assert statuses() == [MessageStatus.SENT]


def test_a_recipient_that_the_mail_server_does_not_know_fails_at_once(settings: Settings) -> None:
    changed()
    watcher("ann", "TCS.NS")
    with mailbox() as box:
        box.refuses = True
        settings.MAILERS = box.mailers
        assert deliver() == 0
    message = Message.objects.get()
    assert (message.status, message.attempts) == (MessageStatus.FAILED, 1)
    assert message.error_message == "The mail server refused the recipient: 550 no such user"


def test_a_mail_server_that_is_gone_is_asked_again(settings: Settings) -> None:
    changed()
    watcher("ann", "TCS.NS")
    with mailbox() as box:
        settings.MAILERS = box.mailers
    assert deliver() == 0
    message = Message.objects.get()
    assert message.status == MessageStatus.WAITING
    assert message.error_message.startswith("The mail server could not be reached: ")


def test_an_address_inside_this_network_is_refused_when_sending_too(settings: Settings) -> None:
    changed()
    with hook() as received:
        watcher("ann", "TCS.NS", url=received.url, by_email=False)
        settings.ALLOW_PRIVATE_NOTICES = False
        assert deliver() == 0
        assert received.got == []
    message = Message.objects.get()
    assert message.status == MessageStatus.FAILED
    assert "is inside this network" in message.error_message


def test_a_receiver_that_is_slow_delays_nobody_elses_message() -> None:
    """The first in turn answers only once the other has had its message."""
    changed()
    with hook() as slow, hook() as other:
        slow.gate = other.was_asked
        watcher("ann", "TCS.NS", url=slow.url, by_email=False)
        watcher("bob", "TCS.NS", url=other.url, by_email=False)
        assert deliver() == 2
    assert statuses() == [MessageStatus.SENT, MessageStatus.SENT]


def test_first_attempts_come_before_later_ones() -> None:
    """A receiver that refuses again and again is no reason for others to wait."""
    changed()
    watcher("ann", "TCS.NS")
    watcher("bob", "TCS.NS")
    create_messages(Ending.objects.get())
    refused = Message.objects.get(user__username="ann")
    Message.objects.filter(pk=refused.pk).update(attempts=1, not_before=refused.created_at - timedelta(days=1))
    claimed = [claim(), claim()]
    assert [message and message.user.username for message in claimed] == ["bob", "ann"]


def test_a_message_is_not_sent_again_because_its_receiver_is_slow_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stockapp.digest.outbox.TIMING", Timing(timedelta(seconds=16)))  # 8 s to send
    changed()
    with nuisance(Misbehaviour.SILENCE) as silent:
        watcher("ann", "TCS.NS", url=silent.url, by_email=False)
        assert deliver() == 0
        assert silent.requests == 1
    message = Message.objects.get()
    assert (message.status, message.attempts) == (MessageStatus.FAILED, 1)
    assert message.error_message == (
        "No answer within 8 seconds. The message may have arrived, so it is not sent again."
    )


def test_a_message_ends_before_its_lease_does() -> None:
    """Or another worker would send it while the first still waits for an answer."""
    assert TIMING.sending + timedelta(seconds=GRACE) < TIMING.lease
    assert TIMING.slice + TIMING.sending + timedelta(seconds=GRACE) < timedelta(seconds=TASK_SECONDS)


def test_errors_hold_no_secrets() -> None:
    changed()
    secret = "s3cr3t-t0ken-123456"
    watcher("ann", "TCS.NS", url=f"json://ann:{secret}@127.0.0.1:9/{secret}", by_email=False)
    deliver()
    message = Message.objects.get()
    assert message.error_message
    assert secret not in message.error_message


def test_who_unsubscribes_before_it_is_sent_gets_nothing() -> None:
    changed()
    ann = watcher("ann", "TCS.NS")
    create_messages(Ending.objects.get())
    unsubscribe(ann.pk)
    assert deliver() == 0
    assert mail.outbox == []
    assert statuses() == [MessageStatus.WITHDRAWN]


def test_a_message_that_kills_its_worker_is_given_up() -> None:
    changed()
    watcher("ann", "TCS.NS")
    create_messages(Ending.objects.get())
    for _ in range(MAX_ATTEMPTS):
        assert claim()
        Message.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert deliver() == 0
    assert Message.objects.get().error_message == "The worker that was sending it was lost 5 times."
    assert mail.outbox == []


def test_workers_are_woken_while_something_is_due_but_not_again_and_again() -> None:
    changed()
    watcher("ann", "TCS.NS")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert [wake_delivery(), wake_delivery()] == [True, False]
        clock.shift(timedelta(seconds=31))
        assert [wake_delivery(), wake_delivery()] == [True, False]
        assert queue.waiting_count() == 2
        deliver()
        clock.shift(timedelta(seconds=31))
        assert not wake_delivery()


def test_a_failure_is_news_and_a_job_without_success_is_told_too() -> None:
    stock = make_stock("TCS.NS")
    job = scheduled(DAYS[0])
    failed(job, stock)
    record_end(job)
    watcher("ann", "TCS.NS")
    deliver()
    assert mail.outbox[0].subject.endswith(": 1 stock failed")


def test_an_ending_that_cannot_be_written_is_given_up_and_says_why(caplog: pytest.LogCaptureFixture) -> None:
    job = changed()
    watcher("ann", "TCS.NS")
    stock = make_stock("BAD.NS")
    first, second = scheduled(DAYS[2]), scheduled(DAYS[3])
    Watchlist.objects.get().items.create(stock=stock)
    for one, day in ((first, DAYS[2]), (second, DAYS[3])):
        found(one, stock, day)
    stock.histories.create(
        source="csv", bars=b"damaged", first_session=DAYS[0], last_session=DAYS[3], requested_since=DAYS[0],
        bar_count=1, adjusted=True, fetched_at=timezone.now(), checksum="",
    )  # fmt: skip
    record_end(second)
    for _ in range(MAX_ATTEMPTS + 2):
        deliver()
    ending = Ending.objects.get(job=second)
    assert (ending.notified_at, ending.attempts) == (None, MAX_ATTEMPTS)
    assert ending.error_message.startswith("Internal error")
    assert Ending.objects.get(job=job).notified_at
    assert len(mail.outbox) == 1


def test_an_id_stays_the_same_at_every_attempt(settings: Settings) -> None:
    changed()
    watcher("ann", "TCS.NS")
    create_messages(Ending.objects.get())
    with mailbox() as box:
        settings.MAILERS = box.mailers
        for _ in range(2):  # the second time as if the worker had died before it could mark it
            message = claim()
            assert message
            send(iter([message]))
            Message.objects.update(
                status=MessageStatus.SENDING, lease_token=uuid.uuid4(), lease_until=timezone.now() - timedelta(1)
            )
    assert len({got["Message-ID"] for got in box.got}) == 1
    assert len(box.got) == 2


def test_a_subscription_without_an_address_cannot_be_stored() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscription.objects.create(user=make_user("ann"), by_url=True, url="")
