"""Yahoo's answers: what each one is, by its status, headers and content; everything that reads them decides by this.

A limit comes in many forms, and a changed interface looks like missing prices. So an answer is sound only if it has the
shape that this version reads; anything else that is not a known refusal is doubtful.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from analysis.prices.yahoo_chart import is_readable, quote_of

TOO_MANY_REQUESTS = (429, 999)  # the second is Yahoo's own
LIMITED_IF_IT_NAMES_A_TIME = (403, 503)
REFUSED = (401, 403)
GAVE_UP_WAITING = 408
SERVER_ERROR = 500
UNKNOWN = "Not Found"
SERVER_FAULTS = {
    "Internal Server Error",
    "Service Unavailable",
    "Bad Gateway",
    "Gateway Timeout",
    "Unauthorized",
    "Forbidden",
}  # error codes of an answer whose status says that all is well
WORDS_OF_LIMIT = re.compile(rb"\b(?:too[ _-]?many[ _-]?requests|rate[ _-]?limit(?:s|ed|ing)?)\b", re.IGNORECASE)
READ_FOR_WORDS = 2**16  # bytes of an answer without data
LONGEST_CRUMB = 32
LONGEST_TIME = 10**9  # seconds that a server may ask to wait; the pace keeps far less


class AnswerKind(StrEnum):
    """The kinds of answers: data, refusals that are known, and two that may mean that Yahoo has changed."""

    SOUND = "sound"
    UNKNOWN_SYMBOL = "unknown_symbol"
    LIMITED = "limited"
    UNAUTHENTICATED = "unauthenticated"
    SILENT = "silent"
    EMPTY = "empty"
    ODD = "odd"


@dataclass(frozen=True, slots=True)
class YahooAnswer:
    """An answer's kind, status and error code, and the time after which it permits the next request, if it names one.

    EMPTY is an answer in a known shape, but without prices; ODD has another shape.
    """

    kind: AnswerKind
    status: int
    code: str = ""
    retry_after: timedelta | None = None


def read_chart_answer(status: int, headers: Mapping[str, str | None], content: bytes, now: datetime) -> YahooAnswer:
    """Return what an answer of the chart service is, at `now` (aware)."""
    return _read_answer(status, headers, content, now, _kind_of_chart)


def read_screener_answer(status: int, headers: Mapping[str, str | None], content: bytes, now: datetime) -> YahooAnswer:
    """Return what an answer of the screener is, at `now` (aware)."""
    return _read_answer(status, headers, content, now, _kind_of_screener)


def read_cookie_answer(
    status: int, headers: Mapping[str, str | None], content: bytes, now: datetime, *, is_page: bool
) -> YahooAnswer:
    """Return what an answer to a request for cookies or a crumb is: a limit, or sound in any other form.

    A page is about anything, also about limits, so that its words count only if its status says that it failed.
    """
    content = b"" if is_page and status < 400 else content
    answer = _read_answer(status, headers, content, now, lambda _: (AnswerKind.SOUND, ""))
    return answer if answer.kind is AnswerKind.LIMITED else YahooAnswer(AnswerKind.SOUND, status)


def is_crumb(text: str) -> bool:
    """Return whether a text can be a crumb: one short word, and no page, sentence or JSON."""
    return re.fullmatch(rf"[^\s<>{{}}\"']{{1,{LONGEST_CRUMB}}}", text) is not None


def read_retry_after(headers: Mapping[str, str | None], now: datetime) -> timedelta | None:
    """Return how long the header Retry-After asks to wait: seconds or a date; None if there is none that can be read.

    A date is compared with the server's own clock where the answer has its time.
    """
    value = (headers.get("Retry-After") or "").strip()
    if number := re.fullmatch(r"([0-9]+)(?:\.[0-9]*)?", value):
        return timedelta(seconds=min(int(number[1][:12]), LONGEST_TIME)) or None
    until = _read_date(value)
    wait = until - (_read_date(headers.get("Date") or "") or now) if until else timedelta()
    return wait if wait > timedelta() else None


def _read_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


type KindOfBody = Callable[[Any], tuple[AnswerKind, str]]


def _read_answer(
    status: int, headers: Mapping[str, str | None], content: bytes, now: datetime, kind_of: KindOfBody
) -> YahooAnswer:
    retry_after = read_retry_after(headers, now)
    kind, code = _kind_by_content(status, content, kind_of)
    if kind is not AnswerKind.SOUND and _is_limit(status, code, content, retry_after):
        kind = AnswerKind.LIMITED
    return YahooAnswer(kind, status, code, retry_after)


def _is_limit(status: int, code: str, content: bytes, retry_after: timedelta | None) -> bool:
    if status in TOO_MANY_REQUESTS or (status in LIMITED_IF_IT_NAMES_A_TIME and retry_after):
        return True
    return code in map(str, TOO_MANY_REQUESTS) or WORDS_OF_LIMIT.search(content, 0, READ_FOR_WORDS) is not None


def _kind_by_content(status: int, content: bytes, kind_of: KindOfBody) -> tuple[AnswerKind, str]:
    """Return the kind of an answer that is no limit, and its error code."""
    try:
        kind, code = kind_of(json.loads(content))
    except (ValueError, RecursionError):
        kind, code = AnswerKind.ODD if 400 <= status < SERVER_ERROR else AnswerKind.SILENT, ""
    if status in REFUSED:
        return AnswerKind.UNAUTHENTICATED, code
    if status >= SERVER_ERROR or status == GAVE_UP_WAITING:
        return AnswerKind.SILENT, code
    if status >= 400 and (kind is not AnswerKind.UNKNOWN_SYMBOL or status != 404):
        return (AnswerKind.EMPTY if code else AnswerKind.ODD), code
    return kind, code


def _kind_of_chart(body: Any) -> tuple[AnswerKind, str]:
    chart = body.get("chart") if isinstance(body, dict) else None
    if not isinstance(chart, dict):
        return AnswerKind.ODD, ""
    if error := chart.get("error"):
        return _kind_of_error(error)
    results = chart.get("result")
    if not results:
        return (AnswerKind.EMPTY if "result" in chart else AnswerKind.ODD), ""
    result = results[0] if isinstance(results, list) else None
    if not isinstance(result, dict) or not isinstance(result.get("meta"), dict):
        return AnswerKind.ODD, ""
    if not result.get("timestamp") and not quote_of(result).get("close"):  # as Yahoo answers without sessions
        return AnswerKind.EMPTY, ""
    return (AnswerKind.SOUND if is_readable(result) else AnswerKind.ODD), ""


def _kind_of_error(error: Any) -> tuple[AnswerKind, str]:
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    if code == UNKNOWN:
        return AnswerKind.UNKNOWN_SYMBOL, code
    if code in SERVER_FAULTS:
        return AnswerKind.SILENT, code
    return (AnswerKind.EMPTY if code else AnswerKind.ODD), code


def _kind_of_screener(body: Any) -> tuple[AnswerKind, str]:
    finance = body.get("finance") if isinstance(body, dict) else None
    if not isinstance(finance, dict):
        return AnswerKind.ODD, ""
    if error := finance.get("error"):
        return _kind_of_error(error)
    results = finance.get("result")
    page = results[0] if isinstance(results, list) and results else None
    return (AnswerKind.SOUND if isinstance(page, dict) and "quotes" in page else AnswerKind.ODD), ""
