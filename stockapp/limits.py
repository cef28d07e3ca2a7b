"""Limits: requests that are too large, too many or unreadable are refused with a sentence before they are processed."""

import time

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from analysis.api import problems
from stockapp import client
from stockapp.meters import Meter, by_address, by_user
from stockapp.middleware import Answer

API = "/api/"
COUNTED = "_counted"
PROCESSOR_SECONDS = 0.05
UNCOUNTED = {"/healthz", "/metrics", "/api/health"}
KINDS = {400: problems.Kind.BAD_REQUEST, 413: problems.Kind.TOO_LARGE, 429: problems.Kind.OVER_LIMIT}
TOO_MANY_FIELDS = "The form has too many fields. Nothing was changed. Tick fewer, and do the rest afterwards."
NOT_UNDERSTOOD = "The server could not read this request. Nothing was changed. Go back, reload the page and try again."


def refuse_too_large(get_response: Answer) -> Answer:
    """Refuse requests with too large a body, files included, which Django's own limit omits.

    A request without a length has no body.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        return too_large(request) if _size_of(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE else get_response(request)

    return answer


class CountRequests:
    """A middleware that limits the requests per minute of a user, or of an address without a login.

    A request that needs much of the processor counts as several, so that nobody takes all of it with heavy pages.
    A public view is counted for the address, so that it needs no query for the user. A valid token is counted for its
    user in `stockapp.access`; a token that does not work is counted here, for the address.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.thread_time()
        response = self.get_response(request)
        charge_request(request, time.thread_time() - began)
        is_bad_token = _has_token(request) and response.status_code == 401
        is_nowhere = request.resolver_match is None
        refusal = (
            _refuse_over_limit(request, by_address, client.counter_key(request)) if is_bad_token or is_nowhere else None
        )
        return refusal or response

    def process_view(self, request: HttpRequest, view: object, *_: object) -> HttpResponse | None:
        if request.path in UNCOUNTED or _has_token(request):
            return None
        is_for_users = request.path.startswith(API) or getattr(view, "login_required", True)
        if is_for_users and request.user.is_authenticated:
            return _refuse_over_limit(request, by_user, str(request.user.pk))
        return _refuse_over_limit(request, by_address, client.counter_key(request))


def count_request(request: HttpRequest, meter: Meter, key: str) -> int:
    """Count a request by this meter. Return 0, or the seconds to wait if it is beyond the limit."""
    setattr(request, COUNTED, (meter, key))
    return meter.take(key)


def charge_request(request: HttpRequest, seconds: float) -> None:
    """Count a counted request as further ones, one for each PROCESSOR_SECONDS that it needed beyond the first."""
    further = int(seconds / PROCESSOR_SECONDS)
    if further and (counted := getattr(request, COUNTED, None)):
        meter, key = counted
        meter.take(key, further)


def wait_sentence(meter: Meter, wait: int) -> str:
    """Return the sentence for a request beyond the limit."""
    whose = "You have made" if meter is by_user else "Your address has made"
    return f"{whose} more than {meter.limit:,} requests in a minute. Try again in {seconds_in_words(wait)}."


def seconds_in_words(seconds: int) -> str:
    return "1 second" if seconds == 1 else f"{seconds} seconds"


def refuse_too_many(request: HttpRequest, sentence: str, wait: int) -> HttpResponse:
    response = _respond(request, 429, "Too many requests", sentence)
    response.headers["Retry-After"] = str(wait)
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Return the response to a bad request with the sentence of its cause (Django's handler of 400)."""
    if isinstance(exception, RequestDataTooBig):
        return too_large(request)
    is_too_much = isinstance(exception, TooManyFieldsSent | TooManyFilesSent)
    return _respond(request, 400, "Not understood", TOO_MANY_FIELDS if is_too_much else NOT_UNDERSTOOD)


def too_large(request: HttpRequest) -> HttpResponse:
    megabytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE / 2**20
    sentence = f"This is larger than {megabytes:.1f} MB, which is the limit. Nothing was changed. Send it in parts."
    return _respond(request, 413, "Too large", sentence)


def _respond(request: HttpRequest, status: int, title: str, sentence: str) -> HttpResponse:
    """Return the sentence as JSON for a program, as a line for htmx, else as a page that makes no query."""
    if request.path.startswith(API):
        return problems.problem_response(status, KINDS[status], sentence)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(sentence, status=status, content_type="text/plain")
    page = render_to_string("refused.html", {"title": title, "sentence": sentence})
    return HttpResponse(page, status=status)


def _size_of(request: HttpRequest) -> int:
    text = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(text) if text.isdecimal() else 0


def _refuse_over_limit(request: HttpRequest, meter: Meter, key: str) -> HttpResponse | None:
    """Count a request and return the refusal if it is beyond the limit."""
    wait = count_request(request, meter, key)
    return refuse_too_many(request, wait_sentence(meter, wait), wait) if wait else None


def _has_token(request: HttpRequest) -> bool:
    return request.path.startswith(API) and "Authorization" in request.headers
