"""Unavailable: while the database cannot be used, every answer is a 503 that says so and when to try again.

Who works on the database makes the file `maintenance` in DATA_DIR; what it says is shown. Without it, an answer that
failed for want of the database is replaced. Neither asks the database.
"""

import sys
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from analysis.api import problems
from stockapp.middleware import Answer

RETRY_SECONDS = 30
NO_ANSWER = "The database does not answer."
MAINTENANCE = "The application is being worked on."
JSON = "application/json"
HEALTH = ("/healthz", "/api/health")
MARK = "_database_failed"


def say_unavailable(get_response: Answer) -> Answer:
    """Stands outside whatever asks the database; Django turns exceptions into answers at each layer within."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if (notice := _maintenance()) is not None:
            return unavailable(request, notice)
        response = get_response(request)
        return unavailable(request, NO_ANSWER) if hasattr(request, MARK) else response

    got_request_exception.connect(_mark, dispatch_uid="stockapp.unavailable")
    return answer


def unavailable(request: HttpRequest, reason: str) -> HttpResponse:
    """The sentence as the asker can read it: a problem of the API, JSON for a program, a line for htmx, else a page."""
    response: HttpResponse
    is_health = request.path in HEALTH
    if request.path.startswith("/api/") and not is_health:
        response = problems.answer(503, problems.Kind.UNAVAILABLE, reason)
    elif is_health or request.get_preferred_type(["text/html", JSON]) == JSON:
        response = JsonResponse({"ok": False, "detail": reason, "problems": [reason]})
    elif request.headers.get("HX-Request") == "true":
        response = HttpResponse(reason, content_type="text/plain")
    else:
        context = {"reason": reason, "retry_seconds": RETRY_SECONDS, "can_reload": request.method == "GET"}
        response = HttpResponse(render_to_string("503.html", context))
    response.status_code = 503
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def _mark(request: HttpRequest | None = None, **_: Any) -> None:
    if request is not None and isinstance(sys.exception(), OperationalError | InterfaceError):
        setattr(request, MARK, True)


def _maintenance() -> str | None:
    """What the file says; None without one."""
    try:
        text: str = (settings.DATA_DIR / "maintenance").read_text(errors="replace")
    except OSError:
        return None
    return text.strip()[:500] or MAINTENANCE
