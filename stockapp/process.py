"""Process: the kind of this process, which decides how long it waits for the database.

A process that serves pages loads `stockapp.wsgi`, whatever the web server is; others are commands of `manage.py`. A web
process gives up early, because a person waits for its answer. Workers and commands outlast a database that is locked or
restarted. Commands that read or change whole tables wait longer.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Patience:
    """The times that a process waits, in seconds, and its permission to create a missing SQLite file."""

    lock: int
    """For a lock of another session: a row, a table, the SQLite file."""
    statement: int
    """For one statement, waits included; 0 means no limit."""
    repeat: float
    """For repeating a transaction that failed transiently."""
    network: int
    """For a database server that does not answer at all."""
    creates_file: bool = False
    needs_file: bool = True
    """True if the process reads rows; one that only inspects code also works without a SQLite file."""


WEB = Patience(lock=3, statement=6, repeat=3, network=5)
WORKER = Patience(lock=30, statement=300, repeat=40, network=30)
SUPERVISOR = replace(WORKER, repeat=3)  # because its loop repeats everything anyway
COMMAND = WORKER
UPKEEP = replace(COMMAND, lock=600, statement=0)
CREATION = replace(UPKEEP, creates_file=True)
LOOK = replace(COMMAND, needs_file=False)
OTHER = replace(COMMAND, repeat=3, creates_file=True)

COMMANDS = {
    "runserver": WEB,
    "worker": SUPERVISOR,
    "cluster": WORKER,
    "qcluster": WORKER,
    "check": LOOK,
    "makemigrations": LOOK,
    "migrate": CREATION,
    "test": CREATION,
    **dict.fromkeys(
        ("backup", "check_integrity", "createcachetable", "dbshell", "dumpdata", "flush", "loaddata", "prune"), UPKEEP
    ),
}
PROGRAMS = ("manage.py", "django-admin")


def find_patience(arguments: Sequence[str], modules: Collection[str]) -> Patience:
    """Return the patience of a process with these arguments and loaded modules.

    A program that is neither a web server nor a command is a script or a test run, which creates its database.
    """
    if "stockapp.wsgi" in modules:
        return WEB
    if not arguments or Path(arguments[0]).name not in PROGRAMS:
        return OTHER
    return COMMANDS.get(arguments[1], COMMAND) if len(arguments) > 1 else COMMAND


def patience() -> Patience:
    """Return the patience of this process."""
    return find_patience(sys.argv, sys.modules)
