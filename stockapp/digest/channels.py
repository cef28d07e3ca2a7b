"""Channels: a message's way to its reader, by e-mail or through a notification service."""

import re
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import default
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers

from stockapp.digest.compose import unsubscribe_address
from stockapp.digest.models import Channel, Message, Subscription
from stockapp.mail import NO_MAIL, Smtp
from stockapp.outgoing import orders

LONG_ENOUGH_FOR_A_SECRET = 6
LONGEST_LINE = 990  # SMTP allows 998


class DeliveryError(Exception):
    """Refusal of a message; the sentence contains no secrets. `permanent`: trying again would not help."""

    def __init__(self, sentence: str, *, permanent: bool = False) -> None:
        super().__init__(sentence)
        self.permanent = permanent


def content_of(message: Message, subscription: Subscription) -> orders.Mail | orders.Notice | None:
    """Return the content for a sending process; None for e-mail through another backend, which is sent here.

    Raise DeliveryError for a message that cannot be sent at all.
    """
    return CONTENT_BY_CHANNEL[Channel(message.channel)](message, subscription)


def message_id(message: Message) -> str:
    """Return a Message-ID that is the same at every attempt, so that mail programs recognise a duplicate."""
    return f"<digest-{message.pk}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>"


class DigestEmail(EmailMultiAlternatives):
    """An e-mail whose headers are not folded, because mail programs do not find the address in a folded one."""

    def message(self, *, policy: Any = default) -> EmailMessage:
        whole: EmailMessage = super().message(policy=policy.clone(max_line_length=LONGEST_LINE))
        return whole


def _email_content(message: Message, subscription: Subscription) -> orders.Mail | None:
    if not settings.SENDS_EMAIL:
        raise DeliveryError(NO_MAIL, permanent=True)
    address = message.recipient or subscription.user.email
    headers = {"Message-ID": message_id(message), "Auto-Submitted": "auto-generated"}
    if not message.recipient:
        headers["List-Unsubscribe"] = f"<{unsubscribe_address(subscription)}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = DigestEmail(message.subject, message.text, to=[address], headers=headers)
    mail.attach_alternative(message.html, "text/html")
    mailer = mailers.default
    try:
        if isinstance(mailer, Smtp):
            return mailer.order(mail)
        mailer.send_messages([mail])
    except ValueError:
        raise DeliveryError("The account's e-mail address cannot be used.", permanent=True) from None
    return None


def _notice_content(message: Message, subscription: Subscription) -> orders.Notice:
    return orders.Notice(
        subscription.url, message.subject, message.text, settings.SITE_URL, settings.ALLOW_PRIVATE_NOTICES
    )


def remove_secrets(sentence: str, url: str) -> str:
    """Return the sentence without parts of the service's address that may be a key or password."""
    for part in sorted(re.split(r"[/:@?&=,]+", url.partition("://")[2]), key=len, reverse=True):
        if len(part) >= LONG_ENOUGH_FOR_A_SECRET:
            sentence = sentence.replace(part, "…")
    return sentence


CONTENT_BY_CHANNEL: dict[Channel, Callable[[Message, Subscription], orders.Mail | orders.Notice | None]] = {
    Channel.EMAIL: _email_content,
    Channel.URL: _notice_content,
}
