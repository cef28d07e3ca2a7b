"""Process: the kind of process this is, which decides how long it waits for the database.

This is the one place that knows. A process that serves pages loads `stockapp.wsgi`, whatever the web server is; others
are commands of `manage.py`. Somebody waits for the answer of a web process, so it gives up early and says so. A worker
and a command outlast a database that is locked or restarted. Commands that read or change whole tables wait longer.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a process waits, in seconds, and whether it may create a SQLite file that is not there."""

    lock: int
    """For what another session holds: a row, a table, the file of SQLite."""
    statement: int
    """For one statement, all its waits included; 0 is without a limit."""
    repeat: float
    """After this time a transaction that failed for want of the database is not begun again."""
    network: int
    """For a database server that does not answer at all."""
    creates_file: bool = False
    needs_file: bool = True
    """Whether it reads rows. A process that looks at the code alone also works before there is a SQLite file."""


WEB = Patience(lock=3, statement=6, repeat=3, network=5)
WORKER = Patience(lock=30, statement=300, repeat=40, network=30)
SUPERVISOR = replace(WORKER, repeat=3)  # its rounds come again by themselves
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
    """Return how long a process waits that was started with these arguments and has loaded these modules.

    A program that is neither a web server nor a command is a script or the tests, which create their database.
    """
    if "stockapp.wsgi" in modules:
        return WEB
    if not arguments or Path(arguments[0]).name not in PROGRAMS:
        return OTHER
    return COMMANDS.get(arguments[1], COMMAND) if len(arguments) > 1 else COMMAND


def patience() -> Patience:
    """Return how long this process waits."""
    return find_patience(sys.argv, sys.modules)
