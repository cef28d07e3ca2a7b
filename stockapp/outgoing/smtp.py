"""SMTP: sends an e-mail to a mail server, with bounded replies."""

import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from stockapp.outgoing.orders import DeliveryOutcome, DeliveryStatus, Mail, Server

MOST_BYTES = 2**18  # of a server's replies to one message
END_OF_DATA = b"\r\n.\r\n"


class _Replies:
    """The replies of a server, up to MOST_BYTES."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = MOST_BYTES

    def readline(self, most: int) -> bytes:
        line = cast(bytes, self._file.readline(most))
        self._left -= len(line)
        if self._left < 0:
            raise OSError("its replies are too long")
        return line

    def close(self) -> None:
        self._file.close()


class _BoundedConnection:
    """A mixin of connections: bounds replies, and calls a function once a message is wholly sent."""

    on_handed_over: Callable[[], None]
    file: Any
    sock: Any

    def send(self, data: Any) -> None:
        super().send(data)  # type: ignore[misc]
        if isinstance(data, bytes) and data.endswith(END_OF_DATA):
            self.on_handed_over()

    def getreply(self) -> tuple[int, bytes]:
        if self.file is None:
            self.file = _Replies(self.sock.makefile("rb"))
        return cast(tuple[int, bytes], super().getreply())  # type: ignore[misc]


class _PlainConnection(_BoundedConnection, smtplib.SMTP):
    pass


class _TlsConnection(_BoundedConnection, smtplib.SMTP_SSL):
    pass


def hand_over(
    mail: Mail, *, seconds: float, on_handed_over: Callable[[], None], report: Callable[[DeliveryOutcome], None]
) -> None:
    """Send an e-mail and report its outcome once, before QUIT, so that a slow reply to QUIT changes nothing."""
    connection = None
    try:
        connection = _connect(mail.server, seconds)
        connection.on_handed_over = on_handed_over
        connection.sendmail(mail.sender, mail.recipients, mail.content.encode("latin-1"))
    except (smtplib.SMTPException, OSError) as error:
        report(_outcome_of(error))
    else:
        report(DeliveryOutcome(DeliveryStatus.TAKEN))
    if connection:
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()


def _connect(server: Server, seconds: float) -> _PlainConnection | _TlsConnection:
    given: dict[str, Any] = {"local_hostname": server.hello, "timeout": seconds}
    if server.use_ssl:
        connection: _PlainConnection | _TlsConnection = _TlsConnection(
            server.host, server.port, context=ssl.create_default_context(), **given
        )
    else:
        connection = _PlainConnection(server.host, server.port, **given)
    if server.use_tls:
        connection.starttls(context=ssl.create_default_context())
    if server.username and server.password:
        connection.login(server.username, server.password)
    return connection


def _outcome_of(error: Exception) -> DeliveryOutcome:
    """Return the outcome of a failure, with a sentence."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, reason = next(iter(error.recipients.values()))
        sentence = f"The mail server refused the recipient: {code} {_reply_text(reason)}"
        return DeliveryOutcome(DeliveryStatus.REFUSED, sentence, is_permanent=code >= 500)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryOutcome(
            DeliveryStatus.REFUSED, f"The mail server refused this installation's login ({error.smtp_code})."
        )
    if isinstance(error, smtplib.SMTPResponseException):
        sentence = f"The mail server refused the message: {error.smtp_code} {_reply_text(error.smtp_error)}"
        return DeliveryOutcome(DeliveryStatus.REFUSED, sentence)
    return DeliveryOutcome(DeliveryStatus.REFUSED, f"The mail server could not be reached: {error}")


def _reply_text(reply: bytes | str) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else reply
