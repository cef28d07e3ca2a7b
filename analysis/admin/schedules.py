"""Schedules in the admin: when each exchange is analysed, past runs, and the planned calls of the queue."""

from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from analysis.models import Ending, ExchangeSchedule, ScheduledRun
from stockapp.read_only_admin import ReadOnlyAdmin


@admin.register(ExchangeSchedule)
class ExchangeScheduleAdmin(admin.ModelAdmin[ExchangeSchedule]):
    """A schedule that staff switch on and off and whose delay they set; a worker applies a change within a minute."""

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
        """Return False: the schedule of an exchange is created with its first stock."""
        return False

    @admin.display(description="Exchange", ordering="exchange")
    def market(self, schedule: ExchangeSchedule) -> str:
        return str(schedule)


@admin.register(ScheduledRun)
class ScheduledRunAdmin(ReadOnlyAdmin[ScheduledRun]):
    list_display = ["schedule", "session", "created_at", "job", "is_whole", "note"]
    list_filter = ["schedule"]
    list_select_related = ["schedule", "job"]
    date_hierarchy = "session"


@admin.register(Ending)
class EndingAdmin(ReadOnlyAdmin[Ending]):
    list_display = ["job", "created_at", "notified_at", "attempts", "error_message"]
    list_select_related = ["job"]


PlannedCall, FailedCall, QueueMessage = (apps.get_model("django_q", name) for name in ("Schedule", "Failure", "OrmQ"))
# django-q2's own pages unpickle the rows that they show, and let users with view permission queue a call again.
for model in (PlannedCall, FailedCall, QueueMessage, apps.get_model("django_q", "Success")):
    admin.site.unregister(model)


@admin.register(PlannedCall)
class PlannedCallAdmin(admin.ModelAdmin[Model]):
    """Planned calls: their times can be changed, but not their functions; a worker calls those of QUEUE_CALLS only."""

    list_display = ["name", "func", "schedule_type", "next_run"]
    fields = ["name", "func", "args", "schedule_type", "minutes", "repeats", "next_run"]
    readonly_fields = ["name", "func", "args"]

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(FailedCall)
class FailedCallAdmin(ReadOnlyAdmin[Model]):
    """Failed calls: the worker's log has the reason; the stored one is a pickle, which is never opened."""

    list_display = ["name", "func", "started", "stopped", "attempt_count"]
    fields = ["name", "func", "started", "stopped", "attempt_count"]
    search_fields = ["name", "func"]


@admin.register(QueueMessage)
class QueueMessageAdmin(ReadOnlyAdmin[Model]):
    """Messages to workers: deleting one loses no work, because the next recovery finds it."""

    list_display = ["id", "key", "lock"]
    fields = ["key", "lock"]
