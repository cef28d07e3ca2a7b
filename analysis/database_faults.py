"""Database faults: what is wrong with the database, read from the exception in hand, in a sentence for people.

A fault is a state of the database and not a mistake of ours: a refused constraint or a wrong statement is none. Damage
is also noted in a file: a damaged database cannot be trusted to keep the note, and other processes may not have read
the damaged page.
"""

import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

logger = logging.getLogger(__name__)

NOTE = "damaged"


class Busy(DatabaseError):
    """The web process has no connection to spare for this request: others wait for the database. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A cause and its remedy, in sentences. A person has to repair a lasting fault; stored data may be affected."""

    sentence: str
    remedy: str = ""
    is_lasting: bool = False

    def __str__(self) -> str:
        return f"{self.sentence} {self.remedy}".strip()


NO_ANSWER = Fault("The database does not answer.")
BUSY = Fault("The database is busy.", "Try again in a moment.")
DISK_FULL = Fault("The disk of the database is full.", "Nothing can be saved until there is room again.")
READ_ONLY = Fault("The database cannot be written.", "Check the permissions of its file and folder.")
DISK_ERROR = Fault("The disk of the database reports errors.", "Check the disk before anything else.", is_lasting=True)
GONE = Fault(
    "The database file is missing or cannot be opened.",
    "Put it back, or restore a backup as docs/backup.md describes. A new installation needs `manage.py migrate`.",
    is_lasting=True,
)
DAMAGED = Fault(
    "The database file is damaged.",
    "Stop the web server and the workers, then restore a backup as docs/backup.md describes.",
    is_lasting=True,
)
NO_TABLES = Fault("The database lacks tables.", "Run `manage.py migrate` and `manage.py createcachetable`.")

SQLITE = {
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_FULL": DISK_FULL,
    "SQLITE_READONLY_DBMOVED": GONE,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_CANTOPEN": GONE,
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_IOERR": DISK_ERROR,
}
"""By the beginning of SQLite's name for the error; the first that fits."""
SQLSTATES = {
    "55P03": BUSY,
    "57014": BUSY,
    "53300": BUSY,
    "53100": DISK_FULL,
    "25006": READ_ONLY,
    "58030": DISK_ERROR,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
    "42P01": NO_TABLES,
}
"""By PostgreSQL's code."""


def find_fault(error: BaseException | None) -> Fault | None:
    """Return what is wrong with the database, None where the error has another cause."""
    if isinstance(error, Busy):
        return BUSY
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    cause = error.__cause__
    name = str(getattr(cause, "sqlite_errorname", ""))
    known = next((fault for beginning, fault in SQLITE.items() if name.startswith(beginning)), None)
    known = known or SQLSTATES.get(str(getattr(cause, "sqlstate", "")))
    if known is None and "no such table" in str(error):
        return NO_TABLES
    return known or (NO_ANSWER if isinstance(error, OperationalError | InterfaceError) else None)


def note_damage(error: BaseException) -> None:
    """Leave a note where the error says that the database is damaged, unless there is one."""
    if find_fault(error) is DAMAGED:
        # A disk that takes no note must not hide the damage itself; the log has it.
        with suppress(OSError), _note().open("x") as note:
            note.write(f"{timezone.now().isoformat()}\n{error}\n")
            logger.critical("%s %s", DAMAGED, error)


def damaged_since() -> datetime | None:
    """Return when damage was noted; None while nobody has met any since `forget_damage`."""
    try:
        first, _, _ = _note().read_text().partition("\n")
        return datetime.fromisoformat(first)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # a note that cannot be read was written all the same
        return timezone.now()


def forget_damage() -> None:
    """Remove the note: the database was checked and is whole."""
    _note().unlink(missing_ok=True)


def _note() -> Path:
    folder: Path = settings.DATA_DIR
    return folder / NOTE
