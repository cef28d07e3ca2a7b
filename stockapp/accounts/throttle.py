"""Guard: how many logins an address may try, and how many passwords are checked at once.

To check a password costs a third of a second of a processor, by intention. Without a bound a few dozen tries of
somebody who has no account would keep every thread of the server from the pages of those who have one.
"""

from collections.abc import Callable
from functools import wraps
from threading import BoundedSemaphore

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from stockapp import client
from stockapp.accounts.lockout import login_refused
from stockapp.limits import seconds_in_words, too_many
from stockapp.meters import logins

type View = Callable[..., HttpResponseBase]

MOST_WAITING = 4
PATIENCE_SECONDS = 5.0
BUSY_SECONDS = 2
BUSY = "Many people are logging in just now. Try again in a few seconds."


class PasswordChecks:
    """One password of a process is checked at a time; few others wait for it, so that threads are left for pages."""

    def __init__(self, most_waiting: int = MOST_WAITING, patience: float = PATIENCE_SECONDS) -> None:
        self.patience = patience
        self._places, self._turn = BoundedSemaphore(most_waiting), BoundedSemaphore(1)

    def run(self, view: Callable[[], HttpResponseBase], busy: Callable[[], HttpResponse]) -> HttpResponseBase:
        """Return the view's answer when its turn comes, and `busy` where no place is free or it does not come soon."""
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
    """Let an address try so many logins a minute, right or wrong, and let one password be checked at a time."""

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
    """Let one password be checked at a time where somebody who is logged in gives it."""

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        if request.method != "POST":
            return view(request, *args, **kwargs)
        return password_checks.run(
            lambda: view(request, *args, **kwargs), lambda: too_many(request, BUSY, BUSY_SECONDS)
        )

    return answer
