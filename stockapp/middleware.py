"""Middleware: the login page, caching, the digits and times that a user has chosen, the stack of a request's calls."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from stockapp.grouping import AUTO, grouped_as
from stockapp.time_zones import zone_of

ENDED = "session_ended"
STACK_SLOTS = 33_000  # of 8 bytes: just over 256 KB, so that the piece has 512 KB, of which only what is used is memory
Answer = Callable[[HttpRequest], HttpResponseBase]


def lead_to_login(get_response: Answer) -> Answer:
    """Redirect visitors to the login page, and from there back to a page that can be shown.

    htmx reloads the whole page instead of swapping the login form into it. A form sent after the session's end leads
    back to the page that contained it, because its own URL accepts forms only.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        had_session = not {settings.SESSION_COOKIE_NAME, ENDED}.isdisjoint(request.COOKIES)
        response = get_response(request)
        if not _leads_to_login(response):
            return response
        if request.headers.get("HX-Request") == "true":
            refresh = HttpResponse(status=204, headers={"HX-Refresh": "true"})
            if had_session:
                # This response deletes the session's cookie, and the next page has to show that the session has ended.
                is_secure = settings.SESSION_COOKIE_SECURE
                refresh.set_cookie(ENDED, "1", max_age=60, httponly=True, secure=is_secure, samesite="Lax")
            return refresh
        query = {"next": _way_back(request)} | ({"ended": "1"} if had_session else {})
        return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode(query, safe='/')}")

    return answer


def keep_private(get_response: Answer) -> Answer:
    """Set `Cache-Control: private, no-store` unless a response has its own.

    Pages, exports and errors are for one user at one moment. Static files are served outside of this middleware.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response

    return answer


def write_numbers_as_chosen(get_response: Answer) -> Answer:
    """Group digits as the user has chosen, for visitors by currency."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        with grouped_as(lambda: getattr(request.user, "number_format", AUTO)):
            return get_response(request)

    return answer


class ShowTimesAsChosen:
    """Show times in the user's time zone: on every page for which one has to be logged in, but not in the admin.

    There, in the API and for visitors, times are in the installation's zone.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with timezone.override(None):  # restored afterwards, so that no other request of this thread has the zone
            return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        is_admin = request.resolver_match is not None and "admin" in request.resolver_match.app_names
        if is_admin or not getattr(view, "login_required", True) or not request.user.is_authenticated:
            return
        if zone := zone_of(request.user.time_zone):
            timezone.activate(zone)


def _leads_to_login(response: HttpResponseBase) -> bool:
    """Return whether a response redirects to the login page with a next page; there is none after logging out."""
    if not isinstance(response, HttpResponseRedirect):
        return False
    target = urlsplit(response.url)
    return target.path == resolve_url(settings.LOGIN_URL) and target.query.startswith("next=")


def _way_back(request: HttpRequest) -> str:
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, {request.get_host()}, request.is_secure()):
        return resolve_url(settings.LOGIN_REDIRECT_URL)
    parts = urlsplit(page)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def keep_calls_together(get_response: Answer) -> Answer:
    """Give the calls of a request one piece of the interpreter's stack.

    CPython takes and gives back memory at each call that crosses the end of a piece (16 KB, about 80 calls deep): a
    template's loop at that depth takes twice as long (https://github.com/python/cpython/issues/142183). A function that
    declares a large stack of its own gets a piece that has as much left for its callees.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        return get_response(request)

    answer.__code__ = answer.__code__.replace(co_stacksize=STACK_SLOTS)
    return answer
