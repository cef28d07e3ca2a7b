"""Request: the type of a request in views and the API."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from stockapp.accounts.models import User


class Request(HttpRequest):
    """A request of a logged-in user, behind the htmx middleware; other middleware refuses requests without a user."""

    user: User
    htmx: HtmxDetails
