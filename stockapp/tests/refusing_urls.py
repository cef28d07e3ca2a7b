"""Settings and addresses that refuse or fail, for the tests of the log."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.urls import path

from stockapp.settings import *  # noqa: F403

ROOT_URLCONF = __name__
MIDDLEWARE = list[str]()
TEMPLATES = list[dict[str, object]]()  # the pages need static files that were collected
ALLOWED_HOSTS = ["testserver"]


def forbid(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def suspect(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation("a made-up host")


def fail(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("forbidden/", forbid), path("suspicious/", suspect), path("broken/", fail)]
