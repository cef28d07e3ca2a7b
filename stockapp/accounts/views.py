"""Views of the account: the example of a position size, password, theme."""

import math
from typing import Any

from django.contrib import messages
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, PasswordChangeView
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse_lazy
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from stockapp.accounts import passwords
from stockapp.accounts.example import SizingExample
from stockapp.accounts.forms import SettingsForm, ThemeForm
from stockapp.accounts.models import User
from stockapp.accounts.passwords import PasswordForm
from stockapp.accounts.requests import Request
from stockapp.accounts.theme import remember_theme
from stockapp.accounts.tokens import describe_revocation
from stockapp.grouping import grouped_as

EXAMPLE = "accounts/example.html"


@require_safe
def account_example(request: Request) -> HttpResponse:
    """Return the example for the settings of the form, which are not saved; 422 with their errors."""
    form = SettingsForm(request.GET, instance=User.objects.get(pk=request.user.pk))
    if not form.is_valid():
        return render(request, EXAMPLE, {"refusals": form.refusals}, status=422)
    context = {"example": SizingExample.of(form.instance), "is_unsaved": form.has_changed()}
    with grouped_as(lambda: form.cleaned_data["number_format"]):
        return render(request, EXAMPLE, context)


class Login(LoginView):
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(has_ended="ended" in self.request.GET, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        return remember_theme(super().form_valid(form), form.get_user().theme)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)


class PasswordChange(PasswordChangeView):
    """The change of one's own password; attempts at the old one are limited like logins."""

    request: Request
    form_class = PasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:account")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        is_guess = bool(request.POST.get("old_password"))
        if is_guess and not passwords.claim_try(self.request.user):
            return self._refuse_attempt()
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: PasswordForm) -> HttpResponse:  # type: ignore[override]
        response = super().form_valid(form)
        sentence = "Your password was changed, and your other sessions have ended."
        messages.success(self.request, f"{sentence} {describe_revocation(form.revoked)}" if form.revoked else sentence)
        return response

    def form_invalid(self, form: PasswordForm) -> HttpResponse:  # type: ignore[override]
        user = self.request.user
        if "old_password" not in form.errors:
            passwords.reset_tries(user)
        elif passwords.remaining_wait(user):
            return self._refuse_attempt()
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def _refuse_attempt(self) -> HttpResponse:
        wait = passwords.remaining_wait(self.request.user)
        context = {"locked_out": passwords.locked_sentence(wait)}
        response = render(self.request, self.template_name, context, status=429)
        response.headers["Retry-After"] = str(math.ceil(wait.total_seconds()))
        return response


@require_POST
def switch_theme(request: Request) -> HttpResponse:
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("There is no such theme.")
    user = request.user
    user.theme = form.cleaned_data["theme"]
    user.save(update_fields=["theme"])
    back = form.cleaned_data["next"]
    is_ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    way = HttpResponseRedirect(back if is_ours else resolve_url("watchlist:home"))
    return remember_theme(way, user.theme)
