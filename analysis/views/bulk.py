"""Bulk jobs, for staff: all active stocks or an index, after a page with their number and the estimated time."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from analysis.forms import BulkForm
from analysis.jobs.estimate import estimate
from analysis.jobs.runs import ALL, bulk_stocks, leaves_out_demo, submit_bulk
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request

PAGE = "analysis/bulk.html"


@require_safe
def confirm_bulk(request: Request) -> HttpResponse:
    form = _check_permission(request, BulkForm(request.GET))
    return _confirmation_page(request, form) if form.is_valid() else redirect("analysis:jobs")


@require_POST
def start_bulk(request: Request) -> HttpResponse:
    form = _check_permission(request, BulkForm(request.POST))
    if not form.is_valid():
        messages.error(request, "There is no such index any more.")
        return redirect("analysis:jobs")
    user = request.user
    try:
        submissions = submit_bulk(form.cleaned_data["index"], requested_by=user, strategy=user.strategy)
    except RequestRejected as rejection:
        messages.error(request, str(rejection))
        return _confirmation_page(request, form, status=422)
    if submissions[0].is_duplicate:
        messages.info(request, "The same stocks are being analysed already; this is that job.")
    elif len(submissions) > 1:
        messages.success(request, f"The run has {len(submissions)} jobs; this is the first.")
    return redirect(submissions[0].job)


def _check_permission(request: Request, form: BulkForm) -> BulkForm:
    if not request.user.is_staff:
        raise PermissionDenied
    return form


def _confirmation_page(request: Request, form: BulkForm, status: int = 200) -> HttpResponse:
    index = form.cleaned_data["index"]
    stocks = bulk_stocks(index)
    context = {
        "form": form,
        "name": str(index or ALL.lower()),
        "count": stocks.count(),
        "leaves_out_demo": leaves_out_demo(index),
        "fetching": estimate(stocks, price_source=settings.PRICE_SOURCE),
    }
    return render(request, PAGE, context, status=status)
