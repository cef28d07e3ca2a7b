"""Preferences: the page of a user's settings, which rates the stocks anew when another strategy is chosen."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from analysis.engine.strategies import STRATEGIES
from analysis.ratings import request_ratings, unrated_stocks
from analysis.worker.rate import rate_stocks
from stockapp.accounts.example import SizingExample
from stockapp.accounts.forms import SettingsForm
from stockapp.accounts.models import User
from stockapp.accounts.requests import Request
from stockapp.accounts.theme import remember_theme
from stockapp.templatetags.formats import counted
from watchlist.models import WatchlistItem

PAGE = "accounts/account.html"
RATED_AT_ONCE = 100  # stocks of the user's lists, in a few tenths of a second; a worker rates the others


@require_http_methods(["GET", "HEAD", "POST"])
def account(request: Request) -> HttpResponse:
    # A copy: a refused value must not show in the rest of the page.
    user = User.objects.get(pk=request.user.pk)
    form = SettingsForm(request.POST or None, instance=user)
    if request.method != "POST" or not form.is_valid():
        context = {
            "form": form,
            "example": SizingExample.of(request.user),
            "installed_zone": settings.TIME_ZONE,
            "tokens": list(request.user.api_tokens.unrevoked()),
        }
        return render(request, PAGE, context, status=422 if form.is_bound else 200)
    user.save(update_fields=list(form.fields))
    messages.success(request, form.saved_sentence)
    if "strategy" in form.changed_data:
        messages.success(request, rate_anew(user))
    return remember_theme(redirect("accounts:account"), user.theme)


def rate_anew(user: User) -> str:
    """Rate the latest results by the strategy that a user has chosen, from stored prices, and return a sentence.

    Stocks of the user's lists are rated at once, up to RATED_AT_ONCE; a worker rates the others.
    """
    own = WatchlistItem.objects.filter(watchlist__owner=user).order_by().values("stock_id")
    unrated = unrated_stocks(user.strategy).filter(pk__in=own).order_by("pk")
    strategy = STRATEGIES[user.strategy]
    rated = rate_stocks(list(unrated.values_list("pk", flat=True)[:RATED_AT_ONCE]), strategy)
    rest = request_ratings(user.strategy)
    sentences = [
        f"Your verdicts use {strategy.name} now.",
        f"{counted(rated, 'stock')} of your lists {'was' if rated == 1 else 'were'} rated from stored prices."
        if rated
        else "",
        f"A worker rates {counted(rest, 'further stock')}; no prices are fetched." if rest else "",
    ]
    return " ".join(filter(None, sentences))
