"""Timing: every time that follows from a lease, and the system checks of the settings that must fit to it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@dataclass(frozen=True, slots=True)
class Timing:
    """The times of the job engine, all derived from one: how long a lease lasts.

    One stock fits into what is left of a lease that need not be renewed yet:

        renewal_age + longest_stock <= lease
        longest_stock = 3 x longest_turn + 2 x ticker_timeout

    because a stock is requested twice at most, each time after its turn, and a canary once after another turn, within
    the time of the stock. A slice ends, with the stock in work, before django-q2 kills its process:

        slice + longest_stock < Q_CLUSTER["timeout"]

    Lost work is found within one lease, and a cluster that does nothing is killed before its jobs are woken twice:

        watch_interval < recovery_interval < stalled_after = wedged_after < lease < long_expired
        stalled_after < stall_notice_after < lease

    A message is sent, or its process killed, before its lease ends:

        sending < lease
    """

    lease: timedelta

    @property
    def renewal_age(self) -> timedelta:
        """Return the age at which a lease is renewed."""
        return self.lease / 3

    @property
    def slice(self) -> timedelta:
        """Return how long one queued call works before it leaves the rest to the next."""
        return self.lease / 2

    @property
    def longest_turn(self) -> timedelta:
        """Return how long a process waits for its turn to send a request; a stock with a later turn is requeued."""
        return self.lease / 10

    @property
    def turn_head_start(self) -> timedelta:
        """Return how long before its turn a requeued stock may be claimed again."""
        return self.longest_turn / 2

    @property
    def ticker_timeout(self) -> timedelta:
        """Return the limit of one stock's requests, with those for cookies and for a canary, without their turns."""
        return self.lease / 6

    @property
    def longest_stock(self) -> timedelta:
        """Return how long one stock takes at most, until its bars are fetched."""
        return 3 * self.longest_turn + 2 * self.ticker_timeout

    @property
    def stalled_after(self) -> timedelta:
        """Return after which time without progress a job is woken."""
        return self.lease / 3

    @property
    def stall_notice_after(self) -> timedelta:
        """Return after which time without progress a job's page says so: waking the job did not help."""
        return 2 * self.stalled_after

    @property
    def recovery_interval(self) -> timedelta:
        """Return the time between two recoveries of lost work by one worker."""
        return self.lease / 6

    @property
    def planned_interval(self) -> timedelta:
        """Return the time between two checks for planned calls: 15 s at most, however long a lease is."""
        return min(self.recovery_interval, timedelta(seconds=15))

    @property
    def watch_interval(self) -> timedelta:
        """Return the time between two checks that the cluster makes progress."""
        return self.lease / 18

    @property
    def wedged_after(self) -> timedelta:
        """Return for how long work has to wait before a cluster without progress is killed."""
        return self.lease / 3

    @property
    def watches(self) -> int:
        """Return how many checks without progress lead to a kill: those of `wedged_after`, or of 10 s."""
        return round(max(self.wedged_after, timedelta(seconds=10)) / self.watch_interval)

    @property
    def sending(self) -> timedelta:
        """Return how long a message may take from its claim to the end of the process that sends it."""
        return min(timedelta(seconds=45), self.lease / 2)

    @property
    def long_expired(self) -> timedelta:
        """Return how long after its end a lease is still no fault: a live worker recovers 18 times in it."""
        return 3 * self.lease


TIMING = Timing(timedelta(seconds=settings.LEASE_SECONDS))


@register()
def a_slice_ends_before_its_timeout(**_: Any) -> list[CheckMessage]:
    """Return an error if django-q2 could kill a slice that is still in its last stock."""
    q: dict[str, Any] = settings.Q_CLUSTER
    if TIMING.slice + TIMING.longest_stock < timedelta(seconds=q["timeout"]):
        return []
    return [Error("A slice's seconds and its longest stock must fit into Q_CLUSTER's timeout.", id="analysis.E002")]


@register()
def retry_exceeds_what_a_message_can_wait(**_: Any) -> list[CheckMessage]:
    """Return an error if a message could run twice at once.

    django-q2 counts `retry` from when a message is taken, so it has to outlast the messages that were taken before it.
    """
    q: dict[str, Any] = settings.Q_CLUSTER
    before = -(-(q["queue_limit"] + q["bulk"]) // q["workers"])
    least = q["timeout"] * (1 + before) + 30
    if q["retry"] > least:
        return []
    return [
        Error(
            f"Q_CLUSTER: retry is {q['retry']} s and must exceed {least} s, or a message runs twice at once.",
            id="analysis.E001",
        )
    ]
