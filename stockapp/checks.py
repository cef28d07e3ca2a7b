"""System checks: settings and files that must exist or agree before the application serves requests."""

import shlex
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from stockapp import assets
from stockapp.environment import env_file
from stockapp.private_files import is_shared, open_to_others


@register(Tags.staticfiles)
def assets_are_installed(**_: Any) -> list[CheckMessage]:
    return [
        Warning(f"{file} is missing: the pages will look bare.", hint="Run `make setup`.", id="stockapp.W001")
        for file in assets.missing_files()
    ]


@register()
def the_folder_of_prices_is_there(**_: Any) -> list[CheckMessage]:
    """Return a warning and no error: a folder of another machine may come later than the start."""
    folder = settings.CSV_PRICES_DIR
    if not settings.PRICE_ORDER.uses("csv") or (folder and folder.is_dir()):
        return []
    sentence = f"CSV_PRICES_DIR is {folder}, which is no folder: no price can be read from it."
    return [Warning(sentence, hint="Create it, or name another folder.", id="stockapp.W002")]


@register(Tags.security)
def private_files_are_private(**_: Any) -> list[CheckMessage]:
    return [
        Warning(
            f"Every user of this machine can reach {path}, which is private.",
            hint=_how_to_close(path),
            id="stockapp.W010",
        )
        for path in _open_files()
    ]


@register(Tags.security, deploy=True)
def a_server_has_no_open_files(**_: Any) -> list[CheckMessage]:
    """Return an error where the check above returns warnings; `--deploy` fails on it."""
    if not (count := len(_open_files())):
        return []
    return [
        Error(
            f"Private files or folders that every user of this machine can reach: {count}.",
            hint="Follow the hints of the warnings stockapp.W010.",
            id="stockapp.E010",
        )
    ]


def _how_to_close(path: Path) -> str:
    if is_shared(path):
        return f"{path} is shared by all users: set DATA_DIR to a folder of its own, such as {path / 'stockapp'}."
    return f"Run: chmod o-rwx {shlex.quote(str(path))}"


def _open_files() -> list[Path]:
    return open_to_others(settings.DATA_DIR, settings.DATABASES["default"], env_file())
