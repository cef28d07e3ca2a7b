"""Views of API tokens: create one, whose key is shown once, and revoke one or all."""

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from analysis.rejections import RequestRejected
from stockapp.accounts import tokens
from stockapp.accounts.forms import TokenForm
from stockapp.accounts.models import ApiToken
from stockapp.accounts.requests import Request

PAGE = "accounts/token.html"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new_token(request: Request) -> HttpResponse:
    """Show the form, and after it the new key; there is no redirect, because the key is not stored."""
    form = TokenForm(request.POST or None, instance=ApiToken(user=request.user))
    if request.method != "POST":
        return render(request, PAGE, {"form": form})
    if not form.is_valid():
        return render(request, PAGE, {"form": form}, status=422)
    try:
        key = tokens.create_token(form.instance)
    except RequestRejected as rejection:
        form.add_error(None, str(rejection))
        return render(request, PAGE, {"form": form}, status=422)
    except IntegrityError:  # two concurrent requests had the same name
        form.add_error("name", "You have a token with this name already.")
        return render(request, PAGE, {"form": form}, status=422)
    return render(request, PAGE, {"token": form.instance, "key": key}, status=201)


@require_POST
def revoke_token(request: Request, pk: int) -> HttpResponse:
    token = tokens.revoke(request.user, pk)
    if token is None:
        raise Http404
    messages.success(request, f"“{token}” is revoked; programs that use it are refused from now on.")
    return redirect("accounts:account")


@require_POST
def revoke_all_tokens(request: Request) -> HttpResponse:
    count = tokens.revoke_all(request.user)
    messages.success(request, f"{tokens.describe_revocation(count)} Programs that use them are refused from now on.")
    return redirect("accounts:account")
