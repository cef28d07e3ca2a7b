"""Names: a class name is used once in the code base, so that it identifies one idea."""

import ast
from collections import defaultdict
from pathlib import Path

from django.conf import settings

PRODUCT = ("analysis", "watchlist", "stockapp")
NAMED_BY_DJANGO = {"Command", "Media", "Meta"}


def test_no_class_name_is_defined_twice() -> None:
    duplicates = {name: places for name, places in _classes().items() if len(places) > 1}
    assert not duplicates


def _classes() -> dict[str, list[str]]:
    """Return the places of every class of the product, nested ones included, by name."""
    places: dict[str, list[str]] = defaultdict(list)
    for app in PRODUCT:
        for path in sorted((settings.BASE_DIR / app).rglob("*.py")):
            file = path.relative_to(settings.BASE_DIR)
            if {"tests", "migrations"}.isdisjoint(file.parts):
                for line, name in _classes_in(path):
                    places[name].append(f"{file}:{line}")
    return places


def _classes_in(path: Path) -> list[tuple[int, str]]:
    tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    classes = [node for node in tree if isinstance(node, ast.ClassDef)]
    return [(node.lineno, node.name) for node in classes if node.name not in NAMED_BY_DJANGO]
