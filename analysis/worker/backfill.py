"""Backfill: the verdicts of past sessions, each exactly as it would have been given at that session's close.

Every session is assessed over its own window of bars, by the code of an as-of run: equal by construction, quality gate
and fingerprint included. The last session is an as-of run like any other and is saved like one; those before it are
results without evidence, for a kilobyte a session would outweigh the bars twenty times.
"""

import itertools
from collections.abc import Sequence

from analysis import clock
from analysis.db import transactional
from analysis.jobs.details import update_stocks
from analysis.models import Job, JobDetail, Rating, RawData, Result, Stock
from analysis.ratings import rating_of
from analysis.worker.assess import AssessmentError, Outcome, assess_past_sessions, assess_stock
from analysis.worker.bars import BarLoader
from analysis.worker.claim import Lease, renew
from analysis.worker.save import upsert_results

SESSIONS_AT_ONCE = 100


def backfill_stock(lease: Lease, loader: BarLoader, detail: JobDetail) -> Outcome | None:
    """Store the results of a stock's sessions before the last one, and return the outcome of the last.

    Return None if the lease was lost. If a session fails unexpectedly, that failure is the outcome.
    """
    try:
        for outcomes in itertools.batched(assess_past_sessions(loader, detail), SESSIONS_AT_ONCE):
            if not (renew(lease) and _save_past_results(lease, detail, outcomes)):
                return None
    except AssessmentError as error:
        return error.outcome
    return assess_stock(loader, detail)


@transactional
def _save_past_results(lease: Lease, detail: JobDetail, outcomes: Sequence[Outcome]) -> bool:
    """Upsert by (stock, day) if the lease is still held, and return whether it is.

    Results of a run at its own time stay, with their evidence and ratings, and get those that they lack if their bars
    are still the same; failures and earlier backfills are replaced.
    """
    job = Job.objects.active().select_for_update(no_key=True).filter(pk=lease.job.pk).first()
    held = JobDetail.objects.held_by(lease.token).filter(pk=detail.pk, fence=detail.fence)
    if job is None or not held.select_for_update():
        return False
    Stock.objects.lock([detail.stock_id])
    stored = Result.objects.filter(stock=detail.stock_id, day__in=[outcome.day for outcome in outcomes])
    rows = stored.completed().filter(job__since=None).values_list("day", "pk", "close")
    final = {day: (pk, close) for day, pk, close in rows}
    RawData.objects.filter(result__in=stored.exclude(day__in=final)).delete()
    now = clock.now()
    upsert_results(job, [outcome for outcome in outcomes if outcome.day not in final], now)
    same = {final[one.day][0]: one for one in outcomes if one.day in final and final[one.day][1] == one.close}
    rated = set(Rating.objects.filter(result__in=same).values_list("result", "strategy"))
    Rating.objects.bulk_create(
        rating_of(result, strategy, rating.assessment, rating.weekly, rating.caution)
        for result, outcome in same.items()
        for strategy, rating in outcome.ratings.items()
        if (result, strategy) not in rated
    )
    update_stocks(job, completed=[detail.stock_id], failed={}, now=now)
    return True
