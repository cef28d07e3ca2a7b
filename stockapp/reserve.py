"""Reserve: a web process keeps threads free while others wait for the database, so that `/healthz` is answered at once.

A request takes a place at its first statement and keeps it until its end. There is one place fewer than there are
threads, and two fewer for requests that write, because those wait for each other's locks. A request that finds no place
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


class Places:
    """So many requests may use the database at once."""

    def __init__(self, count: int) -> None:
        self.free = count
        self.moved_at = 0.0
        self.changed = threading.Condition()

    def take(self) -> None:
        """Take a place. Raise Busy when none is free and no holder of one has moved for a moment."""
        with self.changed:
            while not self.free:
                left = self.moved_at + STILL_SECONDS - time.monotonic()
                if left <= 0:
                    raise Busy("No place is free: other requests wait for the database.")
                self.changed.wait(left)
            self.free -= 1
            self.moved_at = time.monotonic()

    def note_movement(self) -> None:
        """Note that a holder of a place has had an answer from the database."""
        self.moved_at = time.monotonic()

    def give_back(self) -> None:
        with self.changed:
            self.free += 1
            self.moved_at = time.monotonic()
            self.changed.notify()


class Visit:
    """The places that one request holds, from its first statement on; a wrapper around each of its statements."""

    def __init__(self, wanted: list[Places]) -> None:
        self.wanted = wanted
        self.held: list[Places] = []

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        while self.wanted:
            self.wanted[0].take()
            self.held.append(self.wanted.pop(0))
        try:
            return execute(sql, params, many, context)
        finally:
            for places in self.held:
                places.note_movement()

    def end(self) -> None:
        for places in self.held:
            places.give_back()


_for_writers: list[Places] = []
_for_all: list[Places] = []


def set_threads(count: int) -> None:
    """Divide the threads of this process; with fewer than three there is none to spare."""
    _for_writers[:] = [Places(count - 2)] if count > 2 else []
    _for_all[:] = [Places(count - 1)] if count > 2 else []


def keep_threads_free(get_response: Answer) -> Answer:
    """Stand outside whatever asks the database for a request."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        if not _for_all:
            return get_response(request)
        visit = Visit([*([] if request.method in SAFE else _for_writers), *_for_all])
        try:
            with connection.execute_wrapper(visit):
                return get_response(request)
        finally:
            visit.end()

    return answer
