"""Notifiers: which Apprise addresses a user may give, and what they may do while a message is sent.

Such an address makes this machine connect somewhere. Unless ALLOW_PRIVATE_NOTICES says otherwise that has to be a
public place: looked at when the address is given, and again at every connection that is made while sending, whatever a
name has come to mean since and wherever a redirect leads. Services that run a program here or read a file are refused.
"""

import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyBase
from apprise.manager_plugins import NotificationManager
from apprise.plugins import url_to_dict
from django.conf import settings

SECONDS = 8.0  # for a connection, and for its answer
LOCAL = {
    "blink1", "dbus", "email", "fcm", "glib", "gnome", "macosx", "mqtt", "smpp", "syslog", "vapid", "windows", "xmpp",
}  # fmt: skip
"""Apprise's modules whose services run programs, read files that the address names, or bypass Python's sockets."""

NAT64 = IPv6Network("64:ff9b::/96")
UNICAST = IPv6Network("2000::/3")  # all of IPv6 that the internet routes; Python takes more for global
CONNECTIONS = {"socket.connect", "socket.sendto", "socket.sendmsg"}
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "os.startfile"}

# What Apprise says may hold secrets: it is asked while it sends, and says nothing else to anybody.
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


class BadAddress(Exception):
    """The address cannot be used; the message is a sentence for whoever gave it, without its secrets."""


def notifier(url: str) -> NotifyBase:
    """What sends to an address. Raises BadAddress."""
    parsed = url_to_dict(url, secure_logging=True) if "://" in url else None
    if not parsed:
        raise BadAddress("Apprise knows no such address. One looks like ntfys://ntfy.sh/my-topic or json://host/path.")
    service = NotificationManager()[parsed["schema"]]
    if _module(service) in LOCAL:
        raise BadAddress(f"{service.service_name} is not allowed here: it reads files or runs programs on the server.")
    if not service.enabled:
        raise BadAddress(f"{service.service_name} needs a library that is not installed here.")
    asset = AppriseAsset(app_id="Stockapp", app_desc="Stockapp", async_mode=False, secure_logging=True)
    found = Apprise.instantiate(url, asset=asset)
    if not isinstance(found, NotifyBase):
        raise BadAddress(f"A part of this address of {service.service_name} is missing or wrong.")
    found.socket_connect_timeout = found.socket_read_timeout = SECONDS
    return found


def check(url: str) -> None:
    """Raises BadAddress unless messages may be sent to the address, as things are now."""
    found = notifier(url)
    host = _host(found)
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


def _host(found: NotifyBase) -> str:
    """The host that an address names; empty for a service that is at one place for everybody."""
    templates: tuple[str, ...] = found.templates
    return str(found.host).strip("[]") if any("{host}" in template for template in templates) else ""


def private(host: str) -> str:
    return f"“{host[:100]}” is inside this network; this installation sends to public addresses only."


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public internet; False for what is none."""
    try:
        address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is None and address not in UNICAST:
            return False
        address = inner or address
    return address.is_global and not address.is_multicast


def masked(url: str) -> str:
    """What of an address may be shown: its service, and its host where it has one; the rest may be a key."""
    scheme = url.partition("://")[0][:20]
    try:
        found = notifier(url)
    except BadAddress:
        return f"{scheme}://…"
    return f"{scheme}://{_host(found) if '.' in _host(found) else ''}/…".replace(":///", "://")


def send(url: str, *, title: str, body: str) -> bool:
    """Send to an address; whether its service took it. Raises BadAddress, also when a connection was refused."""
    service = notifier(url)
    with _watched() as refused:
        is_taken = bool(service.notify(title=title, body=body, body_format="text", overflow="split"))
    if refused:
        raise BadAddress(refused[0])
    return is_taken


_refusals: ContextVar[list[str] | None] = ContextVar("refusals", default=None)


@contextmanager
def _watched() -> Iterator[list[str]]:
    """Refuse this thread programs and, unless they are allowed, connections into this network; what was refused."""
    _install()
    refused: list[str] = []
    token = _refusals.set(refused)
    try:
        yield refused
    finally:
        _refusals.reset(token)


@cache
def _install() -> None:
    """An audit hook sees every connection, whoever makes it; there is no way to take it back, so it is set once."""
    sys.addaudithook(_look)


def _look(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in CONNECTIONS and event not in PROGRAMS:
        return
    refused = _refusals.get()
    if refused is None:
        return
    if event in PROGRAMS:
        refused.append("The service tried to run a program on the server.")
    elif not settings.ALLOW_PRIVATE_NOTICES:
        address = arguments[1]
        host = str(address[0]) if isinstance(address, tuple) else "a local socket"
        if is_public(host):
            return
        refused.append(private(host))
    else:
        return
    raise PermissionError(refused[-1])


def _module(service: type[NotifyBase]) -> str:
    return service.__module__.removeprefix("apprise.plugins.").partition(".")[0]
