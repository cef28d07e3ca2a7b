"""Job page: a job's progress and rate, its failures by kind, and a page of its stocks."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Count

from analysis import clock
from analysis.engine.strategies import STRATEGIES
from analysis.jobs.estimate import Estimate, estimate_rest
from analysis.models import Job, JobDetail, JobStatus, Worker
from analysis.pages.failures import FailureGroup, failure_groups
from analysis.timing import TIMING

ROWS = 100
MEASURABLE_STOCKS = 10
MEASURABLE_TIME = timedelta(seconds=3)


@dataclass(frozen=True)
class JobPage:
    """The page of one job; `number` is the requested page of its stocks."""

    job: Job
    number: str | None

    @cached_property
    def details(self) -> Page[JobDetail]:
        return Paginator(self.job.details.for_page(), ROWS).get_page(self.number)

    @cached_property
    def failures(self) -> list[FailureGroup]:
        return failure_groups(self.job)

    @cached_property
    def jobs_ahead(self) -> int:
        """Return how many active jobs were requested before this one."""
        if self.job.status != JobStatus.QUEUED:
            return 0
        return Job.objects.active().filter(created_at__lt=self.job.created_at).count()

    @property
    def waiting_count(self) -> int:
        return self.job.total - self.job.done_count

    @property
    def differs_from_all(self) -> bool:
        """Return whether the stocks without a result are other stocks than all of the job."""
        return 0 < self.without_result_count < self.job.total

    @property
    def without_result_count(self) -> int:
        """Return how many stocks have no result, because they failed or were cancelled."""
        return self.waiting_count + self.job.failed_count

    @property
    def announced_percent(self) -> int:
        """Return the progress in whole quarters, which screen readers announce."""
        return self.job.progress_percent // 25 * 25

    @cached_property
    def rate(self) -> float | None:
        """Return the stocks analysed per second; None until there is enough to measure."""
        took = self.job.duration
        if took is None or took < MEASURABLE_TIME or self.job.done_count < MEASURABLE_STOCKS:
            return None
        return self.job.done_count / took.total_seconds()

    @property
    def remaining(self) -> timedelta | None:
        """Return how long the rest takes at this rate; None if bars are to be fetched, which has its own pace."""
        if not self.rate or not self.job.is_active or self.fetching:
            return None
        return timedelta(seconds=self.waiting_count / self.rate)

    @cached_property
    def wait(self) -> str:
        """Return the most frequent reason why stocks of the job wait for their source, with the time."""
        if not self.job.is_active:
            return ""
        reasons = self.job.details.waiting().order_by().values_list("wait_reason")
        most = reasons.annotate(rows=Count("pk")).order_by("-rows", "wait_reason").first()
        return str(most[0]) if most else ""

    @cached_property
    def fetching(self) -> Estimate | None:
        """Return what fetching the unfinished stocks' bars from Yahoo takes; None if there is nothing to fetch."""
        return estimate_rest(self.job)

    @property
    def strategy(self) -> str:
        return STRATEGIES[self.job.strategy].name if self.job.strategy in STRATEGIES else self.job.strategy

    @cached_property
    def lacks_worker(self) -> bool:
        return self.job.is_active and not Worker.objects.at_work().exists()

    @property
    def is_stalled(self) -> bool:
        """Return whether a running job has made no progress although it was woken."""
        return self.job.is_active and clock.now() - self.job.progress_at > TIMING.stall_notice_after
