"""Middleware: what every answer passes through."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url

Answer = Callable[[HttpRequest], HttpResponseBase]


def refresh_when_logged_out(get_response: Answer) -> Answer:
    """Let htmx reload the whole page once its session has ended, instead of swapping the login form into it."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.headers.get("HX-Request") == "true" and _leads_to_login(response):
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        return response

    return answer


def _leads_to_login(response: HttpResponseBase) -> bool:
    login = resolve_url(settings.LOGIN_URL)
    return isinstance(response, HttpResponseRedirect) and urlsplit(response.url).path == login
