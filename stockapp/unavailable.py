"""Unavailable: while the database cannot be used, every response is a 503 with the reason and the time of a retry.

During maintenance the file `maintenance` exists in DATA_DIR; its text is shown. Without it, a response that failed
because of the database is replaced by one with the fault. Neither queries the database.
"""

import sys
from typing import Any

from django.conf import settings
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string

from analysis.api import problems
from analysis.database_faults import Fault, find_fault, record_damage
from stockapp.middleware import Answer
from stockapp.monitoring import may_monitor

RETRY_SECONDS = 30
MAINTENANCE = "The application is being worked on."
JSON = "application/json"
HEALTH = ("/healthz", "/api/health")
MARK = "_database_fault"


def refuse_while_unavailable(get_response: Answer) -> Answer:
    """Replace responses while the database cannot be used; this middleware must be outside all that query it.

    Django turns exceptions into responses at each inner layer, so the fault is marked on the request.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if (notice := _read_maintenance_notice()) is not None:
            return unavailable_response(request, Fault(notice))
        response = get_response(request)
        fault: Fault | None = getattr(request, MARK, None)
        return unavailable_response(request, fault) if fault else response

    got_request_exception.connect(_mark_fault, dispatch_uid="stockapp.unavailable")
    return answer


def unavailable_response(request: HttpRequest, fault: Fault) -> HttpResponse:
    """Return the sentence as a problem of the API, JSON for a program, a line for htmx, else a page."""
    response: HttpResponse
    reason = fault.sentence
    if request.path in HEALTH:
        response = JsonResponse({"ok": False} | ({"problems": [reason]} if may_monitor(request) else {}))
    elif request.path.startswith("/api/"):
        response = problems.problem_response(503, problems.Kind.UNAVAILABLE, reason)
    elif request.get_preferred_type(["text/html", JSON]) == JSON:
        response = JsonResponse({"ok": False, "detail": reason, "problems": [reason]})
    elif request.headers.get("HX-Request") == "true":
        response = HttpResponse(reason, content_type="text/plain")
    else:
        context = {"fault": fault, "retry_seconds": RETRY_SECONDS, "can_reload": request.method == "GET"}
        response = HttpResponse(render_to_string("503.html", context))
    response.status_code = 503
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    response.headers["Cache-Control"] = "no-store"
    return response


def _mark_fault(request: HttpRequest | None = None, **_: Any) -> None:
    error = sys.exception()
    fault = find_fault(error)
    if request is not None and error and fault:
        record_damage(error)
        setattr(request, MARK, fault)


def _read_maintenance_notice() -> str | None:
    """Return the text of the maintenance file; None without one."""
    try:
        text: str = (settings.DATA_DIR / "maintenance").read_text(errors="replace")
    except OSError:
        return None
    return text.strip()[:500] or MAINTENANCE
