"""Pages of the digest: its settings, and the way out of it."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from stockapp.accounts.models import User
from stockapp.digest.compose import user_of_token
from stockapp.digest.forms import DigestForm
from stockapp.digest.page import card_of
from stockapp.digest.subscriptions import subscribe, subscription_of, unsubscribe

PAGE = "digest/settings.html"


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    if request.method != "POST":
        return render(request, PAGE, {"card": card_of(user)})
    form = DigestForm(request.POST, subscription=subscription_of(user))
    if not form.is_valid():
        return render(request, PAGE, {"card": card_of(user, form)}, status=422)
    given = form.cleaned_data
    kept = subscribe(user, email=given["email"], by_email=given["by_email"], url=given["url"])
    messages.success(request, "Saved. You get the digest." if kept.is_on else "Saved. You get no digest.")
    return redirect("accounts:account")


@never_cache
@csrf_exempt  # the signed token is the leave: mail programs send this without a cookie (RFC 8058)
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, token: str) -> HttpResponse:
    """A page that asks first, and the act, for whoever holds the link of a message; looking at it changes nothing."""
    try:
        user = user_of_token(token)
    except signing.BadSignature:
        return render(request, "digest/unsubscribe.html", {"is_bad": True}, status=404)
    if request.method == "POST":
        unsubscribe(user)
    return render(request, "digest/unsubscribe.html", {"is_done": request.method == "POST"})
