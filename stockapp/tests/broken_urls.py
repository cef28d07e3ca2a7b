"""The application's addresses, and some that fail."""

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from stockapp.urls import handler400
from stockapp.urls import urlpatterns as ours

__all__ = ["handler400", "urlpatterns"]


@login_not_required
def broken(request: HttpRequest, kind: str) -> HttpResponse:
    failures: dict[str, Exception] = {
        "bug": ZeroDivisionError(),
        "database": OperationalError("server closed the connection unexpectedly"),
        "connection": InterfaceError("connection already closed"),
        "forbidden": PermissionDenied(),
        "odd": SuspiciousOperation(),
    }
    raise failures[kind]


urlpatterns = [path("broken/<str:kind>/", broken), path("api/broken/<str:kind>/", broken), *ours]
