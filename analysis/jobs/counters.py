"""Counters: how many stocks of a job have ended, and the end of the job with its last stock."""

import logging
import uuid
from functools import partial

from django.db import transaction
from django.db.models import Case, Count, F, Q, Value, When

from analysis import clock
from analysis.db import transactional
from analysis.jobs.end import record_end
from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, JobStatus, Source
from analysis.track_records.refresh import request_records

logger = logging.getLogger(__name__)

OVER_MOST_STOCKS = (Source.BULK, Source.SCHEDULE, Source.DEMO)
"""Sources of jobs over most of the stocks; after each of these jobs the track records are computed again."""


def add_to_counters(job: Job, *, completed: int = 0, failed: int = 0) -> None:
    """Add details that were moved in this transaction to the job's counters."""
    now = clock.now()
    Job.objects.filter(pk=job.pk).update(
        completed_count=F("completed_count") + completed,
        failed_count=F("failed_count") + failed,
        progress_at=now,
        idle_since=now,
    )


def complete_if_done(job: Job) -> bool:
    """Complete a job whose counters have reached its total. Return whether this call did.

    The row lock of the counters decides which slice is the last one, on SQLite and on PostgreSQL.
    """
    everything = Q(total__lte=F("completed_count") + F("failed_count") + F("skipped_count"))
    status = Case(When(completed_count=0, then=Value(JobStatus.FAILED)), default=Value(JobStatus.COMPLETED))
    active = Job.objects.active().filter(everything, pk=job.pk)
    if not active.update(status=status, completed_at=clock.now()):
        return False
    record_end(job)
    if job.source in OVER_MOST_STOCKS and not job.as_of:
        request_records()
    Job.objects.filter(pk=job.pk, status=JobStatus.FAILED).update(error_message=_why_all_failed(job))
    _log_end(Job.objects.get(pk=job.pk))
    return True


@transactional
def recount(job_id: uuid.UUID) -> bool:
    """Set the counters of an active job from its rows if all have ended, and complete it. Return whether it did."""
    job = Job.objects.select_for_update(no_key=True).filter(pk=job_id).first()
    if job is None or not job.is_active or job.details.unfinished().exists():
        return False
    rows = dict(job.details.order_by().values_list("status").annotate(Count("pk")))
    job.completed_count = rows.get(DetailStatus.COMPLETED, 0)
    job.failed_count = rows.get(DetailStatus.FAILED, 0)
    job.skipped_count = job.total - job.completed_count - job.failed_count
    job.progress_at = clock.now()
    job.save(update_fields=["completed_count", "failed_count", "skipped_count", "progress_at"])
    return complete_if_done(job)


def _log_end(job: Job) -> None:
    """Log the end of a job once it is committed."""
    seconds = job.duration.total_seconds() if job.duration else 0.0
    counts = f"{job.completed_count} of {job.total} stocks completed, {job.failed_count} failed"
    sentence = f"The job has ended: {job.get_status_display().lower()}; {counts}; {seconds:.1f} s"
    transaction.on_commit(partial(logger.info, sentence))


def _why_all_failed(job: Job) -> str:
    failed = JobDetail.objects.filter(job=job, status=DetailStatus.FAILED)
    kinds = failed.order_by().values_list("error_kind").annotate(rows=Count("pk")).order_by("-rows")
    causes = [f"{rows} × {ErrorKind(kind).label.lower()}" for kind, rows in kinds]
    return "No stock could be analysed: " + (", ".join(causes) or "they were deleted")
