"""The HTTP session of yfinance: paced, bounded, and without a second request after Yahoo has refused one.

By default yfinance reacts to every status of 400 or more with about nine requests (consent, cookie, crumb, and again),
even to a rate limit, and sends the text of a refused crumb as a crumb from then on. Here a refusal is final, except for
one renewal of cookie and crumb when Yahoo asks for authentication, and only a crumb is sent as one.
"""

import logging
import math
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from curl_cffi.const import CurlECode
from curl_cffi.curl import CURL_WRITEFUNC_ERROR
from curl_cffi.requests import Response, Session
from curl_cffi.requests.exceptions import RequestException, Timeout, TooManyRedirects

from analysis.prices.pacer import Pacer, ProcessPacer
from analysis.prices.yahoo_answers import (
    AnswerKind,
    YahooAnswer,
    is_crumb,
    read_chart_answer,
    read_cookie_answer,
    read_screener_answer,
)
from analysis.prices.yahoo_chart import clean_chart_answer

logger = logging.getLogger(__name__)

CHART, SCREENER, CRUMB = "/v8/finance/chart/", "/v1/finance/screener", "/v1/test/getcrumb"
DATA_PATHS = (CHART, SCREENER)  # all other requests are for cookies
MAX_REDIRECTS = 5
MAX_MEGABYTES = 32  # of an uncompressed answer; sixty years of a stock are about 2


class YahooStatusError(Exception):
    """An answer of Yahoo without data; the session's `answer` says which."""


class AnswerTooLarge(RequestException):
    """An answer of Yahoo that exceeds the limit and is discarded."""


class YahooSession(Session[Response]):
    """A browser-like session for one ticker after another; `start_ticker` begins each.

    `base_url` is empty for Yahoo itself, or the address of a server that replaces it. `timeout` limits one request with
    its whole answer, and `seconds` all requests of a ticker together, with the canary's. Waits of the pacer are not in
    `seconds` for the first request with data and for the canary's; they are for all others, such as those for cookies.
    The size of an answer is limited while it is decompressed, so that it cannot exhaust memory.

    `answer` is the last answer with data, or the limit that a request for cookies met; None if there is none yet.
    `is_silent` is whether the last request for data had no answer, or one of a broken server: its pacer is told by
    `record_silence` alone, because a canary may show that it is a matter of one ticker.
    `request_count` counts all requests, with redirected ones, `data_count` the answers with data that was wanted.
    """

    def __init__(
        self, base_url: str = "", *, pacer: Pacer | None = None, timeout: float = 10.0, seconds: float = 60.0
    ) -> None:
        super().__init__(impersonate="chrome", max_redirects=MAX_REDIRECTS)
        self.pacer = pacer or ProcessPacer()
        self.request_count = self.data_count = 0
        self.answer: YahooAnswer | None = None
        self._stand_in = urlsplit(base_url)
        self._timeout = timeout
        self._seconds = seconds
        self._has_renewed = False  # cookie and crumb, since the last data
        self._has_consented = False  # to cookies, since the last data
        self._cookie_answers: dict[str, Response] = {}  # yfinance may request them again with every ticker
        self.start_ticker()

    def start_ticker(self) -> None:
        """Begin another ticker: discard the last one's answer and start its time."""
        self._deadline = monotonic() + self._seconds
        self._begin_waiting()

    def start_canary(self) -> None:
        """Begin the canary of a ticker, within the time of the ticker."""
        self._begin_waiting()

    def confirm_data(self, *, is_wanted: bool = True) -> None:
        """Record that the last answer's data could be read, and whether they are used."""
        self.data_count += is_wanted
        if self.pacer.is_probing_oddity:
            self.pacer.record_success()

    def record_silence(self) -> None:
        """Record that the last request for data had no answer; it pauses all requests if the answer names a time."""
        self.pacer.record_silence(self.answer.retry_after if self.answer else None)

    @property
    def wasted_count(self) -> int:
        """Return how many requests brought no data that was wanted."""
        return self.request_count - self.data_count

    def request(self, method: Any, url: str, **options: Any) -> Response:  # type: ignore[override]
        """Send a request as curl_cffi does, at the pacer's pace and within the rest of the ticker's time.

        Raise YahooStatusError if Yahoo refuses it for good, and PriceError if the pacer does.
        """
        path = urlsplit(url).path
        if not path.startswith(DATA_PATHS):
            return self._cookie_answers.get(url) or self._request_cookie(method, url, options)
        self.answer, self.is_silent = None, False
        _remove_refused_crumb(options)
        self._wait_for_turn()
        try:
            response = self._send(method, url, options)
        except TooManyRedirects as error:  # an answer, though no data: perhaps they have moved
            status = error.response.status_code if error.response is not None else 0
            self.answer = YahooAnswer(AnswerKind.ODD, status)
            self._record(self.answer, renews=False)
            raise YahooStatusError(status) from None
        except RequestException:
            self.is_silent = True
            raise
        return self._read_data(response, path)

    def _read_data(self, response: Response, path: str) -> Response:
        """Return an answer with data, and record what it is. Raise YahooStatusError if Yahoo refuses them for good.

        A page that asks for consent to cookies is no silence, unless the last consent did not help.
        """
        read = read_chart_answer if path.startswith(CHART) else read_screener_answer
        answer = self.answer = read(response.status_code, response.headers, response.content, datetime.now(UTC))
        is_consent_page, has_consented = _is_consent_page(response), self._has_consented
        self._has_consented = is_consent_page
        if is_consent_page and not has_consented:
            return response
        renews = answer.kind is AnswerKind.UNAUTHENTICATED and not self._has_renewed
        self._record(answer, renews=renews)
        if renews:
            self._cookie_answers.clear()
        elif answer.kind is not AnswerKind.SOUND and not is_consent_page:
            raise YahooStatusError(answer.status)
        if answer.kind is AnswerKind.SOUND and path.startswith(CHART):
            response.content = clean_chart_answer(response.content)
        return response

    def _record(self, answer: YahooAnswer, *, renews: bool) -> None:
        """Tell the pacer of an answer; a pause for answers that are not understood ends only with `confirm_data`."""
        self._has_renewed = renews or (self._has_renewed and answer.status >= 400)
        match answer.kind:
            case AnswerKind.LIMITED:
                self.pacer.record_limit(answer.retry_after)
            case AnswerKind.SILENT | AnswerKind.UNAUTHENTICATED:
                self.is_silent = not renews
            case _ if not self.pacer.is_probing_oddity:
                self.pacer.record_success()

    def _request_cookie(self, method: Any, url: str, options: dict[str, Any]) -> Response:
        """Return the answer to a request for cookies, a crumb or consent, empty in place of one that was refused.

        Cookies and crumb are not requested again until Yahoo asks for authentication, even if their server is down:
        prices need none. Raise YahooStatusError if Yahoo limits requests, and RequestException if consent fails.
        """
        self._wait_for_turn(is_in_time=True)
        try:
            response = self._send(method, url, options)
        except RequestException as error:
            if self._has_consented:
                raise
            logger.warning("Yahoo's cookies could not be fetched; prices are requested without: %s", error)
            response = Response()
            response.url, response.content = url, b""
        if (path := urlsplit(response.url).path).startswith(DATA_PATHS):  # consent leads back to the data
            return self._read_data(response, path)
        is_for_crumb = urlsplit(url).path == CRUMB
        answer = read_cookie_answer(
            response.status_code, response.headers, response.content, datetime.now(UTC), is_page=not is_for_crumb
        )
        is_refused = response.status_code != 200 or not is_crumb(response.content.decode(errors="replace"))
        if is_for_crumb and is_refused:
            response.content, response.status_code = b"", 200
            self._cookie_answers[url] = response
        if answer.kind is AnswerKind.LIMITED:
            self.answer = answer
            self.pacer.record_limit(answer.retry_after)
            raise YahooStatusError(answer.status)
        if not self._has_consented:
            self._cookie_answers[url] = response
        return response

    def _begin_waiting(self) -> None:
        self.answer, self.is_silent = None, False
        self._has_waited = False

    def _wait_for_turn(self, *, is_in_time: bool = False) -> None:
        """Wait for the pacer, within the ticker's time if `is_in_time` or if a request has waited beside it before."""
        is_in_time = is_in_time or self._has_waited
        left = self._time_left()
        started = monotonic()
        self.pacer.before_request(left if is_in_time else math.inf)
        if not is_in_time:
            self._has_waited = True
            self._deadline += monotonic() - started

    def _time_left(self) -> float:
        """Return the seconds that are left for the ticker. Raise Timeout if there are none."""
        left = self._deadline - monotonic()
        if left <= 0:
            raise Timeout(f"more than {self._seconds:.0f} seconds for one ticker")
        return left

    def _send(self, method: Any, url: str, options: dict[str, Any]) -> Response:
        left = self._time_left()
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
            self.request_count += error.response.redirect_count if error.response is not None else 0
            if error.code == CurlECode.WRITE_ERROR:
                raise AnswerTooLarge(f"the answer is larger than {MAX_MEGABYTES} MB") from None
            raise
        self.request_count += answer.redirect_count
        answer.content = bytes(body)
        return answer


def _remove_refused_crumb(options: dict[str, Any]) -> None:
    params = options.get("params") or {}
    if "crumb" in params and not is_crumb(str(params["crumb"])):
        options["params"] = {name: value for name, value in params.items() if name != "crumb"}


def _is_consent_page(response: Response) -> bool:
    """Return whether Yahoo asks for consent to cookies, which yfinance gives and then reads the prices."""
    return (urlsplit(response.url).hostname or "").endswith("consent.yahoo.com")
