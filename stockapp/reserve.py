"""Reserve: threads of a web process that stay free while others wait for the database, so that `/healthz` is answered.

Each statement takes a slot, of which there is one fewer than threads. A request that writes also holds a slot of its
own from its first statement to its end, of which there is one fewer again, because writers wait for each other's locks.
A request without a slot waits while the holders make progress; it is refused with 503 when all of them are inside a
statement and none has been answered for STILL_SECONDS. One that computes or renders is not waiting for the database.
`gunicorn.conf.py` sets the number of threads. Without it, as with a server that starts a thread per request, there are
no slots.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from analysis.database_faults import DatabaseBusy
from stockapp.middleware import Answer

STILL_SECONDS = 0.3
SAFE = ("GET", "HEAD", "OPTIONS")


class DatabaseSlots:
    """A number of requests that may use the database at once."""

    def __init__(self, count: int) -> None:
        self.count = self.free = count
        self.asking = 0  # holders inside a statement
        self.moved_at = 0.0
        self.changed = threading.Condition()

    def take(self) -> None:
        """Take a slot. Raise DatabaseBusy if none is free and all holders have waited for the database too long."""
        with self.changed:
            while not self.free:
                left = self.moved_at + STILL_SECONDS - time.monotonic()
                if left <= 0 and self.asking == self.count:
                    raise DatabaseBusy("No slot is free: other requests wait for the database.")
                self.changed.wait(left if left > 0 else STILL_SECONDS)
            self.free -= 1
            self.moved_at = time.monotonic()

    def release(self) -> None:
        with self.changed:
            self.free += 1
            self.moved_at = time.monotonic()
            self.changed.notify()

    @contextmanager
    def statement(self) -> Iterator[None]:
        """Count the holder of a slot as inside a statement."""
        with self.changed:
            self.asking += 1
        try:
            yield
        finally:
            with self.changed:
                self.asking -= 1
                self.moved_at = time.monotonic()

    @contextmanager
    def slot_for_statement(self) -> Iterator[None]:
        """Hold a slot for one statement."""
        self.take()
        try:
            with self.statement():
                yield
        finally:
            self.release()


class RequestSlots:
    """The slots of one request; an execute wrapper of its connection."""

    def __init__(self, for_all: DatabaseSlots, for_writers: DatabaseSlots | None) -> None:
        self._for_all, self._for_writers = for_all, for_writers
        self._is_held = False

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        if self._for_writers and not self._is_held:
            self._for_writers.take()
            self._is_held = True
        with ExitStack() as slots:
            slots.enter_context(self._for_all.slot_for_statement())
            if self._for_writers:
                slots.enter_context(self._for_writers.statement())
            return execute(sql, params, many, context)

    def end(self) -> None:
        """Release the slot that is held between statements."""
        if self._for_writers and self._is_held:
            self._for_writers.release()


_for_writers: list[DatabaseSlots] = []
_for_all: list[DatabaseSlots] = []


def set_threads(count: int) -> None:
    """Set the number of threads of this process; with fewer than three there are no slots."""
    _for_writers[:] = [DatabaseSlots(count - 2)] if count > 2 else []
    _for_all[:] = [DatabaseSlots(count - 1)] if count > 2 else []


def keep_threads_free(get_response: Answer) -> Answer:
    """Limit the requests that use the database; this middleware has to be outside all that use it."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not _for_all:
            return get_response(request)
        slots = RequestSlots(_for_all[0], None if request.method in SAFE else _for_writers[0])
        try:
            with connection.execute_wrapper(slots):
                return get_response(request)
        finally:
            slots.end()

    return answer
