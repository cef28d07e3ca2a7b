"""Client: the address of a request's client behind reverse proxies.

Any client can send forwarded headers. They are used only from a peer that TRUSTED_PROXIES names: an address, a network,
or `unix` for the socket file that a proxy of this machine connects to.
"""

import logging
import time
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase, HttpResponsePermanentRedirect
from django.template.loader import render_to_string

from stockapp.addresses import network_of
from stockapp.environment import LOOPBACK, UNIX
from stockapp.middleware import Answer

logger = logging.getLogger(__name__)

type Address = IPv4Address | IPv6Address
type Network = IPv4Network | IPv6Network

PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Forwarded", "Via")
SCHEME = "SCHEME_OF_TRUSTED_PROXY"
"""The key in META for the scheme from a trusted proxy; no request header is mapped to this key."""

SITE_BITS = 64
"""The prefix length that counts as one IPv6 address: a customer gets at least a /64."""

LOG_EVERY_SECONDS = 60
KEEP_SECONDS = 24 * 3600
UNTRUSTED_KEY = "client.untrusted"


def address(request: HttpRequest) -> str | None:
    """Return the address that a request is counted for, its /64 for IPv6; None if it is unknown.

    Each proxy appends its peer to X-Forwarded-For. From the right, entries of trusted proxies are skipped; entries left
    of the first other one may be forged. An entry that is no address ends the search, and the nearest proxy counts.
    """
    address = parse(request.META.get("REMOTE_ADDR", ""))
    if is_trusted_peer(request):
        for entry in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
            seen = parse(entry)
            if seen is None:
                break
            address = seen
            if not _is_named(seen):
                break
    return _counted_as(address) if address else None


def counter_key(request: HttpRequest) -> str:
    """Return the key that a request without a login is counted under; requests without an address share one."""
    return address(request) or UNIX


def parse(text: str) -> Address | None:
    """Return the address of an entry, with or without a port, brackets or a zone; None if it is no address.

    An IPv4-mapped IPv6 address (`::ffff:1.2.3.4`) is returned as IPv4.
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def is_trusted_peer(request: HttpRequest) -> bool:
    """Return whether TRUSTED_PROXIES names the connected peer; a peer without an address uses a socket file."""
    peer = request.META.get("REMOTE_ADDR", "")
    if not peer:
        return UNIX in settings.TRUSTED_PROXIES
    address = parse(peer)
    return address is not None and _is_named(address)


def is_on_this_machine(request: HttpRequest) -> bool:
    """Return whether the request comes from this machine and was not forwarded by a proxy."""
    is_passed_on = any(name in request.headers for name in PROXY_HEADERS)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_passed_on


def believe_trusted_proxies(get_response: Answer) -> Answer:
    """Record the scheme from a trusted proxy, and report a peer that forwards requests without being trusted.

    If such a peer claims https, the redirect to https would loop: a page that names the setting replaces it.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        scheme = request.headers.get("X-Forwarded-Proto")
        if is_trusted_peer(request):
            if scheme is not None:
                request.META[SCHEME] = scheme
            return get_response(request)
        if scheme is None and "X-Forwarded-For" not in request.headers:
            return get_response(request)
        peer = request.META.get("REMOTE_ADDR", "") or UNIX
        untrusted_proxies.report(peer)
        response = get_response(request)
        return _untrusted_page(peer) if _is_redirect_loop(request, scheme, response) else response

    return answer


class UntrustedProxies:
    """Peers that forward requests without being trusted: logged at most once a minute, and shown to staff for a day."""

    def __init__(self) -> None:
        self._said_at = float("-inf")

    def report(self, peer: str) -> None:
        now = time.monotonic()
        if now - self._said_at < LOG_EVERY_SECONDS:
            return
        self._said_at = now
        logger.warning("%s", untrusted_sentence(peer))
        try:
            cache.set(UNTRUSTED_KEY, peer, KEEP_SECONDS)
        except (DatabaseError, InterfaceError) as error:  # it is in the log
            logger.warning("The untrusted proxy cannot be shown to staff: %s", str(error).strip())

    def latest(self) -> str:
        """Return a sentence about the latest one of the last day, empty if there is none or it is trusted by now."""
        peer = cache.get(UNTRUSTED_KEY)
        is_trusted = peer is not None and (UNIX in settings.TRUSTED_PROXIES if peer == UNIX else _is_trusted_text(peer))
        return untrusted_sentence(peer) if peer and not is_trusted else ""

    def forget(self) -> None:
        self._said_at = float("-inf")


untrusted_proxies = UntrustedProxies()


def untrusted_sentence(peer: str) -> str:
    """Return a sentence about an untrusted proxy, with the setting to change."""
    return (
        f"Requests from {peer} carry X-Forwarded headers. They are ignored, because TRUSTED_PROXIES does not name "
        f"{peer}. If it is your proxy, add {peer} to TRUSTED_PROXIES and restart the web server; until then all its "
        "users count as one address."
    )


def _is_redirect_loop(request: HttpRequest, scheme: str | None, response: HttpResponseBase) -> bool:
    if scheme != "https" or not isinstance(response, HttpResponsePermanentRedirect):
        return False
    return response.url == f"https://{request.get_host()}{request.get_full_path()}"


def _untrusted_page(peer: str) -> HttpResponse:
    context = {"title": "The proxy is not trusted", "sentence": untrusted_sentence(peer), "is_dead_end": True}
    return HttpResponse(render_to_string("refused.html", context), status=400)


def _is_trusted_text(peer: str) -> bool:
    address = parse(peer)
    return address is not None and _is_named(address)


def _is_named(address: Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


@lru_cache(maxsize=8)
def _networks(named: Iterable[str]) -> tuple[Network, ...]:
    return tuple(network_of(name) for name in named if name != UNIX)


def _counted_as(address: Address) -> str:
    if address.version == 4 or address.is_loopback:
        return str(address)
    return str(ip_network(f"{address}/{SITE_BITS}", strict=False).network_address)
