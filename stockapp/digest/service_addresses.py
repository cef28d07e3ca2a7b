"""Addresses of notification services: whether messages can be sent there, and the masked form for display.

Unless ALLOW_PRIVATE_NOTICES is set, the host has to be public: checked here when the user enters the address, and again
at every connection while sending.
"""

import socket

from django.conf import settings

from stockapp.outgoing.confinement import is_public, private_host_sentence
from stockapp.outgoing.services import BadAddress, create_notifier, host_of


def check_url(url: str) -> None:
    """Raise BadAddress unless messages can be sent to the address now."""
    host = host_of(create_notifier(url))
    if settings.ALLOW_PRIVATE_NOTICES or not host:
        return
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        if "." not in host:  # some services have a topic or a key where others have a host
            return
        raise BadAddress(f"There is no host “{host[:100]}”.") from None
    if not all(map(is_public, addresses)):
        raise BadAddress(private_host_sentence(host))


def mask_url(url: str) -> str:
    """Return the service of an address and its host, if it has one; the rest may be a key and is not shown."""
    scheme = url.partition("://")[0][:20]
    try:
        host = host_of(create_notifier(url))
    except BadAddress:
        return f"{scheme}://…"
    return f"{scheme}://{host if '.' in host else ''}/…".replace(":///", "://")
