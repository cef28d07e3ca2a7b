"""Pacer: the object that permits requests to a price source one by one, and records their outcome as a pace."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import uniform
from typing import Protocol

from analysis.prices.pace import (
    FIRST_PAUSE,
    JITTER,
    Pace,
    PaceMode,
    PauseReason,
    correct_after_clock_change,
    grant_request,
    pause_after_limit,
    pause_after_oddity,
    pause_after_silence,
    resume_after_success,
)
from analysis.prices.port import PriceError, PriceErrorKind


class Pacer(Protocol):
    """An object that permits requests to a source one by one, and records their outcome."""

    @property
    def is_probing(self) -> bool:
        """Return whether its last request probes after a pause."""

    @property
    def is_probing_oddity(self) -> bool:
        """Return whether its last request probes after answers that were not understood."""

    def before_request(self, longest: float = math.inf) -> None:
        """Wait until the request may be sent.

        Raise PriceError (rate_limited) during a pause, or if the wait would exceed `longest` seconds.
        """

    def record_limit(self, retry_after: timedelta | None = None) -> None:
        """Record an answer that requests are limited, and the time after which it permits the next, if it names one."""

    def record_silence(self, retry_after: timedelta | None = None) -> None:
        """Record a request without an answer, or with one of a broken server or of one that refuses all clients."""

    def record_oddity(self) -> None:
        """Record that answers are not understood, not even one for a stock that surely has prices."""

    def record_success(self) -> None:
        """Record any other answer."""


def refuse_far_turn(source: str, wait: float, longest: float) -> None:
    """Raise PriceError (rate_limited) if the wait for a turn exceeds the longest one."""
    if wait > longest:
        message = f"Too many wait to ask {source}: the next turn is in {wait:.0f} s."
        raise PriceError(PriceErrorKind.RATE_LIMITED, message, permanent=False)


class ProcessPacer:
    """A pacer of one process, with its pace in memory; math.inf requests a second means no limit.

    `now` and `sleep` are its clock, which a simulation replaces.
    """

    def __init__(
        self,
        per_second: float = 1.0,
        *,
        first_pause: timedelta = FIRST_PAUSE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._per_second = per_second
        self._first_pause = first_pause
        self._now, self._sleep = now, sleep
        self.pace = Pace(now())

    @property
    def is_probing(self) -> bool:
        return self.pace.mode is PaceMode.PROBING

    @property
    def is_probing_oddity(self) -> bool:
        return self.is_probing and self.pace.reason is PauseReason.NOT_UNDERSTOOD

    def before_request(self, longest: float = math.inf) -> None:
        now = self._now()
        self.pace = correct_after_clock_change(self.pace, now, per_second=self._per_second)
        pace, wait = grant_request(
            self.pace,
            now,
            per_second=self._per_second,
            jitter=uniform(0, JITTER),  # noqa: S311
            continues_probe=True,
        )
        refuse_far_turn("Yahoo", wait, longest)
        self.pace = pace
        self._sleep(wait)

    def record_limit(self, retry_after: timedelta | None = None) -> None:
        self.pace = pause_after_limit(self.pace, self._now(), first=self._first_pause, retry_after=retry_after)

    def record_silence(self, retry_after: timedelta | None = None) -> None:
        self.pace = pause_after_silence(self.pace, self._now(), retry_after=retry_after)

    def record_oddity(self) -> None:
        self.pace = pause_after_oddity(self.pace, self._now())

    def record_success(self) -> None:
        self.pace = resume_after_success(self.pace)
