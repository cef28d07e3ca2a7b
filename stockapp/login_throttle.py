"""Throttle: how many logins an address may try per minute, and how many passwords are checked at once.

Checking a password deliberately costs a third of a second of CPU time. Without a limit, a few dozen login attempts
would occupy every thread of the server.
"""

from collections.abc import Callable
from functools import wraps
from threading import BoundedSemaphore

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from stockapp import client
from stockapp.limits import refuse_too_many, seconds_in_words
from stockapp.login_lockout import login_refused
from stockapp.meters import logins

type View = Callable[..., HttpResponseBase]

MOST_WAITING = 4
PATIENCE_SECONDS = 5.0
BUSY_SECONDS = 2
BUSY = "Many people are logging in just now. Try again in a few seconds."


class PasswordChecks:
    """The password checks of a process, one at a time; few requests may wait, so that threads stay free for pages."""

    def __init__(self, most_waiting: int = MOST_WAITING, patience: float = PATIENCE_SECONDS) -> None:
        self.patience = patience
        self._places, self._turn = BoundedSemaphore(most_waiting), BoundedSemaphore(1)

    def run(self, view: Callable[[], HttpResponseBase], busy: Callable[[], HttpResponse]) -> HttpResponseBase:
        """Return the response of the view, or of `busy` if too many requests wait or the wait takes too long."""
        if not self._places.acquire(blocking=False):
            return busy()
        try:
            if not self._turn.acquire(timeout=self.patience):
                return busy()
            try:
                return view()
            finally:
                self._turn.release()
        finally:
            self._places.release()


password_checks = PasswordChecks()


def throttle_login(view: View) -> View:
    """Limit the logins per minute of an address, successful or not, and check one password at a time."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        if wait := logins.take(client.counter_key(request)):
            sentence = f"Too many logins were tried from your address. Try again in {seconds_in_words(wait)}."
            return login_refused(request, sentence, wait)
        return password_checks.run(
            lambda: view(request, *args, **kwargs), lambda: login_refused(request, BUSY, BUSY_SECONDS)
        )

    return answer


def throttle_password_check(view: View) -> View:
    """Check one password at a time in a view for logged-in users."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        return password_checks.run(
            lambda: view(request, *args, **kwargs), lambda: refuse_too_many(request, BUSY, BUSY_SECONDS)
        )

    return answer
