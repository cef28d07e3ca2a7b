"""Results and track records in the admin, each result with its raw data."""

import json

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analysis.admin.lists import LongList, StrategyFilter, duration_text
from analysis.models import RawData, Result, StrategyRecord
from stockapp.read_only_admin import ReadOnlyAdmin


@admin.register(Result)
class ResultAdmin(LongList[Result], ReadOnlyAdmin[Result]):
    list_display = ["stock_id", "day", "status", "verdict", "score", "close", "source", "price_source", "run_time"]
    list_filter = ["day", "verdict", "status", "source", "price_source", StrategyFilter]
    ordering = ["-day", "stock_id"]
    readonly_fields = ["run_time", "evidence_link"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return False: a result is deleted with its job only, because that also updates the stock's last state."""
        return False

    @admin.display(description="Duration")
    def run_time(self, result: Result) -> str:
        return duration_text(result)

    @admin.display(description="Raw data")
    def evidence_link(self, result: Result) -> SafeString:
        return format_html('<a href="{}">Show</a>', reverse("admin:analysis_result_evidence", args=[result.pk]))

    def get_urls(self) -> list[URLPattern]:
        own = path("<int:pk>/evidence/", self.admin_site.admin_view(self.evidence), name="analysis_result_evidence")
        return [own, *super().get_urls()]

    def evidence(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Return the raw data of one result as indented JSON."""
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


@admin.register(StrategyRecord)
class StrategyRecordAdmin(ReadOnlyAdmin[StrategyRecord]):
    list_display = ["strategy", "price_source", "as_of", "stocks", "left_out", "computed_at", "requested_at", "cursor"]
    exclude = ["partial"]
