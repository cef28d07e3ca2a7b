"""Names: sentences about unknown names of query parameters, with the most similar known name."""

from collections.abc import Collection
from difflib import get_close_matches

LONGEST = 60


def unknown_name(name: str, known: Collection[str], kind: str) -> str:
    """Return a sentence that a name is not of this kind (“a parameter”), with the nearest name or all names."""
    shown = name[:LONGEST]
    if near := nearest_name(name, known):
        return f"{shown} is not {kind}; did you mean {near}?"
    return f"{shown} is not {kind}; there {'are' if len(known) > 1 else 'is'}: {', '.join(known) or 'none'}."


def nearest_name(name: str, known: Collection[str]) -> str:
    """Return the most similar known name, in any order of its words; empty if none is similar."""
    written = {_sort_words(one): one for one in known}
    near = get_close_matches(_sort_words(name[:LONGEST]), written, n=1, cutoff=0.7)
    return written[near[0]] if near else ""


def _sort_words(name: str) -> str:
    return "_".join(sorted(name.lower().replace("-", "_").split("_")))
