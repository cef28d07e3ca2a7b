"""Backup: a complete copy of the SQLite database while others write to it, checked before it gets its name."""

import os
import shlex
import sqlite3
import stat
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from django.db import connection

from stockapp.private_files import with_logs

HEADER = b"SQLite format 3\0"


class CannotBackUp(Exception):
    """Failure of a backup; the message is a sentence with the reason and the remedy."""


def backup(target: Path, *, force: bool = False) -> int:
    """Write the database to `target`, readable by its owner only. Return its size in bytes.

    The copy is one read transaction: it has everything that was committed before it began and nothing later. It appears
    under its name when it is complete, or not at all. Raise CannotBackUp if it cannot be made.
    """
    if connection.vendor != "sqlite":
        command = shlex.join(pg_dump(connection.settings_dict, target))
        raise CannotBackUp(f"This database is PostgreSQL; back it up with: (umask 077; {command})")
    source = Path(str(connection.settings_dict["NAME"]))
    part = target.parent / f".{target.name}.{os.getpid()}.part"
    try:
        _check_target(source, target, force=force)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy_database(source, part)
        _check_target(source, target, force=force)
        part.replace(target)
        _flush_to_disk(target.parent)
    except OSError as error:
        raise CannotBackUp(f"{target} cannot be written: {error.strerror}.") from None
    except sqlite3.Error as error:
        raise CannotBackUp(f"{source} cannot be copied to {target}: {error}.") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return target.stat().st_size


def pg_dump(database: dict[str, Any], target: Path) -> list[str]:
    """Return the command that dumps a PostgreSQL database, for a shell with umask 077; it asks for the password."""
    options = {"host": database["HOST"], "port": database["PORT"], "username": database["USER"]}
    given = [f"--{name}={value}" for name, value in options.items() if value]
    return ["pg_dump", "--format=custom", f"--file={target}", *given, f"--dbname={database['NAME']}"]


def _check_target(source: Path, target: Path, *, force: bool) -> None:
    """Raise CannotBackUp unless the backup may take this name."""
    if not source.is_file():
        raise CannotBackUp(f"There is no database at {source}.")
    if not target.parent.is_dir():
        raise CannotBackUp(f"There is no folder {target.parent}.")
    if target.is_dir():
        raise CannotBackUp(f"{target} is a folder; name a file in it.")
    if any(_is_same_file(target, file) for file in {*with_logs(source), *with_logs(source.resolve())}):
        raise CannotBackUp(f"{target} is a file of the database itself; name another one.")
    for log in with_logs(target)[1:]:
        if os.path.lexists(log):  # SQLite would apply this log to the copy
            raise CannotBackUp(f"{log} belongs to another database; name another file than {target}.")
    if os.path.lexists(target):
        _check_existing_file(target, force=force)


def _check_existing_file(target: Path, *, force: bool) -> None:
    """Raise CannotBackUp unless the file that is there may be replaced."""
    if not force:
        raise CannotBackUp(f"{target} is there already; --force replaces it if it is a SQLite database.")
    if not (stat.S_ISREG(target.lstat().st_mode) and _is_database(target)):
        raise CannotBackUp(f"{target} is no SQLite database; --force replaces only such a file.")


def _is_database(file: Path) -> bool:
    with file.open("rb") as start:
        return start.read(len(HEADER)) == HEADER


def _is_same_file(one: Path, other: Path) -> bool:
    """Return whether two paths name one file, which need not be there."""
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()


def _copy_database(source: Path, part: Path) -> None:
    address = f"{source.resolve().as_uri()}?mode=rw"
    with closing(sqlite3.connect(address, uri=True, timeout=30)) as live, closing(sqlite3.connect(part)) as copy:
        live.backup(copy)  # all pages in one step: in WAL mode no process waits, and no writer restarts the copy
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with no log beside it
        verdict = "; ".join(row[0] for row in copy.execute("PRAGMA integrity_check(3)"))
    if verdict != "ok":
        raise CannotBackUp(f"The copy of {source} is damaged, and so may be the database: {verdict}.")
    _flush_to_disk(part)


def _flush_to_disk(path: Path) -> None:
    """Flush a file to disk, so that it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
