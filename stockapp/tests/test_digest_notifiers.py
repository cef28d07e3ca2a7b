"""Notifiers: which addresses a user may give, and what is refused at the moment of sending."""

import inspect
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import urllib3
from apprise import NotifyBase
from apprise.manager_plugins import NotificationManager
from pytest_django import Settings

from stockapp.digest import notifiers
from stockapp.digest.notifiers import BadAddress, check, is_public, masked, send
from tests.receivers import hook

SECRET = "s3cr3t-t0ken-123456"
HARMLESS = {"ntfy", "synology", "telnyx"}  # a name in the message, an address for the service, a "profile"
FILES_AND_PROGRAMS = re.compile(
    r"subprocess|ctypes|win32|import gi\b|import dbus|import syslog|AF_UNIX|isfile|blink1|pgpy"
)


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
        check(url)


@pytest.mark.parametrize("url", ["json://127.0.0.1/hook", "jsons://10.0.0.7/hook", "json://localhost:8080"])
def test_an_installation_may_allow_addresses_inside_its_network(url: str, settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NOTICES = True
    check(url)


def test_addresses_of_public_services_are_accepted() -> None:
    for url in ("json://93.184.215.14/hook", "ntfys://a-topic", f"tgram://123456789:{'a' * 35}/12345678"):
        check(url)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.1.1", False), ("100.64.0.1", False),
        ("169.254.1.1", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False),
        ("fd00::1", False), ("::ffff:127.0.0.1", False), ("::ffff:8.8.8.8", True), ("64:ff9b::a00:1", False),
        ("2002:7f00:1::", False), ("localhost", False), ("", False), ("::7f00:1", False), ("::ffff:0:7f00:1", False),
        ("64:ff9b:1::a00:1", False), ("64:ff9b::808:808", True), ("fec0::1", False), ("ff02::1", False),
        ("2001:0:808:808:0:0:f5ff:fffe", False), ("2001:db8::1", False), ("::", False), ("0.0.0.1", False),
        ("::ffff:169.254.169.254", False), ("192.0.2.1", False), ("255.255.255.255", False), ("127.1", False),
    ],
)  # fmt: skip
def test_only_addresses_of_the_public_internet_are_public(text: str, public: bool) -> None:
    assert is_public(text) is public


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "Apprise knows no such address"),
        ("nosuch://host", "Apprise knows no such address"),
        ("file:///etc/passwd", "Apprise knows no such address"),
        ("syslog://", "reads files or runs programs"),
        ("macosx://", "reads files or runs programs"),
        ("dbus://", "reads files or runs programs"),
        ("gnome://", "reads files or runs programs"),
        ("windows://", "reads files or runs programs"),
        ("mailto://user:password@example.org?pgp=yes&pgpkey=/etc/passwd", "reads files or runs programs"),
        ("fcm://project@key/device?keyfile=/etc/passwd", "reads files or runs programs"),
        ("json://0177.0.0.1/", "Apprise knows no such address"),
        ("json://127.1/", "Apprise knows no such address"),
        ("json://0/", "Apprise knows no such address"),
        ("tgram://x", "Apprise knows no such address"),
        ("json://no-such-host.invalid/", "There is no host"),
        ("discord://id/", "knows no such address|is missing or wrong"),
    ],
)
def test_other_addresses_are_refused_in_words(url: str, sentence: str) -> None:
    with pytest.raises(BadAddress, match=sentence):
        check(url)


def test_every_apprise_service_that_names_files_or_programs_is_refused() -> None:
    """A newer Apprise may bring further ones: then this fails, and somebody decides."""
    manager: Any = NotificationManager()
    risky = {
        notifiers._module(service)
        for service in manager.plugins()
        if FILES_AND_PROGRAMS.search(inspect.getsource(sys.modules[service.__module__]))
        or any("file" in key.lower() for key in {**service.template_args, **service.template_tokens})
    }
    assert risky
    assert risky - HARMLESS <= notifiers.LOCAL


def test_secrets_of_an_address_are_not_shown() -> None:
    url = f"json://ann:{SECRET}@example.org/hook?token={SECRET}"
    assert SECRET not in masked(url)
    assert masked(url) == "json://example.org/…"
    assert masked(f"json://example.org/{SECRET}") == "json://example.org/…"
    assert masked(f"ntfys://{SECRET}") == "ntfys://…"
    assert SECRET not in masked(f"nosuch://{SECRET}")


def test_a_message_reaches_a_web_hook_once(settings: Settings) -> None:
    settings.ALLOW_PRIVATE_NOTICES = True
    with hook() as received:
        assert send(received.url, title="Title", body="Body & more")
        assert [(got["title"], got["message"]) for got in received.got] == [("Title", "Body & more")]
        received.status = 500
        assert not send(received.url, title="Title", body="Body")


def test_a_connection_into_this_network_is_refused_while_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that was public when it was given, and means this machine by now."""
    with hook() as received:
        here = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", received.port))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [here])
        with pytest.raises(BadAddress, match="inside this network"):
            send(f"json://public.example:{received.port}/hook", title="Title", body="Body")
        assert received.got == []


def test_a_redirect_into_this_network_is_refused_while_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first host is public, and its answer leads here: only the connection to it is made for us elsewhere."""
    with hook() as public, hook() as inside:
        public.status, public.location = 307, f"http://127.0.0.1:{inside.port}/admin"
        connect = urllib3.util.connection.create_connection

        def to_the_public(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
            if address[0] != "public.example":
                return connect(address, *args, **options)
            with ThreadPoolExecutor() as other:  # what is refused to who sends is not refused to another thread
                return other.submit(socket.create_connection, ("127.0.0.1", public.port)).result()

        monkeypatch.setattr(urllib3.util.connection, "create_connection", to_the_public)
        with pytest.raises(BadAddress, match="inside this network"):
            send("json://public.example/hook", title="Title", body="Body")
        assert len(public.got) == 1
        assert inside.got == []


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
            check(f"json://{host}/hook")


def test_a_program_that_a_service_starts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    service = notifiers.notifier("json://93.184.215.14/hook")

    def start(self: NotifyBase, **_: object) -> bool:
        subprocess.run(["true"], check=True)
        return True

    monkeypatch.setattr(type(service), "notify", start)
    with pytest.raises(PermissionError):
        send("json://93.184.215.14/hook", title="Title", body="Body")


def test_nothing_is_refused_outside_of_sending() -> None:
    with hook() as received:
        notifiers._install()
        with socket.create_connection(("127.0.0.1", received.port)) as there:
            assert there.getpeername()[1] == received.port
        assert subprocess.run(["true"], check=True).returncode == 0
