"""View of the notice about the price source, for pages that show it while no analysis is polled for."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.pages import polls
from analysis.pages.source_notice import read_source_notice
from stockapp.accounts.requests import Request


@require_safe
def source_notice(request: Request) -> HttpResponse:
    """Return the notice, without content if there is none; 204 means that it has not changed.

    An open page polls for it, which is no use of the session: its end does not move.
    """
    request.session.modified = False
    notice = read_source_notice()
    if request.GET.get(polls.SEEN) == (notice.stamp if notice else ""):
        return polls.unchanged_response()
    return render(
        request, "source_notice.html", {"source_notice": notice, "lacks_verdict": "lacks_verdict" in request.GET}
    )
