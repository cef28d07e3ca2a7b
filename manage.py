#!/usr/bin/env python
"""Django's command line; a database that cannot be used is one line."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import DatabaseError, DataError, IntegrityError

MISSING_TABLE = ("no such table", "does not exist")


def say(error: DatabaseError) -> str:
    sentence = f"The database cannot be used: {str(error).strip().splitlines()[0].rstrip('.')}."
    is_empty = any(words in sentence for words in MISSING_TABLE)
    return f"{sentence} `make setup` or `manage.py migrate` brings its tables." if is_empty else sentence


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockapp.settings")
    try:
        execute_from_command_line(sys.argv)
    except DatabaseError as error:
        if "--traceback" in sys.argv or isinstance(error, (DataError, IntegrityError)):
            raise
        sys.exit(say(error))
