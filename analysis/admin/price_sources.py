"""Price sources in the admin: sessions that they have wrongly, and stocks that they have nothing new for."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from analysis.calendars.notice import fault_notice
from analysis.models import FaultySession, QuietStock
from stockapp.read_only_admin import ReadOnlyAdmin


@admin.register(FaultySession)
class FaultySessionAdmin(ReadOnlyAdmin[FaultySession]):
    """Sessions that are requested again and then given up; nothing but the source can correct them."""

    list_display = ["day", "exchange", "source", "kind", "stocks", "of_stocks", "found_at"]
    list_filter = ["exchange", "source", "kind"]
    date_hierarchy = "day"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list; above it the sessions of the last weeks in sentences."""
        notice = fault_notice(timezone.localdate()) or None
        return super().changelist_view(request, {**(extra_context or {}), "subtitle": notice})


@admin.register(QuietStock)
class QuietStockAdmin(ReadOnlyAdmin[QuietStock]):
    """Stocks that may be delisted. Deleting a row makes the next job request its stock again."""

    list_display = ["stock", "source", "requests", "requested_on", "next_request", "error_message"]
    list_filter = ["source"]
    search_fields = ["stock__ticker", "stock__name"]
    show_full_result_count = False
