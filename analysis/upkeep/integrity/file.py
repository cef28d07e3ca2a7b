"""File: SQLite's own check of its file, before any check of rows."""

from django.db import DatabaseError, connection

from analysis.database_faults import DAMAGED, find_fault, record_damage

MOST_FINDINGS = 5


class DamagedFile(Exception):
    """Damage of the database file; `findings` are SQLite's messages."""

    def __init__(self, findings: list[str]) -> None:
        super().__init__(str(DAMAGED))
        self.findings = findings


def check_file() -> None:
    """Raise DamagedFile unless SQLite's integrity check succeeds."""
    if connection.vendor != "sqlite":
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA integrity_check({MOST_FINDINGS})")
            findings = [line for (text,) in cursor.fetchall() for line in str(text).splitlines()]
    except DatabaseError as error:
        if find_fault(error) is not DAMAGED:
            raise
        record_damage(error)
        findings = [str(error)]
    if findings != ["ok"]:
        raise DamagedFile(findings[:MOST_FINDINGS])
