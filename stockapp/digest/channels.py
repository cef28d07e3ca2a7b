"""Channels: a message's way to its reader, by e-mail or through a notification service."""

import logging
import re
import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import default
from typing import Any
from urllib.parse import urlsplit

from apprise import LogCapture
from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from stockapp.digest import notifiers
from stockapp.digest.compose import unsubscribe_address
from stockapp.digest.models import Channel, Message, Subscription
from stockapp.mail import NO_MAIL

LONG_ENOUGH_FOR_A_SECRET = 6
LONGEST_LINE = 990  # SMTP allows 998


class DeliveryError(Exception):
    """A message was not taken; the sentence holds no secrets. `permanent`: trying again would not help."""

    def __init__(self, sentence: str, *, permanent: bool = False) -> None:
        super().__init__(sentence)
        self.permanent = permanent


def send(message: Message, subscription: Subscription) -> None:
    """Hand a message over to its channel. Raises DeliveryError."""
    WAYS[Channel(message.channel)](message, subscription)


def message_id(message: Message) -> str:
    """The same at every attempt, so that a mail program can tell one that came twice."""
    return f"<digest-{message.pk}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>"


class Mail(EmailMultiAlternatives):
    """E-mail whose headers stay in one piece: a mail program finds no address in the pieces of one."""

    def message(self, *, policy: Any = default) -> EmailMessage:
        whole: EmailMessage = super().message(policy=policy.clone(max_line_length=LONGEST_LINE))
        return whole


def _by_email(message: Message, subscription: Subscription) -> None:
    user = subscription.user
    if not settings.SENDS_EMAIL:
        raise DeliveryError(NO_MAIL, permanent=True)
    if not user.email:
        raise DeliveryError("The account has no e-mail address.", permanent=True)
    headers = {
        "Message-ID": message_id(message),
        "List-Unsubscribe": f"<{unsubscribe_address(user)}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "Auto-Submitted": "auto-generated",
    }
    mail = Mail(message.subject, message.text, to=[user.email], headers=headers)
    mail.attach_alternative(message.html, "text/html")
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, reason = next(iter(error.recipients.values()))
        sentence = f"The mail server refused the recipient: {code} {_words(reason)}"
        raise DeliveryError(sentence, permanent=code >= 500) from None
    except smtplib.SMTPAuthenticationError as error:
        raise DeliveryError(f"The mail server refused this installation's login ({error.smtp_code}).") from None
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(
            f"The mail server refused the message: {error.smtp_code} {_words(error.smtp_error)}"
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(f"The mail server could not be reached: {error}") from None


def _words(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply


def _by_url(message: Message, subscription: Subscription) -> None:
    url = subscription.url
    try:
        with LogCapture(level=logging.WARNING, fmt="%(message)s") as log:
            is_taken = notifiers.send(url, title=message.subject, body=message.text)
            said = log.getvalue().strip().splitlines()
    except notifiers.BadAddress as error:
        raise DeliveryError(str(error), permanent=True) from None
    if not is_taken:
        raise DeliveryError(_without_secrets(said[-1] if said else "The service did not take the message.", url))


def _without_secrets(sentence: str, url: str) -> str:
    """The sentence without what may be a key or password in the address."""
    for part in sorted(re.split(r"[/:@?&=,]+", url.partition("://")[2]), key=len, reverse=True):
        if len(part) >= LONG_ENOUGH_FOR_A_SECRET:
            sentence = sentence.replace(part, "…")
    return sentence


WAYS: dict[Channel, Callable[[Message, Subscription], None]] = {Channel.EMAIL: _by_email, Channel.URL: _by_url}
