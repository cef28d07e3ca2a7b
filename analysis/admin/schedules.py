"""Schedules in the admin: when each exchange is analysed, what ran, and which calls the queue has planned."""

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from analysis.admin.lists import ReadOnly
from analysis.models import Ending, ExchangeSchedule, ScheduledRun


@admin.register(ExchangeSchedule)
class ExchangeScheduleAdmin(admin.ModelAdmin[ExchangeSchedule]):
    """Switched and set here; a worker takes it up within a minute."""

    list_display = [
        "market",
        "is_enabled",
        "all_active",
        "delay_minutes",
        "strategy",
        "next_run_at",
        "last_session",
        "problem",
    ]
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
    list_display = ["schedule", "session", "created_at", "job", "is_whole", "note"]
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
