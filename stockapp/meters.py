"""Meters: rate limits per user and per address, over all web processes together.

A meter is a leaky bucket of one minute's limit. Its level is in the shared cache, which is the database, so each
process counts locally and adds its count to the shared level a share at a time. A limit is therefore exceeded by about
one share per process, and most requests cost no query. The shared level is not locked: concurrent updates may lose a
share.
"""

import logging
import math
import time
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from threading import Lock

from django.conf import settings
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connection, transaction

logger = logging.getLogger(__name__)

MINUTE = 60
MOST_KEYS = 10_000


@dataclass(slots=True)
class LocalCount:
    """The local count of one key: requests not shared yet, and until when further ones are refused."""

    unshared: int = 0
    refused_until: float = 0.0


class Meter:
    """A counter of requests by key; `limit_name` is the setting with the limit per minute.

    A process shares its count after each `parts`-th of the limit, or after each request if `parts` is 0.
    """

    def __init__(self, name: str, limit_name: str, *, parts: int = 0) -> None:
        self.name, self.limit_name, self.parts = name, limit_name, parts
        self._counts: OrderedDict[str, LocalCount] = OrderedDict()
        self._lock = Lock()

    @property
    def limit(self) -> int:
        return int(getattr(settings, self.limit_name))

    @property
    def share(self) -> int:
        """Return how many requests a process counts before it adds them to the shared level."""
        return math.ceil(self.limit / self.parts) if self.parts else 1

    def take(self, key: str, requests: int = 1) -> int:
        """Count a request, or several. Return 0, or the seconds to wait if they are beyond the limit."""
        now = time.time()
        with self._lock:
            count = self._counts.setdefault(key, LocalCount())
            self._counts.move_to_end(key)
            if len(self._counts) > MOST_KEYS:
                self._counts.popitem(last=False)
            if now < count.refused_until:
                return math.ceil(count.refused_until - now)
            count.unshared += requests
            if count.unshared < self.share:
                return 0
            used, count.unshared = count.unshared, 0
        excess = self._add_to_level(key, used, now)
        if excess <= 0:
            return 0
        wait = max(1.0, excess * MINUTE / self.limit)
        count.refused_until = now + wait
        return math.ceil(wait)

    def forget(self) -> None:
        """Reset the local counts of this process."""
        with self._lock:
            self._counts.clear()

    def _add_to_level(self, key: str, used: int, now: float) -> float:
        """Add to the shared level, which drains by the limit per minute, and return the excess over the limit.

        One share is kept in reserve for requests that are not shared yet. A refused request is not added. If the
        database does not answer, nothing is refused.
        """
        digest = blake2b(f"{self.name}.{key}".encode(), digest_size=16)
        place = f"meter.{self.name}.{digest.hexdigest()}"
        try:
            with transaction.atomic():
                _lock_level(digest.digest())
                level, at = cache.get(place) or (0.0, now)
                level = max(0.0, level - max(0.0, now - at) * self.limit / MINUTE) + used
                excess = level - (self.limit - self.share + 1)
                cache.set(place, (level - (excess > 0), now), timeout=3 * MINUTE)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("A request is not counted, as the database does not answer: %s", str(error).strip())
            return 0.0
        return float(excess)


def _lock_level(digest: bytes) -> None:
    """Lock this level until the transaction ends; a transaction of SQLite has the only lock anyway.

    The level may have no row yet, so the lock is that of a number.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(digest[:8], signed=True)])


by_user = Meter("user", "REQUESTS_PER_MINUTE_PER_USER", parts=20)
by_address = Meter("address", "REQUESTS_PER_MINUTE_PER_ADDRESS", parts=20)
logins = Meter("logins", "LOGINS_PER_MINUTE_PER_ADDRESS")
METERS = (by_user, by_address, logins)
