"""Request pace: one rate limit for the whole installation, stored in the database, and a stock's wait for its turn."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform

from django.conf import settings

from analysis import clock
from analysis.db import transactional
from analysis.models import PriceSourceName, RequestPace
from analysis.prices.pace import (
    JITTER,
    Pace,
    PaceMode,
    grant_request,
    pause_after_limit,
    pause_after_silence,
    raise_if_paused,
    resume_after_success,
)
from analysis.prices.port import PriceError, PriceErrorKind
from analysis.timing import TIMING
from analysis.wait_sentences import describe_wait

CHECK_AGAIN = timedelta(seconds=5)  # the interval of checks whether a trial request has ended
FIRST_RETRY = timedelta(seconds=5)  # of a stock whose source did not answer; twice as long each time
MAX_UNANSWERED = 5  # requests for one stock; then it fails


@dataclass(frozen=True, slots=True)
class Wait:
    """The time until which a stock must not be claimed again, and the reason: a sentence without a full stop."""

    until: datetime
    reason: str

    def __str__(self) -> str:
        return describe_wait(self.reason, self.until)


class DatabasePacer:
    """A `Pacer` that all processes on one database share; `source` has one row, whose lock is held for moments only."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._granted: Pace | None = None

    def before_request(self) -> None:
        """Wait until the request may be sent.

        Raise PriceError (rate_limited) if requests are paused, or if the turn is so far off that the stock should wait
        without a process.
        """
        if wait := self._grant_request():
            time.sleep(wait)
            raise_if_paused(self.state(), clock.now())

    def record_limit(self) -> None:
        first = timedelta(seconds=settings.LIMIT_PAUSE_SECONDS)
        self._change_pace(lambda pace, now: pause_after_limit(pace, now, first=first))

    def record_silence(self) -> None:
        self._change_pace(pause_after_silence)

    def record_success(self) -> None:
        """Record a success if it may end a pause or a silence, in which the request was granted; else write nothing."""
        if self._granted and (self._granted.mode is PaceMode.PROBING or self._granted.unanswered):
            self._change_pace(resume_after_success)

    def state(self) -> Pace:
        """Return the current pace; a new one if none is stored yet."""
        row = RequestPace.objects.filter(pk=self.source).first()
        return row.pace if row else Pace(clock.now())

    @transactional
    def _grant_request(self) -> float:
        row, now = self._lock_row(), clock.now()
        self._granted, wait = grant_request(
            row.pace,
            now,
            per_second=settings.REQUESTS_PER_SECOND,
            jitter=uniform(0, JITTER),  # noqa: S311
        )
        if wait > TIMING.longest_turn.total_seconds():
            message = f"Too many wait to ask {row.get_source_display()}: the next turn is in {wait:.0f} s."
            raise PriceError(PriceErrorKind.RATE_LIMITED, message, permanent=False)
        row.store(self._granted)
        return wait

    @transactional
    def _change_pace(self, change: Callable[[Pace, datetime], Pace]) -> None:
        row = self._lock_row()
        row.store(change(row.pace, clock.now()))

    def _lock_row(self) -> RequestPace:
        return RequestPace.objects.select_for_update().get_or_create(pk=self.source)[0]


YAHOO_PACER = DatabasePacer(PriceSourceName.YAHOO)


def is_paced(source: str) -> bool:
    """Return whether a source's requests go over the network, at a pace."""
    return source == YAHOO_PACER.source


def current_pause() -> Wait | None:
    """Return the pause of all requests to Yahoo; None if there is none."""
    return _wait_of_pause(YAHOO_PACER.state(), clock.now())


def wait_for_turn() -> Wait | None:
    """Return how long a stock must wait until it can be requested; None if it can be now."""
    pace, now = YAHOO_PACER.state(), clock.now()
    if paused := _wait_of_pause(pace, now):
        return paused
    if pace.mode is PaceMode.OPEN and pace.next_at - now > TIMING.longest_turn:
        a_second = f"{settings.REQUESTS_PER_SECOND:g} request{'' if settings.REQUESTS_PER_SECOND == 1 else 's'}"
        return Wait(pace.next_at - TIMING.turn_head_start, f"Waiting for its turn at {a_second} a second")
    return None


def _wait_of_pause(pace: Pace, now: datetime) -> Wait | None:
    """Return the wait of a pause; while a request probes, the time until its outcome is looked at again."""
    if not (pace.until and pace.is_paused(now)):
        return None
    until = pace.until if pace.mode is PaceMode.PAUSED else min(pace.until, now + CHECK_AGAIN)
    return Wait(until, pace.reason.sentence)


def wait_after(error: PriceError, ticker: str, unanswered: int) -> Wait:
    """Return the wait of a stock whose source did not answer, after so many requests without an answer before."""
    reason = error.message.replace(f" for {ticker}:", ":").removesuffix(".")  # it is shown beside the ticker
    return Wait(clock.now() + FIRST_RETRY * 2**unanswered, reason)
