"""Pace: one rate limit for the whole installation, kept in the database, and how long a stock waits for its turn."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from random import uniform

from django.conf import settings
from django.utils import timezone

from analysis import clock
from analysis.models import PriceSourceName, RequestPace
from analysis.prices import ErrorKind, Mode, Pace, PriceError, Reason
from analysis.prices.pace import JITTER, grant, rate_limited, refuse_while_paused, succeeded, unanswered
from analysis.services.claim import LEASE, Wait
from analysis.services.transient import transactional

LONGEST_TURN = LEASE / 9  # that a process waits for its turn, under its lease; a stock whose turn is later is put back
TICKER_SECONDS = (LEASE / 3 - LONGEST_TURN).total_seconds()  # asked for twice at most, it takes two thirds of a lease
LOOK_AGAIN = timedelta(seconds=5)  # for the end of a trial request
FIRST_RETRY = timedelta(seconds=5)  # of a stock that its source did not answer for; twice as long each time
SHORT = timedelta(seconds=30)
ASKED_IN_VAIN = 5  # times, then the stock fails


class DatabasePacer:
    """A `Pacer` that all processes on one database share; `source` has one row, whose lock is held for moments only."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._granted: Pace | None = None

    def before_request(self) -> None:
        """Return when the request may be sent.

        PriceError (rate_limited) when asking is paused, or when the turn is so far off that the stock should wait
        without a process.
        """
        if wait := self._grant():
            time.sleep(wait)
            refuse_while_paused(self.state(), clock.now())

    def rate_limited(self) -> None:
        first = timedelta(seconds=settings.LIMIT_PAUSE_SECONDS)
        self._change(lambda pace, now: rate_limited(pace, now, first=first))

    def unanswered(self) -> None:
        self._change(unanswered)

    def succeeded(self) -> None:
        """Writes only when that may end a pause or a silence, which is what the request was granted in."""
        if self._granted and (self._granted.mode is Mode.PROBING or self._granted.unanswered):
            self._change(succeeded)

    def state(self) -> Pace:
        """The pace as it is now; a new one where none is kept yet."""
        row = RequestPace.objects.filter(pk=self.source).first()
        return row.pace if row else Pace(clock.now())

    @transactional
    def _grant(self) -> float:
        row, now = self._locked(), clock.now()
        self._granted, wait = grant(
            row.pace,
            now,
            per_second=settings.REQUESTS_PER_SECOND,
            jitter=uniform(0, JITTER),  # noqa: S311
        )
        if wait > LONGEST_TURN.total_seconds():
            message = f"Too many wait to ask {row.get_source_display()}: the next turn is in {wait:.0f} s."
            raise PriceError(ErrorKind.RATE_LIMITED, message, permanent=False)
        row.keep(self._granted)
        return wait

    @transactional
    def _change(self, change: Callable[[Pace, datetime], Pace]) -> None:
        row = self._locked()
        row.keep(change(row.pace, clock.now()))

    def _locked(self) -> RequestPace:
        return RequestPace.objects.select_for_update().get_or_create(pk=self.source)[0]


YAHOO_PACER = DatabasePacer(PriceSourceName.YAHOO)


def is_paced(source: str) -> bool:
    """Whether a source is asked over the network, at a pace."""
    return source == YAHOO_PACER.source


def pause() -> Wait | None:
    """The pause that all requests to Yahoo are in, or None when there is none."""
    return _pause(YAHOO_PACER.state(), clock.now())


def wait_for_turn() -> Wait | None:
    """How long a stock must wait to be asked for, or None when it may be now."""
    pace, now = YAHOO_PACER.state(), clock.now()
    if paused := _pause(pace, now):
        return paused
    if pace.mode is Mode.OPEN and pace.next_at - now > LONGEST_TURN:
        a_second = f"{settings.REQUESTS_PER_SECOND:g} request{'' if settings.REQUESTS_PER_SECOND == 1 else 's'}"
        sentence = f"At {a_second} a second its turn has not come"
        return Wait(pace.next_at - LONGEST_TURN / 2, _until(sentence, pace.next_at, now))
    return None


def _pause(pace: Pace, now: datetime) -> Wait | None:
    if not (pace.until and pace.is_paused(now)):
        return None
    if pace.mode is Mode.PAUSED:
        return Wait(pace.until, _until(pace.reason.sentence, pace.until, now))
    tried = "Yahoo limited our requests" if pace.reason is Reason.LIMITED else "Yahoo did not answer"
    return Wait(min(pace.until, now + LOOK_AGAIN), f"{tried}: waiting for the request that was sent to try.")


def wait_after(error: PriceError, unanswered: int) -> Wait:
    """How long a stock waits that its source did not answer for so often before."""
    now = clock.now()
    until = now + FIRST_RETRY * 2**unanswered
    return Wait(until, f"{error.message} {_until('Not asked again yet', until, now)}"[-500:])


def _until(sentence: str, until: datetime, now: datetime) -> str:
    """The sentence with the moment: a short wait's to the second, any other's to the next full minute."""
    is_short = until - now < SHORT
    moment = timezone.localtime(until if is_short else until + timedelta(seconds=59))
    return f"{sentence}: waiting until {moment:{'%H:%M:%S' if is_short else '%H:%M'}}."
