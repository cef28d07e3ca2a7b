"""Outbox: from the end of a scheduled job to its messages, and from each message to its reader.

The job's last transaction writes an Ending. `create_messages` turns it into messages in one transaction that also marks
it as notified, so each is written once. A message is claimed under a lease, sent outside any transaction by a process
of its own (`stockapp.outgoing`), and its outcome is stored. Several are sent at once, first attempts before later ones,
so that a slow receiver delays no other. The process is ended well before the lease, so that no slow answer makes a
message be sent twice. If a worker dies before sending, nothing is lost. If it dies after the receiver accepted the
message and before it is marked, the message is sent again with the same Message-ID; two systems cannot exclude that.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import F, Q

from analysis import clock, queue
from analysis.background import BackgroundSlice
from analysis.db import transactional
from analysis.jobs.end import mark_notified
from analysis.models import Ending
from analysis.timing import TIMING
from stockapp.digest import channels
from stockapp.digest.changes import changes_of
from stockapp.digest.channels import DeliveryError
from stockapp.digest.compose import compose, find_watched_tickers
from stockapp.digest.models import MAX_ATTEMPTS, Message, MessageStatus, Subscription
from stockapp.digest.withdrawal import reason_to_withdraw
from stockapp.outgoing.dispatch import send_orders
from stockapp.outgoing.orders import DeliveryOutcome, DeliveryStatus, Order

logger = logging.getLogger(__name__)

DELIVER = "stockapp.digest.outbox.deliver"
AT_ONCE = 4
WAKE_AGAIN = timedelta(seconds=30)
FIRST_RETRY, GROWTH = timedelta(minutes=1), 4  # after 1, 4, 16 and 64 minutes
LOST = f"The worker that was sending it was lost {MAX_ATTEMPTS} times."


@transactional
def wake_delivery() -> bool:
    """Queue a delivery if one is due and none was queued lately. Called regularly by every worker."""
    now = clock.now()
    endings = Ending.objects.to_wake().update(woken_at=now)
    not_woken = Q(woken_at__isnull=True) | Q(woken_at__lt=now - WAKE_AGAIN)
    messages = Message.objects.due().filter(not_woken).update(woken_at=now)
    if endings or messages:
        queue.enqueue(DELIVER)
    return bool(endings or messages)


def deliver(*, seconds: float = TIMING.slice.total_seconds()) -> int:
    """Create the messages of runs that have ended, and send due ones. Return how many were sent. The queue calls it.

    Safe to run any number of times, by several at once.
    """
    background = BackgroundSlice(seconds)
    for ending in Ending.objects.pending().select_related("job"):
        create_messages(ending)
    return send(_claim_messages(background))


def _claim_messages(background: BackgroundSlice) -> Iterator[Message]:
    """Claim due messages one by one, each when it can be sent; queue another delivery when the time is over."""
    while message := claim():
        yield message
        if background.is_over():
            queue.enqueue(DELIVER)
            return


def send(messages: Iterator[Message]) -> int:
    """Send claimed messages, several at once, and store their outcomes. Return how many were accepted."""
    sent = 0
    for (message, url), outcome in send_orders(map(_prepare_order, messages), at_once=AT_ONCE):
        sentence = channels.remove_secrets(outcome.sentence, url)
        sent += _store_outcome(message, outcome, sentence)
    return sent


def create_messages(ending: Ending) -> int:
    """Create a message to each subscriber for whose stocks this run has changes. Return how many."""
    Ending.objects.filter(pk=ending.pk).update(attempts=F("attempts") + 1)
    try:
        messages = _compose_messages(ending)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        logger.exception("The digest of job %s could not be written", ending.pk)
        sentence = f"Internal error ({type(error).__name__}): {error}"
        Ending.objects.filter(pk=ending.pk).update(error_message=sentence[:500])
        return 0
    return _store_messages(ending, messages)


def _compose_messages(ending: Ending) -> list[Message]:
    job = ending.job
    subscriptions = {one.user_id: one for one in Subscription.objects.wanted().select_related("user")}
    watched = find_watched_tickers(list(subscriptions), job)
    tickers_by_strategy = defaultdict[str, set[str]](set)
    for user, tickers in watched.items():
        tickers_by_strategy[subscriptions[user].user.strategy] |= tickers
    changes = {strategy: changes_of(job, tickers, strategy) for strategy, tickers in tickers_by_strategy.items()}
    messages = []
    for user, tickers in watched.items():
        reader = subscriptions[user].user
        own_changes = changes[reader.strategy].of(tickers, long_only=reader.long_only)
        if not own_changes.is_empty:
            composed = compose(job, own_changes, subscriptions[user])
            messages += [
                Message(
                    user_id=user,
                    job=job,
                    channel=channel,
                    subject=composed.subject,
                    text=composed.text,
                    html=composed.html,
                )
                for channel in subscriptions[user].channels
            ]
    return messages


@transactional
def _store_messages(ending: Ending, messages: list[Message]) -> int:
    """Store the messages and mark the end as notified, unless another process has. Return how many were stored."""
    if not mark_notified(ending):
        return 0
    return len(Message.objects.bulk_create(messages))


@transactional
def claim() -> Message | None:
    """Claim the next due message under a lease; None if there is none that no other process claims."""
    now = clock.now()
    in_turn = Message.objects.due().order_by("attempts", "not_before", "created_at")
    due = in_turn.select_for_update(skip_locked=True)
    message = due.first()
    if message is None:
        return None
    token, sending = uuid.uuid4(), {"status": MessageStatus.SENDING, "attempts": F("attempts") + 1}
    Message.objects.filter(pk=message.pk).lease(token, now + TIMING.lease, **sending)
    return Message.objects.held_by(token).get()


def _prepare_order(message: Message) -> tuple[tuple[Message, str], Order | DeliveryOutcome]:
    """Return a message with the address of its service, and its order, or its outcome if there is nothing to send."""
    subscription = Subscription.objects.filter(user=message.user_id).select_related("user").first()
    reason = reason_to_withdraw(message, subscription)
    if subscription is None or reason:
        return (message, ""), DeliveryOutcome(DeliveryStatus.WITHDRAWN, reason)
    return (message, subscription.url), _create_order(message, subscription)


def _create_order(message: Message, subscription: Subscription) -> Order | DeliveryOutcome:
    if message.attempts > MAX_ATTEMPTS:
        return DeliveryOutcome(DeliveryStatus.REFUSED, LOST, is_permanent=True)
    try:
        content = channels.content_of(message, subscription)
    except DeliveryError as error:
        return DeliveryOutcome(DeliveryStatus.REFUSED, str(error), is_permanent=error.permanent)
    except Exception as error:
        logger.exception("Sending digest %s failed", message.pk)
        return DeliveryOutcome(DeliveryStatus.REFUSED, f"Internal error ({type(error).__name__}).")
    return Order(content, TIMING.sending.total_seconds()) if content else DeliveryOutcome(DeliveryStatus.TAKEN)


STATUSES = {DeliveryStatus.TAKEN: MessageStatus.SENT, DeliveryStatus.WITHDRAWN: MessageStatus.WITHDRAWN}


@transactional
def _store_outcome(message: Message, outcome: DeliveryOutcome, sentence: str) -> bool:
    """Store the outcome of a message unless its lease was lost. Return whether it was sent."""
    now = clock.now()
    is_over = outcome.is_permanent or message.attempts >= MAX_ATTEMPTS
    status = STATUSES.get(outcome.status, MessageStatus.FAILED if is_over else MessageStatus.WAITING)
    Message.objects.held_by(message.lease_token).filter(pk=message.pk, fence=message.fence).end_lease(
        status=status,
        attempts=message.attempts - (status == MessageStatus.WITHDRAWN),  # a withdrawn message was not attempted
        error_message=sentence[:500],
        not_before=now + FIRST_RETRY * GROWTH ** (message.attempts - 1),
        sent_at=now if status == MessageStatus.SENT else None,
    )
    return status == MessageStatus.SENT
