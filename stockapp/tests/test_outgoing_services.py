"""Services: which addresses are allowed, and that no file of the server is opened for any of them."""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from stockapp.outgoing.dispatch import send_orders
from stockapp.outgoing.orders import DeliveryOutcome, DeliveryStatus, Notice, Order
from stockapp.outgoing.services import SERVICES, BadAddress, create_notifier
from tests.receivers import Hook, hook

KEY = "a" * 8
HEX = "0123456789abcdef" * 4
SAMPLES = {
    "Bark": f"barks://example.org/{KEY}",
    "Discord": f"discord://12345678/{KEY}",
    "Form": "forms://example.org/hook",
    "Google Chat": f"gchat://{KEY}/{KEY}/{KEY}",
    "Gotify": f"gotifys://example.org/{'A' * 15}",
    "Home Assistant": f"hassios://example.org/{KEY}",
    "JSON": "jsons://example.org/hook",
    "Mattermost": f"mmosts://example.org/{'a' * 26}",
    "Microsoft Teams": f"workflows://example.org/{HEX[:20]}/{HEX[:20]}",
    "ntfy": "ntfys://ntfy.sh/my-topic",
    "Pushbullet": f"pbul://{'a' * 32}",
    "Pushover": f"pover://{'a' * 30}@{'b' * 30}",
    "Rocket.Chat": f"rockets://{KEY}/{KEY}@example.org",
    "Slack": "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/",
    "Telegram": f"tgram://123456789:{'a' * 35}/12345678",
    "Webex": f"wxteams://{'a' * 80}",
    "XML": "xmls://example.org/hook",
    "Zulip": f"zulip://bot@example/{'a' * 32}",
}
READ_BY_APPRISE = ("template", "attach", "attach-as", "image", "icon", "avatar_url", "filename", "path", "keyfile")


def test_every_service_has_a_sample_here_that_is_accepted() -> None:
    assert set(SAMPLES) == {service.name for service in SERVICES}
    for url in SAMPLES.values():
        assert create_notifier(url).redirects is False


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "This is no address of a service. One looks like ntfys://ntfy.sh/my-topic or json://host/path."),
        ("nosuch://host", "nosuch:// cannot be used here. The services are: Bark, Discord, "),
        ("file:///etc/passwd", "file:// cannot be used here."),
        ("syslog://", "syslog:// cannot be used here."),
        ("mailto://user:password@example.org?pgp=yes&pgpkey=/etc/passwd", "mailto:// cannot be used here."),
        ("fcm://project@key/device?keyfile=/etc/passwd", "fcm:// cannot be used here."),
        ("apprise://example.org/token", "apprise:// cannot be used here."),
        ("matrix://user:password@example.org/room", "matrix:// cannot be used here."),
        ("https://example.org/hook", "https:// cannot be used here."),
        (
            f"{SAMPLES['Discord']}?template=/etc/passwd",
            "The parameter “template” of Discord cannot be used here. Remove it. "
            "Allowed are: avatar, footer, format, thread, tts, verify.",
        ),
        (f"{SAMPLES['Telegram']}?TEMPLATE=/etc/passwd", "The parameter “template” of Telegram cannot be used here."),
        (f"{SAMPLES['Slack']}?%74emplate=/etc/passwd", "The parameter “template” of Slack cannot be used here."),
        (f"{SAMPLES['Microsoft Teams']}?:name=value", "The parameter “:name” of Microsoft Teams cannot be used here."),
        (
            f"https://discord.com/api/webhooks/12345678/{KEY}?template=/etc/passwd",
            "The parameter “template” of Discord cannot be used here.",
        ),
        ("json://example.org/?cto=3600", "The parameter “cto” of JSON cannot be used here."),
        ("json://example.org/?retry=10", "The parameter “retry” of JSON cannot be used here."),
        ("json://example.org/?redirect=yes", "The parameter “redirect” of JSON cannot be used here."),
        (f"{SAMPLES['Discord']}?avatar=/etc/passwd", "The parameter “avatar” of Discord must be yes or no."),
        (f"{SAMPLES['Telegram']}?topic=/etc", "The parameter “topic” of Telegram must be a number."),
        (f"{SAMPLES['ntfy']}?click=file:///etc/passwd", "The parameter “click” of ntfy must be an address that begins"),
        (f"{SAMPLES['ntfy']}?mode=other", "The parameter “mode” of ntfy must be cloud or private."),
        ("tgram://x", "A part of this address of Telegram is missing or wrong."),
        ("discord://id/", "A part of this address of Discord is missing or wrong."),
        ("json://0177.0.0.1/", "A part of this address of JSON is missing or wrong."),
    ],
)
def test_other_addresses_are_refused_in_a_sentence_that_names_the_part(url: str, sentence: str) -> None:
    with pytest.raises(BadAddress) as refused:
        create_notifier(url)
    assert str(refused.value).startswith(sentence)


def test_the_address_that_a_service_itself_shows_is_accepted() -> None:
    create_notifier(f"https://discord.com/api/webhooks/12345678/{KEY}?thread=5")
    teams = "https://prod.logic.azure.com:443/workflows/643e69f83c8944/triggers/manual/paths/invoke"
    create_notifier(f"{teams}?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=KODuebWbDGYFr0z0eu")


def test_every_parameter_that_is_allowed_is_one_that_apprise_knows() -> None:
    """Or is in an address as its service shows it, or another name that Apprise takes."""
    others = {"sp", "sv", "tags"}
    unknown = {
        f"{service.name}: {name}"
        for service in SERVICES
        for name in service.parameters
        if name not in {**service.plugin.template_args, **service.plugin.template_tokens} and name not in others
    }
    assert unknown == set()


def with_a_canary_in_every_parameter(path: str) -> list[str]:
    """Addresses of every service with a path in each parameter: those that are allowed, and whatever Apprise knows."""
    urls = []
    for service in SERVICES:
        known = {*service.parameters, *service.plugin.template_args, *service.plugin.template_tokens, *READ_BY_APPRISE}
        known |= {"+header", "-param", ":token"}
        urls += [f"{SAMPLES[service.name]}?{quote(name)}={quote(path, safe='')}" for name in sorted(known)]
        urls += [f"{SAMPLES[service.name]}?{quote(name)}=file://{quote(path, safe='')}" for name in READ_BY_APPRISE]
    return urls


def sent(urls: list[str], received: Hook, opens: Path, **options: Any) -> list[DeliveryOutcome]:
    """The outcomes of a message to each address, from a carrier whose requests all go to a hook on this machine."""
    wanted = json.dumps({"port": received.port, "opens": str(opens), **options})
    orders = ((url, Order(Notice(url, "Title", "Body", may_reach_private=True), 120)) for url in urls)
    ends = dict(send_orders(orders, at_once=1, command=[sys.executable, "-m", "tests.carrier_with", wanted]))
    return [ends[url] for url in urls]


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    path = tmp_path / "canary.json"
    path.write_text(json.dumps({"content": "CANARY"}))
    return path


def test_no_address_has_a_file_of_the_server_opened_for_it(canary: Path, tmp_path: Path) -> None:
    """With the second wall left out: the check of the address is enough."""
    urls = with_a_canary_in_every_parameter(str(canary))
    with hook() as received:
        received.takes_anything = True
        outcomes = sent(urls, received, tmp_path / "opens", unconfined=True)
        plain = sent(list(SAMPLES.values()), received, tmp_path / "opens", unconfined=True)
    opened = (tmp_path / "opens").read_text().splitlines()
    assert opened  # so that it is known that they are noted
    assert not [path for path in opened if canary.name in path]
    assert not [body for body in received.raw if b"CANARY" in body]
    assert len(urls) > 300
    refusals = {url: outcome.sentence for url, outcome in zip(urls, outcomes, strict=True) if outcome.is_permanent}
    assert not [sentence for sentence in refusals.values() if "The parameter “" not in sentence]
    # What is left are lines of text that go to the receiver as they are: headers and parameters of a web hook.
    let_through = {url.partition("?")[2].partition("=")[0] for url in urls if url not in refusals}
    assert let_through == {"%2Bheader", "-param", "sp"}
    assert {outcome.status for outcome in plain} <= {DeliveryStatus.TAKEN, DeliveryStatus.REFUSED}
    assert len(received.raw) >= len(SAMPLES)


def test_a_service_that_tries_to_read_a_file_is_refused_it_while_sending(canary: Path, tmp_path: Path) -> None:
    """With the first wall left out, as if it had a hole: Apprise reads the template, and gets nothing."""
    names = ("Discord", "Slack", "Telegram", "Microsoft Teams")
    urls = [f"{SAMPLES[name]}?template={quote(str(canary), safe='')}" for name in names]
    with hook() as received:
        received.takes_anything = True
        open_door = sent(urls, received, tmp_path / "opens", unchecked=True, unconfined=True)
        assert [body for body in received.raw if b"CANARY" in body]  # so that this is the hole that there was
        assert [outcome.status for outcome in open_door][:1] == [DeliveryStatus.TAKEN]
        received.raw.clear()
        outcomes = sent(urls, received, tmp_path / "opens", unchecked=True)
    assert {outcome.sentence for outcome in outcomes} == {"The service tried to read a file of the server."}
    assert all(outcome.is_permanent for outcome in outcomes)
    assert not [body for body in received.raw if b"CANARY" in body]
