"""Subscriptions: switching the digest on, confirming an address, changing it, and switching it off.

off ── subscribe ──> on, by a service: messages go out
                     on, by e-mail: waits ── confirm ──> messages go out
                                      ^── another address ──┘
any ── unsubscribe ──> off; the next `subscribe` is another subscription, with a serial of its own
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from analysis.services import lock_installation
from analysis.services.transient import transactional
from stockapp.accounts.models import User
from stockapp.digest.compose import compose_confirmation
from stockapp.digest.models import Channel, Message, MessageStatus, Subscription
from stockapp.mail import NO_MAIL
from stockapp.templatetags.formats import counted

MOST_CONFIRMATIONS = ((timedelta(hours=1), 3), (timedelta(days=1), 6))
"""Limits of confirmation messages per time span, for one user and for one address."""

SWITCHED_OFF = "The digest was switched off before this one was sent."
KEPT = timedelta(days=30)  # how long the user sees a confirmation message in the list


class ConfirmationRefused(Exception):
    """No confirmation message is sent now; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class SubscribeResult:
    """A saved subscription; `refusal` says why no confirmation message was written although one is due."""

    subscription: Subscription
    refusal: str = ""


def subscription_of(user: User) -> Subscription:
    """Return the digest settings of a user, unsaved if the user has none yet."""
    return Subscription.objects.filter(user=user).select_related("user").first() or Subscription(user=user)


@transactional
def subscribe(user: User, *, email: str, by_email: bool, url: str) -> SubscribeResult:
    """Save the digest settings of a user; an empty `url` switches the notification service off.

    Write a confirmation message if the address is new, or e-mail was switched on again.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    before = subscription_of(locked)
    waited_for = locked.email if before.is_unconfirmed else ""
    was_on = before.is_on
    User.objects.filter(pk=user.pk).update(email=email)
    locked.email = email
    kept = Subscription(
        user=locked,
        by_email=by_email,
        by_url=bool(url),
        url=url,
        serial=before.serial,
        confirmed_email=before.confirmed_email,
    )
    if kept.is_on and not was_on and not before._state.adding:
        kept.serial += 1
    kept.save()
    if not kept.is_unconfirmed or waited_for == email:
        return SubscribeResult(kept)
    try:
        _ask(kept)
    except ConfirmationRefused as refusal:
        return SubscribeResult(kept, str(refusal))
    return SubscribeResult(kept)


@transactional
def ask_again(user: User) -> None:
    """Write another confirmation message to the user's address. Raise ConfirmationRefused beyond the limits."""
    User.objects.select_for_update().get(pk=user.pk)
    subscription = subscription_of(user)
    if not subscription.is_unconfirmed:
        raise ConfirmationRefused("There is no address that waits for confirmation.")
    _ask(subscription)


def _ask(subscription: Subscription) -> None:
    """Write a confirmation message. The caller has locked the user's row.

    Raise ConfirmationRefused if there is no mail server, or the user or the address has had too many.
    """
    if not settings.SENDS_EMAIL:
        raise ConfirmationRefused(NO_MAIL)
    lock_installation()  # several users may name one address at the same moment
    user, now = subscription.user, timezone.now()
    asked = Message.objects.confirmations().filter(Q(user=user) | Q(recipient__iexact=user.email))
    for span, most in MOST_CONFIRMATIONS:
        times = list(
            asked.filter(created_at__gt=now - span).order_by("-created_at").values_list("created_at", flat=True)
        )
        if len(times) >= most:
            raise ConfirmationRefused(_too_many(times[most - 1] + span - now))
    Message.objects.confirmations().filter(user=user, created_at__lt=now - KEPT).delete()
    composed = compose_confirmation(subscription)
    Message.objects.create(
        user=user, recipient=user.email, channel=Channel.EMAIL,
        subject=composed.subject, text=composed.text, html=composed.html,
    )  # fmt: skip


def _too_many(wait: timedelta) -> str:
    minutes = int(wait.total_seconds() // 60) + 1
    after = counted(minutes, "minute") if minutes < 120 else counted(minutes // 60 + 1, "hour")
    return f"Too many confirmation messages were sent to this address or from this account. Try again in {after}."


@transactional
def confirm(user: int, serial: int, email: str) -> bool:
    """Note the confirmation of an address. Return False if the subscription no longer uses it."""
    waiting = Subscription.objects.filter(pk=user, serial=serial, by_email=True, user__email=email)
    return bool(waiting.update(confirmed_email=email))


def is_confirmed(user: int, serial: int, email: str) -> bool | None:
    """Return whether an address of a subscription is confirmed; None if the subscription no longer uses it."""
    wanted = Subscription.objects.filter(pk=user, serial=serial, by_email=True, user__email=email)
    confirmed = wanted.values_list("confirmed_email", flat=True).first()
    return None if confirmed is None else confirmed == email


def is_current(user: int, serial: int) -> bool:
    """Return whether this serial is that of the user's latest subscription."""
    return Subscription.objects.filter(pk=user, serial=serial).exists()


@transactional
def unsubscribe(user: int, serial: int | None = None) -> bool:
    """End a user's digest on every channel. Return False if it was off, or has another serial.

    Messages that are not sent yet are withdrawn, and the address has to be confirmed again.
    """
    given = {} if serial is None else {"serial": serial}
    ended = Subscription.objects.wanted().filter(pk=user, **given)
    if not ended.update(by_email=False, by_url=False, url="", confirmed_email=""):
        return False
    waiting = Message.objects.filter(user=user, status=MessageStatus.WAITING)
    waiting.update(status=MessageStatus.WITHDRAWN, error_message=SWITCHED_OFF)
    return True


def last_asked(subscription: Subscription) -> datetime | None:
    """Return when the last confirmation message for the subscription's address was written."""
    asked = Message.objects.confirmations().filter(user=subscription.user_id, recipient=subscription.user.email)
    return asked.order_by("-created_at").values_list("created_at", flat=True).first()
