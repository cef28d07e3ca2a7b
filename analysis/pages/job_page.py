"""Job page: a job's progress and rate, its failures by kind, and a page of its stocks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.core.paginator import Page, Paginator
from django.db.models import Max

from analysis import clock
from analysis.engine.strategies import STRATEGIES
from analysis.jobs.estimate import Estimate, estimate_rest
from analysis.models import Job, JobDetail, JobStatus, Worker
from analysis.pages.failures import FailureGroup, failure_groups
from analysis.pages.source_notice import SourceNotice
from analysis.timing import TIMING
from analysis.wait_sentences import describe_wait

ROWS = 100
MEASURABLE_STOCKS = 10
MEASURABLE_TIME = timedelta(seconds=3)
NOTABLE = timedelta(seconds=1)
SHOWN_ALWAYS = ("Took", "Working")


@dataclass(frozen=True)
class JobPage:
    """The page of one job; `number` is the requested page of its stocks, `notice` that of a job in work about Yahoo."""

    job: Job
    number: str | None
    notice: SourceNotice | None = None

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
    def waited(self) -> timedelta:
        """Return how long none of the stocks was in work since the job began: they waited for Yahoo or for a worker."""
        if not self.job.is_active or self.job.details.in_work().exists():
            return self.job.waited
        return self.job.waited_until(clock.now())

    @property
    def worked(self) -> timedelta | None:
        """Return how long stocks of the job were in work; None before it began."""
        return None if self.job.duration is None else max(self.job.duration - self.waited, timedelta())

    @property
    def times(self) -> list[tuple[str, timedelta]]:
        """Return where the time goes, by label: queued before the job began, in work, waiting since then, and left.

        What lasted less than NOTABLE is left out. While requests are paused, or stocks wait for another try, the rest
        takes at least that long.
        """
        total, worked = self.job.duration, self.worked or timedelta()
        times = [("Queued", self.job.queued_for)]
        if total is not None and self.job.is_active:
            times += [("Working", worked), ("Waiting", self.waited)]
        elif total is not None:
            times += [
                ("Took", total),
                *([("Working", worked), ("Waiting", self.waited)] if self.waited > NOTABLE else []),
            ]
        is_least = self.notice or self._last_attempt
        times.append(("Left, at least" if is_least else "Left, about", self.remaining))
        return [
            (label, time) for label, time in times if time is not None and (time >= NOTABLE or label in SHOWN_ALWAYS)
        ]

    @cached_property
    def rate(self) -> float | None:
        """Return the stocks analysed per second of work; None until there is enough to measure."""
        worked = self.worked
        if worked is None or worked < MEASURABLE_TIME or self.job.done_count < MEASURABLE_STOCKS:
            return None
        return self.job.done_count / worked.total_seconds()

    @property
    def remaining(self) -> timedelta | None:
        """Return how long the rest takes: at this rate, or at the pace of requests once these are sent again.

        It takes at least until the last stock that waits is tried again. None while nothing of that is known.
        """
        if not self.job.is_active:
            return None
        times = [self._last_attempt - clock.now()] if self._last_attempt else []
        if self.fetching:
            times.append(self.fetching.duration + self._pause_left)
        elif self.rate:
            times.append(timedelta(seconds=self.waiting_count / self.rate))
        return max(times, default=None)

    @cached_property
    def _last_attempt(self) -> datetime | None:
        """Return when the last of the stocks that wait for their source is tried again."""
        if not self.job.is_active:
            return None
        last: datetime | None = self.job.details.waiting().aggregate(last=Max("not_before"))["last"]
        return last

    @property
    def _pause_left(self) -> timedelta:
        until = self.notice.until if self.notice else None
        return max(until - clock.now(), timedelta()) if until else timedelta()

    @property
    def next_attempt(self) -> datetime | None:
        """Return when requests are sent again; None if they are not paused."""
        return self.notice.until if self.notice and self._pause_left else None

    @cached_property
    def is_deadline_first(self) -> bool:
        """Return whether the deadline comes before a stock of the job is tried again, and so ends the job.

        A pause alone does not tell, where another source may have what Yahoo does not answer.
        """
        if not self.job.is_active or self.job.deadline is None:
            return False
        attempts = [self._last_attempt]
        if self._last_attempt or (self.fetching and self.notice and not self.notice.has_price_files):
            attempts.append(self.next_attempt)
        return any(attempt and attempt >= self.job.deadline for attempt in attempts)

    @property
    def has_met_deadline(self) -> bool:
        """Return whether the deadline matters: the job runs, or was ended by it."""
        job = self.job
        return job.deadline is not None and (job.completed_at is None or job.completed_at >= job.deadline)

    @cached_property
    def wait(self) -> str:
        """Return the most frequent reason why stocks of the job wait for their source, with the time."""
        if not self.job.is_active:
            return ""
        most = self.job.details.most_frequent_wait()
        return describe_wait(*most) if most else ""

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
