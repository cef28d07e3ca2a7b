#!/usr/bin/env python
"""Django's command line; a database that cannot be used is one line."""

import os
import sys

from django.core.management import execute_from_command_line
from django.db import DatabaseError, DataError, IntegrityError

from analysis.database_faults import find_fault


def say(error: DatabaseError) -> str:
    first_line = str(error).strip().splitlines()[0].rstrip(".")
    return f"The database cannot be used: {first_line}. {find_fault(error) or ''}".strip()


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockapp.settings")
    try:
        execute_from_command_line(sys.argv)
    except DatabaseError as error:
        if "--traceback" in sys.argv or isinstance(error, (DataError, IntegrityError)):
            raise
        sys.exit(say(error))
