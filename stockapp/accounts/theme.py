"""The theme's cookie: what pages go by that are drawn without knowing who looks at them."""

from django.conf import settings
from django.http import HttpResponse

from stockapp.accounts.models import Theme

COOKIE = "theme"
YEAR = 365 * 86_400


def remember_theme(response: HttpResponse, theme: str) -> HttpResponse:
    """The answer, with the choice in a cookie that scripts may read; as the device is no cookie."""
    if theme == Theme.AUTO:
        response.delete_cookie(COOKIE, samesite="Lax")
    else:
        response.set_cookie(COOKIE, theme, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
    return response
