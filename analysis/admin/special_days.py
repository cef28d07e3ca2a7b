"""Special days in the admin: holidays and sessions that an exchange's calendar does not have."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from analysis.calendars.current import SPECIAL_DAYS
from analysis.calendars.notice import calendar_notice
from analysis.models import SpecialDay
from analysis.prices.special_days import DaySource


@admin.register(SpecialDay)
class SpecialDayAdmin(admin.ModelAdmin[SpecialDay]):
    """Days that staff set; they count more than lists, calendars and prices, and no list replaces them.

    Other processes notice a change within a minute.
    """

    list_display = ["day", "exchange", "is_session", "opens_at", "closes_at", "name", "source"]
    list_filter = ["exchange", "source", "is_session"]
    date_hierarchy = "day"
    search_fields = ["name"]
    fields = ["exchange", "day", "is_session", "opens_at", "closes_at", "name", "source"]
    readonly_fields = ["source"]
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list; above it the calendars that end soon."""
        notice = calendar_notice(timezone.localdate()) or None
        return super().changelist_view(request, {**(extra_context or {}), "subtitle": notice})

    def save_model(self, request: HttpRequest, obj: SpecialDay, form: ModelForm[SpecialDay], change: bool) -> None:
        """Save a day as an administrator's, whatever said it before."""
        obj.source = DaySource.ADMIN
        super().save_model(request, obj, form, change)
        SPECIAL_DAYS.forget()

    def delete_model(self, request: HttpRequest, obj: SpecialDay) -> None:
        super().delete_model(request, obj)
        SPECIAL_DAYS.forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SpecialDay]) -> None:
        super().delete_queryset(request, queryset)
        SPECIAL_DAYS.forget()
