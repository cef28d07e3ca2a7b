"""Structure: rules of the layout that no linter checks."""

import ast
import tomllib
from pathlib import Path

from django.conf import settings

SERVICES = ("jobs", "worker", "upkeep", "track_records", "stock_lists")
SHORTEST = 25


def test_the_contract_of_the_floors_names_every_module_of_the_project() -> None:
    """Otherwise a lower floor could import the module that is missing."""
    contracts = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    floors = " ".join(contracts[0]["layers"]).replace(":", " ").replace("|", " ").split()
    folder = settings.BASE_DIR / "stockapp"
    modules = {f"stockapp.{path.stem}" for path in folder.iterdir() if path.suffix == ".py" or _is_package(path)}
    assert modules - {"stockapp.__init__", "stockapp.tests"} == {
        name for name in floors if name.startswith("stockapp.")
    }


def test_no_module_of_the_services_is_short_unless_it_is_a_declaration() -> None:
    """A file for each verb makes a reader jump; a declaration defines no function of its own."""
    short = [path for path in _services() if len(path.read_text().splitlines()) < SHORTEST and _has_functions(path)]
    assert short == []


def _services() -> list[Path]:
    files = [path for name in SERVICES for path in (settings.BASE_DIR / "analysis" / name).rglob("*.py")]
    return [path for path in files if path.name != "__init__.py"]


def _has_functions(path: Path) -> bool:
    return any(isinstance(node, ast.FunctionDef) for node in ast.parse(path.read_text()).body)


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").exists()
