"""Notifiers: whether messages may be sent to the address that a user gives, and how much of it may be shown.

Such an address makes this machine connect somewhere. Unless ALLOW_PRIVATE_NOTICES says otherwise that has to be a
public place: looked at here when the address is given, and again at every connection that is made while sending.
"""

import socket

from django.conf import settings

from stockapp.outgoing.confinement import is_public, private
from stockapp.outgoing.services import BadAddress, host_of, notifier


def check(url: str) -> None:
    """Raise BadAddress unless messages may be sent to the address, as things are now."""
    host = host_of(notifier(url))
    if settings.ALLOW_PRIVATE_NOTICES or not host:
        return
    try:
        addresses = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        if "." not in host:  # some services have a topic or a key where others have a host
            return
        raise BadAddress(f"There is no host “{host[:100]}”.") from None
    if not all(map(is_public, addresses)):
        raise BadAddress(private(host))


def masked(url: str) -> str:
    """What of an address may be shown: its service, and its host where it has one; the rest may be a key."""
    scheme = url.partition("://")[0][:20]
    try:
        host = host_of(notifier(url))
    except BadAddress:
        return f"{scheme}://…"
    return f"{scheme}://{host if '.' in host else ''}/…".replace(":///", "://")
