"""Orders: a message in the form that the sending process takes, and the outcome that it returns."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

READY, HANDED_OVER, ENDED = "ready", "handed over", "ended"
"""Events of a carrier: ready for an order; the message is wholly sent; the outcome of the order."""


class DeliveryStatus(StrEnum):
    """The end of a message: accepted; not accepted; wholly sent but not answered in time; no longer wanted."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNANSWERED = "unanswered"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class DeliveryOutcome:
    """The outcome of an order; with `is_permanent`, sending it again would not help."""

    status: DeliveryStatus
    sentence: str = ""
    is_permanent: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to a notification service."""

    url: str
    title: str
    body: str
    link: str = ""
    """The URL of the whole text, for a body that is too long for its service."""

    may_reach_private: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server and the settings of the connection to it."""

    host: str
    port: int
    username: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False
    hello: str = "localhost"


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail in its wire format, decoded as Latin-1 so that it can be written as JSON."""

    server: Server
    sender: str
    recipients: list[str]
    content: str = field(repr=False)

    @property
    def may_reach_private(self) -> bool:
        """Return True: the installation's own mail server may be inside its network."""
        return True


@dataclass(frozen=True, slots=True)
class Order:
    """A message, and the seconds from its creation after which the sending process is ended."""

    message: Notice | Mail
    seconds: float
    made_at: float = field(default_factory=time.monotonic)

    @property
    def ends(self) -> float:
        return self.made_at + self.seconds

    def write(self) -> bytes:
        """Return the order as one line, with the seconds that are left."""
        kind, left = type(self.message).__name__, self.ends - time.monotonic()
        return json.dumps({"kind": kind, "message": asdict(self.message), "seconds": left}).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Order:
        """Return the order of a line. Raise KeyError for a kind of message that is not in READERS."""
        given = json.loads(line)
        return cls(READERS[given["kind"]](given["message"]), given["seconds"])


def _read_mail(fields: dict[str, Any]) -> Mail:
    return Mail(**{**fields, "server": Server(**fields["server"])})


READERS: dict[str, Callable[[dict[str, Any]], Notice | Mail]] = {
    "Notice": lambda fields: Notice(**fields),
    "Mail": _read_mail,
}
