"""Receivers of messages on this machine, for tests: a web hook and a mail server, each on a free port of 127.0.0.1."""

import email
import email.message
import email.policy
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hook:
    """A web hook that keeps what it is sent; it answers with `status`, once `gate` is open."""

    port: int = 0
    status: int = 200
    location: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

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
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.got.append(json.loads(body))
            made.gate.wait(60)
            self.send_response(made.status)
            if made.location:
                self.send_header("Location", made.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    yield from _serving(server, made)


class _Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs to hand over a message."""

    def handle(self) -> None:
        box: Mailbox = self.server.box  # type: ignore[attr-defined]
        self._say("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb = line[:4].upper()
            if verb == "DATA":
                self._say("354 go on")
                box.got.append(self._data())
                self._say("250 taken")
            elif verb == "RCPT" and box.refuses:
                self._say("550 no such user")
            elif verb == "QUIT":
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

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())


@dataclass
class Mailbox:
    """A mail server that keeps what it is sent, or knows no recipient."""

    port: int = 0
    refuses: bool = False
    got: list[email.message.EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)

    @property
    def mailers(self) -> dict[str, Any]:
        options = {"host": "127.0.0.1", "port": self.port, "timeout": 10}
        return {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend", "OPTIONS": options}}


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    made = Mailbox()
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail)
    server.daemon_threads = True
    server.box = made  # type: ignore[attr-defined]
    made.port = server.server_address[1]
    yield from _serving(server, made)


def _serving[T](server: socketserver.BaseServer, made: T) -> Iterator[T]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
