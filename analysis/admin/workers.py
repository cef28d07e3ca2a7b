"""Workers and the pace of requests in the admin."""

from django.contrib import admin

from analysis.models import RequestPace, Worker
from stockapp.read_only_admin import ReadOnlyAdmin


@admin.register(RequestPace)
class RequestPaceAdmin(ReadOnlyAdmin[RequestPace]):
    list_display = ["source", "mode", "reason", "until", "next_at", "strikes"]


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin[Worker]):
    list_display = [
        "host",
        "pid",
        "started_at",
        "seen_at",
        "restarts",
        "last_recovery_at",
        "recovered_count",
        "clock_skew",
    ]
