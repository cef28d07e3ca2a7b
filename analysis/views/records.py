"""Views of the track record page."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from analysis.engine.record_summary import TRADES_NEEDED
from analysis.pages.record_page import RecordPage
from analysis.track_records.refresh import may_request_records, request_records
from stockapp.accounts.requests import Request

PAGE = "analysis/track_record.html"


@require_safe
def track_record(request: Request) -> HttpResponse:
    return render(request, PAGE, _context(request))


@require_safe
def track_record_live(request: Request) -> HttpResponse:
    """Return the records while some are being computed; 286 ends the polling of htmx."""
    context = _context(request, is_poll=True)
    return render(request, f"{PAGE}#live", context, status=200 if context["page"].refreshing_count else 286)


@require_POST
def refresh_record(request: Request) -> HttpResponse:
    """Request all records anew. Every user may, because they are of stored bars and of no user's data."""
    if may_request_records():
        request_records()
    else:
        messages.info(request, "The track record is recalculated at most every ten minutes, and after every full run.")
    return redirect("analysis:track_record")


def _context(request: Request, **more: Any) -> dict[str, Any]:
    chosen = request.GET.get("strategy") or request.user.strategy
    return {"page": RecordPage(chosen), "trades_needed": TRADES_NEEDED, **more}
