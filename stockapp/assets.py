"""Assets: the few files of npm packages that the pages use, in the folder where `npm ci` installs them."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.checks import CheckMessage
from django.core.files.storage import FileSystemStorage

PREFIX = "npm"
FILES = ("lightweight-charts/dist/lightweight-charts.standalone.production.js",)


def folder() -> Path:
    return Path(settings.BASE_DIR) / "node_modules"


def missing_files() -> list[Path]:
    return [folder() / name for name in FILES if not (folder() / name).is_file()]


class NodeModulesFinder(BaseFinder):
    """The finder of FILES, under `npm/`; nothing else of node_modules becomes public."""

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        return []

    def find(self, path: str, find_all: bool = False) -> Any:
        name = path.removeprefix(f"{PREFIX}/")
        found_path = str(folder() / name) if name != path and name in FILES and (folder() / name).is_file() else ""
        if find_all:
            return [found_path] if found_path else []
        return found_path or None

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        storage = FileSystemStorage(location=folder())
        storage.prefix = PREFIX  # type: ignore[attr-defined]
        for name in FILES:
            if storage.exists(name):
                yield name, storage
