"""Slice: a worker's turn of work, from claim to save, until nothing is left or its time is over.

A slice serves one lease after the other. Each goes load -> fetch -> assess -> save.
"""

import math
import time
import uuid
from collections.abc import Callable

from structlog.contextvars import bound_contextvars

from analysis import clock, queue
from analysis.background import is_stopping
from analysis.jobs.submit import RUN_SLICE
from analysis.models import JobDetail
from analysis.request_pace import (
    MAX_UNANSWERED,
    Wait,
    common_wait_after,
    is_away,
    is_given_up,
    is_own_error,
    latest_wait,
    wait_after,
    wait_for_turn,
)
from analysis.timing import TIMING
from analysis.worker.assess import assess_stock
from analysis.worker.backfill import backfill_stock
from analysis.worker.bars import BarLoader
from analysis.worker.claim import Lease, claim, defer, is_new_job_waiting, next_job, next_wait, release, renew
from analysis.worker.recover import end_if_overdue, end_overlong_waits
from analysis.worker.save import save

GROUP_TO_FETCH = 5
SHORTEST_NAP, LONGEST_NAP = 0.1, 5.0


def run_slice(job: str, *, seconds: float = TIMING.slice.total_seconds()) -> int:
    """Analyse stocks, chunk after chunk, and return how many were finished. The queue calls it.

    The message of `job` only wakes a worker: every chunk is of the job whose turn it is now. Safe to run any number of
    times, by several at once. A slice whose time is over, or whose worker is to stop, queues a message for the next.
    """
    ends = time.monotonic() + seconds
    finished = 0
    while job_id := next_job():
        if lease := claim(job_id, uuid.uuid4()):
            finished += _serve_lease(lease, ends)
        if time.monotonic() > ends or is_stopping():
            queue.enqueue(RUN_SLICE, job)
            break
    return finished


def run_job(job: str, *, on_wait: Callable[[], None] = lambda: None) -> int:
    """Analyse the rest of this job alone, in this process, and wait where its stocks' source makes them wait.

    Return how many stocks were finished. `on_wait` is called before each nap.
    """
    finished, job_id = 0, uuid.UUID(job)
    while True:
        if lease := claim(job_id, uuid.uuid4()):
            finished += _serve_lease(lease, math.inf)
        elif until := next_wait(job_id):
            end_overlong_waits(job_id, latest_wait())
            on_wait()
            time.sleep(min(max((until - clock.now()).total_seconds(), SHORTEST_NAP), LONGEST_NAP))
        else:
            end_if_overdue(job_id)
            return finished


def _serve_lease(lease: Lease, ends: float) -> int:
    with bound_contextvars(job=str(lease.job.pk)):
        return _backfill_lease(lease, ends) if lease.job.since else _analyse_lease(lease, ends)


def _analyse_lease(lease: Lease, ends: float) -> int:
    """Analyse claimed stocks: those with fresh bars together, the others in groups as they are fetched.

    The lease is renewed before each fetch. It is given up when that fails, after a group when the time is over, and
    between groups for a job that has not been served yet.
    """
    loader = BarLoader(lease.job, lease.details)
    fresh, stale = loader.split_by_freshness()
    finished = save(lease, [assess_stock(loader, detail) for detail in fresh])
    fetched: list[JobDetail] = []
    while stale:
        if not renew(lease):
            release(lease)
            return finished
        fetched += _fetch_next(lease, loader, stale)
        if not stale or time.monotonic() > ends or len(fetched) >= GROUP_TO_FETCH:
            finished += save(lease, [assess_stock(loader, detail) for detail in fetched])
            fetched = []
            if stale and finished and _gives_way(lease, ends):
                release(lease)
                return finished
    return finished


def _backfill_lease(lease: Lease, ends: float) -> int:
    """Backfill claimed stocks one by one, those with fresh bars first. The lease is given up as in `_analyse_lease`."""
    loader = BarLoader(lease.job, lease.details)
    ready, stale = loader.split_by_freshness()
    finished = 0
    while ready or stale:
        if not renew(lease):
            break
        ready = ready or _fetch_next(lease, loader, stale)
        if ready:
            outcome = backfill_stock(lease, loader, ready.pop(0))
            if outcome is None:
                break
            finished += save(lease, [outcome])
        if (ready or stale) and finished and _gives_way(lease, ends):
            break
    else:
        return finished
    release(lease)
    return finished


def _fetch_next(lease: Lease, loader: BarLoader, stale: list[JobDetail]) -> list[JobDetail]:
    """Fetch the first of the stale stocks, and take it out of them. Return it, or nothing if it has to wait.

    If the source refuses requests for now, all stocks of paced sources are deferred and taken out; of a source that is
    away those that another source has are returned instead. An error of this stock's own counts for it nevertheless.
    """
    detail, error = stale[0], None
    wait = wait_for_turn() if loader.is_paced(detail) else None
    if wait is None:
        error = loader.fetch(detail, is_last_try=detail.unanswered + 1 >= MAX_UNANSWERED or is_given_up())
        wait = common_wait_after(error)
    if wait:
        return _defer_paced(lease, loader, stale, wait, is_own=is_own_error(error))
    stale.remove(detail)
    if error and detail.unanswered + 1 < MAX_UNANSWERED:
        defer(lease, [detail], wait_after(error, detail.stock_id, detail.unanswered), is_unanswered=True)
        return []
    return [detail]


def _defer_paced(
    lease: Lease, loader: BarLoader, stale: list[JobDetail], wait: Wait, *, is_own: bool
) -> list[JobDetail]:
    """Defer all stocks of paced sources, and return those that can be analysed nevertheless, or have failed.

    `is_own` is whether the first one was requested, and its error says nothing of the others.
    """
    first = stale[0]
    paced = [detail for detail in stale if loader.is_paced(detail) or detail == first]
    stale[:] = [detail for detail in stale if detail not in paced]
    is_last = is_given_up()
    elsewhere = (detail for detail in paced if loader.use_other_source(detail.stock_id, is_last_try=is_last))
    ready = list(elsewhere) if is_away() else []
    own = [first] if is_own and first not in ready else []
    defer(lease, [detail for detail in paced if detail not in (*ready, *own)], wait)
    if own and first.unanswered + 1 < MAX_UNANSWERED:
        defer(lease, own, wait, is_unanswered=True)
        return ready
    return [*ready, *own]


def _gives_way(lease: Lease, ends: float) -> bool:
    """Return whether the slice's time is over, or a new job goes before this one; not for a job in its own process."""
    return time.monotonic() > ends or (ends < math.inf and is_new_job_waiting(lease.job))
