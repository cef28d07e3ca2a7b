"""Jobs and their details in the admin: view, rerun, cancel, delete."""

from collections.abc import Callable, Sequence

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analysis.admin.lists import LongList, StrategyFilter, duration_text
from analysis.jobs.end import cancel, remove
from analysis.jobs.rerun import rerun
from analysis.models import Job, JobDetail, Rating, RawData, Result, Source
from analysis.models.jobs import may_change_every_job
from analysis.rejections import RequestRejected
from stockapp.read_only_admin import ReadOnlyAdmin

DETAILS_SHOWN = 50


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    list_display = ["short_id", "status", "source", "requested_by", "counts", "progress", "created_at", "run_time"]
    list_filter = ["status", "source", StrategyFilter]
    list_select_related = ["requested_by"]
    search_fields = ["id", "description", "requested_by__username"]
    date_hierarchy = "created_at"
    actions = ["rerun_all", "rerun_failed", "cancel_jobs"]
    show_full_result_count = False
    change_form_template = "admin/analysis/job/change_form.html"

    @admin.display(description="Job", ordering="id")
    def short_id(self, job: Job) -> str:
        return f"{str(job.pk)[:8]} {job.description}"

    @admin.display(description="Completed / failed / total")
    def counts(self, job: Job) -> str:
        return f"{job.completed_count} / {job.failed_count} / {job.total}"

    @admin.display(description="Progress")
    def progress(self, job: Job) -> SafeString:
        return format_html('<progress max="100" value="{}">{} %</progress>', job.progress_percent, job.progress_percent)

    @admin.display(description="Duration")
    def run_time(self, job: Job) -> str:
        return duration_text(job)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Return the page of a job, with one page of its details."""
        job = self.get_object(request, object_id)
        if job is None:
            raise Http404
        details = JobDetail.objects.filter(job=job).for_page()
        page = self.get_paginator(request, details, DETAILS_SHOWN).get_page(request.GET.get("p"))
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "details": page})

    @admin.action(description="Run again: all stocks", permissions=["rerun"])
    def rerun_all(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._apply_to_each(request, jobs, lambda job: self._rerun(request, job, failed_only=False))

    @admin.action(description="Run again: stocks that failed or were cancelled", permissions=["rerun"])
    def rerun_failed(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._apply_to_each(request, jobs, lambda job: self._rerun(request, job, failed_only=True))

    @admin.action(description="Cancel", permissions=["rerun"])
    def cancel_jobs(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._apply_to_each(request, jobs, lambda job: "cancelled" if cancel(job) else "has ended already")

    def has_rerun_permission(self, request: HttpRequest) -> bool:
        return may_change_every_job(request.user)

    def get_deleted_objects(
        self, objs: Sequence[Job] | QuerySet[Job], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Return what is deleted with the jobs as counts and not as a list: a job may have thousands of rows."""
        keys = [job.pk for job in objs]
        counts = {
            "jobs": len(keys),
            "job details": JobDetail.objects.filter(job__in=keys).count(),
            "results": Result.objects.filter(job__in=keys).count(),
            "ratings": Rating.objects.filter(result__job__in=keys).count(),
            "raw data": RawData.objects.filter(result__job__in=keys).count(),
        }
        return [str(job) for job in objs], counts, set(), []

    def delete_model(self, request: HttpRequest, job: Job) -> None:
        remove([job])

    def delete_queryset(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        remove(list(jobs))

    def _rerun(self, request: HttpRequest, job: Job, *, failed_only: bool) -> str:
        submission = rerun(job, source=Source.BULK, failed_only=failed_only, requested_by=request.user)
        return f"runs again as {str(submission.job.pk)[:8]}"

    def _apply_to_each(self, request: HttpRequest, jobs: QuerySet[Job], act: Callable[[Job], str]) -> None:
        for job in jobs:
            try:
                messages.success(request, f"{job}: {act(job)}")
            except RequestRejected as rejection:
                messages.error(request, f"{job}: {rejection}")


@admin.register(JobDetail)
class JobDetailAdmin(LongList[JobDetail], ReadOnlyAdmin[JobDetail]):
    list_display = ["stock", "job_link", "status", "attempts", "verdict", "error_kind", "error_message", "run_time"]
    list_filter = ["status", "error_kind"]
    list_select_related = ["job", "stock"]
    ordering = ["-pk"]

    @admin.display(description="Job")
    def job_link(self, detail: JobDetail) -> SafeString:
        url = reverse("admin:analysis_job_change", args=[detail.job_id])
        return format_html('<a href="{}">{}</a>', url, detail.job)

    @admin.display(description="Duration")
    def run_time(self, detail: JobDetail) -> str:
        return duration_text(detail)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False
