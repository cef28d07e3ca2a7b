"""SQLite: a connection to a database file that exists; no empty file takes the place of one that is gone."""

import sqlite3
from pathlib import Path
from typing import Any


class ExistingFile(sqlite3.Connection):
    """A connection that creates no file. Raises OperationalError (SQLITE_CANTOPEN) where there is none."""

    def __init__(self, database: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(f"{Path(database).absolute().as_uri()}?mode=rw", *args, **{**kwargs, "uri": True})
