"""Monitoring: who may read figures and problems of the installation; everybody else learns only whether all is well."""

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from stockapp.client import is_on_this_machine


def may_monitor(request: HttpRequest) -> bool:
    """Whether METRICS_TOKEN was sent as a bearer token; where none is set, whether this machine itself asks.

    It asks nothing of the database.
    """
    if not settings.METRICS_TOKEN:
        return is_on_this_machine(request)
    return constant_time_compare(request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}")
