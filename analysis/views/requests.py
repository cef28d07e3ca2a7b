"""The request as the views read it."""

from typing import cast

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from analysis.engine import RiskProfile
from analysis.models import Member


class Request(HttpRequest):
    """A request behind the htmx middleware."""

    htmx: HtmxDetails


def user_of(request: HttpRequest) -> Member:
    """Return the logged-in user of a request; middleware refuses requests without one."""
    return cast(Member, request.user)


def profile_of(request: HttpRequest) -> RiskProfile:
    """Return the logged-in user's risk settings."""
    return user_of(request)
