"""The HTTP session of yfinance: paced, bounded, and without a second request after Yahoo has refused one.

By default yfinance reacts to every status of 400 or more with about nine requests (consent, cookie, crumb, and again),
even to a rate limit. Here a refusal is final, except for one renewal of cookie and crumb when Yahoo asks for
authentication.
"""

import json
import math
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.const import CurlECode
from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout

from analysis.prices.pace import Pacer, ProcessPacer

DATA_PATHS = ("/v8/finance/chart/", "/v1/finance/screener")  # all other requests are for cookies
MAX_REDIRECTS = 5
MAX_MEGABYTES = 32  # of an uncompressed answer; sixty years of a stock are about 2
UNAUTHENTICATED = (401, 403)
TOO_MANY_REQUESTS = 429
SERVER_ERROR = 500


class YahooStatusError(Exception):
    """An answer of Yahoo without data; the session has its `status` and `error_code`."""


class AnswerTooLarge(RequestException):
    """An answer of Yahoo that exceeds the limit and is discarded."""


class YahooSession(Session[Response]):
    """A browser-like session for one ticker after another; `start_ticker` begins each.

    `base_url` is empty for Yahoo itself, or the address of a server that replaces it. `timeout` limits one request with
    its whole answer, and `seconds` all requests of a ticker together, both without the pacer's waits. The size of an
    answer is limited while it is decompressed, so that it cannot exhaust memory.
    """

    def __init__(
        self, base_url: str = "", *, pacer: Pacer | None = None, timeout: float = 10.0, seconds: float = 60.0
    ) -> None:
        super().__init__(impersonate="chrome", max_redirects=MAX_REDIRECTS)
        self._stand_in = urlsplit(base_url)
        self._pacer = pacer or ProcessPacer()
        self._timeout = timeout
        self._seconds = seconds
        self._has_renewed = False  # cookie and crumb, since the last data
        self._cookie_answers: dict[str, Response] = {}  # yfinance may request them again with every ticker
        self.request_count = 0
        self.start_ticker()

    def start_ticker(self) -> None:
        """Begin another ticker: discard the last one's answer and start its time."""
        self._deadline = monotonic() + self._seconds
        self._answer: Response | None = None

    @property
    def status(self) -> int | None:
        """Return the status of the last answer with data; None if there is none."""
        return self._answer.status_code if self._answer is not None else None

    @property
    def error_code(self) -> str:
        """Return the error code of the last data answer, like "Not Found"; empty if it has none."""
        try:
            body = json.loads(self._answer.content if self._answer is not None else b"{}")
            return str(body["chart"]["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return ""

    def request(self, method: Any, url: str, **options: Any) -> Response:  # type: ignore[override]
        """Send a request as curl_cffi does, at the pacer's pace and within the rest of the ticker's time.

        Raise YahooStatusError if Yahoo refuses it for good, and PriceError if the pacer does.
        """
        if not urlsplit(url).path.startswith(DATA_PATHS):
            if url not in self._cookie_answers:
                self._cookie_answers[url] = self._send(method, url, options)
            return self._cookie_answers[url]
        self._answer = None
        started = monotonic()
        self._pacer.before_request()
        self._deadline += monotonic() - started
        try:
            self._answer = answer = self._send(method, url, options)
        except RequestException:
            self._pacer.record_silence()
            raise
        needs_renewal = answer.status_code in UNAUTHENTICATED and not self._has_renewed
        if answer.status_code == TOO_MANY_REQUESTS:
            self._pacer.record_limit()
        elif _is_data_answer(answer) or needs_renewal:
            self._pacer.record_success()
        else:
            self._pacer.record_silence()
        self._has_renewed = answer.status_code >= 400 and (self._has_renewed or needs_renewal)
        if needs_renewal:
            self._cookie_answers.clear()
        if answer.status_code >= 400 and not needs_renewal:
            raise YahooStatusError(answer.status_code)
        return answer

    def _send(self, method: Any, url: str, options: dict[str, Any]) -> Response:
        left = self._deadline - monotonic()
        if left <= 0:
            raise Timeout(f"more than {self._seconds:.0f} seconds for one ticker")
        if self._stand_in.netloc:
            target = urlsplit(url)
            options["headers"] = {**(options.get("headers") or {}), "Host": target.hostname}
            url = target._replace(scheme=self._stand_in.scheme, netloc=self._stand_in.netloc).geturl()
        options["timeout"] = min(options.get("timeout") or math.inf, self._timeout, left)
        self.request_count += 1
        body = bytearray()

        def collect(part: bytes) -> int:
            if len(body) + len(part) > MAX_MEGABYTES * 2**20:
                return CURL_WRITEFUNC_ERROR
            body.extend(part)
            return len(part)

        try:
            answer = super().request(method, url, **options, content_callback=collect)
        except RequestException as error:
            if error.code == CurlECode.WRITE_ERROR:
                raise AnswerTooLarge(f"the answer is larger than {MAX_MEGABYTES} MB") from None
            raise
        answer.content = bytes(body)
        return answer


def _is_data_answer(answer: Response) -> bool:
    """Return whether Yahoo works: False if it is broken, refuses the client or sends a page ("Will be right back")."""
    if answer.status_code >= SERVER_ERROR or answer.status_code in UNAUTHENTICATED:
        return False
    return answer.status_code >= 400 or answer.content.lstrip().startswith(b"{")
