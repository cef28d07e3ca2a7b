"""Subscriptions: switching the digest on, confirming an address, changing it, and switching it off.

off ── subscribe ──> on, by a service: messages go out
                     on, by e-mail: waits ── confirm ──> messages go out
                                      ^── another address ──┘
any ── unsubscribe ──> off; the next `subscribe` is another subscription, with a serial of its own
"""

from __future__ import annotations

from dataclasses import dataclass

from analysis.db import transactional
from stockapp.accounts.models import User
from stockapp.digest.confirmations import ConfirmationRefused, create_confirmation, is_outdated, last_confirmation
from stockapp.digest.models import Message, MessageStatus, Subscription
from stockapp.digest.withdrawal import SWITCHED_OFF, withdraw_confirmations


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

    Write a confirmation message if the address is new, e-mail was switched on again, or there is none to the address
    yet. Those that wait and are no longer wanted are withdrawn first, so that they do not count towards its limits.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    before = subscription_of(locked)
    waited_for = locked.email if before.is_unconfirmed else ""
    was_on = before.is_on
    User.objects.filter(pk=user.pk).update(email=email)
    locked.email = email
    subscription = Subscription(
        user=locked,
        by_email=by_email,
        by_url=bool(url),
        url=url,
        serial=before.serial,
        confirmed_email=before.confirmed_email,
    )
    if subscription.is_on and not was_on and not before._state.adding:
        subscription.serial += 1
    subscription.save()
    withdraw_confirmations(subscription)
    if not subscription.is_unconfirmed or (waited_for == email and _has_current_confirmation(subscription)):
        return SubscribeResult(subscription)
    try:
        create_confirmation(subscription)
    except ConfirmationRefused as rejection:
        return SubscribeResult(subscription, str(rejection))
    return SubscribeResult(subscription)


def _has_current_confirmation(subscription: Subscription) -> bool:
    message = last_confirmation(subscription)
    return message is not None and not is_outdated(message, subscription)


@transactional
def repeat_confirmation(user: User) -> None:
    """Write another confirmation message to the user's address. Raise ConfirmationRefused beyond the limits."""
    User.objects.select_for_update().get(pk=user.pk)
    subscription = subscription_of(user)
    if not subscription.is_unconfirmed:
        raise ConfirmationRefused("There is no address that waits for confirmation.")
    create_confirmation(subscription)


@transactional
def confirm(user: int, serial: int, email: str) -> bool:
    """Record the confirmation of an address. Return False if the subscription no longer uses it."""
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
