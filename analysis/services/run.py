"""Run: a worker's slice of work, from claim to finish, until nothing is left or its time is spent."""

import math
import time
import uuid

from structlog.contextvars import bound_contextvars

from analysis import clock, queue
from analysis.models import JobDetail
from analysis.prices import ErrorKind
from analysis.services.backfill import fill
from analysis.services.claim import (
    LEASE,
    Lease,
    Wait,
    claim,
    defer,
    is_new_job_waiting,
    is_stopping,
    next_job,
    next_wait,
    release,
    renew,
)
from analysis.services.finish import finish
from analysis.services.pace import ASKED_IN_VAIN, LOOK_AGAIN, wait_after, wait_for_turn
from analysis.services.submit import RUN_SLICE
from analysis.services.work import Desk

SLICE_SECONDS = LEASE.total_seconds() / 2
GROUP_TO_FETCH = 5
SHORTEST_NAP, LONGEST_NAP = 0.1, 5.0


def run_slice(job: str, *, seconds: float = SLICE_SECONDS) -> int:
    """Analyse stocks, chunk after chunk; returns how many were finished. What a message calls.

    The message of `job` only wakes us: every chunk is of the job whose turn it is. Safe to run any number of times, by
    several at once. A slice whose time is spent, or whose worker is to stop, leaves a message for the next one.
    """
    ends = time.monotonic() + seconds
    finished = 0
    while job_id := next_job():
        if lease := claim(job_id, uuid.uuid4()):
            finished += _serve(lease, ends)
        if time.monotonic() > ends or is_stopping():
            queue.enqueue(RUN_SLICE, job)
            break
    return finished


def run_job(job: str) -> int:
    """Analyse what is left of this job alone, in this process, and wait where its stocks' source makes them wait.

    Returns how many stocks were finished.
    """
    finished, job_id = 0, uuid.UUID(job)
    while True:
        if lease := claim(job_id, uuid.uuid4()):
            finished += _serve(lease, math.inf)
        elif until := next_wait(job_id):
            time.sleep(min(max((until - clock.now()).total_seconds(), SHORTEST_NAP), LONGEST_NAP))
        else:
            return finished


def _serve(lease: Lease, ends: float) -> int:
    with bound_contextvars(job=str(lease.job.pk)):
        return _analyse(lease, ends)


def _analyse(lease: Lease, ends: float) -> int:
    """Analyse what was claimed: stocks with fresh bars first and together, the others in groups as they are fetched.

    Before each fetch the lease is kept, and given up when the job has ended or the worker is asked to stop. After one
    it is given up when the time is spent, and between groups for a job that has not been served yet. The stocks of a
    backfill are taken one by one, whether their bars are fresh or not.
    """
    desk = Desk(lease.job, lease.details)
    group = GROUP_TO_FETCH if lease.job.since is None else 1
    fresh = [detail for detail in lease.details if lease.job.since is None and desk.is_fresh(detail)]
    stale = [detail for detail in lease.details if detail not in fresh]
    finished = finish(lease, [desk.analyse(detail) for detail in fresh])
    fetched: list[JobDetail] = []
    while stale:
        if not renew(lease):
            release(lease)
            return finished
        wait = wait_for_turn() if _asks_at_a_pace(desk, stale[0]) else None
        if wait is None:
            detail = stale.pop(0)
            wait = _fetch(lease, desk, detail, fetched)
            stale = [detail, *stale] if wait else stale
            if lease.job.since and detail in fetched and not fill(lease, desk, detail):
                release(lease)
                return finished
        if wait:
            defer(lease, [detail for detail in stale if _asks_at_a_pace(desk, detail)], wait)
            stale = [detail for detail in stale if not _asks_at_a_pace(desk, detail)]
        is_late = time.monotonic() > ends
        if not stale or is_late or len(fetched) == group:
            finished += finish(lease, [desk.analyse(detail) for detail in fetched])
            fetched = []
            if stale and finished and (is_late or (ends < math.inf and is_new_job_waiting(lease.job))):
                release(lease)
                return finished
    return finished


def _asks_at_a_pace(desk: Desk, detail: JobDetail) -> bool:
    return desk.is_paced(detail) and not desk.is_fresh(detail)


def _fetch(lease: Lease, desk: Desk, detail: JobDetail, fetched: list[JobDetail]) -> Wait | None:
    """Fetch a stock's bars if they are stale, and put it among the `fetched`; what may pass by itself puts it back.

    Returns the wait that this and every other stock of the same source must keep, when it was not asked for.
    """
    if not desk.is_fresh(detail):
        desk.fetch([detail])
    refusal = desk.passing_refusal(detail)
    if refusal and refusal.kind is ErrorKind.RATE_LIMITED:
        return wait_for_turn() or Wait(clock.now() + LOOK_AGAIN, refusal.message)
    if refusal is None or detail.unanswered + 1 >= ASKED_IN_VAIN:
        fetched.append(detail)
    else:
        defer(lease, [detail], wait_after(refusal, detail.unanswered), is_unanswered=True)
    return None
