"""What every page's template may ask of the project."""

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from stockapp.client import untrusted_proxies


def untrusted_proxy(request: HttpRequest) -> dict[str, object]:
    """`untrusted_proxy`: a sentence for staff where a peer that is not trusted forwards requests, else empty."""
    return {"untrusted_proxy": SimpleLazyObject(untrusted_proxies.latest)}
