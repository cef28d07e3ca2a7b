"""Jobs: counters against rows, leases against workers, ends against unfinished stocks, one active job per request."""

from collections.abc import Sequence
from itertools import pairwise
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from analysis import clock
from analysis.background import PLACE, is_dead
from analysis.db import transactional
from analysis.jobs import details
from analysis.jobs.counters import recount
from analysis.jobs.end import cancel
from analysis.models import FINISHED, DetailStatus, Job, JobDetail, JobStatus, Worker
from analysis.timing import TIMING
from analysis.upkeep.integrity.check import Check
from analysis.worker.recover import end_leases


def _with_wrong_counters(jobs: QuerySet[Job]) -> QuerySet[Job]:
    """Return the jobs whose counters contradict their rows. Rows may be fewer: those of deleted stocks are deleted."""
    rows = {
        f"{status}_rows": Count("details", filter=Q(details__status=status))
        for status in (DetailStatus.COMPLETED, DetailStatus.FAILED, DetailStatus.SKIPPED)
    }
    counted = F("completed_count") + F("failed_count") - F("completed_rows") - F("failed_rows")
    return (
        jobs.filter(pruned_at=None)
        .order_by()
        .annotate(rows=Count("details"), **rows)
        .filter(
            Q(completed_count__lt=F("completed_rows"))
            | Q(failed_count__lt=F("failed_rows"))
            | Q(skipped_count__lt=F("skipped_rows"))
            | Q(total__lt=F("rows"))
            | Q(total__lt=F("rows") + counted)
        )
    )


def _find_counters() -> list[UUID]:
    return list(_with_wrong_counters(Job.objects.all()).values_list("pk", flat=True))


def _repair_counters(wrong: Sequence[UUID]) -> None:
    for pk in wrong:
        _correct_counters(pk)


@transactional
def _correct_counters(pk: UUID) -> None:
    job = Job.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if job is None or not _with_wrong_counters(Job.objects.filter(pk=pk)).exists():
        return
    rows = dict(job.details.order_by().values_list("status").annotate(Count("pk")))
    job.total = max(job.total, sum(rows.values()))
    job.completed_count = rows.get(DetailStatus.COMPLETED, 0)
    job.failed_count = rows.get(DetailStatus.FAILED, 0)
    is_whole = job.status in (JobStatus.COMPLETED, JobStatus.FAILED)
    missing = job.total - sum(rows.values()) if is_whole else 0
    job.skipped_count = rows.get(DetailStatus.SKIPPED, 0) + missing
    job.save(update_fields=["total", "completed_count", "failed_count", "skipped_count"])


def _find_leases_without_holder() -> list[int]:
    return list(JobDetail.objects.leased().filter(holder="").values_list("pk", flat=True))


def _find_expired_leases() -> list[int]:
    """Return long expired leases while a worker is alive; without one, none could be taken over."""
    return _long_expired_leases() if Worker.objects.alive().exists() else []


def _find_interrupted_stocks() -> list[int]:
    """Return leases of dead processes of this machine, and long expired ones, while no worker is alive.

    A restored backup of a running job looks like this.
    """
    if Worker.objects.alive().exists():
        return []
    held = JobDetail.objects.leased()
    holders = held.held_in(PLACE).order_by().values_list("holder", flat=True).distinct()
    dead = [holder for holder in holders if is_dead(holder)]
    return sorted({*held.filter(holder__in=dead).values_list("pk", flat=True), *_long_expired_leases()})


def _long_expired_leases() -> list[int]:
    held = JobDetail.objects.leased().exclude(holder="").filter(lease_until__lt=clock.now() - TIMING.long_expired)
    return list(held.values_list("pk", flat=True))


def _repair_leases(wrong: Sequence[int]) -> None:
    rows = JobDetail.objects.filter(pk__in=wrong, status=DetailStatus.PROCESSING)
    for job_id in list(rows.order_by().values_list("job_id", flat=True).distinct()):
        _end_leases(job_id, wrong)


@transactional
def _end_leases(job_id: UUID, wrong: Sequence[int]) -> None:
    rows = JobDetail.objects.filter(job=job_id, pk__in=wrong, status=DetailStatus.PROCESSING)
    rows.filter(holder="").update(lease_until=clock.now() - TIMING.lease)
    end_leases(job_id)


def _find_jobs_to_complete() -> list[UUID]:
    """Return active jobs without unfinished details; a job ends in the transaction that ends its last detail."""
    unfinished = JobDetail.objects.unfinished().filter(job=OuterRef("pk"))
    return list(Job.objects.active().filter(~Exists(unfinished)).values_list("pk", flat=True))


def _complete_jobs(wrong: Sequence[UUID]) -> None:
    for pk in wrong:
        recount(pk)


def _find_queued_in_ended() -> list[int]:
    """Return queued details of ended jobs. A slice may still hold stocks of a cancelled job; none may wait."""
    return list(JobDetail.objects.queued().filter(job__status__in=FINISHED).values_list("pk", flat=True))


def _repair_queued_in_ended(wrong: Sequence[int]) -> None:
    rows = JobDetail.objects.queued().filter(pk__in=wrong)
    for job_id in list(rows.order_by().values_list("job_id", flat=True).distinct()):
        _cancel_queued_stocks(job_id)


@transactional
def _cancel_queued_stocks(job_id: UUID) -> None:
    job = Job.objects.select_for_update(no_key=True).filter(pk=job_id, status__in=FINISHED).first()
    if job is None:
        return
    details.cancel(job, list(JobDetail.objects.queued().filter(job=job).select_for_update().order_by("pk")))


def _find_duplicate_jobs() -> list[UUID]:
    """Return all active jobs of each request but the one that began first."""
    active = Job.objects.active().order_by("request_key", F("started_at").asc(nulls_last=True), "created_at", "pk")
    rows = list(active.values_list("request_key", "pk"))
    return [pk for (before, _), (key, pk) in pairwise(rows) if key == before]


def _cancel_duplicate_jobs(wrong: Sequence[UUID]) -> None:
    for job in Job.objects.filter(pk__in=wrong):
        cancel(job, reason="The same request was active twice.")


JOB_CHECKS = (
    Check(
        "two_active_jobs",
        "Active jobs of a request that has another active job.",
        "The later ones were cancelled.",
        _find_duplicate_jobs,
        _cancel_duplicate_jobs,
    ),
    Check(
        "leases_without_worker",
        "Stocks under a lease that no process holds.",
        "They went back to the queue, or failed at their third attempt.",
        _find_leases_without_holder,
        _repair_leases,
    ),
    Check(
        "expired_leases",
        "Stocks whose lease ended long ago and was not taken over.",
        "They went back to the queue, or failed at their third attempt.",
        _find_expired_leases,
        _repair_leases,
    ),
    Check(
        "interrupted_stocks",
        "Stocks that were being analysed when their worker stopped; a worker will return them to the queue.",
        "They went back to the queue, or failed at their third attempt.",
        _find_interrupted_stocks,
        _repair_leases,
        is_passing=True,
    ),
    Check(
        "queued_in_ended_jobs",
        "Stocks that wait in a job which has ended.",
        "They were cancelled.",
        _find_queued_in_ended,
        _repair_queued_in_ended,
    ),
    Check(
        "counters",
        "Jobs whose counts are not those of their stocks.",
        "Their stocks were counted again.",
        _find_counters,
        _repair_counters,
    ),
    Check(
        "active_without_open_stocks",
        "Active jobs of which no stock is left to analyse.",
        "They were ended as their stocks say.",
        _find_jobs_to_complete,
        _complete_jobs,
    ),
)
