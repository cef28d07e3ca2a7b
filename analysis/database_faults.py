"""Database faults: the cause of a database error, with a sentence for people.

A fault is a state of the database, not an error of the application: a violated constraint or a wrong statement is none.
Damage is also recorded in a file, because a damaged database may lose the record, and other processes may not have read
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

DAMAGE_FILE = "damaged"


class DatabaseBusy(DatabaseError):
    """Refusal of a request without a free thread, because others wait for the database; no statement was sent."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The cause of a database error, and its remedy; a lasting fault has to be repaired by a person."""

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
NOT_MIGRATED = Fault(
    "The database lacks tables or columns of this version.", "Run `manage.py migrate` and `manage.py createcachetable`."
)
NO_ENTRY = Fault("The database refuses this application.", "Check user, password and name in DATABASE_URL.")

SQLITE = {
    "SQLITE_BUSY": BUSY,
    "SQLITE_LOCKED": BUSY,
    "SQLITE_FULL": DISK_FULL,
    "SQLITE_READONLY_DBMOVED": GONE,
    "SQLITE_PROTOCOL": BUSY,
    "SQLITE_READONLY": READ_ONLY,
    "SQLITE_PERM": READ_ONLY,
    "SQLITE_CANTOPEN": GONE,
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_IOERR": DISK_ERROR,
}
"""Faults by the prefix of SQLite's error name; the first match counts."""
SQLSTATES = {
    "55P03": BUSY,
    "57014": BUSY,
    "53300": BUSY,
    "53100": DISK_FULL,
    "25006": READ_ONLY,
    "58030": DISK_ERROR,
    "XX001": DAMAGED,
    "XX002": DAMAGED,
    "42P01": NOT_MIGRATED,
    "42703": NOT_MIGRATED,
    "42501": NO_ENTRY,
}
"""Faults by PostgreSQL's SQLSTATE."""
TEXTS = {
    "no such table": NOT_MIGRATED,
    "no such column": NOT_MIGRATED,
    "has no column named": NOT_MIGRATED,
    "too many clients": BUSY,
    "remaining connection slots": BUSY,
    "authentication failed": NO_ENTRY,
    "pg_hba.conf": NO_ENTRY,
    'FATAL:  role "': NO_ENTRY,
    'FATAL:  database "': NO_ENTRY,
}
"""Faults by part of the message: bad statements share one name in SQLite, refused connections have no SQLSTATE."""
MISTAKE = "SQLITE_ERROR"


def find_fault(error: BaseException | None) -> Fault | None:
    """Return the fault that caused an error, None if it has another cause."""
    if isinstance(error, DatabaseBusy):
        return BUSY
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    cause = error.__cause__
    name = str(getattr(cause, "sqlite_errorname", ""))
    known = next((fault for beginning, fault in SQLITE.items() if name.startswith(beginning)), None)
    known = known or SQLSTATES.get(str(getattr(cause, "sqlstate", "")))
    known = known or next((fault for text, fault in TEXTS.items() if text in str(error)), None)
    if known or name == MISTAKE:
        return known
    return NO_ANSWER if isinstance(error, OperationalError | InterfaceError) else None


def record_damage(error: BaseException) -> None:
    """Record in the data folder that the database is damaged, if the error says so and no record exists."""
    if find_fault(error) is DAMAGED:
        # A record that cannot be written must not hide the error; the log has it.
        with suppress(OSError), _damage_file().open("x") as note:
            note.write(f"{timezone.now().isoformat()}\n{error}\n")
            logger.critical("%s %s", DAMAGED, error)


def damage_time() -> datetime | None:
    """Return when damage was recorded, None if there is no record."""
    try:
        first, _, _ = _damage_file().read_text().partition("\n")
        return datetime.fromisoformat(first)
    except FileNotFoundError:
        return None
    except (OSError, ValueError):  # an unreadable record is still a record
        return timezone.now()


def clear_damage() -> None:
    """Remove the record of damage, after a check has found the database whole."""
    _damage_file().unlink(missing_ok=True)


def _damage_file() -> Path:
    folder: Path = settings.DATA_DIR
    return folder / DAMAGE_FILE
