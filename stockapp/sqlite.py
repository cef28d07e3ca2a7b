"""SQLite: a connection to a database file that exists; no empty file takes the place of one that is gone."""

import sqlite3
from pathlib import Path
from typing import Any

IN_MEMORY = ":memory:"


class ExistingFile(sqlite3.Connection):
    """A connection that creates no file. Raises OperationalError (SQLITE_CANTOPEN) where there is none."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        if database == IN_MEMORY:  # nothing to lose: this is how checks run without a database
            super().__init__(database, *args, **kwargs)
        else:
            super().__init__(f"{Path(database).absolute().as_uri()}?mode=rw", *args, **{**kwargs, "uri": True})
