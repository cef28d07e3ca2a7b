"""Mail: the e-mail backends, one that sends through a process of its own and one for installations without a server."""

from collections.abc import Sequence
from email.policy import SMTP
from typing import override

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.utils import DNS_NAME

from stockapp.outgoing.dispatch import send_orders
from stockapp.outgoing.orders import DeliveryStatus, Mail, Order, Server

NO_MAIL = "This installation sends no e-mail: EMAIL_URL is not set."
SECONDS = 20.0  # for one message, unless the options of the mailer have a timeout


class NoMail(BaseEmailBackend):
    """A backend that raises an error for each e-mail, instead of dropping it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise OSError(NO_MAIL)


class Smtp(EmailBackend):
    """A backend that sends in a process of its own, so that a slow or endless reply takes no time or memory here.

    `timeout` is for a whole message and not for each reply. A message that was not accepted raises OSError with a
    sentence.
    """

    @override
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        written = [self.order(message) for message in email_messages if message.recipients()]
        given = ((None, Order(mail, self.timeout or SECONDS)) for mail in written)
        ends = [outcome for _, outcome in send_orders(given, at_once=1)] if written else []
        failures = [outcome.sentence for outcome in ends if outcome.status != DeliveryStatus.TAKEN]
        if failures and not self.fail_silently:
            raise OSError(failures[0])
        return len(ends) - len(failures)

    def order(self, message: EmailMessage) -> Mail:
        """Return a message in the form that the sending process takes. Raise ValueError for a bad address."""
        server = Server(
            self.host, self.port, self.username or "", self.password or "", self.use_tls, self.use_ssl,
            hello=DNS_NAME.get_fqdn(),
        )  # fmt: skip
        sender, *recipients = map(self.prep_address, [message.from_email, *message.recipients()])
        content = message.message(policy=SMTP).as_bytes().decode("latin-1")
        return Mail(server, sender, recipients, content)
