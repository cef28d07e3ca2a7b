"""The page that removes the demo market for good, after a question with its numbers."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from analysis.models.demo import may_remove_demo
from stockapp.accounts.requests import Request
from watchlist.demo_market import find_demo_market, request_removal


@require_http_methods(["GET", "HEAD", "POST"])
def remove_demo(request: Request) -> HttpResponse:
    """Ask for confirmation, then let a worker remove the demo market; for staff who may delete stocks."""
    if not may_remove_demo(request.user):
        raise PermissionDenied
    if request.method != "POST":
        return render(request, "watchlist/remove_demo.html", {"market": find_demo_market(request.user)})
    request_removal(request.user)
    messages.success(request, "The demo market is being removed. A worker needs a minute or so for it.")
    return redirect("watchlist:home")
