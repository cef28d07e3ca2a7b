"""Private files: no other user of the machine may read the database, its settings, or the folder that holds them."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

UMASK = 0o077  # whatever the application writes is its owner's alone
OTHERS = stat.S_IRWXO
ENTER = stat.S_IXOTH


def make_private(data_dir: Path, database: Mapping[str, Any]) -> None:
    """Let this process write private files only; make `data_dir` if it is missing, and close an open database file.

    A folder that is there may be shared on purpose, so it is left as it is, and `open_to_others` reports it. Raises
    OSError when the folder cannot be made.
    """
    os.umask(UMASK)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in _files_of(database):
        with suppress(FileNotFoundError, PermissionError):  # it is another user's: the check reports it
            mode = file.stat().st_mode
            if mode & OTHERS:
                file.chmod(stat.S_IMODE(mode) & ~OTHERS)


def open_to_others(data_dir: Path, database: Mapping[str, Any], env_file: Path | None) -> list[Path]:
    """Return the private files and folders that any user of this machine can reach."""
    private = [data_dir, *_files_of(database), *([env_file] if env_file else [])]
    return [path for path in private if path.exists() and _is_open(path)]


def _files_of(database: Mapping[str, Any]) -> list[Path]:
    """Return the files of a SQLite database: the log and its index repeat rows of it."""
    if database["ENGINE"] != "django.db.backends.sqlite3":
        return []
    return [Path(f"{database['NAME']}{ending}") for ending in ("", "-wal", "-shm")]


def _is_open(path: Path) -> bool:
    """Whether others have any right to it, and may enter every folder above it."""
    folders_are_open = all(folder.stat().st_mode & ENTER for folder in path.resolve().parents)
    return folders_are_open and bool(path.stat().st_mode & OTHERS)
