"""Pace: how fast a price source may be asked, and how long everybody waits when it limits our requests or is silent.

A `Pace` is a value: one installation keeps one, whoever asks takes it, and puts back what `grant`, `rate_limited` or
`succeeded` or `unanswered` made of it. Nothing here sleeps or reads a clock; every moment is aware.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import uniform
from typing import Protocol

from analysis.prices.port import ErrorKind, PriceError

FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = 30  # times the first
PATIENCE = 3  # requests in a row without an answer, then everybody waits
FIRST_SILENCE = timedelta(seconds=5)
LONGEST_SILENCE = timedelta(minutes=5)
PROBE_TIME = timedelta(seconds=60)  # what a probe is given to report, before another may try
FORGIVEN_AFTER = timedelta(minutes=30)  # of asking without another limit
JITTER = 0.2  # of the usual time between requests, at most, added to it


class Mode(StrEnum):
    """Whether requests flow, wait for the end of a pause, or wait for the one that was sent to try."""

    OPEN = "open"
    PAUSED = "paused"
    PROBING = "probing"


class Reason(StrEnum):
    """Why the last pause began: the source said that requests are limited, or several were not answered."""

    LIMITED = "limited"
    SILENT = "silent"

    @property
    def sentence(self) -> str:
        """What is the matter, without a full stop."""
        return "Yahoo limits our requests" if self is Reason.LIMITED else "Yahoo does not answer"


@dataclass(frozen=True, slots=True)
class Pace:
    """When the next request may start; while not open, nobody asks before `until`.

    `strikes` counts pauses in a row for the same reason; once open again, `until` is when the last of them ended.
    `unanswered` counts requests in a row that got no answer.
    """

    next_at: datetime
    mode: Mode = Mode.OPEN
    until: datetime | None = None
    strikes: int = 0
    reason: Reason = Reason.LIMITED
    unanswered: int = 0

    def is_paused(self, now: datetime) -> bool:
        """Whether nobody may ask at this moment."""
        return self.mode is not Mode.OPEN and self.until is not None and now < self.until


def grant(pace: Pace, now: datetime, *, per_second: float, jitter: float = 0.0) -> tuple[Pace, float]:
    """Leave for one request, and the seconds to wait before it is sent.

    Requests start at least 1 / `per_second` seconds apart, `jitter` (0 to 1) of that further. When a pause has ended,
    one request is granted to try; everybody else waits for what it reports. Raises PriceError (rate_limited) while
    asking is paused.
    """
    refuse_while_paused(pace, now)
    if pace.mode is not Mode.OPEN:
        return replace(pace, next_at=now, mode=Mode.PROBING, until=now + PROBE_TIME), 0.0
    start = max(now, pace.next_at)
    return replace(pace, next_at=start + timedelta(seconds=(1.0 + jitter) / per_second)), (start - now).total_seconds()


def refuse_while_paused(pace: Pace, now: datetime) -> None:
    """PriceError (rate_limited, whatever the reason) while asking is paused.

    To be called again after the wait of `grant`, for a pause may have begun.
    """
    if pace.is_paused(now):
        message = f"{pace.reason.sentence}: nothing is asked before {pace.until:%H:%M:%S} UTC."
        raise PriceError(ErrorKind.RATE_LIMITED, message, permanent=False)


def rate_limited(pace: Pace, now: datetime, *, first: timedelta = FIRST_PAUSE) -> Pace:
    """After an answer that requests are limited: a pause, twice as long each time, up to thirty times the first.

    Answers to requests that were under way when the pause began do not make it longer.
    """
    if pace.mode is Mode.PAUSED and pace.is_paused(now):
        return pace
    is_forgiven = pace.mode is Mode.OPEN and pace.until is not None and now - pace.until > FORGIVEN_AFTER
    strikes = 1 if is_forgiven or pace.reason is Reason.SILENT else pace.strikes + 1
    return _paused(pace, now + _doubled(first, strikes, first * LONGEST_PAUSE), strikes, Reason.LIMITED)


def unanswered(pace: Pace, now: datetime) -> Pace:
    """After a request without an answer: a pause from the third in a row on, twice as long each time, up to 5 minutes.

    When it was the request sent to try after a limit, another may try a little later.
    """
    if pace.is_paused(now) and pace.mode is Mode.PAUSED:
        return pace
    if pace.mode is Mode.OPEN and pace.unanswered + 1 < PATIENCE:
        return replace(pace, unanswered=pace.unanswered + 1)
    if pace.mode is Mode.PROBING and pace.reason is Reason.LIMITED:
        return _paused(pace, now + FIRST_SILENCE, pace.strikes, Reason.LIMITED)
    goes_on = pace.mode is not Mode.OPEN and pace.reason is Reason.SILENT
    strikes = pace.strikes + 1 if goes_on else 1
    return _paused(pace, now + _doubled(FIRST_SILENCE, strikes, LONGEST_SILENCE), strikes, Reason.SILENT)


def succeeded(pace: Pace, now: datetime) -> Pace:
    """After any other answer: a pause is over if this was the request sent to try, and so is silence."""
    if pace.mode is not Mode.PROBING:
        return replace(pace, unanswered=0) if pace.unanswered else pace
    strikes = 0 if pace.reason is Reason.SILENT else pace.strikes
    return replace(pace, mode=Mode.OPEN, until=now, strikes=strikes, unanswered=0)


def duration(requests: int, per_second: float) -> timedelta:
    """How long so many requests take at this pace, about."""
    return timedelta(seconds=requests * (1 + JITTER / 2) / per_second)


def _paused(pace: Pace, until: datetime, strikes: int, reason: Reason) -> Pace:
    return replace(pace, mode=Mode.PAUSED, until=until, strikes=strikes, reason=reason, unanswered=0)


def _doubled(first: timedelta, strikes: int, longest: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(strikes - 1, 10)
    return min(doubled, longest)


class Pacer(Protocol):
    """Who is asked for leave before each request, and told what came of it."""

    def before_request(self) -> None:
        """Return when the request may be sent; PriceError (rate_limited) when asking is paused."""

    def rate_limited(self) -> None:
        """The answer was that requests are limited."""

    def unanswered(self) -> None:
        """No answer came, or one that says that the server is broken, is busy with itself, or refuses whoever asks."""

    def succeeded(self) -> None:
        """The answer was any other."""


class ProcessPacer:
    """A pacer for one process alone, which keeps its pace in memory; math.inf requests a second are no limit."""

    def __init__(self, per_second: float = 1.0) -> None:
        self._per_second = per_second
        self._pace = Pace(datetime.now(UTC))

    def before_request(self) -> None:
        self._pace, wait = grant(
            self._pace,
            datetime.now(UTC),
            per_second=self._per_second,
            jitter=uniform(0, JITTER),  # noqa: S311
        )
        time.sleep(wait)

    def rate_limited(self) -> None:
        self._pace = rate_limited(self._pace, datetime.now(UTC))

    def unanswered(self) -> None:
        self._pace = unanswered(self._pace, datetime.now(UTC))

    def succeeded(self) -> None:
        self._pace = succeeded(self._pace, datetime.now(UTC))
