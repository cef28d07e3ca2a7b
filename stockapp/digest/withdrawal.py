"""Withdrawal: the reasons not to send a message that was not sent yet."""

from __future__ import annotations

from stockapp.digest.models import Channel, Message, MessageStatus, Subscription

SWITCHED_OFF = "The digest was switched off before this message was sent."
ADDRESS_CHANGED = "The e-mail address changed before this message was sent."
CONFIRMED = "The address was confirmed before this message was sent."
DEACTIVATED = "The account was deactivated before this message was sent."


def reason_to_withdraw(message: Message, subscription: Subscription | None) -> str:
    """Return the sentence that says why a message is no longer wanted; empty if it still is."""
    if subscription is None:
        return SWITCHED_OFF
    if not subscription.user.is_active:
        return DEACTIVATED
    if message.job_id is None:
        return _reason_of_confirmation(message, subscription)
    return "" if message.channel in subscription.channels else _reason_of_digest(message, subscription)


def _reason_of_confirmation(message: Message, subscription: Subscription) -> str:
    if not subscription.by_email:
        return _reason_of_channel(message, subscription)
    if message.recipient != subscription.user.email:
        return ADDRESS_CHANGED
    if message.serial not in (None, subscription.serial):  # switched off and on again: its link no longer works
        return SWITCHED_OFF
    return "" if subscription.is_unconfirmed else CONFIRMED


def _reason_of_digest(message: Message, subscription: Subscription) -> str:
    if message.channel == Channel.EMAIL and subscription.by_email:
        return ADDRESS_CHANGED if subscription.confirmed_email else SWITCHED_OFF  # switched off: not confirmed
    return _reason_of_channel(message, subscription)


def _reason_of_channel(message: Message, subscription: Subscription) -> str:
    if not subscription.is_on:
        return SWITCHED_OFF
    return f"{Channel(message.channel).label} was switched off before this message was sent."


def withdraw_confirmations(subscription: Subscription) -> None:
    """Withdraw the user's waiting confirmation messages that are no longer wanted, each with its own reason."""
    waiting = Message.objects.confirmations().filter(user=subscription.user_id, status=MessageStatus.WAITING)
    for message in waiting.defer("text", "html"):
        if reason := reason_to_withdraw(message, subscription):
            waiting.filter(pk=message.pk).update(status=MessageStatus.WITHDRAWN, error_message=reason)
