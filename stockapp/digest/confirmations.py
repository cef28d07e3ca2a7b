"""Confirmations: the message that asks the owner of an address to confirm it, its limits, and its state for the user.

A message counts towards the limits from the moment it is written. One that is withdrawn before its first attempt
cannot have reached anybody and no longer counts; one that was tried may have arrived, and does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from analysis import clock
from analysis.jobs.limits import lock_installation
from stockapp.accounts.models import User
from stockapp.digest.compose import CONFIRM_WITHIN, compose_confirmation
from stockapp.digest.models import Channel, Message, MessageStatus, Subscription
from stockapp.mail import NO_MAIL
from stockapp.templatetags.formats import counted

MOST_CONFIRMATIONS = ((timedelta(hours=1), 3), (timedelta(days=1), 6))
"""Limits of confirmation messages per time span, for one user and for one address."""

MOST_WITHDRAWN = 3  # of a user's messages that were withdrawn untried; they count towards no limit, so rows are removed
KEPT = timedelta(days=30)  # how long the user sees a confirmation message in the list


class ConfirmationRefused(Exception):
    """Refusal to send a confirmation message now; the sentence has the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class ConfirmationState:
    """The last message that may confirm the address, if any, and how long until another can be requested, in words.

    `is_outdated`: it was sent for an earlier subscription, so its link does not work. `can_request`: at once.
    """

    message: Message | None
    is_outdated: bool
    wait: str
    can_request: bool

    @property
    def is_expired(self) -> bool:
        """Return whether the link in the message is too old to work."""
        return self.message is not None and timezone.now() - self.message.created_at > CONFIRM_WITHIN

    @property
    def retry_in(self) -> str:
        """Return how long until the next attempt to send the message, in words."""
        return _wait_in_words(self.message.not_before - clock.now()) if self.message else ""


def create_confirmation(subscription: Subscription) -> None:
    """Write a confirmation message. The caller has locked the user's row.

    Raise ConfirmationRefused if there is no mail server, or the user or the address has had too many.
    """
    if not settings.SENDS_EMAIL:
        raise ConfirmationRefused(NO_MAIL)
    lock_installation()  # several users may name one address at the same moment
    user, now = subscription.user, timezone.now()
    if wait := _time_to_wait(user, now):
        raise ConfirmationRefused(
            "Too many confirmation messages to this address or from this account. "
            f"You can request one in {_wait_in_words(wait)}."
        )
    _remove_old(user, now)
    composed = compose_confirmation(subscription)
    Message.objects.create(
        user=user, recipient=user.email, serial=subscription.serial, channel=Channel.EMAIL,
        subject=composed.subject, text=composed.text, html=composed.html,
    )  # fmt: skip


def _time_to_wait(user: User, now: datetime) -> timedelta:
    """Return how long until every limit admits another message from the user to the user's address."""
    requests = Message.objects.confirmations().counted().filter(Q(user=user) | Q(recipient__iexact=user.email))
    longest = max(span for span, _ in MOST_CONFIRMATIONS)
    recent = requests.filter(created_at__gt=now - longest).order_by("-created_at")
    times = list(recent.values_list("created_at", flat=True))
    free = [times[most - 1] + span for span, most in MOST_CONFIRMATIONS if len(times) >= most]
    return max([moment - now for moment in free] + [timedelta()])


def _remove_old(user: User, now: datetime) -> None:
    own = Message.objects.confirmations().filter(user=user)
    own.filter(created_at__lt=now - KEPT).delete()
    untried = own.untried().values_list("pk", flat=True)[:MOST_WITHDRAWN]
    own.untried().exclude(pk__in=list(untried)).delete()


def _wait_in_words(wait: timedelta) -> str:
    minutes = max(math.ceil(wait.total_seconds() / 60), 1)
    return counted(minutes, "minute") if minutes < 120 else counted(math.ceil(minutes / 60), "hour")


def last_confirmation(subscription: Subscription) -> Message | None:
    """Return the last message to the subscription's address that was not withdrawn."""
    requests = Message.objects.confirmations().filter(user=subscription.user_id, recipient=subscription.user.email)
    return requests.exclude(status=MessageStatus.WITHDRAWN).defer("text", "html").first()


def is_outdated(message: Message, subscription: Subscription) -> bool:
    """Return whether a message belongs to an earlier subscription, so that its link does not work."""
    return message.serial not in (None, subscription.serial)


def state_of(subscription: Subscription) -> ConfirmationState | None:
    """Return the state of the confirmation of a subscription's address; None if there is nothing to confirm."""
    if not subscription.is_unconfirmed:
        return None
    message = last_confirmation(subscription)
    outdated = message is not None and is_outdated(message, subscription)
    if message and outdated and message.status != MessageStatus.SENT:
        message, outdated = None, False
    wait = _time_to_wait(subscription.user, timezone.now())
    is_pending = message is not None and message.status in (MessageStatus.WAITING, MessageStatus.SENDING)
    return ConfirmationState(
        message,
        is_outdated=outdated,
        wait=_wait_in_words(wait) if wait and settings.SENDS_EMAIL else "",
        can_request=settings.SENDS_EMAIL and not wait and not is_pending,
    )
