"""Views of jobs: their pages, and to cancel and rerun them."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from analysis.forms import BulkForm, JobFilterForm
from analysis.jobs.end import cancel
from analysis.jobs.rerun import rerun
from analysis.models import Job, Source, Stock, Worker
from analysis.models.jobs import sees_every_job
from analysis.pages import polls
from analysis.pages.failures import failures_text
from analysis.pages.job_list import JobList
from analysis.pages.job_page import JobPage
from analysis.pages.source_notice import read_source_notice
from analysis.rejections import RequestRejected
from stockapp.accounts.requests import Request

JOBS = "analysis/jobs.html"
JOB = "analysis/job.html"


@require_safe
def jobs(request: Request) -> HttpResponse:
    return render(request, JOBS, _jobs_context(request))


@require_safe
def jobs_live(request: Request) -> HttpResponse:
    """Return the list while a job on it is active; 286 ends the polling of htmx."""
    context = {**_jobs_context(request), "is_poll": True}
    return render(request, f"{JOBS}#live", context, status=200 if context["list"].is_live else 286)


@require_safe
def job(request: Request, pk: UUID) -> HttpResponse:
    return render(request, JOB, _job_context(request, _get_visible_job(request, pk)))


@require_safe
def job_live(request: Request, pk: UUID) -> HttpResponse:
    """Return the live part of a job: 286 stops the polling after its end, 204 means that nothing has changed."""
    job = _get_visible_job(request, pk)
    if polls.SEEN in request.GET and job.is_active:
        state = polls.job_state(job, request.user, read_source_notice())
        if polls.is_seen(request, state):
            return polls.unchanged_response()
    context = _job_context(request, job, is_poll=True)
    return render(request, f"{JOB}#live", context, status=200 if context["job"].is_active else 286)


@require_safe
def job_failures(request: Request, pk: UUID) -> HttpResponse:
    """Return all failures of the job as plain text."""
    return HttpResponse(failures_text(_get_visible_job(request, pk)), content_type="text/plain; charset=utf-8")


@require_POST
def cancel_job(request: Request, pk: UUID) -> HttpResponse:
    job = _get_writable_job(request, pk)
    if cancel(job):
        messages.success(request, "Cancelled. What had been finished stays.")
    else:
        messages.info(request, "The job had ended already.")
    return redirect(job)


@require_POST
def rerun_job(request: Request, pk: UUID) -> HttpResponse:
    return _rerun_job(request, pk, failed_only=False)


@require_POST
def rerun_failed(request: Request, pk: UUID) -> HttpResponse:
    return _rerun_job(request, pk, failed_only=True)


def _rerun_job(request: Request, pk: UUID, *, failed_only: bool) -> HttpResponse:
    job = _get_writable_job(request, pk)
    try:
        submission = rerun(job, source=Source.WATCHLIST, failed_only=failed_only, requested_by=request.user)
    except RequestRejected as rejection:
        messages.error(request, str(rejection))
        return render(request, JOB, _job_context(request, job), status=422)
    if submission.is_duplicate:
        messages.info(request, "The same stocks are being analysed already; this is that job.")
    return redirect(submission.job)


def _get_writable_job(request: Request, pk: UUID) -> Job:
    return get_object_or_404(Job.objects.writable_by(request.user).select_related("requested_by", "parent"), pk=pk)


def _get_visible_job(request: Request, pk: UUID) -> Job:
    return get_object_or_404(Job.objects.visible_to(request.user).select_related("requested_by", "parent"), pk=pk)


def _jobs_context(request: Request) -> dict[str, Any]:
    form = JobFilterForm(request.GET)
    chosen = form.chosen
    return {
        "list": JobList(Job.objects.visible_to(request.user), chosen, request.GET.get("page")),
        "list_url": reverse("analysis:jobs"),
        "form": form,
        "chosen": chosen,
        "bulk_form": BulkForm(),
        "sees_every_job": sees_every_job(request.user),
        "has_demo": sees_every_job(request.user) and Stock.objects.demo().exists(),
        "workers": Worker.objects.all() if sees_every_job(request.user) else [],
    }


def _job_context(request: Request, job: Job, **more: Any) -> dict[str, Any]:
    notice = None
    if job.is_active:  # the part polls for changes of this state
        more["source_notice"] = notice = read_source_notice()
        more["poll_query"] = polls.poll_query(request.GET.urlencode(), polls.job_state(job, request.user, notice))
    return {
        "job": job,
        "page": JobPage(job, request.GET.get("page"), notice),
        "may_write": job.is_writable_by(request.user),
        "list_url": job.get_absolute_url(),
        **more,
    }
