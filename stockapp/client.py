"""Client: who asks, as far as the proxies between can be trusted."""

from django.conf import settings
from django.http import HttpRequest

from stockapp.environment import LOOPBACK

SAID_BY_PROXIES = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via")


def address(request: HttpRequest) -> str:
    """The client's address: what the outermost of our TRUSTED_PROXIES saw, or who is connected when there is none.

    Each proxy adds whom it saw at the end of X-Forwarded-For; what stands further left, the client may have made up.
    """
    seen = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if settings.TRUSTED_PROXIES and len(seen) >= settings.TRUSTED_PROXIES:
        return seen[-settings.TRUSTED_PROXIES]
    return str(request.META.get("REMOTE_ADDR", ""))


def is_on_this_machine(request: HttpRequest) -> bool:
    """Whether a process of this machine asks by itself, and no proxy for somebody else."""
    is_passed_on = any(name in request.headers for name in SAID_BY_PROXIES)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_passed_on
