"""URLs of the application."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from stockapp import api, preferences
from stockapp.accounts import urls as accounts
from stockapp.accounts.views import Login, PasswordChange, switch_theme
from stockapp.health import healthz
from stockapp.login_throttle import throttle_login, throttle_password_check
from stockapp.metrics import metrics

account_urls = [path("", preferences.account, name="account"), *accounts.urlpatterns], accounts.app_name

urlpatterns = [
    path("", include("watchlist.urls")),
    path("", include("analysis.urls")),
    path("screener/", include("watchlist.screener.urls")),
    path("", include("stockapp.digest.urls")),
    path("account/", include(account_urls)),
    path("account/password/", throttle_password_check(PasswordChange.as_view()), name="password_change"),
    path("login/", throttle_login(Login.as_view()), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("theme/", switch_theme, name="theme"),
    path("api/", api.urls()),
    # Before the admin's own page, which does not limit guesses of the old password.
    path("admin/password_change/", RedirectView.as_view(pattern_name="password_change")),
    path("admin/login/", throttle_login(admin.site.login), name="admin_login"),  # the same page, with limits
    path("admin/", admin.site.urls),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "stockapp.limits.bad_request"
