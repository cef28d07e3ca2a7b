"""Notifiers: which places a user's address may name, and what of an address is shown."""

import socket

import pytest
from pytest_django import Settings

from stockapp.digest.service_addresses import check_url, mask_url
from stockapp.outgoing.services import BadAddress

SECRET = "s3cr3t-t0ken-123456"


@pytest.mark.parametrize(
    "url",
    [
        "json://127.0.0.1/hook",
        "json://localhost:8080",
        "jsons://10.0.0.7/hook",
        "xml://192.168.1.1",
        "form://172.16.0.9",
        "json://169.254.169.254/latest/meta-data",
        "json://[::1]/",
        "json://2130706433/",
        "json://0x7f000001/",
        "json://[::ffff:127.0.0.1]/",
        "json://[::ffff:7f00:1]/",
        "json://[fec0::1]/",
        "json://LOCALHOST/",
        "json://user:password@127.0.0.1:80/",
        "gotify://127.0.0.1/token",
        "mmost://10.1.2.3/token",
    ],
)
def test_an_address_inside_this_network_is_refused(url: str, settings: Settings) -> None:
    with pytest.raises(BadAddress, match="inside this network"):
        check_url(url)


@pytest.mark.parametrize("url", ["json://127.0.0.1/hook", "jsons://10.0.0.7/hook", "json://localhost:8080"])
def test_an_installation_may_allow_addresses_inside_its_network(url: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NOTICES = True
    check_url(url)


def test_addresses_of_public_services_are_accepted() -> None:
    for url in ("json://93.184.215.14/hook", "ntfys://a-topic", f"tgram://123456789:{'a' * 35}/12345678"):
        check_url(url)


def test_a_host_that_is_not_there_is_refused_and_so_is_a_service_that_is_not_allowed() -> None:
    with pytest.raises(BadAddress, match=r"There is no host “no-such-host\.invalid”"):
        check_url("json://no-such-host.invalid/")
    with pytest.raises(BadAddress, match=r"syslog:// cannot be used here"):
        check_url("syslog://")


def test_secrets_of_an_address_are_not_shown() -> None:
    url = f"json://ann:{SECRET}@example.org/hook?-token={SECRET}"
    assert SECRET not in mask_url(url)
    assert mask_url(url) == "json://example.org/…"
    assert mask_url(f"json://example.org/{SECRET}") == "json://example.org/…"
    assert mask_url(f"ntfys://{SECRET}") == "ntfys://…"
    assert SECRET not in mask_url(f"nosuch://{SECRET}")


def test_a_name_that_leads_inside_is_refused_when_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of its addresses is enough, whatever its family."""
    meanings = {
        "rebound.example": ["10.0.0.1"],
        "both.example": ["93.184.215.14", "127.0.0.1"],
        "six.example": ["::1"],
        "mapped.example": ["::ffff:192.168.0.1"],
        "link.example": ["fe80::1%eth0"],
    }
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *_, **__: [(0, 0, 0, "", (address, 0)) for address in meanings[host]]
    )
    for host in meanings:
        with pytest.raises(BadAddress, match="inside this network"):
            check_url(f"json://{host}/hook")
