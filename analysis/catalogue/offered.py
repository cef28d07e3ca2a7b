"""Offered: the entries of the catalogue, found by key and by name."""

from collections.abc import Mapping
from typing import Any

from analysis.catalogue.indicator import BadChoice, CatalogueEntry, ChartIndicator, IndicatorNotOffered
from analysis.catalogue.overlays import OVERLAYS
from analysis.catalogue.panes import PANES
from analysis.catalogue.refused import REFUSED

OFFERED: dict[str, CatalogueEntry] = {
    entry.key: entry for entry in sorted((*OVERLAYS, *PANES), key=lambda each: each.name.lower())
}


def choose_indicator(key: str, values: Mapping[str, Any]) -> ChartIndicator:
    """Return the entry of this key with these parameters. Raise IndicatorNotOffered or BadChoice, with a sentence."""
    if key in REFUSED:
        raise IndicatorNotOffered(f"“{key}” is not offered: {REFUSED[key]}.")
    if key not in OFFERED:
        raise IndicatorNotOffered(f"There is no indicator “{key[:30]}”.")
    return OFFERED[key].with_parameters(values)


def read_chart_indicators(stored: Any) -> list[ChartIndicator]:
    """Return the indicators of which `ChartIndicator.as_dict` is stored, without those no longer on offer."""
    chosen: list[ChartIndicator] = []
    for each in stored if isinstance(stored, list) else []:
        try:
            chosen.append(choose_indicator(each["key"], each["parameters"]))
        except (BadChoice, LookupError, TypeError, AttributeError):
            continue
    return chosen


def search_entries(text: str) -> list[CatalogueEntry]:
    """Return the entries whose short or full name, or key, contains the text; those that start with it first."""
    wanted = text.strip().lower()
    matches = [each for each in OFFERED.values() if wanted in f"{each.key}\n{each.short}\n{each.name}".lower()]
    return sorted(matches, key=lambda each: not each.short.lower().startswith(wanted))


def find_entry(text: str) -> CatalogueEntry:
    """Return the only entry with this key, short or full name, or part of a name. Raise BadChoice, with a sentence."""
    wanted = text.strip().lower()
    for each in OFFERED.values():
        if wanted in {each.key, each.short.lower(), each.name.lower()}:
            return each
    matches = search_entries(text) if wanted else []
    if len(matches) == 1:
        return matches[0]
    if not matches:
        raise BadChoice(f"There is no indicator like “{text.strip()[:30]}”." if wanted else "Type an indicator’s name.")
    names = ", ".join(each.short for each in matches[:5]) + (" and others" if len(matches) > 5 else "")
    raise BadChoice(f"“{text.strip()[:30]}” may be several indicators: {names}.")
