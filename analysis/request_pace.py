"""Request pace: one rate limit for the whole installation, stored in the database, and a stock's wait for its turn."""

import math
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
    PauseReason,
    correct_after_clock_change,
    grant_request,
    pause_after_limit,
    pause_after_oddity,
    pause_after_silence,
    raise_if_paused,
    resume_after_success,
)
from analysis.prices.pacer import refuse_far_turn
from analysis.prices.port import AWAY, OutageError, PriceError, PriceErrorKind
from analysis.timing import TIMING
from analysis.wait_sentences import describe_wait

CHECK_AGAIN = timedelta(seconds=5)  # the interval of checks whether a trial request has ended
TURN = "Waiting for its turn"  # begins the reason of a wait for the pace alone
FIRST_RETRY = timedelta(seconds=15)  # of a stock whose source did not answer
LONGER = 3  # times, each time; five requests are made in ten minutes, which an outage of one exchange may last
LONG = timedelta(minutes=5)  # a limit for longer is no matter of pace
MAX_UNANSWERED = 5  # requests for one stock, while others are answered; then it fails


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

    @property
    def is_probing(self) -> bool:
        return self._granted is not None and self._granted.mode is PaceMode.PROBING

    @property
    def is_probing_oddity(self) -> bool:
        return self.is_probing and self._granted is not None and self._granted.reason is PauseReason.NOT_UNDERSTOOD

    def before_request(self, longest: float = math.inf) -> None:
        """Wait until the request may be sent.

        Raise PriceError (rate_limited) if requests are paused, or if the turn is so far off that the stock should wait
        without a process.
        """
        if wait := self._grant_request(min(longest, TIMING.longest_turn.total_seconds())):
            time.sleep(wait)
            pace = self.state()
            if not pace.is_same_probe(self._granted):
                raise_if_paused(pace, clock.now())

    def record_limit(self, retry_after: timedelta | None = None) -> None:
        first = timedelta(seconds=settings.LIMIT_PAUSE_SECONDS)
        self._change_pace(
            lambda pace, now: pause_after_limit(pace, now, first=first, retry_after=retry_after), limit_count=1
        )

    def record_silence(self, retry_after: timedelta | None = None) -> None:
        self._change_pace(lambda pace, now: pause_after_silence(pace, now, retry_after=retry_after))

    def record_oddity(self) -> None:
        self._change_pace(pause_after_oddity, oddity_count=1)

    def record_success(self) -> None:
        """Record a success if it may end a pause or a silence, in which the request was granted; else write nothing."""
        if self._granted and (self._granted.mode is PaceMode.PROBING or self._granted.unanswered):
            self._change_pace(lambda pace, _: resume_after_success(pace))

    def state(self) -> Pace:
        """Return the current pace; a new one if none is stored yet. If the clock was set back, store it corrected."""
        row = RequestPace.objects.filter(pk=self.source).first()
        if row is None:
            return Pace(clock.now())
        pace = _correct_pace(row.pace, clock.now())
        if pace != row.pace:
            self._change_pace(lambda pace, _: pace)
        return pace

    @transactional
    def _grant_request(self, longest: float) -> float:
        row, now = self._lock_row(), clock.now()
        pace = _correct_pace(row.pace, now)
        granted, wait = grant_request(
            pace,
            now,
            per_second=settings.REQUESTS_PER_SECOND,
            jitter=uniform(0, JITTER),  # noqa: S311
            continues_probe=pace.is_same_probe(self._granted),
        )
        refuse_far_turn(row.get_source_display(), wait, longest)
        self._granted = granted
        row.request_count += 1
        row.store(granted)
        return wait

    @transactional
    def _change_pace(
        self, change: Callable[[Pace, datetime], Pace], *, limit_count: int = 0, oddity_count: int = 0
    ) -> None:
        row, now = self._lock_row(), clock.now()
        row.limit_count += limit_count
        row.oddity_count += oddity_count
        row.store(change(_correct_pace(row.pace, now), now))
        self._granted = None  # what came of it is recorded

    def _lock_row(self) -> RequestPace:
        return RequestPace.objects.select_for_update().get_or_create(pk=self.source)[0]


def _correct_pace(pace: Pace, now: datetime) -> Pace:
    return correct_after_clock_change(
        pace, now, per_second=settings.REQUESTS_PER_SECOND, longest_turn=TIMING.longest_turn
    )


YAHOO_PACER = DatabasePacer(PriceSourceName.YAHOO)


def is_paced(source: str) -> bool:
    """Return whether a source's requests go over the network, at a pace."""
    return source == YAHOO_PACER.source


def current_pause() -> Wait | None:
    """Return the pause of all requests to Yahoo; None if there is none."""
    return _wait_of_pause(YAHOO_PACER.state(), clock.now())


def is_away() -> bool:
    """Return whether Yahoo is unavailable for now: silent, not understood, or limiting requests for a long time."""
    pace, now = YAHOO_PACER.state(), clock.now()
    if not (pace.until and pace.is_paused(now)):
        return False
    return pace.reason is not PauseReason.LIMITED or pace.until - now > LONG


def is_given_up() -> bool:
    """Return whether Yahoo is away and as many trial requests in a row have failed as a stock is requested."""
    return is_away() and YAHOO_PACER.state().strikes >= MAX_UNANSWERED


def wait_for_turn() -> Wait | None:
    """Return how long a stock must wait until it can be requested; None if it can be now."""
    pace, now = YAHOO_PACER.state(), clock.now()
    if paused := _wait_of_pause(pace, now):
        return paused
    if pace.mode is PaceMode.OPEN and pace.next_at - now > TIMING.longest_turn:
        a_second = f"{settings.REQUESTS_PER_SECOND:g} request{'' if settings.REQUESTS_PER_SECOND == 1 else 's'}"
        return Wait(pace.next_at - TIMING.turn_head_start, f"{TURN} at {a_second} a second")
    return None


def _wait_of_pause(pace: Pace, now: datetime) -> Wait | None:
    """Return the wait of a pause; while a request probes, the time until its outcome is looked at again."""
    if not (pace.until and pace.is_paused(now)):
        return None
    until = pace.until if pace.mode is PaceMode.PAUSED else min(pace.until, now + CHECK_AGAIN)
    return Wait(until, pace.reason.sentence)


def common_wait_after(error: PriceError | None) -> Wait | None:
    """Return the wait of every stock of a source after this error of one; None if it concerns that stock alone.

    The source limits requests, cannot be reached, or its answers are not understood; no stock may fail for that.
    """
    if error and error.kind is PriceErrorKind.RATE_LIMITED:
        return wait_for_turn() or Wait(clock.now() + CHECK_AGAIN, f"{TURN} to request prices")
    if error and error.kind in AWAY:
        return current_pause()
    return None


def is_own_error(error: PriceError | None) -> bool:
    """Return whether a source was requested for a stock and did not answer, while it answers for others."""
    return error is not None and error.kind in AWAY and not isinstance(error, OutageError)


def latest_wait() -> datetime:
    """Return the latest moment until which a stock may have to wait for its source, for any reason there is now."""
    pace, now = YAHOO_PACER.state(), clock.now()
    longest_retry: timedelta = FIRST_RETRY * LONGER ** (MAX_UNANSWERED - 1)
    return max(pace.next_at, pace.until or now, now + longest_retry) + CHECK_AGAIN


def wait_after(error: PriceError, ticker: str, unanswered: int) -> Wait:
    """Return the wait of a stock whose source did not answer, after so many requests without an answer before."""
    reason = error.message.replace(f" for {ticker}:", ":").removesuffix(".")  # it is shown beside the ticker
    return Wait(clock.now() + FIRST_RETRY * LONGER**unanswered, reason)
