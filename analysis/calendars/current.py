"""Current: the stored special days, kept in each process and read again about once a minute."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import DatabaseError, InterfaceError, connection, transaction

from analysis.models import SpecialDay
from analysis.prices.special_days import NO_SPECIAL_DAYS, SpecialDays

logger = logging.getLogger(__name__)

READ_AGAIN = 60.0  # seconds after which a process notices what another one has changed
TRY_AGAIN = 10.0  # seconds after a failure, or while another thread reads


@dataclass(frozen=True, slots=True)
class _CachedDays:
    days: SpecialDays
    version: int
    until: float  # of the monotonic clock


class SpecialDayCache:
    """The special days of this process; threads need no lock, because a reading is replaced as a whole."""

    def __init__(self, read: Callable[[], SpecialDays], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._monotonic = monotonic
        self._version = 0
        self._last = _CachedDays(NO_SPECIAL_DAYS, -1, 0.0)

    def current(self) -> SpecialDays:
        """Return the special days, without a query if they were read in the last minute and not changed here since.

        While the database does not answer, or has no such table yet, return the last ones. It is the same object for as
        long as the rows are the same.
        """
        last = self._last
        if last.version == self._version and self._monotonic() < last.until:
            return last.days
        version = self._version
        self._last = replace(last, until=self._monotonic() + TRY_AGAIN)
        try:
            days = self._read()
        except (DatabaseError, InterfaceError) as error:
            logger.info("The special days of exchanges could not be read: %s", str(error).strip())
            self._last = _CachedDays(last.days, version, self._monotonic() + TRY_AGAIN)
            return last.days
        if days.entries == last.days.entries:
            days = last.days
        self._last = _CachedDays(days, version, self._monotonic() + READ_AGAIN)
        return days

    def forget(self) -> None:
        """Read the rows again at the next question, and once more when the current transaction has committed."""
        self._forget_now()
        if connection.in_atomic_block:
            transaction.on_commit(self._forget_now)

    def _forget_now(self) -> None:
        self._version += 1


def _read_rows() -> SpecialDays:
    if not connection.in_atomic_block:
        return SpecialDay.objects.as_special_days()
    with transaction.atomic():  # a savepoint: before the first migration the query fails
        return SpecialDay.objects.as_special_days()


SPECIAL_DAYS = SpecialDayCache(_read_rows)
