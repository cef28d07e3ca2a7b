"""Views of the digest: its settings, the confirmation of an address, and unsubscribing."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from stockapp.accounts.requests import Request
from stockapp.digest.compose import CONFIRM_WITHIN, read_confirmation, read_token
from stockapp.digest.confirmations import ConfirmationRefused
from stockapp.digest.forms import DigestForm
from stockapp.digest.page import card_of
from stockapp.digest.subscriptions import (
    SubscribeResult,
    confirm,
    is_confirmed,
    is_current,
    repeat_confirmation,
    subscribe,
    subscription_of,
    unsubscribe,
)

PAGE = "digest/settings.html"


@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: Request) -> HttpResponse:
    user = request.user
    if request.method != "POST":
        return render(request, PAGE, {"card": card_of(user)})
    form = DigestForm(request.POST, subscription=subscription_of(user))
    if not form.is_valid():
        return render(request, PAGE, {"card": card_of(user, form)}, status=422)
    given = form.cleaned_data
    done = subscribe(user, email=given["email"], by_email=given["by_email"], url=given["url"])
    add_message = messages.warning if done.refusal else messages.success
    add_message(request, f"Saved. {_state(done)}")
    return redirect("accounts:account")


def _state(done: SubscribeResult) -> str:
    if done.refusal:
        return f"The e-mail address waits for confirmation. {done.refusal}"
    if done.subscription.is_unconfirmed:
        return f"Confirm the e-mail address: open the link in the message to {done.subscription.user.email}."
    return "You get the digest." if done.subscription.is_on else "You get no digest."


@require_POST
def send_confirmation(request: Request) -> HttpResponse:
    """Send another confirmation message."""
    try:
        repeat_confirmation(request.user)
    except ConfirmationRefused as rejection:
        messages.warning(request, str(rejection))
    else:
        messages.success(request, "The message with the link will be sent.")
    return redirect("accounts:account")


@never_cache
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_address(request: Request, proof: str) -> HttpResponse:
    """Show a page that asks the owner of an address, and confirm it on POST; a GET changes nothing."""
    try:
        user, serial, email = read_confirmation(proof)
    except signing.SignatureExpired:
        return _confirmation(request, "expired", status=410)
    except signing.BadSignature:
        return _confirmation(request, "bad", status=404)
    if request.method == "POST" and confirm(user, serial, email):
        return _confirmation(request, "done")
    state = is_confirmed(user, serial, email)
    if state is None:
        return _confirmation(request, "past", status=410)
    return _confirmation(request, "done" if state else "asked")


def _confirmation(request: Request, state: str, *, status: int = 200) -> HttpResponse:
    return render(request, "digest/confirm.html", {"state": state, "days": CONFIRM_WITHIN.days}, status=status)


@never_cache
@csrf_exempt  # the signed token is the permission: mail programs send this without a cookie (RFC 8058)
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def end_digest(request: Request, token: str) -> HttpResponse:
    """Show a page that asks for confirmation, and unsubscribe on POST; a GET changes nothing."""
    try:
        user, serial = read_token(token)
    except signing.BadSignature:
        return render(request, "digest/unsubscribe.html", {"is_bad": True}, status=404)
    if not is_current(user, serial):
        return render(request, "digest/unsubscribe.html", {"is_past": True}, status=410)
    if request.method == "POST":
        unsubscribe(user, serial)
    return render(request, "digest/unsubscribe.html", {"is_done": request.method == "POST"})
