"""The request as the views read it."""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from analysis.engine import RiskProfile


class Request(HttpRequest):
    """A request behind the htmx middleware."""

    htmx: HtmxDetails


def profile_of(request: HttpRequest) -> RiskProfile:
    """The signed-in user's risk settings; the user model has them all."""
    return cast(RiskProfile, request.user)
