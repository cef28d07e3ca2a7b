"""Lockout: the response after too many wrong passwords, which django-axes counts."""

from typing import Any

from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
    """Return the login page with a sentence, whether or not the password was right."""
    minutes = round(settings.AXES_COOLOFF_TIME.total_seconds() / 60)
    sentence = f"Too many wrong passwords. Try again in {minutes} minutes, or ask who runs this installation."
    return login_refused(request, sentence, minutes * 60)


def login_refused(request: HttpRequest, sentence: str, seconds: int) -> HttpResponse:
    """Return the login page with a sentence and `Retry-After`."""
    form = AuthenticationForm(request, initial={"username": request.POST.get("username", "")[:150]})
    context = {"form": form, "locked_out": sentence, "next": request.POST.get("next", "")}
    response = render(request, "registration/login.html", context, status=429)
    response.headers["Retry-After"] = str(seconds)
    return response
