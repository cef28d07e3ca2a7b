"""Current: the stored special days and faulty sessions, kept in each process and read again about once a minute."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from django.db import DatabaseError, InterfaceError, connection, transaction

from analysis.models import FaultySession, SpecialDay
from analysis.prices.faulty_sessions import NO_FAULTY_SESSIONS
from analysis.prices.special_days import NO_SPECIAL_DAYS

logger = logging.getLogger(__name__)

READ_AGAIN = 60.0  # seconds after which a process notices what another one has changed
TRY_AGAIN = 10.0  # seconds after a failure, or while another thread reads


class _Values(Protocol):
    """The values of all rows of a table."""

    @property
    def entries(self) -> tuple[object, ...]: ...


@dataclass(frozen=True, slots=True)
class _CachedValues[V: _Values]:
    values: V
    version: int
    until: float  # of the monotonic clock


class RowCache[V: _Values]:
    """The values of a small table in this process; threads need no lock, because a reading is replaced as a whole.

    `read` returns them from the database; `nothing` are those of an empty table.
    """

    def __init__(self, read: Callable[[], V], nothing: V, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._monotonic = monotonic
        self._version = 0
        self._last = _CachedValues(nothing, -1, 0.0)

    def current(self) -> V:
        """Return the values, without a query if they were read in the last minute and not changed here since.

        While the database does not answer, or has no such table yet, return the last ones. It is the same object for as
        long as the rows are the same.
        """
        last = self._last
        if last.version == self._version and self._monotonic() < last.until:
            return last.values
        version = self._version
        self._last = replace(last, until=self._monotonic() + TRY_AGAIN)
        try:
            values = self._read_rows()
        except (DatabaseError, InterfaceError) as error:
            logger.info("A table could not be read: %s", str(error).strip())
            self._last = _CachedValues(last.values, version, self._monotonic() + TRY_AGAIN)
            return last.values
        if values.entries == last.values.entries:
            values = last.values
        self._last = _CachedValues(values, version, self._monotonic() + READ_AGAIN)
        return values

    def forget(self) -> None:
        """Read the rows again at the next question, and once more when the current transaction has committed."""
        self._forget_now()
        if connection.in_atomic_block:
            transaction.on_commit(self._forget_now)

    def _forget_now(self) -> None:
        self._version += 1

    def _read_rows(self) -> V:
        if not connection.in_atomic_block:
            return self._read()
        with transaction.atomic():  # a savepoint: before the first migration the query fails
            return self._read()


SPECIAL_DAYS = RowCache(SpecialDay.objects.as_special_days, NO_SPECIAL_DAYS)
FAULTY_SESSIONS = RowCache(FaultySession.objects.as_faulty_sessions, NO_FAULTY_SESSIONS)
