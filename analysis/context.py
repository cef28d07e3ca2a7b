"""What every page's template may ask of the analysis."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from analysis.models import Job
from analysis.services import next_runs


def running_jobs(request: HttpRequest) -> dict[str, Any]:
    """`running_jobs`: how many of the user's own jobs are active; asked of the database only where it is shown."""
    return {"running_jobs": SimpleLazyObject(lambda: _count(request))}


def scheduled(request: HttpRequest) -> dict[str, Any]:
    """`next_runs`: the exchanges whose stocks are analysed by schedule, asked for only where they are shown."""
    return {"next_runs": SimpleLazyObject(next_runs)}


def _count(request: HttpRequest) -> int:
    return Job.objects.active().of(request.user).count() if hasattr(request, "user") else 0
