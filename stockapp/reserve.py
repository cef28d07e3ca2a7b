"""Reserve: threads of a web process that stay free while others wait for the database, so that `/healthz` is answered.

A request takes a slot at its first statement and holds it until its end. There is one slot fewer than threads, and one
fewer again for requests that write, because they wait for each other's locks. A request without a slot waits while the
holders make progress; when none has had an answer for STILL_SECONDS, it is refused with 503. `gunicorn.conf.py` sets
the number of threads. Without it, as with a server that starts a thread per request, there are no slots.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from analysis.database_faults import Busy
from stockapp.middleware import Answer

STILL_SECONDS = 0.3
SAFE = ("GET", "HEAD", "OPTIONS")


class Slots:
    """A number of requests that may use the database at once."""

    def __init__(self, count: int) -> None:
        self.free = count
        self.moved_at = 0.0
        self.changed = threading.Condition()

    def take(self) -> None:
        """Take a slot. Raise Busy if none is free and no holder has made progress for STILL_SECONDS."""
        with self.changed:
            while not self.free:
                left = self.moved_at + STILL_SECONDS - time.monotonic()
                if left <= 0:
                    raise Busy("No slot is free: other requests wait for the database.")
                self.changed.wait(left)
            self.free -= 1
            self.moved_at = time.monotonic()

    def note_progress(self) -> None:
        """Note that the database has answered a holder of a slot."""
        self.moved_at = time.monotonic()

    def release(self) -> None:
        with self.changed:
            self.free += 1
            self.moved_at = time.monotonic()
            self.changed.notify()


class RequestSlots:
    """The slots of one request, taken at its first statement; an execute wrapper of its connection."""

    def __init__(self, wanted: list[Slots]) -> None:
        self.wanted = wanted
        self.held: list[Slots] = []

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        while self.wanted:
            self.wanted[0].take()
            self.held.append(self.wanted.pop(0))
        try:
            return execute(sql, params, many, context)
        finally:
            for slots in self.held:
                slots.note_progress()

    def end(self) -> None:
        for slots in self.held:
            slots.release()


_for_writers: list[Slots] = []
_for_all: list[Slots] = []


def set_threads(count: int) -> None:
    """Set the number of threads of this process; with fewer than three there are no slots."""
    _for_writers[:] = [Slots(count - 2)] if count > 2 else []
    _for_all[:] = [Slots(count - 1)] if count > 2 else []


def keep_threads_free(get_response: Answer) -> Answer:
    """Limit the requests that use the database; this middleware has to be outside all that use it."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not _for_all:
            return get_response(request)
        slots = RequestSlots([*([] if request.method in SAFE else _for_writers), *_for_all])
        try:
            with connection.execute_wrapper(slots):
                return get_response(request)
        finally:
            slots.end()

    return answer
