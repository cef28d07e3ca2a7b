"""The stand-in's server: who is asked for what, how often and when, and what a person may switch while it runs."""

import json
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.yahoo_standin.behaviours import (
    BEHAVIOURS,
    CRUMBS,
    Asked,
    Behaviour,
    Fault,
    Reply,
    as_json,
    behaviour_of,
)
from tests.yahoo_standin.market import Market, day_of

CHART = "/v8/finance/chart/"
SCREENER = "/v1/finance/screener"
CRUMB = "/v1/test/getcrumb"
SWITCHES = "/standin/"
SLOW_SECONDS = 2.0
HELP = f"""A stand-in for Yahoo. Any symbol has made-up bars, but for these, also with a number and any suffix:
{", ".join(BEHAVIOURS)}
{SWITCHES}limited?seconds=120    every answer is 429 for so long; &retry-after=60 says when to ask again
{SWITCHES}limited-each?n=100     every hundredth chart is 429; 0 ends it
{SWITCHES}changed?as=OTHERSHAPE  every chart is such an answer, as of an interface that has changed; SOUND ends it
{SWITCHES}crumb?as=LIMITED       the crumb is refused: {", ".join(CRUMBS)}
{SWITCHES}down?seconds=30        every connection is reset for so long
{SWITCHES}up                     limited and down end
{SWITCHES}behave?symbol=TCS.NS&as=RESET
{SWITCHES}until?day=2026-11-20    bars end on that day for all symbols
{SWITCHES}split?symbol=TCS.NS&day=2026-11-20&ratio=2
{SWITCHES}dividend?symbol=TCS.NS&day=2026-11-20&fraction=0.01
{SWITCHES}requests               how often each symbol was asked for
"""


class YahooStandIn(ThreadingHTTPServer):
    """Yahoo on a loopback port; `requests` counts chart requests by symbol, `others` the rest by path.

    `times` has the moment of every request, by time.monotonic, and `crumbs` those that came with charts.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.market = Market()
        self.listed: list[dict[str, Any]] = []  # what the screener finds
        self.behaviours: dict[str, Behaviour] = {}
        self.asked: list[Asked] = []
        self.requests: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self.times: list[float] = []
        self.crumbs: set[str] = set()
        self.crumb: Reply | Fault = CRUMBS["CRUMB"]
        self.pages: dict[str, Reply | Fault] = {}  # by path, beside charts
        self.everything: Behaviour | None = None  # of every symbol
        self.limited_each = 0  # the how manyth chart request is limited
        self.bytes_sent = 0
        self.refusals = 0  # while everything is limited
        self._limited_until = self._down_until = 0.0
        self._retry_after = ""
        self._lock = Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def limit(self, seconds: float, *, retry_after: str = "") -> None:
        """Answer 429 to everything for so long, with this Retry-After."""
        self._retry_after = retry_after
        self._limited_until = time.monotonic() + seconds

    def go_down(self, seconds: float) -> None:
        """Reset every connection for so long."""
        self._down_until = time.monotonic() + seconds

    def come_back(self) -> None:
        """End both."""
        self._limited_until = self._down_until = 0.0

    def answer(self, path: str, query: dict[str, str], body: bytes) -> Reply | Fault:
        """What a request gets."""
        if path.startswith(SWITCHES):
            return self._switch(path.removeprefix(SWITCHES), query)
        asked = self._count(path, query)
        if time.monotonic() < self._down_until:
            return Fault.RESET
        if time.monotonic() < self._limited_until:
            with self._lock:
                self.refusals += 1
            headers = {"Retry-After": self._retry_after} if self._retry_after else {}
            return Reply(429, b"Too Many Requests", headers)
        if asked is not None:
            return self._behaviour_of(asked)(asked)
        if path == SCREENER:
            return self._screened(json.loads(body))
        help_page = Reply(200, HELP.encode(), {"Content-Type": "text/plain"})
        return self.crumb if path == CRUMB else self.pages.get(path, help_page)

    def _behaviour_of(self, asked: Asked) -> Behaviour:
        if self.limited_each and self.requests.total() % self.limited_each == 0:
            return BEHAVIOURS["LIMITED"]
        return self.everything or self.behaviours.get(asked.symbol, behaviour_of(asked.symbol))

    def _count(self, path: str, query: dict[str, str]) -> Asked | None:
        with self._lock:
            self.times.append(time.monotonic())
            if not path.startswith(CHART):
                self.others[path] += 1
                return None
            symbol = unquote(path.removeprefix(CHART))
            self.requests[symbol] += 1
            self.crumbs |= {query["crumb"]} if "crumb" in query else set()
            first, last = (day_of(int(query.get(name, 0))) for name in ("period1", "period2"))
            asked = Asked(symbol, first, last, self.requests[symbol], self.market)
            self.asked.append(asked)
            return asked

    def _screened(self, wanted: dict[str, Any]) -> Reply:
        offset, size = int(wanted["offset"]), int(wanted["size"])
        quotes = self.listed[offset : offset + size]
        found = {"start": offset, "count": len(quotes), "total": len(self.listed), "quotes": quotes}
        return as_json({"finance": {"result": [found], "error": None}})

    def _switch(self, name: str, query: dict[str, str]) -> Reply:
        try:
            match name:
                case "limited":
                    self.limit(float(query["seconds"]), retry_after=query.get("retry-after", ""))
                case "limited-each":
                    self.limited_each = int(query["n"])
                case "changed":
                    self.everything = None if query["as"] == "SOUND" else BEHAVIOURS[query["as"]]
                case "crumb":
                    self.crumb = CRUMBS[query["as"]]
                case "down":
                    self.go_down(float(query["seconds"]))
                case "up":
                    self.come_back()
                case "behave":
                    self.behaviours[query["symbol"]] = BEHAVIOURS[query["as"]]
                case "until":
                    until = date.fromisoformat(query["day"])
                    self.market.until = lambda _: until
                case "split":
                    self.market.splits[query["symbol"]][date.fromisoformat(query["day"])] = float(query["ratio"])
                case "dividend":
                    day = date.fromisoformat(query["day"])
                    self.market.dividends[query["symbol"]][day] = float(query["fraction"])
                case "requests":
                    return as_json({"symbols": self.requests, "others": self.others, "bytes": self.bytes_sent})
                case _:
                    return Reply(200, HELP.encode(), {"Content-Type": "text/plain"})
        except (KeyError, ValueError) as error:
            return Reply(400, f"{error!r}\n\n{HELP}".encode())
        return Reply(200, b"Done.\n")


class _Handler(BaseHTTPRequestHandler):
    server: YahooStandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # 40 ms a request otherwise

    def do_GET(self) -> None:
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._respond(self.server.answer(target.path, dict(parse_qsl(target.query)), body))

    def do_POST(self) -> None:
        self.do_GET()

    def _respond(self, answer: Reply | Fault) -> None:
        if isinstance(answer, Fault):
            self.close_connection = True
        match answer:
            case Reply(status, body, headers):
                (self.send_response_only if "Date" in headers else self.send_response)(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.server.bytes_sent += len(body)
            case Fault.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
            case Fault.TRUNCATED:
                self._begin(1000)
                self.wfile.write(b'{"chart"')
            case Fault.SLOW:
                time.sleep(SLOW_SECONDS)
            case Fault.DRIP:
                self._begin(1000)
                ends = time.monotonic() + SLOW_SECONDS
                while time.monotonic() < ends:
                    self.wfile.write(b" ")
                    time.sleep(0.05)

    def _begin(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ValueError):  # the client gave up, or a fault closed the files
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except (ConnectionError, ValueError):
            self.close_connection = True

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def running(port: int = 0) -> Iterator[YahooStandIn]:
    """A stand-in that answers while the block lasts."""
    with YahooStandIn(port) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
