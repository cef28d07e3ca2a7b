"""Run: a worker's slice of work, from claim to finish, until nothing is left or its time is spent."""

import itertools
import time
import uuid

from analysis import queue
from analysis.models import JobDetail
from analysis.services.claim import LEASE, Lease, claim, next_job, release, renew
from analysis.services.finish import finish
from analysis.services.submit import RUN_SLICE
from analysis.services.work import Desk

SLICE_SECONDS = LEASE.total_seconds() / 2
GROUP_TO_FETCH = 5


def run_slice(job: str, *, seconds: float = SLICE_SECONDS) -> int:
    """Analyse stocks, chunk after chunk; returns how many were finished. What a message calls.

    The message of `job` only wakes us: every chunk is of the job that has gone unserved for longest. Safe to run any
    number of times, by several at once. A slice whose time is spent leaves a message for the next one.
    """
    ends = time.monotonic() + seconds
    finished = 0
    while job_id := next_job():
        finished += _serve(claim(job_id, uuid.uuid4()))
        if time.monotonic() > ends:
            queue.enqueue(RUN_SLICE, job)
            break
    return finished


def run_job(job: str) -> int:
    """Analyse what is left of this job alone, in this process; returns how many stocks were finished."""
    finished = 0
    while lease := claim(uuid.UUID(job), uuid.uuid4()):
        finished += _serve(lease)
    return finished


def _serve(lease: Lease | None) -> int:
    """Analyse what was claimed: stocks with fresh bars first and together, the others in groups as they are fetched.

    Between groups it looks up: whether the job goes on, and whether another one has waited for longer.
    """
    if lease is None:
        return 0
    desk = Desk(lease.job, lease.details)
    fresh = [detail for detail in lease.details if desk.is_fresh(detail)]
    stale = [detail for detail in lease.details if not desk.is_fresh(detail)]
    groups: list[list[JobDetail]] = [fresh] if fresh else []
    groups += [list(group) for group in itertools.batched(stale, GROUP_TO_FETCH)]
    finished = 0
    for group in groups:
        if not renew(lease) or (finished and next_job() not in {None, lease.job.pk}):
            release(lease)
            break
        desk.fetch([detail for detail in group if not desk.is_fresh(detail)])
        finished += finish(lease, [desk.analyse(detail) for detail in group])
    return finished
