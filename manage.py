#!/usr/bin/env python
"""Django's command line; a database that cannot be used is one line, and a reader that has left is no failure."""

import os
import select
import signal
import sys

from django.core.management import execute_from_command_line
from django.db import DatabaseError, DataError, IntegrityError

from analysis.database_faults import find_fault


def say(error: DatabaseError) -> str:
    first_line = str(error).strip().splitlines()[0].rstrip(".")
    return f"The database cannot be used: {first_line}. {find_fault(error) or ''}".strip()


def run() -> None:
    try:
        execute_from_command_line(sys.argv)
    finally:
        if sys.stdout:
            sys.stdout.flush()  # here, where it may fail, and not when Python ends


def drop_unread() -> bool:
    """Let what still goes to a pipe that nobody reads go nowhere; return whether there was one."""
    poll = select.poll()
    for stream in (1, 2):
        poll.register(stream, 0)
    unread = [stream for stream, event in poll.poll(0) if event & select.POLLERR]
    for stream in unread:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    return bool(unread)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stockapp.settings")
    try:
        run()
    except DatabaseError as error:
        if "--traceback" in sys.argv or isinstance(error, (DataError, IntegrityError)):
            raise
        sys.exit(say(error))
    except BrokenPipeError:  # `manage.py jobs | head -1`; it may also be of another connection
        if not drop_unread():
            raise
        sys.exit(128 + signal.SIGPIPE)
