"""Structure: rules of the layout that no linter checks."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from radon.complexity import ComplexityVisitor, cc_rank

SERVICES = ("jobs", "worker", "upkeep", "track_records", "stock_lists", "calendars")
SHORTEST = 25
DEEPEST = 8  # levels of two spaces
PYTHON = ("analysis", "watchlist", "stockapp", "tests", "benchmarks")
DJANGO_IMPORTS = {"analysis/models/__init__.py", "analysis/admin/__init__.py"}  # for what their modules register


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


def test_no_function_hides_its_branches_in_comprehensions() -> None:
    """Ruff's limit counts no branch inside a comprehension or a condition of two parts; radon's rank does."""
    worse = [
        f"{path}:{block.lineno} {block.name} {block.complexity}"
        for path in _python_files()
        for block in ComplexityVisitor.from_code(path.read_text(), no_assert=True).blocks
        if cc_rank(block.complexity) > "C"
    ]
    assert worse == []


def test_no_package_exports_the_names_of_its_modules() -> None:
    """A reader finds a name in the module that an import names."""
    exports = [
        f"{path.relative_to(settings.BASE_DIR)}: {name}"
        for path in _python_files()
        if path.name == "__init__.py" and str(path.relative_to(settings.BASE_DIR)) not in DJANGO_IMPORTS
        for name in _names_only_imported(ast.parse(path.read_text()))
    ]
    assert exports == []


def test_no_template_is_nested_deeply() -> None:
    """A part that would be deeper is a partial, or a file, with a name of its own."""
    deep = [
        f"{path.relative_to(settings.BASE_DIR)}:{number}"
        for path in sorted((settings.BASE_DIR / "templates").rglob("*.html"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) - len(line.lstrip(" ")) > 2 * DEEPEST
    ]
    assert deep == []


def _python_files() -> Iterator[Path]:
    for name in PYTHON:
        yield from (path for path in (settings.BASE_DIR / name).rglob("*.py") if "migrations" not in path.parts)


def _names_only_imported(module: ast.Module) -> set[str]:
    imports = [node for node in ast.walk(module) if isinstance(node, ast.ImportFrom)]
    imported = {alias.asname or alias.name for node in imports for alias in node.names}
    return imported - {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}


def _services() -> list[Path]:
    files = [path for name in SERVICES for path in (settings.BASE_DIR / "analysis" / name).rglob("*.py")]
    return [path for path in files if path.name != "__init__.py"]


def _has_functions(path: Path) -> bool:
    return any(isinstance(node, ast.FunctionDef) for node in ast.parse(path.read_text()).body)


def _is_package(path: Path) -> bool:
    return (path / "__init__.py").exists()
