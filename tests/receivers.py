"""Receivers of messages on this machine, for tests: web hooks and mail servers, good and bad, on ports of 127.0.0.1."""

import email
import email.message
import email.policy
import http.client
import json
import socketserver
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from typing import Any

DRIP_SECONDS = 0.2


@dataclass
class Hook:
    """A web hook that keeps what it is sent; it answers with `status`, once `gate` is open.

    One that takes anything keeps what is no JSON in `raw` alone.
    """

    port: int = 0
    status: int = 200
    location: str = ""
    takes_anything: bool = False
    raw: list[bytes] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    was_asked: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"


@contextmanager
def hook() -> Iterator[Hook]:
    """A hook while the context lasts; its gate is open."""
    made = Hook()
    made.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            made.raw.append(body)
            if not made.takes_anything:
                made.got.append(json.loads(body))
            made.was_asked.set()
            made.gate.wait(60)
            self.send_response(made.status)
            if made.location:
                self.send_header("Location", made.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_PUT = do_POST  # noqa: N815 -- named by the library

        def handle(self) -> None:
            with suppress(ConnectionError):  # the sender did not wait
                super().handle()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    yield from _serving(server, made)


class _Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand over a message."""

    def handle(self) -> None:
        with suppress(ConnectionError):  # the sender did not wait
            self._converse()

    def _converse(self) -> None:
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        self.box = box
        if box.misbehaves == "greeting":
            self._drip()
        if box.misbehaves == "flood":
            self._flood()
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self._say("354 go on")
                box.got.append(self._data())
                self._taken()
            elif verb == "RCPT" and box.refuses:
                self._say("550 no such user")
            elif verb == "QUIT":
                if box.misbehaves == "goodbye":
                    self._drip()
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _data(self) -> email.message.EmailMessage:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        self.server.box.raw.append(b"".join(lines))  # type: ignore[attr-defined]
        return email.message_from_bytes(b"".join(lines), policy=email.policy.default)

    def _taken(self) -> None:
        if self.box.misbehaves == "reply":
            self._drip()
        self._say("250 taken")

    def _drip(self) -> None:
        while not self.box.is_closing.wait(DRIP_SECONDS):
            self.wfile.write(b" ")

    def _flood(self) -> None:
        while not self.box.is_closing.is_set():
            self.wfile.write(b"220-" + b"x" * 1000 + b"\r\n")

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())


@dataclass
class Mailbox:
    """A mail server that keeps what it is sent, or knows no recipient.

    `misbehaves` says where it drips (greeting, reply, goodbye), or that it floods.
    """

    port: int = 0
    refuses: bool = False
    misbehaves: str = ""
    is_closing: threading.Event = field(default_factory=threading.Event)
    got: list[email.message.EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    @property
    def mailers(self) -> dict[str, Any]:
        options = {"host": "127.0.0.1", "port": self.port, "timeout": 10}
        return {"default": {"BACKEND": "stockapp.mail.Smtp", "OPTIONS": options}}


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """A mail server that serves while the context lasts."""
    with _closing(Mailbox(), _Mail) as made:
        yield made


class Misbehaviour(StrEnum):
    """A way in which a web hook answers that could hold or fill its sender."""

    BOMB = "half a gigabyte, compressed into half a megabyte"
    ENDLESS_BODY = "a body without end"
    ENDLESS_CHUNKS = "chunks without end"
    DRIPPING_BODY = "a byte of the body now and then"
    ENDLESS_HEADERS = "headers without end"
    DRIPPING_HEADERS = "a byte of a header now and then"
    DRIPPING_STATUS = "a byte of the first line now and then"
    ENDLESS_CONTINUE = "a request to go on, again and again"
    SILENCE = "nothing"
    LOOP = "a redirect to itself"
    ASTRAY = "a redirect to an address that is none"


@dataclass
class Nuisance:
    """A web hook that takes a message and then misbehaves, until it is closed."""

    how: Misbehaviour
    port: int = 0
    requests: int = 0
    is_closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"json://127.0.0.1:{self.port}/hook"


class _Nuisance(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        made: Nuisance = self.server.box  # type: ignore[attr-defined]
        headers = http.client.parse_headers(self.rfile) if self.rfile.readline() else None
        self.rfile.read(int(headers["Content-Length"] or 0) if headers else 0)
        made.requests += 1
        with suppress(ConnectionError):
            for part in _parts_of(made.how):
                if made.is_closing.is_set():
                    break
                self.wfile.write(part)
                if len(part) == 1:
                    made.is_closing.wait(DRIP_SECONDS)


def _parts_of(how: Misbehaviour) -> Iterator[bytes]:
    """An answer in parts; those of one byte come now and then, the others as fast as they are taken."""
    start, repeated = PARTS[how]
    yield start + (bomb(512) if how is Misbehaviour.BOMB else b"")
    if repeated:
        yield from repeat(repeated)
    while how is Misbehaviour.SILENCE:
        yield b""
        time.sleep(DRIP_SECONDS)


FINE = b"HTTP/1.1 200 OK\r\n"
PARTS = {
    Misbehaviour.BOMB: (FINE + b"Content-Encoding: gzip\r\nContent-Type: application/json\r\n\r\n", b""),
    Misbehaviour.ENDLESS_BODY: (FINE + b"\r\n", b"x" * 2**16),
    Misbehaviour.ENDLESS_CHUNKS: (
        FINE + b"Transfer-Encoding: chunked\r\n\r\n",
        b"10000\r\n" + b"x" * 2**16 + b"\r\n",
    ),
    Misbehaviour.DRIPPING_BODY: (FINE + b"Content-Length: 1000000\r\n\r\n", b"x"),
    Misbehaviour.ENDLESS_HEADERS: (FINE, b"X-Header: " + b"x" * 60_000 + b"\r\n"),
    Misbehaviour.DRIPPING_HEADERS: (FINE + b"X-Header: ", b"x"),
    Misbehaviour.DRIPPING_STATUS: (b"", b"H"),
    Misbehaviour.ENDLESS_CONTINUE: (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    Misbehaviour.SILENCE: (b"", b""),
    Misbehaviour.LOOP: (b"HTTP/1.1 307 Again\r\nLocation: /hook\r\nContent-Length: 0\r\n\r\n", b""),
    Misbehaviour.ASTRAY: (b"HTTP/1.1 307 Again\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n", b""),
}
"""By misbehaviour: the start of the answer, and a part that is repeated until the receiver ends."""


def bomb(megabytes: int) -> bytes:
    """So many megabytes of blanks, compressed with gzip; each is the same few bytes, and made at once."""
    gzip = zlib.compressobj(wbits=31)
    first, other = (gzip.compress(b" " * 2**20) + gzip.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + other * (megabytes - 1)


@contextmanager
def nuisance(how: Misbehaviour) -> Iterator[Nuisance]:
    """A hook that misbehaves while the context lasts."""
    with _closing(Nuisance(how), _Nuisance) as made:
        yield made


@contextmanager
def _closing[R: (Mailbox, Nuisance)](made: R, handler: type[socketserver.BaseRequestHandler]) -> Iterator[R]:
    """Serve with a handler that reads `server.box`, and end what it still sends afterwards."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.box = made  # type: ignore[attr-defined]
    made.port = server.server_address[1]
    try:
        yield from _serving(server, made)
    finally:
        made.is_closing.set()


def _serving[T](server: socketserver.BaseServer, made: T) -> Iterator[T]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
