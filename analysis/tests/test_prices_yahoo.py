"""The Yahoo source against a loopback server that speaks Yahoo's chart JSON; yfinance itself is the real one.

Plain HTTP: neither TLS impersonation nor the cookies of `.yahoo.com` are exercised.
"""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from curl_cffi.requests import Response

from analysis.prices.port import ErrorKind, History, PriceError
from analysis.prices.yahoo import YahooPrices, YahooSession

DAYS = (date(2026, 4, 20), date(2026, 4, 21), date(2026, 4, 22))
NOT_FOUND = {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}
UNAUTHORIZED = {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "User is not logged in"}}}


def chart(
    closes: tuple[float | None, ...] = (100.0, 102.0, 104.0), volume: int | None = 1000, without: str = ""
) -> dict[str, Any]:
    """A chart answer of the NSE with a session per close, without one key of its result if asked."""
    opening = [int(datetime(day.year, day.month, day.day, 3, 45, tzinfo=UTC).timestamp()) for day in DAYS]
    prices = list(closes)
    quote = {"open": prices, "high": prices, "low": prices, "close": prices, "volume": [volume] * len(prices)}
    result: dict[str, Any] = {
        "meta": {
            "currency": "INR",
            "instrumentType": "EQUITY",
            "exchangeTimezoneName": "Asia/Kolkata",
            "longName": "A Company",
            "validRanges": ["1d", "max"],
            "priceHint": 2,
            "gmtoffset": 19800,
            "regularMarketTime": opening[-1],
        },
        "timestamp": opening[: len(prices)],
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": [p and p / 2 for p in prices]}]},
    }
    result.pop(without, None)
    return {"chart": {"result": [result], "error": None}}


class Fault(Enum):
    """What a server does that gives no proper answer."""

    SLOW = auto()
    RESET = auto()
    TRUNCATED = auto()


type Answer = tuple[int, bytes] | Fault


class StandIn(ThreadingHTTPServer):
    """Yahoo's chart service as far as a test sets it: for each ticker, the answers to the probe and to the history."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Callable[[bool], Answer]] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    def set(self, ticker: str, history: Any, probe: Any = None, status: int = 200, probe_status: int = 200) -> None:
        """Answer for `ticker`: dicts as JSON, text as it is, or with a fault."""
        probe = chart() if probe is None else probe
        self.answers[ticker] = lambda is_probe: encoded(probe, probe_status) if is_probe else encoded(history, status)


def encoded(body: Any, status: int) -> Answer:
    if isinstance(body, Fault):
        return body
    return status, (body if isinstance(body, str) else json.dumps(body)).encode()


class Handler(BaseHTTPRequestHandler):
    server: StandIn
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        if address.path.startswith("/v8/finance/chart/"):
            ticker = address.path.rpartition("/")[2]
            self.server.asked.append((ticker, query))
            answer = self.server.answers[ticker]("range" in query)
        elif address.path == "/v1/test/getcrumb":
            answer = (200, b"a-crumb")
        else:
            answer = (404, b"{}")
        self.respond(answer)

    def do_POST(self) -> None:
        self.do_GET()

    def respond(self, answer: Answer) -> None:
        match answer:
            case Fault.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                self.close_connection = True
            case Fault.SLOW:
                time.sleep(1.0)
                self.close_connection = True
            case Fault.TRUNCATED:
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b'{"chart"')
                self.close_connection = True
            case status, body:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


class LoopbackSession(YahooSession):
    """Sends what is meant for Yahoo to the stand-in."""

    def __init__(self, port: int, seconds: float = 20.0) -> None:
        self._address = f"http://127.0.0.1:{port}"
        super().__init__(seconds)

    def request(self, method: Any, url: str, **options: Any) -> Response:  # type: ignore[override]
        target = urlsplit(url)
        assert str(target.hostname).endswith("yahoo.com")
        headers = {**(options.pop("headers", None) or {}), "Host": target.hostname}
        return super().request(method, f"{self._address}{target.path}?{target.query}", headers=headers, **options)


@pytest.fixture
def yahoo_server() -> Iterator[StandIn]:
    server = StandIn()
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One folder for all tests of a process, as yfinance opens its cache once; so every test has tickers of its own."""
    return tmp_path_factory.mktemp("yahoo-cache")


@pytest.fixture
def yahoo(yahoo_server: StandIn, cache_folder: Any) -> YahooPrices:
    session = LoopbackSession(yahoo_server.server_address[1])
    return YahooPrices(cache_folder, timeout=0.5, session=session, pause=lambda: None)


def ask(yahoo: YahooPrices, ticker: str, since: date | None = DAYS[0]) -> History | PriceError:
    return yahoo.daily([ticker], since)[ticker]


def error_of(yahoo: YahooPrices, ticker: str) -> PriceError:
    answer = ask(yahoo, ticker)
    assert isinstance(answer, PriceError), answer
    assert answer.message.endswith(".")
    return answer


def test_bars_are_adjusted_and_dated_by_the_day_at_the_exchange(yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    yahoo_server.set("GOOD.NS", chart())
    history = ask(yahoo, "GOOD.NS")
    assert isinstance(history, History)
    assert history.bars.session.tolist() == list(DAYS)
    assert history.bars.close.tolist() == [50.0, 51.0, 52.0]
    assert history.bars.open.tolist() == [50.0, 51.0, 52.0]
    assert history.bars.volume.tolist() == [1000.0, 1000.0, 1000.0]
    assert (history.adjusted, history.name, history.currency) == (True, "A Company", "INR")


def test_only_sessions_since_the_day_asked_for_are_requested(yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    yahoo_server.set("SINCE.NS", chart())
    ask(yahoo, "SINCE.NS", date(2026, 4, 20))
    (query,) = [query for _, query in yahoo_server.asked if "period1" in query]
    assert datetime.fromtimestamp(int(query["period1"][0]), UTC) == datetime(2026, 4, 19, 18, 30, tzinfo=UTC)


def test_the_whole_history_can_be_asked_for(yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    yahoo_server.set("WHOLE.NS", chart())
    assert isinstance(ask(yahoo, "WHOLE.NS", None), History)


def test_a_row_without_a_close_stays_for_the_quality_gate_to_count(yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    yahoo_server.set("NULL.NS", chart((100.0, None, 104.0)))
    history = ask(yahoo, "NULL.NS")
    assert isinstance(history, History)
    assert np.isnan(history.bars.close).tolist() == [False, True, False]


FAILURES: dict[str, tuple[dict[str, Any], ErrorKind, bool]] = {
    "unknown": (
        {"history": NOT_FOUND, "probe": NOT_FOUND, "status": 404, "probe_status": 404},
        ErrorKind.UNKNOWN_TICKER,
        True,
    ),
    "delisted": ({"history": NOT_FOUND, "status": 404}, ErrorKind.NO_DATA, True),
    "limited": ({"history": "Too Many Requests", "status": 429}, ErrorKind.RATE_LIMITED, False),
    "limited-probe": (
        {"history": chart(), "probe": "Too Many Requests", "probe_status": 429},
        ErrorKind.RATE_LIMITED,
        False,
    ),
    "refused": ({"history": UNAUTHORIZED, "status": 401}, ErrorKind.UNAVAILABLE, False),
    "refused-probe": ({"history": chart(), "probe": UNAUTHORIZED, "probe_status": 401}, ErrorKind.UNAVAILABLE, False),
    "500": ({"history": "oops", "status": 500}, ErrorKind.UNAVAILABLE, False),
    "502": ({"history": "<html>Bad gateway</html>", "status": 502}, ErrorKind.UNAVAILABLE, False),
    "html": ({"history": "<html>Welcome</html>"}, ErrorKind.UNAVAILABLE, False),
    "garbage": ({"history": '{"chart": {"resu'}, ErrorKind.UNAVAILABLE, False),
    "down": ({"history": "Will be right back"}, ErrorKind.UNAVAILABLE, False),
    "reset": ({"history": Fault.RESET}, ErrorKind.UNAVAILABLE, False),
    "truncated": ({"history": Fault.TRUNCATED}, ErrorKind.UNAVAILABLE, False),
    "slow": ({"history": Fault.SLOW}, ErrorKind.TIMEOUT, False),
    "no-timestamp": ({"history": chart(without="timestamp")}, ErrorKind.BAD_DATA, False),
    "all-null": ({"history": chart((None, None, None), volume=None)}, ErrorKind.NO_DATA, False),
    "empty": ({"history": {"chart": {"result": [], "error": None}}}, ErrorKind.NO_DATA, False),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_each_of_yahoos_failures_has_its_kind(failure: str, yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    answers, kind, permanent = FAILURES[failure]
    ticker = f"{failure.upper()}.NS"
    yahoo_server.set(ticker, **answers)
    error = error_of(yahoo, ticker)
    assert (error.kind, error.permanent) == (kind, permanent)


@pytest.mark.parametrize("attempt", ["first", "second", "third", "fourth"])
def test_an_unknown_symbol_is_unknown_however_many_came_before(
    attempt: str, yahoo: YahooPrices, yahoo_server: StandIn
) -> None:
    ticker = f"NO-{attempt.upper()}.NS"
    yahoo_server.set(ticker, NOT_FOUND, NOT_FOUND, 404, 404)
    assert error_of(yahoo, ticker).kind is ErrorKind.UNKNOWN_TICKER


def test_a_failed_probe_is_asked_again_the_next_time(yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    yahoo_server.set("AGAIN.NS", chart(), probe="oops", probe_status=500)
    assert error_of(yahoo, "AGAIN.NS").kind is ErrorKind.UNAVAILABLE
    yahoo_server.set("AGAIN.NS", chart())
    assert isinstance(ask(yahoo, "AGAIN.NS"), History)


def test_one_tickers_failure_leaves_the_others_their_bars(yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    yahoo_server.set("LEFT.NS", chart())
    yahoo_server.set("BROKEN.NS", "<html>")
    yahoo_server.set("RIGHT.NS", chart())
    answers = yahoo.daily(["LEFT.NS", "BROKEN.NS", "RIGHT.NS"], DAYS[0])
    assert [type(answer) for answer in answers.values()] == [History, PriceError, History]


def test_after_a_rate_limit_the_rest_of_the_batch_is_not_asked_for(yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    yahoo_server.set("TOOMANY.NS", "Too Many Requests", status=429)
    answers = yahoo.daily(["TOOMANY.NS", "WAITING.NS"], DAYS[0])
    waiting = answers["WAITING.NS"]
    assert isinstance(waiting, PriceError)
    assert waiting.kind is ErrorKind.RATE_LIMITED
    assert "WAITING.NS" not in {ticker for ticker, _ in yahoo_server.asked}


def test_all_requests_for_a_ticker_together_are_bounded(yahoo_server: StandIn, cache_folder: Any) -> None:
    yahoo_server.set("BOUND.NS", Fault.SLOW, probe=Fault.SLOW)
    session = LoopbackSession(yahoo_server.server_address[1], seconds=0.4)
    yahoo = YahooPrices(cache_folder, timeout=10.0, session=session, pause=lambda: None)
    started = time.monotonic()
    assert error_of(yahoo, "BOUND.NS").kind is ErrorKind.TIMEOUT
    assert time.monotonic() - started < 0.9


def test_there_is_a_pause_before_each_ticker(yahoo_server: StandIn, cache_folder: Any) -> None:
    pauses: list[int] = []
    session = LoopbackSession(yahoo_server.server_address[1])
    yahoo = YahooPrices(cache_folder, session=session, pause=lambda: pauses.append(len(yahoo_server.asked)))
    for ticker in ("PACE.NS", "PACE.BO"):
        yahoo_server.set(ticker, chart())
    yahoo.daily(["PACE.NS", "PACE.BO"], DAYS[0])
    assert pauses == [0, 2]


@pytest.mark.parametrize("ticker", ["INE467B01029", "TWO WORDS", "../X", ""])
def test_what_cannot_be_a_symbol_is_not_asked_for(ticker: str, yahoo: YahooPrices, yahoo_server: StandIn) -> None:
    assert error_of(yahoo, ticker).kind is ErrorKind.UNKNOWN_TICKER
    assert yahoo_server.asked == []
