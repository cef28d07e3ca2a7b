"""Run: a worker's slice of a job, from claim to finish, until nothing is left or its time is spent."""

import itertools
import logging
import time
import uuid

from analysis import queue
from analysis.models import JobDetail
from analysis.services.claim import Lease, claim, release, renew
from analysis.services.finish import finish
from analysis.services.submit import RUN_SLICE
from analysis.services.work import Desk

logger = logging.getLogger(__name__)

SLICE_SECONDS = 45
GROUP_TO_FETCH = 5


def run_slice(job: str, *, seconds: float = SLICE_SECONDS) -> int:
    """Analyse stocks of the job with this id, chunk after chunk; returns how many were finished.

    Safe to run any number of times, by several at once. A slice whose time is spent leaves a message for the next one.
    """
    job_id, token = uuid.UUID(job), uuid.uuid4()
    ends = time.monotonic() + seconds
    finished = 0
    while lease := claim(job_id, token):
        finished += _serve(lease)
        if time.monotonic() > ends:
            queue.enqueue(RUN_SLICE, job)
            break
    return finished


def _serve(lease: Lease) -> int:
    """Analyse what was claimed: stocks with fresh bars first and together, the others in groups as they are fetched."""
    desk = Desk(lease.job, lease.details)
    fresh = [detail for detail in lease.details if desk.is_fresh(detail)]
    stale = [detail for detail in lease.details if not desk.is_fresh(detail)]
    groups: list[list[JobDetail]] = [fresh] if fresh else []
    groups += [list(group) for group in itertools.batched(stale, GROUP_TO_FETCH)]
    finished = 0
    for group in groups:
        if not renew(lease):
            release(lease)
            break
        desk.fetch([detail for detail in group if not desk.is_fresh(detail)])
        outcomes = [desk.analyse(detail) for detail in group]
        finished += finish(lease, outcomes)
    return finished
