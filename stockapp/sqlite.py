"""SQLite: a connection that never creates a database file, so that no empty file replaces a missing one."""

import sqlite3
from pathlib import Path
from typing import Any

IN_MEMORY = ":memory:"


class ExistingFile(sqlite3.Connection):
    """A connection to an existing file. Raise OperationalError (SQLITE_CANTOPEN) if there is none."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if database == IN_MEMORY:  # checks run without a database this way
            super().__init__(database, *args, **kwargs)
        else:
            super().__init__(f"{Path(database).absolute().as_uri()}?mode=rw", *args, **{**kwargs, "uri": True})
