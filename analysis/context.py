"""What every page's template may ask of the analysis."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from analysis.jobs.schedules import next_runs
from analysis.models import Job
from stockapp.accounts.models import Person


def running_jobs(request: HttpRequest) -> dict[str, Any]:
    """`running_jobs`: how many of the user's own jobs are active; asked of the database only where it is shown."""
    return {"running_jobs": SimpleLazyObject(lambda: running_count(getattr(request, "user", None)))}


def scheduled(request: HttpRequest) -> dict[str, Any]:
    """`next_runs`: the exchanges whose stocks are analysed by schedule, asked for only where they are shown."""
    return {"next_runs": SimpleLazyObject(next_runs)}


def running_count(user: Person | None) -> int:
    """Return how many jobs of this user's are active."""
    return Job.objects.active().of(user).count() if user else 0
