"""Mail: what stands in Django's settings where an installation has no mail server."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

NO_MAIL = "This installation sends no e-mail: EMAIL_URL is not set."


class NoMail(BaseEmailBackend):
    """Says that there is no e-mail, instead of dropping it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise OSError(NO_MAIL)
