"""Run: a worker's slice of work, from claim to finish, until nothing is left or its time is spent."""

import itertools
import math
import time
import uuid

from analysis import queue
from analysis.models import JobDetail
from analysis.services.backfill import fill
from analysis.services.claim import LEASE, Lease, claim, is_new_job_waiting, next_job, release, renew
from analysis.services.finish import finish
from analysis.services.submit import RUN_SLICE
from analysis.services.work import Desk

SLICE_SECONDS = LEASE.total_seconds() / 2
GROUP_TO_FETCH = 5


def run_slice(job: str, *, seconds: float = SLICE_SECONDS) -> int:
    """Analyse stocks, chunk after chunk; returns how many were finished. What a message calls.

    The message of `job` only wakes us: every chunk is of the job whose turn it is. Safe to run any number of times, by
    several at once. A slice whose time is spent leaves a message for the next one.
    """
    ends = time.monotonic() + seconds
    finished = 0
    while job_id := next_job():
        if lease := claim(job_id, uuid.uuid4()):
            finished += _serve(lease, ends)
        if time.monotonic() > ends:
            queue.enqueue(RUN_SLICE, job)
            break
    return finished


def run_job(job: str) -> int:
    """Analyse what is left of this job alone, in this process; returns how many stocks were finished."""
    finished = 0
    while lease := claim(uuid.UUID(job), uuid.uuid4()):
        finished += _serve(lease, math.inf)
    return finished


def _serve(lease: Lease, ends: float) -> int:
    """Analyse what was claimed: stocks with fresh bars first and together, the others in groups as they are fetched.

    Before each fetch the lease is kept, and given up when the job has ended or the worker is asked to stop. Between
    groups it is given up when the time is spent, or for a job that has not been served yet. The stocks of a backfill
    are taken one by one.
    """
    desk = Desk(lease.job, lease.details)
    is_backfill = lease.job.since is not None
    fresh = [] if is_backfill else [detail for detail in lease.details if desk.is_fresh(detail)]
    stale = [detail for detail in lease.details if detail not in fresh]
    finished = finish(lease, [desk.analyse(detail) for detail in fresh])
    for group in itertools.batched(stale, 1 if is_backfill else GROUP_TO_FETCH):
        is_spent = finished and (time.monotonic() > ends or (ends < math.inf and is_new_job_waiting()))
        if is_spent or not all(_prepare(lease, desk, detail) for detail in group):
            release(lease)
            break
        finished += finish(lease, [desk.analyse(detail) for detail in group])
    return finished


def _prepare(lease: Lease, desk: Desk, detail: JobDetail) -> bool:
    """Fetch a stock's bars, and fill in a backfill's earlier sessions, while the lease goes on; whether it does."""
    goes_on = renew(lease)
    if goes_on and not desk.is_fresh(detail):
        desk.fetch([detail])
    return goes_on and (lease.job.since is None or fill(lease, desk, detail))
