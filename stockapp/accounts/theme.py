"""Theme: its cookie, used by pages that are rendered without the user, such as the login page."""

from django.conf import settings
from django.http import HttpResponse

from stockapp.accounts.models import Theme

COOKIE = "theme"
YEAR = 365 * 86_400


def remember_theme(response: HttpResponse, theme: str) -> HttpResponse:
    """Set the cookie of the theme, which scripts may read, or delete it for the device's theme. Return the response."""
    if theme == Theme.AUTO:
        response.delete_cookie(COOKIE, samesite="Lax")
    else:
        response.set_cookie(COOKIE, theme, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
    return response
