"""Admin: inspecting jobs, results and stocks. Its actions call the services."""

import json
from collections.abc import Callable, Sequence

from django import forms
from django.apps import apps
from django.contrib import admin, messages
from django.db.models import Count, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analysis.models import (
    Ending,
    ExchangeSchedule,
    Index,
    IndexMember,
    Job,
    JobDetail,
    PriceHistory,
    RawData,
    RequestPace,
    Result,
    ScheduledRun,
    Source,
    Stock,
    StrategyRecord,
    Worker,
)
from analysis.prices import is_well_formed, normalise
from analysis.services import Refused, cancel, remove, rerun

DETAILS_SHOWN = 50


class ReadOnly[M: Model](admin.ModelAdmin[M]):
    """For looking, not for changing."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Job)
class JobAdmin(ReadOnly[Job]):
    list_display = ["short_id", "status", "source", "requested_by", "counts", "progress", "created_at", "took"]
    list_filter = ["status", "source", "strategy"]
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
    def took(self, job: Job) -> str:
        return duration_text(job)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """The job, with its details a page at a time."""
        job = self.get_object(request, object_id)
        if job is None:
            raise Http404
        details = JobDetail.objects.filter(job=job).for_page()
        page = self.get_paginator(request, details, DETAILS_SHOWN).get_page(request.GET.get("p"))
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "details": page})

    @admin.action(description="Run again: all stocks", permissions=["rerun"])
    def rerun_all(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._each(request, jobs, lambda job: self._rerun(request, job, failed_only=False))

    @admin.action(description="Run again: stocks that failed or were cancelled", permissions=["rerun"])
    def rerun_failed(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._each(request, jobs, lambda job: self._rerun(request, job, failed_only=True))

    @admin.action(description="Cancel", permissions=["rerun"])
    def cancel_jobs(self, request: HttpRequest, jobs: QuerySet[Job]) -> None:
        self._each(request, jobs, lambda job: "cancelled" if cancel(job) else "has ended already")

    def has_rerun_permission(self, request: HttpRequest) -> bool:
        """Whoever may delete jobs may also run and cancel them."""
        return self.has_delete_permission(request)

    def get_deleted_objects(
        self, objs: Sequence[Job] | QuerySet[Job], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """What goes with the jobs, counted and not listed: a job may have thousands of rows."""
        keys = [job.pk for job in objs]
        counts = {
            "jobs": len(keys),
            "job details": JobDetail.objects.filter(job__in=keys).count(),
            "results": Result.objects.filter(job__in=keys).count(),
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

    def _each(self, request: HttpRequest, jobs: QuerySet[Job], act: Callable[[Job], str]) -> None:
        for job in jobs:
            try:
                messages.success(request, f"{job}: {act(job)}")
            except Refused as refusal:
                messages.error(request, f"{job}: {refusal}")


@admin.register(JobDetail)
class JobDetailAdmin(ReadOnly[JobDetail]):
    list_display = ["stock", "job_link", "status", "attempts", "verdict", "error_kind", "error_message", "took"]
    list_filter = ["status", "error_kind"]
    list_select_related = ["job", "stock"]
    search_fields = ["stock__ticker", "job__id"]
    date_hierarchy = "started_at"
    show_full_result_count = False

    @admin.display(description="Job")
    def job_link(self, detail: JobDetail) -> SafeString:
        url = reverse("admin:analysis_job_change", args=[detail.job_id])
        return format_html('<a href="{}">{}</a>', url, detail.job)

    @admin.display(description="Duration")
    def took(self, detail: JobDetail) -> str:
        return duration_text(detail)

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Result)
class ResultAdmin(ReadOnly[Result]):
    list_display = ["stock_id", "day", "status", "verdict", "score", "close", "source", "price_source", "took"]
    list_filter = ["status", "verdict", "source", "price_source", "strategy"]
    search_fields = ["stock__ticker", "stock__name"]
    date_hierarchy = "day"
    show_full_result_count = False
    readonly_fields = ["took", "evidence_link"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """A result goes with its job, so that its stock is told."""
        return False

    @admin.display(description="Duration")
    def took(self, result: Result) -> str:
        return duration_text(result)

    @admin.display(description="Raw data")
    def evidence_link(self, result: Result) -> SafeString:
        return format_html('<a href="{}">Show</a>', reverse("admin:analysis_result_evidence", args=[result.pk]))

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/evidence/", self.admin_site.admin_view(self.evidence), name="analysis_result_evidence")
        return [own, *super().get_urls()]

    def evidence(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The raw data of one result, as indented JSON."""
        result = self.get_object(request, str(pk))
        if result is None or not self.has_view_permission(request, result):
            raise Http404
        raw = RawData.objects.filter(pk=pk).first()
        context = {
            **self.admin_site.each_context(request),
            "title": f"Raw data of {result}",
            "result": result,
            "evidence": json.dumps(raw.evidence, indent=2, ensure_ascii=False) if raw else "",
        }
        return TemplateResponse(request, "admin/analysis/result/evidence.html", context)


class StockForm(forms.ModelForm[Stock]):
    """A stock by hand; its ticker is written as everywhere else."""

    def clean_ticker(self) -> str:
        ticker = normalise(self.cleaned_data["ticker"])
        if not is_well_formed(ticker):
            raise forms.ValidationError(f"“{ticker[:30]}” is not a ticker. A ticker looks like TCS.NS or AAPL.")
        return ticker


@admin.register(Stock)
class StockAdmin(admin.ModelAdmin[Stock]):
    form = StockForm
    list_display = ["ticker", "name", "exchange", "industry", "is_active", "last_status", "last_analyzed_at"]
    list_filter = ["last_status", "is_active", "exchange", "currency"]
    search_fields = ["ticker", "name"]
    readonly_fields = ["last_status", "last_job", "last_result", "last_analyzed_at", "last_error"]
    show_full_result_count = False

    def get_readonly_fields(self, request: HttpRequest, obj: Stock | None = None) -> list[str]:
        return [*self.readonly_fields, *(["ticker"] if obj else [])]


@admin.register(PriceHistory)
class PriceHistoryAdmin(ReadOnly[PriceHistory]):
    list_display = ["stock_id", "source", "first_session", "last_session", "bar_count", "adjusted", "fetched_at"]
    list_filter = ["source", "adjusted"]
    search_fields = ["stock__ticker", "stock__name"]
    date_hierarchy = "fetched_at"
    show_full_result_count = False
    exclude = ["bars"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceHistory]:
        return super().get_queryset(request).defer("bars")


@admin.register(Index)
class IndexAdmin(admin.ModelAdmin[Index]):
    list_display = ["name", "member_count", "loaded_at"]
    search_fields = ["name"]
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Index]:
        return super().get_queryset(request).annotate(members_now=Count("members"))

    @admin.display(description="Stocks", ordering="members_now")
    def member_count(self, index: Index) -> int:
        return int(getattr(index, "members_now", 0))


@admin.register(IndexMember)
class IndexMemberAdmin(admin.ModelAdmin[IndexMember]):
    list_display = ["stock", "index"]
    list_filter = ["index"]
    list_select_related = ["index", "stock"]
    search_fields = ["stock__ticker", "stock__name"]
    autocomplete_fields = ["stock", "index"]
    show_full_result_count = False


@admin.register(RequestPace)
class RequestPaceAdmin(ReadOnly[RequestPace]):
    list_display = ["source", "mode", "reason", "until", "next_at", "strikes"]


@admin.register(Worker)
class WorkerAdmin(ReadOnly[Worker]):
    list_display = ["host", "pid", "started_at", "seen_at", "restarts", "last_recovery_at", "recovered_count"]


@admin.register(StrategyRecord)
class StrategyRecordAdmin(ReadOnly[StrategyRecord]):
    list_display = ["strategy", "price_source", "as_of", "stocks", "left_out", "computed_at", "wanted_at", "cursor"]
    exclude = ["partial"]


@admin.register(ExchangeSchedule)
class ExchangeScheduleAdmin(admin.ModelAdmin[ExchangeSchedule]):
    """Switched and set here; a worker takes it up within a minute."""

    list_display = ["market", "is_enabled", "all_active", "delay_minutes", "strategy", "next_run_at", "last_session"]
    list_editable = ["is_enabled", "all_active", "delay_minutes"]
    list_filter = ["is_enabled", "all_active"]
    search_fields = ["exchange"]
    readonly_fields = ["exchange", "next_run_at", "last_session", "problem"]
    exclude = ["woken_at"]

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Exchanges come with their stocks."""
        return False

    @admin.display(description="Exchange", ordering="exchange")
    def market(self, schedule: ExchangeSchedule) -> str:
        return str(schedule)


@admin.register(ScheduledRun)
class ScheduledRunAdmin(ReadOnly[ScheduledRun]):
    list_display = ["schedule", "session", "created_at", "job", "note"]
    list_filter = ["schedule"]
    list_select_related = ["schedule", "job"]
    date_hierarchy = "session"


@admin.register(Ending)
class EndingAdmin(ReadOnly[Ending]):
    list_display = ["job", "created_at", "told_at", "attempts", "error_message"]
    list_select_related = ["job"]


Planned = apps.get_model("django_q", "Schedule")
admin.site.unregister(Planned)


@admin.register(Planned)
class PlannedAdmin(admin.ModelAdmin[Model]):
    """Calls that are planned: when may be changed, what may not, for any function of the server could be called."""

    list_display = ["name", "func", "schedule_type", "next_run"]
    fields = ["name", "func", "args", "schedule_type", "minutes", "cron", "repeats", "next_run"]
    readonly_fields = ["name", "func", "args"]

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def duration_text(thing: Job | JobDetail | Result) -> str:
    """How long it took, in seconds, or a dash when it has not begun."""
    taken = thing.duration
    return f"{taken.total_seconds():,.2f} s" if taken is not None else "–"
