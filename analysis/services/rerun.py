"""Rerun: a new job for the stocks of an old one, all of them or those that failed."""

from analysis.models import DetailStatus, Job, Source
from analysis.services.submit import Asker, Refused, Submission, submit


def rerun(job: Job, *, source: Source, failed_only: bool = False, requested_by: Asker = None) -> Submission:
    """Submit a job's stocks again, with the same strategy and day. Raises Refused when there is nothing to rerun."""
    if job.is_active:
        raise Refused("The job is still running; cancel it or wait for its end before running it again.")
    if job.pruned_at:
        raise Refused("The job is old and its details were removed, so its stocks are no longer known.")
    details = job.details.filter(status=DetailStatus.FAILED) if failed_only else job.details.all()
    tickers = list(details.values_list("stock_id", flat=True))
    if not tickers:
        raise Refused("No stock of the job failed." if failed_only else "The job's stocks are no longer known.")
    return submit(
        tickers,
        source=source,
        requested_by=requested_by,
        strategy=job.strategy,
        as_of=job.as_of,
        since=job.since,
        description=job.description,
        parent=job,
    )
