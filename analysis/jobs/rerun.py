"""Rerun: a new job for the stocks of an old one, all of them or those that did not complete."""

from analysis.jobs.submit import Submission, submit
from analysis.models import RUN_SOURCES, DetailStatus, Job, Source
from analysis.models.jobs import sees_every_job
from analysis.prices.tickers import is_demo
from analysis.rejections import RequestRejected
from stockapp.accounts.models import Person

WITHOUT_RESULT = (DetailStatus.FAILED, DetailStatus.CANCELLED)


def rerun(job: Job, *, source: Source, failed_only: bool = False, requested_by: Person | None = None) -> Submission:
    """Submit a job's stocks again, with the same strategy and day. Raise RequestRejected if there is nothing to rerun.

    `failed_only` leaves out stocks with a result; one that was cancelled, by a person or by the deadline, has none.
    A run over demo and real stocks is run again without the demo ones.
    The new job has `source`, but is BULK if staff rerun a job of RUN_SOURCES: their own limits do not count it.
    """
    if job.is_active:
        raise RequestRejected("The job is still running; cancel it or wait for its end before running it again.")
    if job.pruned_at:
        raise RequestRejected("The job is old and its details were removed, so its stocks are no longer known.")
    details = job.details.filter(status__in=WITHOUT_RESULT) if failed_only else job.details.all()
    tickers = list(details.values_list("stock_id", flat=True))
    if job.source in RUN_SOURCES:
        tickers = _leave_out_demo(tickers)
    if not tickers:
        raise RequestRejected(
            "No stock of the job failed or was cancelled." if failed_only else "The job's stocks are no longer known."
        )
    is_run = job.source in RUN_SOURCES and requested_by is not None and sees_every_job(requested_by)
    return submit(
        tickers,
        source=Source.BULK if is_run else source,
        requested_by=requested_by,
        strategy=job.strategy,
        as_of=job.as_of,
        since=job.since,
        description=job.description,
        parent=job,
    )


def _leave_out_demo(tickers: list[str]) -> list[str]:
    """Return the stocks without demo ones, unless there are no others."""
    return [ticker for ticker in tickers if not is_demo(ticker)] or tickers
