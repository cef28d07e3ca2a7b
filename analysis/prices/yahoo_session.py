"""The session that yfinance asks Yahoo through: paced, bounded, and never asking twice what Yahoo has refused.

Left alone, yfinance answers every status of 400 or more with about nine requests (consent, cookie, crumb, and again),
a limit on requests among them. Here a refusal ends the matter, but for one renewal of cookie and crumb when Yahoo
wants to know who asks.
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

DATA_PATHS = ("/v8/finance/chart/", "/v1/finance/screener")  # everything else is about cookies
LONGEST_CHAIN = 5  # redirects
MOST_MEGABYTES = 32  # of an uncompressed answer; sixty years of a stock are about 2
WHO_ASKS = (401, 403)
LIMITED = 429
BROKEN = 500


class YahooRefused(Exception):
    """Yahoo answered with a status that brings no data; the session's `status` and `error_code` say which."""


class AnswerTooLarge(RequestException):
    """Yahoo's answer exceeded the limit and is not used."""


class YahooSession(Session[Response]):
    """A browser-like session for one ticker after another; `begin` starts each.

    `base_url` is where Yahoo is: empty for Yahoo itself, or the address of a server that stands in for it. `timeout`
    bounds one request with its whole answer, and `seconds` all requests of a ticker together, both without the time of
    the pacer. The size of an answer is bounded while it is uncompressed, so that it cannot fill the memory.
    """

    def __init__(
        self, base_url: str = "", *, pacer: Pacer | None = None, timeout: float = 10.0, seconds: float = 60.0
    ) -> None:
        super().__init__(impersonate="chrome", max_redirects=LONGEST_CHAIN)
        self._stand_in = urlsplit(base_url)
        self._pacer = pacer or ProcessPacer()
        self._timeout = timeout
        self._seconds = seconds
        self._has_renewed = False  # cookie and crumb, since Yahoo last gave data
        self._about_cookies: dict[str, Response] = {}  # yfinance may ask for them again with every ticker
        self.request_count = 0
        self.begin()

    def begin(self) -> None:
        """Start another ticker: forget the last one's answer and give this one its own time."""
        self._deadline = monotonic() + self._seconds
        self._answer: Response | None = None

    @property
    def status(self) -> int | None:
        """The status of the last answer about data; None while there is none."""
        return self._answer.status_code if self._answer is not None else None

    @property
    def error_code(self) -> str:
        """What the last answer about data calls its error, like "Not Found"; empty when it names none."""
        try:
            body = json.loads(self._answer.content if self._answer is not None else b"{}")
            return str(body["chart"]["error"]["code"])
        except (ValueError, KeyError, TypeError):
            return ""

    def request(self, method: Any, url: str, **options: Any) -> Response:  # type: ignore[override]
        """Send a request as curl_cffi does, at the pacer's pace and within what is left of the ticker's time.

        Raises YahooRefused when asking again would not help, and PriceError when the pacer does not let it through.
        """
        if not urlsplit(url).path.startswith(DATA_PATHS):
            if url not in self._about_cookies:
                self._about_cookies[url] = self._send(method, url, options)
            return self._about_cookies[url]
        self._answer = None
        asked = monotonic()
        self._pacer.before_request()
        self._deadline += monotonic() - asked
        try:
            self._answer = answer = self._send(method, url, options)
        except RequestException:
            self._pacer.unanswered()
            raise
        is_worth_renewing = answer.status_code in WHO_ASKS and not self._has_renewed
        if answer.status_code == LIMITED:
            self._pacer.rate_limited()
        elif _is_about_data(answer) or is_worth_renewing:
            self._pacer.succeeded()
        else:
            self._pacer.unanswered()
        self._has_renewed = answer.status_code >= 400 and (self._has_renewed or is_worth_renewing)
        if is_worth_renewing:
            self._about_cookies.clear()
        if answer.status_code >= 400 and not is_worth_renewing:
            raise YahooRefused(answer.status_code)
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

        def keep(part: bytes) -> int:
            if len(body) + len(part) > MOST_MEGABYTES * 2**20:
                return CURL_WRITEFUNC_ERROR
            body.extend(part)
            return len(part)

        try:
            answer = super().request(method, url, **options, content_callback=keep)
        except RequestException as error:
            if error.code == CurlECode.WRITE_ERROR:
                raise AnswerTooLarge(f"the answer is larger than {MOST_MEGABYTES} MB") from None
            raise
        answer.content = bytes(body)
        return answer


def _is_about_data(answer: Response) -> bool:
    """Whether Yahoo does its work: not when it is broken, refuses who asks, or sends a page ("Will be right back")."""
    if answer.status_code >= BROKEN or answer.status_code in WHO_ASKS:
        return False
    return answer.status_code >= 400 or answer.content.lstrip().startswith(b"{")
