"""Database: transactions that are repeated after a transient error, short waits for locks, planner statistics."""

import functools
import itertools
import logging
import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Model

from analysis.database_faults import find_fault, record_damage

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 4.0  # seconds
MOMENT = 0.3
# Deadlock, serialization failure, connection lost or refused, server starting or shutting down, too many connections,
# a lock that was not released in time, a statement that took too long.
TRANSIENT_SQLSTATES = ("40001", "40P01", "08", "57P", "53300", "55P03", "57014")
TRANSIENT_SQLITE = ("database is locked", "database table is locked", "disk i/o error")


def is_transient(error: Exception) -> bool:
    """Return whether the same transaction may succeed when it is repeated; False for a violated constraint."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    state = getattr(error.__cause__, "sqlstate", None)
    if state:
        return str(state).startswith(TRANSIENT_SQLSTATES)
    return connection.vendor == "postgresql" or any(text in str(error).lower() for text in TRANSIENT_SQLITE)


def transactional[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Run a function in one transaction of its own, and repeat it after a transient error of the database.

    It is repeated for as long as this kind of process waits (`stockapp.process`): 3 s in a web process, 40 s in a
    worker, which outlasts a restart of the database. Inside an outer transaction it runs once, as a savepoint, because
    only the outermost transaction can be repeated.
    """

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if connection.in_atomic_block:
            with transaction.atomic():
                return function(*args, **kwargs)
        ends = time.monotonic() + settings.PATIENCE.repeat
        for tried in itertools.count(1):
            try:
                with transaction.atomic():
                    if tried > 1:
                        _limit_lock_waits(ends - time.monotonic())
                    return function(*args, **kwargs)
            except (DatabaseError, InterfaceError) as error:
                record_damage(error)
                if time.monotonic() > ends or not is_transient(error):
                    raise
                pause = min(FIRST_PAUSE * 2**tried, LONGEST_PAUSE) * random.uniform(0.7, 1.3)  # noqa: S311
                sentence = "%s: %s; again in %.1f s"
                logger.warning(
                    sentence, function.__qualname__, str(error).strip(), pause, extra={"fault": find_fault(error)}
                )
                close_old_connections()
                time.sleep(pause)
        raise AssertionError

    return wrapper


@contextmanager
def brief_transaction() -> Iterator[None]:
    """Run a transaction whose work can be left undone. Raise OperationalError if it has to wait longer than MOMENT."""
    if connection.in_atomic_block:
        with transaction.atomic():
            yield
    elif connection.vendor == "postgresql":
        with transaction.atomic():
            _limit_lock_waits(MOMENT)
            yield
    else:
        _set_busy_timeout(MOMENT)
        try:
            with transaction.atomic():
                yield
        finally:
            _set_busy_timeout(connection.settings_dict["OPTIONS"]["timeout"])


def _set_busy_timeout(seconds: float) -> None:
    """Set how long transactions of this SQLite connection wait for other writers."""
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


def _limit_lock_waits(seconds: float) -> None:
    """Limit this transaction's waits for locks to the time that is left, so that repeats do not add up.

    SQLite waits only where a transaction begins, and a single wait uses all of the time.
    """
    if connection.vendor == "postgresql":
        milliseconds = int(min(max(seconds, FIRST_PAUSE), settings.PATIENCE.lock) * 1000)
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(milliseconds)])


def refresh_planner_statistics(models: Iterable[type[Model]]) -> None:
    """Refresh the row counts of these tables, by which PostgreSQL plans queries, before whole tables are read.

    PostgreSQL refreshes them only some minutes after a bulk job or a restore. Until then it may take a hundred thousand
    results for two hundred, and compare each with every other.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in models)}")
