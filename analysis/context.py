"""Context processors: values that the template of every page may use. Each is queried only where it is shown."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from analysis.jobs.schedules import next_runs
from analysis.models.demo import may_remove_demo
from analysis.pages.polls import running_count
from analysis.pages.source_notice import may_have_notice, read_source_notice


def running_jobs(request: HttpRequest) -> dict[str, Any]:
    """Return `running_jobs`: how many of the user's own jobs are active."""
    return {"running_jobs": SimpleLazyObject(lambda: running_count(request.user))}


def scheduled(request: HttpRequest) -> dict[str, Any]:
    """Return `next_runs`: the exchanges whose stocks are analysed by schedule."""
    return {"next_runs": SimpleLazyObject(next_runs)}


def source_notice(request: HttpRequest) -> dict[str, Any]:
    """Return `source_notice`: why requests to Yahoo are paused or fail, if they do.

    `may_have_source_notice` is whether any prices come from Yahoo.
    """
    return {"source_notice": SimpleLazyObject(read_source_notice), "may_have_source_notice": may_have_notice()}


def demo_permission(request: HttpRequest) -> dict[str, Any]:
    """Return `may_remove_demo`: whether the user may remove the demo market for everybody."""
    return {"may_remove_demo": SimpleLazyObject(lambda: may_remove_demo(request.user))}
