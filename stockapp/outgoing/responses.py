"""Responses: a receiver's HTTP response, bounded in bytes and in time before any library reads it.

Apprise's services call `requests.post` and read the whole response. Here at most MOST_BYTES are read, uncompressed: no
compression is requested and none is undone. A slow body is cut off after BODY_SECONDS; the status, which decides, has
arrived by then. Redirects are not followed: the next host is not one that the user gave, and most clients turn the
message into a GET.
"""

from collections.abc import Callable
from contextlib import suppress
from threading import Timer
from typing import Any

import requests
from requests import PreparedRequest, Response
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

MOST_BYTES = 2**18
BODY_SECONDS = 2.0
AT_ONCE = 2**14


class BoundedSession(requests.Session):
    """A session whose responses are bounded."""

    def send(self, request: PreparedRequest, **options: Any) -> Response:
        request.headers["Accept-Encoding"] = "identity"
        answer = super().send(request, **{**options, "stream": True, "allow_redirects": False})
        answer._content = _read_start(answer.raw)
        answer._content_consumed = True
        return answer

    def get_redirect_target(self, resp: Response) -> None:
        """Return None: redirects are not followed, and an unreadable one is no error."""


def _read_start(raw: Any) -> bytes:
    """Return the first bytes of a response, as many as are allowed and arrive in time."""
    body = bytearray()
    timer = Timer(BODY_SECONDS, _cut_off, [raw])
    timer.start()
    try:
        while len(body) < MOST_BYTES and (part := raw.read1(AT_ONCE, decode_content=False)):
            body += part
    except (HTTPError, OSError):  # cut off, here or by the receiver: the status counts
        pass
    finally:
        timer.cancel()
        raw.close()
    return bytes(body)


def _cut_off(raw: Any) -> None:
    with suppress(ValueError, RuntimeError, OSError):  # it has ended meanwhile
        raw.shutdown()


def limit_responses(on_handed_over: Callable[[], None]) -> None:
    """Limit the responses to all requests of this process, and call a function when each request is wholly sent."""
    for pool in (HTTPConnectionPool, HTTPSConnectionPool):
        pool.ConnectionCls = _reporting_connection(pool.ConnectionCls, on_handed_over)
    requests.Session = requests.sessions.Session = BoundedSession  # type: ignore[misc]


def _reporting_connection(connection: Any, on_handed_over: Callable[[], None]) -> Any:
    class Connection(connection):  # type: ignore[misc]
        def getresponse(self) -> Any:
            on_handed_over()
            return super().getresponse()

    return Connection
