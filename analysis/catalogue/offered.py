"""Offered: what may be asked of the catalogue, by key and by name."""

from collections.abc import Mapping
from typing import Any

from analysis.catalogue.indicator import BadChoice, Chosen, Indicator, NotOffered
from analysis.catalogue.overlays import OVERLAYS
from analysis.catalogue.panes import PANES
from analysis.catalogue.refused import REFUSED

OFFERED: dict[str, Indicator] = {
    indicator.key: indicator for indicator in sorted((*OVERLAYS, *PANES), key=lambda each: each.name.lower())
}


def choose(key: str, values: Mapping[str, Any]) -> Chosen:
    """The indicator of this key with these parameters; NotOffered or BadChoice with a sentence."""
    if key in REFUSED:
        raise NotOffered(f"“{key}” is not offered: {REFUSED[key]}.")
    if key not in OFFERED:
        raise NotOffered(f"There is no indicator “{key[:30]}”.")
    return OFFERED[key].chosen(values)


def kept_choices(kept: Any) -> list[Chosen]:
    """Choices from what was kept of them, as `Chosen.as_dict` gives it; what is no longer offered is left out."""
    found: list[Chosen] = []
    for each in kept if isinstance(kept, list) else []:
        try:
            found.append(choose(each["key"], each["parameters"]))
        except (BadChoice, LookupError, TypeError, AttributeError):
            continue
    return found


def matching(text: str) -> list[Indicator]:
    """The indicators whose short or full name, or key, holds the text; those that start with it first."""
    sought = text.strip().lower()
    found = [each for each in OFFERED.values() if sought in f"{each.key}\n{each.short}\n{each.name}".lower()]
    return sorted(found, key=lambda each: not each.short.lower().startswith(sought))


def indicator_named(text: str) -> Indicator:
    """The one indicator that somebody means by its key, its short or its full name; BadChoice with a sentence."""
    sought = text.strip().lower()
    for each in OFFERED.values():
        if sought in {each.key, each.short.lower(), each.name.lower()}:
            return each
    found = matching(text) if sought else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadChoice(f"There is no indicator like “{text.strip()[:30]}”." if sought else "Type an indicator’s name.")
    names = ", ".join(each.short for each in found[:5]) + (" and others" if len(found) > 5 else "")
    raise BadChoice(f"“{text.strip()[:30]}” may be several indicators: {names}.")
