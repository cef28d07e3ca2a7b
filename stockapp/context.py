"""Context processors of the project."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from stockapp.client import untrusted_proxies


def untrusted_proxy(request: HttpRequest) -> dict[str, object]:
    """Add `untrusted_proxy`: a sentence for staff if an untrusted peer forwards requests, else empty."""
    return {"untrusted_proxy": SimpleLazyObject(lambda: untrusted_proxies.latest() if request.user.is_staff else "")}
