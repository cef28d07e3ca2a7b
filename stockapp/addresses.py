"""Addresses: hosts, networks, databases and mail servers, as written in the settings."""

import re
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url

# As in Django's own ALLOWED_HOSTS; with another letter in it, no request's host equals it.
HOST = re.compile(r"\*|\.?[a-z0-9-]+(\.[a-z0-9-]+)*", re.IGNORECASE)
IPV4_IN_IPV6 = IPv6Network("::ffff:0:0/96")

MAIL_SCHEMES = {"smtp": (25, {}), "smtp+tls": (587, {"use_tls": True}), "smtps": (465, {"use_ssl": True})}
MAIL_SECONDS = 15
LIKE_A_MAIL_SERVER = (
    "it must be like smtp+tls://user:password@host:587 (or smtp:// or smtps://), with %40 for @, %2F for / and "
    "the like in the password, or console://"
)


def is_host(name: str) -> bool:
    """Return whether a name may stand in ALLOWED_HOSTS: a host or an address alone, `.host`, or `*`."""
    if name.startswith("[") and name.endswith("]"):
        with suppress(ValueError):
            return bool(IPv6Address(name[1:-1]))
    return bool(HOST.fullmatch(name))


def check_hosts(names: Iterable[str]) -> None:
    """Raise ValueError with a sentence about the first of the names that may not stand in ALLOWED_HOSTS."""
    for name in names:
        if not is_host(name):
            raise ValueError(
                f"{name!r} is no host; write a name or an address alone, like stocks.example.org, 10.0.0.5 or [::1], "
                "without https:// and port, and .example.org for all its subdomains"
            )


def check_origins(origins: Iterable[str]) -> None:
    """Raise ValueError with a sentence about the first origin without a scheme."""
    for origin in origins:
        if not origin.startswith(("http://", "https://")):
            raise ValueError(f"{origin!r} must start with https:// (or http://)")


def check_proxies(names: Iterable[str]) -> None:
    """Raise ValueError with a sentence about the first name that is no address or network, or one of everybody's."""
    for name in names:
        if name.isdecimal():
            raise ValueError(
                f"{name} is no address. It names the proxies now, not how many there are: write the addresses that "
                "they connect from, like 10.0.0.5 or 10.0.0.0/28. Leave it out for a proxy on this machine"
            )
        if network_of(name).prefixlen == 0:
            raise ValueError(f"{name} would trust everybody; name the proxies alone")


def check_database(url: str) -> None:
    """Raise ValueError with a sentence that quotes nothing of a database's URL which cannot be used; "" is none."""
    if not url:
        return
    if not url.startswith(("sqlite:///", "postgres://", "postgresql://")):
        raise ValueError("it must start with sqlite:/// or postgresql://")
    try:
        dj_database_url.parse(url)
    except ValueError:  # its message may quote a part of the password
        raise ValueError(
            "it cannot be read: write it like postgresql://user:password@host:5432/name, and in the password "
            "%40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, %25 for %"
        ) from None


def network_of(name: str) -> IPv4Network | IPv6Network:
    """Return the network that an address or a network names, of IPv4 where it is written as one of IPv6.

    A zone (`%eth0`) is left out, as it is of a peer's address. Raise ValueError for anything else.
    """
    address, slash, length = name.partition("/")
    network = ip_network(address.partition("%")[0] + slash + length)
    if isinstance(network, IPv6Network) and network.subnet_of(IPV4_IN_IPV6):
        return IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - IPV4_IN_IPV6.prefixlen))
    return network


def mailer(url: str) -> dict[str, Any]:
    """Return Django's settings of the mail server at a URL like smtp+tls://user:password@host:587; {} for none.

    Raise ValueError with a sentence that quotes nothing of the address.
    """
    if not url:
        return {}
    if url == "console://":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(LIKE_A_MAIL_SERVER) from None
    if parts.scheme not in MAIL_SCHEMES or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(LIKE_A_MAIL_SERVER)
    usual_port, security = MAIL_SCHEMES[parts.scheme]
    login = {"username": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    server = {"host": parts.hostname, "port": port or usual_port, "timeout": MAIL_SECONDS}
    return {"BACKEND": "stockapp.mail.Smtp", "OPTIONS": {**server, **login, **security}}
