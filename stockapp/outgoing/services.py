"""Services: the notification services that an address may name, and the parameters that it may have.

Both are allowed by name. Apprise has 130 services, and parameters like `template` that read a file of the server and
send it away; a newer release may add more of either. An address is used only if its service and each of its parameters
are listed here, with a value of the kind that is given for it.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from apprise import AppriseAsset, NotifyBase
from apprise.plugins.bark import NotifyBark
from apprise.plugins.custom_form import NotifyForm
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.custom_xml import NotifyXML
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.google_chat import NotifyGoogleChat
from apprise.plugins.gotify import NotifyGotify
from apprise.plugins.home_assistant import NotifyHomeAssistant
from apprise.plugins.mattermost import NotifyMattermost
from apprise.plugins.ntfy import NotifyNtfy
from apprise.plugins.pushbullet import NotifyPushBullet
from apprise.plugins.pushover import NotifyPushover
from apprise.plugins.rocketchat import NotifyRocketChat
from apprise.plugins.slack import NotifySlack
from apprise.plugins.telegram import NotifyTelegram
from apprise.plugins.webexteams import NotifyWebexTeams
from apprise.plugins.workflows import NotifyWorkflows
from apprise.plugins.zulip import NotifyZulip

PAUSE = 1.0  # seconds between the parts of a message that is too long for its service; Apprise's own are 5.5

# Apprise's log may contain secrets: it is captured while sending and not passed on.
logging.getLogger("apprise").addHandler(logging.NullHandler())
logging.getLogger("apprise").propagate = False


class BadAddress(Exception):
    """An unusable address; the message is a sentence for its owner, without secrets."""


@dataclass(frozen=True, slots=True)
class ValueKind:
    """The values that a parameter may have; `words` completes the sentence “It must be …”."""

    pattern: str
    words: str

    def takes(self, value: str) -> bool:
        return re.fullmatch(self.pattern, value) is not None


def _one_of(*values: str) -> ValueKind:
    return ValueKind("|".join(map(re.escape, values)), " or ".join(values))


FLAG = ValueKind("(?i:yes|no|true|false|on|off|1|0)", "yes or no")
NUMBER = ValueKind(r"-?\d{1,20}", "a number")
NAMES = ValueKind(r"[\w.@#+:, -]{1,300}", "one name, or several with commas between them")
KEY = ValueKind(r"[\w.~=+-]{1,300}", "a key of letters, digits and hyphens")
LINK = ValueKind(r"https?://\S{1,500}", "an address that begins with https:// or http://")
TEXT = ValueKind(r"[^\x00-\x1f\x7f]{0,500}", "a line of text")

FOR_ALL = {"verify": FLAG}
HEADERS = {"+": TEXT, "-": TEXT}
FORMAT = _one_of("text", "markdown", "html")
METHOD = _one_of("POST", "PUT", "PATCH", "GET", "post", "put", "patch", "get")


@dataclass(frozen=True, slots=True)
class Service:
    """A service of Apprise, and the parameters of its address by name.

    `prefixed` are parameters with a name of the user's: `+` begins a header of the request, `-` a parameter of it.
    """

    name: str
    plugin: type[NotifyBase]
    own: Mapping[str, ValueKind] = field(default_factory=dict)
    prefixed: Mapping[str, ValueKind] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, ValueKind]:
        return {**self.own, **FOR_ALL}

    @property
    def schemes(self) -> Iterator[str]:
        both: tuple[Any, Any] = (self.plugin.protocol, self.plugin.secure_protocol)
        for schemes in both:
            yield from [schemes] if isinstance(schemes, str) else schemes or ()

    def kind_of(self, parameter: str) -> ValueKind | None:
        return self.parameters.get(parameter) or self.prefixed.get(parameter[:1])


SERVICES = (
    Service("Bark", NotifyBark, {"to": NAMES, "sound": NAMES, "group": NAMES, "level": KEY, "click": LINK}),
    Service(
        "Discord", NotifyDiscord,
        {"tts": FLAG, "avatar": FLAG, "footer": FLAG, "thread": NUMBER, "format": FORMAT},
    ),
    Service("Form", NotifyForm, {"method": METHOD}, HEADERS),
    Service("Google Chat", NotifyGoogleChat, {"key": KEY, "token": KEY, "thread": KEY}),
    Service("Gotify", NotifyGotify, {"priority": KEY, "format": FORMAT}),
    Service("Home Assistant", NotifyHomeAssistant, {"nid": KEY, "batch": FLAG}),
    Service("JSON", NotifyJSON, {"method": METHOD}, HEADERS),
    Service(
        "Mattermost", NotifyMattermost,
        {"to": NAMES, "channel": NAMES, "image": FLAG, "icon_url": LINK, "mode": KEY},
    ),
    Service(
        "ntfy", NotifyNtfy,
        {"to": NAMES, "priority": KEY, "tags": NAMES, "xtags": NAMES, "click": LINK, "image": FLAG, "token": KEY,
         "mode": _one_of("cloud", "private"), "auth": _one_of("basic", "token"), "format": FORMAT},
    ),
    Service("Pushbullet", NotifyPushBullet, {"to": NAMES}),
    Service("Pushover", NotifyPushover, {"to": NAMES, "priority": KEY, "sound": KEY, "url": LINK, "format": FORMAT}),
    Service("Rocket.Chat", NotifyRocketChat, {"to": NAMES, "mode": KEY, "avatar": FLAG}),
    Service(
        "Slack", NotifySlack,
        {"to": NAMES, "token": KEY, "image": FLAG, "footer": FLAG, "blocks": FLAG, "timestamp": FLAG},
    ),
    Service(
        "Telegram", NotifyTelegram,
        {"to": NAMES, "silent": FLAG, "preview": FLAG, "topic": NUMBER, "thread": NUMBER, "format": FORMAT},
    ),
    Service("Webex", NotifyWebexTeams, {"to": NAMES}),
    Service(
        "Microsoft Teams", NotifyWorkflows,
        {"id": KEY, "workflow": KEY, "sig": KEY, "signature": KEY, "image": FLAG, "wrap": FLAG, "pa": FLAG,
         "powerautomate": FLAG, "route": NUMBER, "routeid": NUMBER, "ver": KEY, "api-version": KEY,
         "sp": TEXT, "sv": KEY},  # Teams adds these two to its addresses; Apprise sets its own
    ),
    Service("XML", NotifyXML, {"method": METHOD}, HEADERS),
    Service("Zulip", NotifyZulip, {"to": NAMES, "token": KEY}),
)  # fmt: skip
BY_SCHEME = {scheme: service for service in SERVICES for scheme in service.schemes}
NAMES_OF_ALL = ", ".join(sorted((service.name for service in SERVICES), key=str.lower))


def create_notifier(url: str) -> NotifyBase:
    """Return the sender for an address. Raise BadAddress for a service, a parameter or a value that is not allowed."""
    service, parts = _parse_address(url)
    _check_parameters(service, parts)
    asset = AppriseAsset(
        app_id="Stockapp", app_desc="Stockapp", async_mode=False, secure_logging=True, http_redirects=False
    )
    try:
        plugin = service.plugin(**parts, asset=asset)
    except (TypeError, ValueError, AttributeError):
        raise BadAddress(f"A part of this address of {service.name} is missing or wrong.") from None
    plugin.request_rate_per_sec = PAUSE
    return plugin


def _parse_address(url: str) -> tuple[Service, dict[str, Any]]:
    """Return the service and the parts of an address, in Apprise's form or in the service's own (https://…)."""
    scheme, separator, _ = url.partition("://")
    written = url.replace("/#", "/%23")
    if separator and (service := BY_SCHEME.get(scheme.lower())):
        if not (parts := service.plugin.parse_url(written)):
            raise BadAddress(f"A part of this address of {service.name} is missing or wrong.")
        return service, parts
    if scheme.lower() == "https":
        for service in SERVICES:
            if parts := service.plugin.parse_native_url(written):
                return service, parts
    if separator and re.fullmatch(r"[\w+-]{1,30}", scheme):
        raise BadAddress(f"{scheme}:// cannot be used here. The services are: {NAMES_OF_ALL}.")
    raise BadAddress("This is no address of a service. One looks like ntfys://ntfy.sh/my-topic or json://host/path.")


def _check_parameters(service: Service, parts: dict[str, Any]) -> None:
    for parameter, value in parts["qsd"].items():
        kind = service.kind_of(parameter)
        shown = f"“{parameter[:50]}”"
        if kind is None:
            known = ", ".join(sorted(service.parameters))
            raise BadAddress(
                f"The parameter {shown} of {service.name} cannot be used here. Remove it. Allowed are: {known}."
            )
        if not kind.takes(str(value)):
            raise BadAddress(f"The parameter {shown} of {service.name} must be {kind.words}.")


def host_of(plugin: NotifyBase) -> str:
    """Return the host of an address; empty for a service with a fixed host."""
    templates: tuple[str, ...] = plugin.templates
    return str(plugin.host).strip("[]") if any("{host}" in template for template in templates) else ""
