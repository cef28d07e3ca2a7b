"""Polls: a live part of a page requests itself every two seconds and gets 204 while its state is unchanged.

A state contains everything from the database that the part shows, and is cheap to read. The address of the poll carries
its stamp. Content that depends on the clock alone, such as how many sessions a result is late, is renewed with every
period.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone

from analysis import clock
from analysis.models import Job, JobDetail, JobStatus, Stock, Worker
from analysis.pages.source_notice import SourceNotice, read_source_notice, state_of
from stockapp.accounts.models import Person, User

SEEN = "seen"
OF_THE_STOCK = (
    "last_wait_until", "last_status", "last_job_id", "last_wait", "last_error", "last_result_id", "last_analyzed_at",
)  # fmt: skip
"""Fields of a stock, one of which changes with every act on it and with every result."""
PERIOD_SECONDS, CLOCK_SECONDS = 300, 10

type State = tuple[Any, ...]


def stamp(state: State) -> str:
    """Return a hash of a state and the current period."""
    period = int(timezone.now().timestamp()) // PERIOD_SECONDS
    return blake2b(repr((period, state)).encode(errors="surrogatepass"), digest_size=8).hexdigest()


def is_seen(request: HttpRequest, state: State) -> bool:
    """Return whether the polling part already shows this state."""
    return request.GET.get(SEEN) == stamp(state)


def poll_query(query: str, state: State) -> str:
    """Return the query string for the polls of a part that shows this state: `query` with the state's stamp."""
    given = QueryDict(query.removeprefix("?"), mutable=True)
    given[SEEN] = stamp(state)
    return f"?{given.urlencode()}"


def with_due(values: State) -> State:
    """Return the values of OF_THE_STOCK, and whether the time of the next attempt has come."""
    return (*values, values[0] is not None and values[0] <= clock.now())


def unchanged_response() -> HttpResponse:
    """Return a 204, which leaves the part unchanged."""
    return HttpResponse(status=204)


def running_count(user: Person) -> int:
    """Return how many jobs of a user are active; none of a visitor."""
    return Job.objects.active().of(user).count()


def live_annotations(user: Person) -> dict[str, Any]:
    """Return annotations shown beside the rows: whether a worker takes work, and how many jobs of the user run."""
    own = Job.objects.active().of(user).order_by().values("requested_by")
    count = Subquery(own.annotate(rows=Count("pk")).values("rows"))
    return {"has_worker": Exists(Worker.objects.at_work()), "running": Coalesce(count, 0)}


@dataclass(frozen=True)
class StockState:
    """The state of a stock's page during an analysis; `own` are the values of OF_THE_STOCK and its rating's key.

    `started_at` is when a worker took the stock, None while it waits.
    """

    has_worker: bool
    running: int
    attempts: int
    started_at: datetime | None
    own: State
    notice: SourceNotice | None

    @classmethod
    def read(cls, ticker: str, user: User) -> "StockState | None":
        """Return the stored state for this user, None if there is no such stock."""
        details = JobDetail.objects.filter(job=OuterRef("last_job"), stock=OuterRef("pk"))
        tries, began = (Subquery(details.values(name)[:1]) for name in ("attempts", "started_at"))
        stock = Stock.objects.filter(pk=ticker).with_rating(user.strategy)
        stock = stock.annotate(attempts=Coalesce(tries, 0), started_at=began, **live_annotations(user))
        row = stock.values_list("has_worker", "running", "attempts", "started_at", *OF_THE_STOCK, "rating__pk").first()
        if row is None:
            return None
        has_worker, running, attempts, started_at, *own = row
        return cls(has_worker, running, attempts, started_at, tuple(own), read_source_notice())

    def with_columns_of(self, stock: Stock) -> "StockState":
        """Return the state with the columns of this instance, which was read earlier than the rest."""
        rating = stock.rating.pk if stock.rating else None
        return replace(self, own=(*(getattr(stock, name) for name in OF_THE_STOCK), rating))

    @property
    def state(self) -> State:
        return (self.has_worker, self.running, self.attempts, *with_due(self.own), state_of(self.notice))


def job_state(job: Job, user: Person, notice: SourceNotice | None) -> State:
    """Return the state of an active job's page for this user, in two queries.

    Its age is part of the state in steps of CLOCK_SECONDS.
    """
    counts = (job.completed_count, job.failed_count, job.skipped_count, job.error_message)
    age = int((clock.now() - job.created_at).total_seconds()) // CLOCK_SECONDS
    details = job.details.aggregate(Sum("attempts"), Max("completed_at"), Count("not_before"), Max("not_before"))
    around = live_annotations(user)
    if job.status == JobStatus.QUEUED:
        ahead = Job.objects.active().filter(created_at__lt=job.created_at).order_by().annotate(all=Value(1))
        around["ahead"] = Subquery(ahead.values("all").annotate(rows=Count("pk")).values("rows"))
    row = Job.objects.filter(pk=job.pk).annotate(**around).values_list(*around).first()
    times = (job.progress_at, job.idle_since, job.deadline)
    return (age, job.status, *times, *counts, *details.values(), *(row or ()), state_of(notice))
