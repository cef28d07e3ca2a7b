"""Masking: secrets of the installation in a text are replaced by asterisks, in every notation."""

import json
import re
from functools import lru_cache
from html import escape
from urllib.parse import quote, quote_plus

from django.conf import settings
from structlog.typing import EventDict

STARS = "********************"
LEAST_LETTERS = 4  # a shorter secret occurs in many words: masking it would only make texts unreadable
# pprint splits long strings into several quoted parts.
QUOTE = r"""(?:['"]|&#x27;|&quot;)"""
BREAK = rf"(?:{QUOTE}\s+b?{QUOTE})?"


def mask(text: str) -> str:
    """Return the text with the secrets of the settings masked."""
    pattern = _pattern(settings.ENV.secrets)
    return pattern.sub(STARS, text) if pattern else text


def mask_event(_: object, __: str, event: EventDict) -> EventDict:
    """Mask the message and the traceback of a log event (a structlog processor)."""
    event.update({name: mask(str(event[name])) for name in ("event", "exception") if name in event})
    return event


@lru_cache(maxsize=4)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    written = {form for secret in secrets if len(secret) >= LEAST_LETTERS for form in _notations(secret)}
    longest_first = sorted(written, key=len, reverse=True)
    return re.compile("|".join(BREAK.join(map(re.escape, form)) for form in longest_first)) if written else None


def _notations(secret: str) -> set[str]:
    """Return the notations of a secret in HTML, Python, JSON and URLs."""
    plain = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)}
    return plain | {escape(form) for form in plain}
