"""Settings and addresses of a server whose views fail with every secret in their hands."""

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from stockapp.settings import *  # noqa: F403
from stockapp.settings import ENV

ROOT_URLCONF = __name__


def _connect(conninfo: str, **options: Any) -> None:
    raise ConnectionError(f"cannot connect to {conninfo} with {options}")


@login_not_required
def leak(request: HttpRequest) -> HttpResponse:
    everything = {name: getattr(settings, name) for name in dir(settings) if name.isupper()}
    environment, database, mail = settings.ENV, settings.DATABASES["default"], settings.MAILERS["default"]
    url, mail_url = ENV.database_url.get_secret_value(), ENV.email_url.get_secret_value()
    key, in_bytes, token = settings.SECRET_KEY, settings.SECRET_KEY.encode(), [settings.METRICS_TOKEN]
    error = RuntimeError(f"{url} {mail_url} {token}")
    error.add_note(key)
    try:
        _connect(url, password=database["PASSWORD"], mail=mail, wide=[key, in_bytes, "x" * 80])
    except ConnectionError as cause:
        raise error from cause
    return HttpResponse(f"{everything}{environment}")


@csrf_exempt
@login_not_required
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("leak/", leak), path("sign-in/", sign_in)]
