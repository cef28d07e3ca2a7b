"""Acts on a user's lists themselves: make, rename, move, delete."""

from __future__ import annotations

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request
from watchlist import services
from watchlist.answers import PAGE, context, own
from watchlist.forms import NameForm, ShiftForm
from watchlist.models import Watchlist


@require_POST
def create(request: Request) -> HttpResponse:
    form = NameForm(request.POST, instance=Watchlist(owner_id=int(request.user.pk or 0)))
    if form.is_valid():
        try:
            services.create(form.instance)
        except RequestRejected as refusal:
            form.add_error("name", str(refusal))
        except IntegrityError:  # the same name came in twice at once
            return redirect("watchlist:home")
    if not form.is_valid():
        shown = context(request, services.first_watchlist(request.user), create_form=form)
        return render(request, PAGE, shown, status=422)
    return redirect(form.instance)


@require_POST
def rename(request: Request, pk: int) -> HttpResponse:
    form = NameForm(request.POST, instance=own(request, pk))
    if form.is_valid():
        try:
            services.rename(form.instance)
        except IntegrityError:  # another list took the name between the question and the answer
            form.add_error("name", "You have a list of that name already.")
    if not form.is_valid():
        return render(request, PAGE, context(request, own(request, pk), name_form=form), status=422)
    messages.success(request, f"The list is called “{form.instance}” now.")
    return redirect(form.instance)


@require_POST
def shift(request: Request, pk: int) -> HttpResponse:
    """Move a list among the tabs."""
    watchlist = own(request, pk)
    form = ShiftForm(request.POST)
    if form.is_valid():
        services.shift(watchlist, form.cleaned_data["way"])
    return redirect(watchlist)


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: Request, pk: int) -> HttpResponse:
    """Ask, then delete a list."""
    watchlist = own(request, pk)
    if request.method != "POST":
        items = watchlist.items
        noted = items.exclude(note="").count()
        return render(
            request, "watchlist/delete.html", {"watchlist": watchlist, "count": items.count(), "noted": noted}
        )
    services.delete(watchlist)
    messages.success(request, f"The list “{watchlist}” is deleted.")
    return redirect("watchlist:home")
