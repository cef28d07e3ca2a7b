"""Clock: the database's time, with which leases, deadlines, waits and sessions are compared in every process.

A database file has the clock of its machine, which all its processes share. A database server has its own, and the
clock of a machine that asks it may be wrong: how far they are apart is measured now and then, so that reading the time
costs no query. A clock that was set, or a machine that slept, is measured at once: its wall clock and its steady clock
then disagree about how much time has passed.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

MEASURED_FOR = 10.0  # seconds of the steady clock
LEAP = 0.5  # seconds by which the two clocks may disagree about how much time has passed
TRIES, GOOD_ENOUGH = 3, 0.05  # an answer that took longer than this says less exactly how late it was
LIMIT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Measurement:
    """How far this machine's clock was ahead of the database's, give or take `error`, and when that was found."""

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
    """The database's time."""
    return timezone.now() - skew()


def skew() -> timedelta:
    """How far this machine's clock is ahead of the database's."""
    return _measured().skew


def wrong_by() -> timedelta:
    """How far this machine's clock is ahead of the database's; zero unless it is more than a few seconds for sure."""
    measured = _measured()
    return measured.skew if abs(measured.skew) - measured.error > LIMIT else timedelta()


def _measured() -> Measurement:
    """The last measurement while it holds, else a new one; the last one again where the database cannot be asked."""
    global _last
    if not settings.DATABASE_HAS_CLOCK:
        return EXACT
    if _last is None or _last.is_over:
        try:
            _last = _measure()
        except (DatabaseError, InterfaceError):
            if _last is None:
                raise
    return _last


def _measure() -> Measurement:
    """The most exact of a few measurements."""
    best = _ask()
    for _ in range(TRIES - 1):
        if best.error.total_seconds() <= GOOD_ENOUGH:
            break
        best = min(best, _ask(), key=lambda found: found.error)
    return best


def _ask() -> Measurement:
    sent = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        server: datetime = cursor.fetchone()[0]
    wall, steady = time.time(), time.monotonic()
    error = timedelta(seconds=(steady - sent) / 2)
    return Measurement(timezone.now() - error - server, error, wall, steady)
