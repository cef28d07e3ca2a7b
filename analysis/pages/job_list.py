"""Job list: the jobs that pass a filter, in the requested order, with the causes of failures."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now

from analysis.forms import JobFilter, JobOrder
from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, JobStatus
from analysis.models.jobs import JobQuerySet

ROWS = 25


@dataclass(frozen=True)
class JobList:
    """The list of the `visible` jobs that pass a filter; `number` is the requested page."""

    visible: JobQuerySet
    chosen: JobFilter
    number: str | None

    @cached_property
    def page(self) -> Page[Job]:
        """Return a page of jobs, each with `causes` (failures by kind, counted) and `ahead` (active jobs before it)."""
        page = Paginator(self._sort_jobs(self._matching_jobs()), ROWS).get_page(self.number)
        causes, places = _causes_by_job([job for job in page if job.failed_count]), _queue_places(list(page))
        for job in page:
            job.causes, job.ahead = causes.get(job.pk, []), places.get(job.pk, 0)  # type: ignore[attr-defined]
        return page

    @property
    def is_live(self) -> bool:
        return any(job.is_active for job in self.page)

    @property
    def running_count(self) -> int:
        return sum(job.is_active for job in self.page)

    @property
    def failed_count(self) -> int:
        """Return how many of the jobs shown failed, wholly or in some stocks."""
        return sum(job.failed_count > 0 or job.status == JobStatus.FAILED for job in self.page)

    def _matching_jobs(self) -> JobQuerySet:
        chosen, jobs = self.chosen, self.visible.for_list()
        if chosen.status == JobFilter.WITH_FAILURES:
            jobs = jobs.filter(Q(failed_count__gt=0) | Q(status=JobStatus.FAILED))
        elif chosen.status:
            jobs = jobs.filter(status=chosen.status)
        if chosen.source:
            jobs = jobs.filter(source=chosen.source)
        if chosen.text:
            has_stock = Exists(JobDetail.objects.filter(job=OuterRef("pk"), stock=chosen.text.upper()))
            asked_by = Q(requested_by__username__iexact=chosen.text)
            jobs = jobs.filter(Q(description__icontains=chosen.text) | asked_by | has_stock)
        return jobs

    def _sort_jobs(self, jobs: JobQuerySet) -> JobQuerySet:
        if self.chosen.order == JobOrder.FAILURES:
            return jobs.order_by("-failed_count", "-created_at", "-pk")
        if self.chosen.order == JobOrder.LONGEST:
            took = Coalesce("completed_at", Now()) - F("started_at")
            return jobs.order_by(took.desc(nulls_last=True), "-created_at", "-pk")
        return jobs


def _causes_by_job(jobs: list[Job]) -> dict[object, list[tuple[str, int]]]:
    if not jobs:
        return {}
    failed = JobDetail.objects.filter(job__in=jobs, status=DetailStatus.FAILED).order_by()
    rows = failed.values_list("job", "error_kind").annotate(rows=Count("pk")).order_by("-rows", "error_kind")
    causes = defaultdict(list)
    for job, kind, count in rows:
        causes[job].append((ErrorKind(kind).label if kind else "Failed", count))
    return causes


def _queue_places(jobs: list[Job]) -> dict[object, int]:
    """Return how many active jobs of all users were requested before each queued one."""
    if all(job.status != JobStatus.QUEUED for job in jobs):
        return {}
    oldest_first = Job.objects.active().order_by("created_at", "pk").values_list("pk", flat=True)
    return {pk: place for place, pk in enumerate(oldest_first)}
