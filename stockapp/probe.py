"""Probe: queries of the database with short timeouts, in a thread that is abandoned when it takes too long.

A lock, a slow disk or a frozen server can then delay a health check only briefly.
"""

import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

LOCK_MILLISECONDS, STATEMENT_MILLISECONDS = 200, 1000
MOST_AT_ONCE = 4

_free = threading.BoundedSemaphore(MOST_AT_ONCE)  # abandoned threads count until they end


def run_in_time[T](question: Callable[[], T], seconds: float) -> T | None:
    """Return the answer of the function, or None if there is none in time. Raise the exception that it raised."""
    if not _free.acquire(blocking=False):
        return None
    answers: list[T] = []
    errors: list[Exception] = []

    def ask() -> None:
        try:
            _shorten_waits()
            answers.append(question())
        except Exception as error:  # noqa: BLE001 - raised again below, in the calling thread
            errors.append(error)
        finally:
            connection.close()
            _free.release()

    thread = threading.Thread(target=ask, name="probe", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return answers[0] if answers else None


def try_to_write() -> None:
    """Write a row and commit it. Raise DatabaseError if that fails."""
    table = connection.ops.quote_name(str(settings.CACHES["default"]["LOCATION"]))
    statement = (
        f"INSERT INTO {table} (cache_key, value, expires) VALUES ('health', '', %s) "  # noqa: S608
        "ON CONFLICT (cache_key) DO UPDATE SET expires = excluded.expires"
    )
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, [connection.ops.adapt_datetimefield_value(timezone.now())])


def _shorten_waits() -> None:
    """Shorten the timeouts of this thread's connection."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"PRAGMA busy_timeout = {LOCK_MILLISECONDS}")
        else:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false), "
                "set_config('synchronous_commit', 'off', false)",
                [str(LOCK_MILLISECONDS), str(STATEMENT_MILLISECONDS)],
            )
