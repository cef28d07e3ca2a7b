"""Pace: the rate of requests to a price source, and the pauses after it limits requests or does not answer.

A `Pace` is a value, one per installation. Each request replaces it with the result of `grant_request`, and each answer
with that of `pause_after_limit`, `pause_after_silence` or `resume_after_success`. These functions neither sleep nor
read a clock; every moment is aware.
"""

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import uniform
from typing import Protocol

from analysis.prices.port import PriceError, PriceErrorKind

FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = 30  # times the first
SILENCES_BEFORE_PAUSE = 3  # requests in a row without an answer
FIRST_SILENCE = timedelta(seconds=5)
LONGEST_SILENCE = timedelta(minutes=5)
PROBE_TIME = timedelta(seconds=60)  # after which another request may probe
FORGIVEN_AFTER = timedelta(minutes=30)  # of requests without another limit
JITTER = 0.2  # of the time between requests, at most, added to it


class PaceMode(StrEnum):
    """The state of a pace: requests are open, paused, or wait for the answer to one that probes after a pause."""

    OPEN = "open"
    PAUSED = "paused"
    PROBING = "probing"


class PauseReason(StrEnum):
    """The reason of the last pause: the source limits requests, or did not answer several."""

    LIMITED = "limited"
    SILENT = "silent"

    @property
    def sentence(self) -> str:
        """Return the reason as a sentence without a full stop."""
        return "Yahoo limits our requests" if self is PauseReason.LIMITED else "Yahoo cannot be reached"


@dataclass(frozen=True, slots=True)
class Pace:
    """The moment from which the next request may start; while not open, there is none before `until`.

    `strikes` counts pauses in a row for the same reason; once open again, `until` is the end of the last of them.
    `unanswered` counts requests in a row without an answer.
    """

    next_at: datetime
    mode: PaceMode = PaceMode.OPEN
    until: datetime | None = None
    strikes: int = 0
    reason: PauseReason = PauseReason.LIMITED
    unanswered: int = 0

    def is_paused(self, now: datetime) -> bool:
        """Return whether no request may be sent at this moment."""
        return self.mode is not PaceMode.OPEN and self.until is not None and now < self.until


def grant_request(pace: Pace, now: datetime, *, per_second: float, jitter: float = 0.0) -> tuple[Pace, float]:
    """Return the pace after one more request, and the seconds to wait before it is sent.

    Requests start at least 1 / `per_second` seconds apart, `jitter` (0 to 1) of that further. After a pause, one
    request is granted as a probe; all others wait for its answer. Raise PriceError (rate_limited) during a pause.
    """
    raise_if_paused(pace, now)
    if pace.mode is not PaceMode.OPEN:
        return replace(pace, next_at=now, mode=PaceMode.PROBING, until=now + PROBE_TIME), 0.0
    start = max(now, pace.next_at)
    return replace(pace, next_at=start + timedelta(seconds=(1.0 + jitter) / per_second)), (start - now).total_seconds()


def raise_if_paused(pace: Pace, now: datetime) -> None:
    """Raise PriceError (rate_limited, for either reason) during a pause.

    Call it again after the wait of `grant_request`, because a pause may have begun.
    """
    if pace.is_paused(now):
        message = f"{pace.reason.sentence}: nothing is asked before {pace.until:%H:%M:%S} UTC."
        raise PriceError(PriceErrorKind.RATE_LIMITED, message, permanent=False)


def pause_after_limit(pace: Pace, now: datetime, *, first: timedelta = FIRST_PAUSE) -> Pace:
    """Return the pace after an answer that requests are limited: paused, each time twice as long, up to 30 x `first`.

    Answers to requests that were under way when the pause began do not extend it.
    """
    if pace.mode is PaceMode.PAUSED and pace.is_paused(now):
        return pace
    is_forgiven = pace.mode is PaceMode.OPEN and pace.until is not None and now - pace.until > FORGIVEN_AFTER
    strikes = 1 if is_forgiven or pace.reason is PauseReason.SILENT else pace.strikes + 1
    return _start_pause(pace, now + _double_pause(first, strikes, first * LONGEST_PAUSE), strikes, PauseReason.LIMITED)


def pause_after_silence(pace: Pace, now: datetime) -> Pace:
    """Return the pace after a request without an answer: paused from the third in a row on, up to 5 minutes.

    Each pause is twice as long. If the request probed after a limit, another may probe a little later.
    """
    if pace.is_paused(now) and pace.mode is PaceMode.PAUSED:
        return pace
    if pace.mode is PaceMode.OPEN and pace.unanswered + 1 < SILENCES_BEFORE_PAUSE:
        return replace(pace, unanswered=pace.unanswered + 1)
    if pace.mode is PaceMode.PROBING and pace.reason is PauseReason.LIMITED:
        return _start_pause(pace, now + FIRST_SILENCE, pace.strikes, PauseReason.LIMITED)
    continues = pace.mode is not PaceMode.OPEN and pace.reason is PauseReason.SILENT
    strikes = pace.strikes + 1 if continues else 1
    return _start_pause(pace, now + _double_pause(FIRST_SILENCE, strikes, LONGEST_SILENCE), strikes, PauseReason.SILENT)


def resume_after_success(pace: Pace, now: datetime) -> Pace:
    """Return the pace after any other answer: open if the request was a probe, and without a count of silences."""
    if pace.mode is not PaceMode.PROBING:
        return replace(pace, unanswered=0) if pace.unanswered else pace
    strikes = 0 if pace.reason is PauseReason.SILENT else pace.strikes
    return replace(pace, mode=PaceMode.OPEN, until=now, strikes=strikes, unanswered=0)


def estimate_duration(requests: int, per_second: float) -> timedelta:
    """Return the approximate time of so many requests at this rate."""
    return timedelta(seconds=requests * (1 + JITTER / 2) / per_second)


def _start_pause(pace: Pace, until: datetime, strikes: int, reason: PauseReason) -> Pace:
    return replace(pace, mode=PaceMode.PAUSED, until=until, strikes=strikes, reason=reason, unanswered=0)


def _double_pause(first: timedelta, strikes: int, longest: timedelta) -> timedelta:
    doubled: timedelta = first * 2 ** min(strikes - 1, 10)
    return min(doubled, longest)


class Pacer(Protocol):
    """An object that permits requests to a source one by one, and records their outcome."""

    def before_request(self) -> None:
        """Wait until the request may be sent. Raise PriceError (rate_limited) during a pause."""

    def record_limit(self) -> None:
        """Record an answer that requests are limited."""

    def record_silence(self) -> None:
        """Record a request without an answer, or with one of a broken server or of one that refuses all clients."""

    def record_success(self) -> None:
        """Record any other answer."""


class ProcessPacer:
    """A pacer of one process, with its pace in memory; math.inf requests a second means no limit."""

    def __init__(self, per_second: float = 1.0) -> None:
        self._per_second = per_second
        self._pace = Pace(datetime.now(UTC))

    def before_request(self) -> None:
        self._pace, wait = grant_request(
            self._pace,
            datetime.now(UTC),
            per_second=self._per_second,
            jitter=uniform(0, JITTER),  # noqa: S311
        )
        time.sleep(wait)

    def record_limit(self) -> None:
        self._pace = pause_after_limit(self._pace, datetime.now(UTC))

    def record_silence(self) -> None:
        self._pace = pause_after_silence(self._pace, datetime.now(UTC))

    def record_success(self) -> None:
        self._pace = resume_after_success(self._pace, datetime.now(UTC))
