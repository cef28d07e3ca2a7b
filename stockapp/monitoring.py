"""Monitoring: the permission to read figures and problems of the installation."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from stockapp.client import is_on_this_machine


def may_monitor(request: HttpRequest) -> bool:
    """Return whether METRICS_TOKEN was sent as a bearer token, or, if none is set, the request is from this machine.

    No query is made.
    """
    if not settings.METRICS_TOKEN:
        return is_on_this_machine(request)
    return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
