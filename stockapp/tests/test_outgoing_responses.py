"""Answers: receivers that flood, drip or are silent block no other message and fill no memory; real processes."""

import os
import sys
import time
from collections.abc import Container, Iterator
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, mailers
from pytest_django import Settings

from stockapp.outgoing.carrier import shorten_body
from stockapp.outgoing.dispatch import CarrierLost, send_orders
from stockapp.outgoing.orders import DeliveryOutcome, DeliveryStatus, Mail, Notice, Order, Server
from tests.processes import children_of
from tests.receivers import Mailbox, Misbehaviour, hook, mailbox, nuisance

SECONDS = 6.0
MOST_MEMORY = 160_000  # KB; a carrier that has done nothing has 60,000
ANSWERED = {Misbehaviour.BOMB, Misbehaviour.ENDLESS_BODY, Misbehaviour.ENDLESS_CHUNKS, Misbehaviour.DRIPPING_BODY}
REFUSED = {Misbehaviour.ENDLESS_HEADERS, Misbehaviour.LOOP, Misbehaviour.ASTRAY}


def peak_memory(*, before: Container[int]) -> int:
    """The most memory that a child of this process has had, in KB, but for those that were there before."""
    found = [0]
    for pid in children_of(os.getpid()):
        if pid in before:  # as the browser's driver, after a test of pages
            continue
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    return max(found)


def notice(url: str, seconds: float = SECONDS) -> Order:
    return Order(Notice(url, "Title", "Body", may_reach_private=True), seconds)


@pytest.mark.parametrize("how", Misbehaviour)
def test_a_bad_receiver_is_done_with_in_time_and_memory(how: Misbehaviour) -> None:
    """A status that has come counts, however the rest behaves; without one nothing is known, and nothing repeated."""
    with nuisance(how) as receiver, hook() as good:
        orders = [("bad", notice(receiver.url)), ("good", notice(good.url, 60))]
        others = children_of(os.getpid())
        outcomes, began, memory = dict[str, DeliveryOutcome](), time.monotonic(), 0
        for name, outcome in send_orders(iter(orders), at_once=1):
            outcomes[name] = outcome
            memory = max(memory, peak_memory(before=others))
        took = time.monotonic() - began
        assert receiver.requests == 1
    bad = outcomes["bad"]
    if how in ANSWERED:
        assert bad.status is DeliveryStatus.TAKEN
    elif how in REFUSED:
        assert (bad.status, bad.is_permanent) == (DeliveryStatus.REFUSED, False)
        assert "Internal error" not in bad.sentence
    else:
        assert (bad.status, bad.is_permanent) == (DeliveryStatus.UNANSWERED, True)
        assert bad.sentence == "No answer within 6 seconds. The message may have arrived, so it is not sent again."
    assert outcomes["good"].status is DeliveryStatus.TAKEN
    assert memory < MOST_MEMORY
    assert took < 60


def test_a_receiver_that_cannot_be_reached_in_time_may_be_tried_again() -> None:
    """An address that swallows packets: nothing of the message was sent."""
    ((_, outcome),) = send_orders(iter([(1, notice("json://192.0.2.1/hook", 2.0))]), at_once=1)
    assert (outcome.status, outcome.is_permanent) == (DeliveryStatus.REFUSED, False)


def test_one_receiver_that_is_slow_delays_no_other() -> None:
    """The first answers only once another has had its message; one after the other it would never."""
    with hook() as slow, hook() as last:
        slow.gate = last.was_asked
        orders = [("slow", notice(slow.url, 60)), *((name, notice(last.url, 60)) for name in ("b", "c", "d"))]
        taken = [
            name for name, outcome in send_orders(iter(orders), at_once=2) if outcome.status is DeliveryStatus.TAKEN
        ]
    assert sorted(taken) == ["b", "c", "d", "slow"]


def test_an_order_is_taken_only_when_it_can_be_carried() -> None:
    """Or the lease of a message would run while it waits behind others."""
    taken = list[str]()

    def orders(url: str) -> Iterator[tuple[str, Order]]:
        for name in ("a", "b", "c"):
            taken.append(name)
            yield name, notice(url, 60)

    with hook() as received:
        for name, _ in send_orders(orders(received.url), at_once=1):
            assert taken[-1] == name


def test_a_message_that_is_longer_than_its_service_takes_ends_with_where_it_goes_on() -> None:
    lines = "\n".join(f"{number:09}" for number in range(100))
    whole = Notice("json://127.0.0.1/", "Title", lines, "https://stocks.example.org")
    assert shorten_body(whole, 999) == lines
    cut = shorten_body(whole, 200)
    assert len(cut) <= 200
    assert cut.startswith("000000000\n000000001\n")
    assert cut.endswith("000000012\n…\n\nThe rest is too long for a notification: https://stocks.example.org")


def test_a_process_that_cannot_be_started_is_an_error_and_not_an_endless_wait() -> None:
    ends = send_orders(iter([(1, notice("json://127.0.0.1/"))]), at_once=2, command=["false"])
    key, outcome = next(ends)
    assert (key, outcome.status, outcome.is_permanent) == (1, DeliveryStatus.REFUSED, False)
    assert outcome.sentence == "The process that sends messages could not be started."
    with pytest.raises(CarrierLost):
        next(ends)


def test_a_process_that_does_not_read_its_order_holds_nobody() -> None:
    stuck = 'import time; print(\'{"event": "ready"}\', flush=True); time.sleep(60)'
    order = Order(Notice("json://127.0.0.1/", "Title", "x" * 500_000, ""), 1.0)
    ((_, outcome),) = send_orders(iter([(1, order)]), at_once=1, command=[sys.executable, "-c", stuck])
    assert (outcome.status, outcome.is_permanent) == (DeliveryStatus.REFUSED, False)


def test_a_long_order_arrives_whole() -> None:
    with hook() as received:
        order = Order(Notice(received.url, "Title", "x" * 500_000, "", may_reach_private=True), 60.0)
        ((_, outcome),) = send_orders(iter([(1, order)]), at_once=1)
    assert outcome.status is DeliveryStatus.TAKEN


def test_no_process_is_left_behind() -> None:
    before = children_of(os.getpid())
    with hook() as received:
        for _ in send_orders(iter([(1, notice(received.url, 60)), (2, notice(received.url, 60))]), at_once=2):
            break  # as when the worker is asked to stop in between
    assert children_of(os.getpid()) - before == set()


def mail(box: Mailbox, seconds: float = SECONDS) -> Order:
    content = "Subject: Title\r\n\r\nBody\r\n.\r\nwith a dot\r\n"
    return Order(Mail(Server("127.0.0.1", box.port), "a@example.org", ["b@example.org"], content), seconds)


@pytest.mark.parametrize(
    ("misbehaves", "status", "is_permanent", "count"),
    [
        ("greeting", DeliveryStatus.REFUSED, False, 0),
        ("flood", DeliveryStatus.REFUSED, False, 0),
        ("reply", DeliveryStatus.UNANSWERED, True, 1),
        ("goodbye", DeliveryStatus.TAKEN, False, 1),
        ("", DeliveryStatus.TAKEN, False, 1),
    ],
)
def test_a_mail_server_that_drips_or_floods_is_done_with_in_time_and_memory(
    misbehaves: str, status: DeliveryStatus, is_permanent: bool, count: int
) -> None:
    """After the goodbye nothing counts; after the message only its reply, which may never come."""
    with mailbox() as bad, mailbox() as good:
        bad.misbehaves = misbehaves
        others = children_of(os.getpid())
        began, memory, outcomes = time.monotonic(), 0, dict[str, DeliveryOutcome]()
        for name, outcome in send_orders(iter([("bad", mail(bad)), ("good", mail(good, 60))]), at_once=1):
            outcomes[name] = outcome
            memory = max(memory, peak_memory(before=others))
        took = time.monotonic() - began
        assert (len(bad.got), len(good.got)) == (count, 1)
    assert (outcomes["bad"].status, outcomes["bad"].is_permanent) == (status, is_permanent)
    assert outcomes["good"].status is DeliveryStatus.TAKEN
    assert memory < MOST_MEMORY
    assert took < 60


def test_all_e_mail_of_the_installation_goes_that_way(settings: Settings) -> None:
    """A page that sends one, as for a new password, is not held either."""
    with mailbox() as box:
        settings.MAILERS = box.mailers
        message = EmailMessage("Title", "Body", "a@example.org", ["b@exämple.org"])
        assert mailers.default.send_messages([message]) == 1
        assert box.got[0]["Subject"] == "Title"
        box.misbehaves = "greeting"
        settings.MAILERS["default"]["OPTIONS"]["timeout"] = 8
        with pytest.raises(OSError, match="The receiver could not be reached within 8 seconds"):
            mailers.default.send_messages([message])
