"""Private files: the database, the settings and the data folder are readable by their owner only."""

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

UMASK = 0o077  # files of the application are readable by their owner only
OTHERS = stat.S_IRWXO
ENTER = stat.S_IXOTH


def make_private(data_dir: Path, database: Mapping[str, Any]) -> None:
    """Set the umask, create `data_dir` if it is missing, and remove others' rights from the database file.

    An existing folder may be shared on purpose, so it is not changed, and `open_to_others` reports it. Raise OSError if
    the folder cannot be created.
    """
    os.umask(UMASK)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in files_of(database):
        with suppress(FileNotFoundError, PermissionError):  # owned by another user: the check reports it
            mode = file.stat().st_mode
            if stat.S_ISREG(mode) and mode & OTHERS:
                file.chmod(stat.S_IMODE(mode) & ~OTHERS)


def open_to_others(data_dir: Path, database: Mapping[str, Any], env_file: Path | None) -> list[Path]:
    """Return the private files and folders that any user of this machine can reach.

    Other than regular files, such as the device /dev/null, are left out: they contain nothing of the application.
    """
    files = [*files_of(database), *([env_file] if env_file else [])]
    private = [*([data_dir] if data_dir.is_dir() else []), *filter(Path.is_file, files)]
    return [path for path in private if _is_open(path)]


def is_shared(folder: Path) -> bool:
    """Return whether a folder is meant for all users, such as /tmp: it must not be closed."""
    return folder.is_dir() and (bool(folder.stat().st_mode & stat.S_ISVTX) or folder.resolve() == Path("/"))


def files_of(database: Mapping[str, Any]) -> list[Path]:
    """Return the files of a SQLite database, whether they are there or not; its logs contain rows too."""
    if database["ENGINE"] != "django.db.backends.sqlite3":
        return []
    return with_logs(Path(database["NAME"]))


def with_logs(database: Path) -> list[Path]:
    """Return the file of a SQLite database and those that SQLite keeps beside it."""
    return [database, *(Path(f"{database}{ending}") for ending in ("-wal", "-shm", "-journal"))]


def _is_open(path: Path) -> bool:
    """Return whether others have any right to the path and may enter every folder above it."""
    folders_are_open = all(folder.stat().st_mode & ENTER for folder in path.resolve().parents)
    return folders_are_open and bool(path.stat().st_mode & OTHERS)
