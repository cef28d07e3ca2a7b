"""Reserve: a web process keeps threads free while others wait for the database, so that `/healthz` is answered at once.

A request takes a slot at its first statement and keeps it until its end. There is one slot fewer than there are
threads, and two fewer for requests that write, because those wait for each other's locks. A request that finds no slot
waits as long as the others get answers; when none of them has had one for a moment, it is refused with a 503.
`gunicorn.conf.py` says how many threads there are. Without it, as with a server that starts a thread for each request,
nothing is kept.
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
    """So many requests may use the database at once."""

    def __init__(self, count: int) -> None:
        self.free = count
        self.moved_at = 0.0
        self.changed = threading.Condition()

    def take(self) -> None:
        """Take a slot. Raise Busy when none is free and no holder of one has moved for a moment."""
        with self.changed:
            while not self.free:
                left = self.moved_at + STILL_SECONDS - time.monotonic()
                if left <= 0:
                    raise Busy("No slot is free: other requests wait for the database.")
                self.changed.wait(left)
            self.free -= 1
            self.moved_at = time.monotonic()

    def note_progress(self) -> None:
        """Note that a holder of a slot has had an answer from the database."""
        self.moved_at = time.monotonic()

    def release(self) -> None:
        with self.changed:
            self.free += 1
            self.moved_at = time.monotonic()
            self.changed.notify()


class RequestSlots:
    """The slots that one request holds, from its first statement on; a wrapper around each of its statements."""

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
    """Divide the threads of this process; with fewer than three there is none to spare."""
    _for_writers[:] = [Slots(count - 2)] if count > 2 else []
    _for_all[:] = [Slots(count - 1)] if count > 2 else []


def keep_threads_free(get_response: Answer) -> Answer:
    """Stand outside whatever asks the database for a request."""

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
