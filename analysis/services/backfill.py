"""Backfill: the verdicts of past sessions, each exactly as it would have been given at that session's close.

Every session is assessed over its own window of bars, by the code of an as-of run: equal by construction, quality gate
and fingerprint included. The last session is an as-of run like any other and is finished like one; those before it are
results without evidence, for six kilobytes a session would outweigh the bars a hundred times.
"""

import itertools
from collections.abc import Sequence

from analysis import clock
from analysis.engine import Assessment
from analysis.models import Job, JobDetail, RawData, Result, Stock
from analysis.services.claim import Lease, renew
from analysis.services.finish import REPLACED, result_of, tell_stocks
from analysis.services.transient import transactional
from analysis.services.work import Desk, Outcome

SESSIONS_AT_ONCE = 100


def fill(lease: Lease, desk: Desk, detail: JobDetail) -> bool:
    """Write what was to be said of a stock's sessions before the last one; whether the lease goes on."""
    rated = (outcome for outcome in desk.past(detail) if isinstance(outcome.found, Assessment))
    return all(renew(lease) and _save(lease, detail, some) for some in itertools.batched(rated, SESSIONS_AT_ONCE))


@transactional
def _save(lease: Lease, detail: JobDetail, outcomes: Sequence[Outcome]) -> bool:
    """Upsert by (stock, day) while the lease is held; whether it is.

    What a run found at its own time stays, with its evidence; failures and earlier backfills are replaced.
    """
    job = Job.objects.active().select_for_update(no_key=True).filter(pk=lease.job.pk).first()
    held = JobDetail.objects.select_for_update().held_by(lease.token).filter(pk=detail.pk, fence=detail.fence)
    if job is None or not held:
        return False
    Stock.objects.lock([detail.stock_id])
    there = Result.objects.filter(stock=detail.stock_id, day__in=[outcome.day for outcome in outcomes])
    told = set(there.completed().filter(job__since=None).values_list("day", flat=True))
    RawData.objects.filter(result__in=there.exclude(day__in=told)).delete()
    now = clock.now()
    Result.objects.bulk_create(
        [result_of(job, outcome, now) for outcome in outcomes if outcome.day not in told],
        update_conflicts=True,
        unique_fields=["stock", "day"],
        update_fields=REPLACED,
    )
    tell_stocks(job, completed=[detail.stock_id], failed={}, now=now)
    return True
