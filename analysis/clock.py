"""Clock: the database's time, which every process uses for leases, deadlines, waits and sessions.

All processes that use a database file share the clock of its machine. A database server has its own clock, and that of
a client machine may be wrong. The difference is measured every MEASURED_FOR seconds, so that reading the time costs no
query, and at once after the clock was set or the machine slept: the wall clock and the monotonic clock then disagree
about the time that has passed.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

MEASURED_FOR = 10.0  # seconds of the monotonic clock
LEAP = 0.5  # seconds by which the two clocks may disagree about how much time has passed
TRIES, GOOD_ENOUGH = 3, 0.05  # seconds; a measurement with no larger error is exact enough
LIMIT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Measurement:
    """The skew of this machine's clock against the database's, plus or minus `error`, and the time of measuring."""

    skew: timedelta
    error: timedelta
    wall: float
    steady: float

    @property
    def is_over(self) -> bool:
        passed = time.monotonic() - self.steady
        return passed > MEASURED_FOR or abs(time.time() - self.wall - passed) > LEAP


EXACT = Measurement(timedelta(), timedelta(), 0.0, 0.0)
_last: Measurement | None = None


def now() -> datetime:
    """Return the database's time."""
    return timezone.now() - skew()


def skew() -> timedelta:
    """Return how far this machine's clock is ahead of the database's."""
    return _current_measurement().skew


def certain_skew() -> timedelta:
    """Return how far this machine's clock is ahead of the database's; zero unless it certainly exceeds LIMIT."""
    measured = _current_measurement()
    return measured.skew if abs(measured.skew) - measured.error > LIMIT else timedelta()


def _current_measurement() -> Measurement:
    """Return the last measurement while it is valid, else a new one; the last one if the database does not answer."""
    global _last
    if not settings.DATABASE_HAS_CLOCK:
        return EXACT
    if _last is None or _last.is_over:
        try:
            _last = _measure_skew()
        except (DatabaseError, InterfaceError):
            if _last is None:
                raise
    return _last


def _measure_skew() -> Measurement:
    """Return the most exact of a few measurements."""
    best = _query_time()
    for _ in range(TRIES - 1):
        if best.error.total_seconds() <= GOOD_ENOUGH:
            break
        best = min(best, _query_time(), key=lambda measurement: measurement.error)
    return best


def _query_time() -> Measurement:
    sent = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        server: datetime = cursor.fetchone()[0]
    wall, steady = time.time(), time.monotonic()
    error = timedelta(seconds=(steady - sent) / 2)
    return Measurement(timezone.now() - error - server, error, wall, steady)
