"""Results, their ratings and track records in the admin, each result with its raw data."""

import json

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from analysis.admin.lists import LongList, StrategyFilter, duration_text
from analysis.engine.strategies import STRATEGIES
from analysis.models import Rating, RawData, Result, StrategyRecord
from stockapp.read_only_admin import ReadOnlyAdmin


@admin.register(Result)
class ResultAdmin(LongList[Result], ReadOnlyAdmin[Result]):
    list_display = ["stock_id", "day", "status", "verdicts", "close", "source", "price_source", "run_time"]
    list_filter = ["day", "status", "source", "price_source"]
    ordering = ["-day", "stock_id"]
    readonly_fields = ["verdicts", "run_time", "evidence_link"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Result]:
        return super().get_queryset(request).prefetch_related("ratings")

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return False: a result is deleted with its job only, because that also updates the stock's last state."""
        return False

    @admin.display(description="Verdicts")
    def verdicts(self, result: Result) -> str:
        """Return the verdicts of each strategy that has rated the result; a dash for one without a score."""
        return ", ".join(
            f"{_strategy_name(rating.strategy)}: {_verdicts_of(rating)}"
            for rating in sorted(result.ratings.all(), key=lambda rating: rating.strategy)
        )

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


@admin.register(Rating)
class RatingAdmin(LongList[Rating], ReadOnlyAdmin[Rating]):
    list_display = [
        "result", "strategy_name", "verdict", "points", "verdict_since", "weekly_verdict", "weekly_since",
        "no_weekly_reason", "side", "no_score_reason",
    ]  # fmt: skip
    list_filter = ["verdict", StrategyFilter]
    list_select_related = ["result"]
    search_fields = ["result__stock__ticker"]
    stock_field = "result__stock"
    ordering = ["-pk"]

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Return False: a rating is deleted with its result."""
        return False

    @admin.display(description="Strategy")
    def strategy_name(self, rating: Rating) -> str:
        return _strategy_name(rating.strategy)

    @admin.display(description="Score")
    def points(self, rating: Rating) -> str:
        """Return the score on the scale of the pages, from -100 to +100."""
        return "–" if rating.score is None else f"{100 * rating.score:+.0f}"


@admin.register(StrategyRecord)
class StrategyRecordAdmin(ReadOnlyAdmin[StrategyRecord]):
    list_display = ["strategy", "price_source", "as_of", "stocks", "left_out", "computed_at", "requested_at", "cursor"]
    exclude = ["partial"]


def _verdicts_of(rating: Rating) -> str:
    weekly = f" (weekly {rating.get_weekly_verdict_display()})" if rating.weekly_verdict else ""
    return f"{rating.get_verdict_display() or '–'}{weekly}"


def _strategy_name(key: str) -> str:
    return STRATEGIES[key].name if key in STRATEGIES else key
