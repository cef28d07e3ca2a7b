"""Submit: a request becomes a job, its details and the messages that wake workers, in one transaction."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis import queue
from analysis.engine import STRATEGIES, TECHNICAL_RATING
from analysis.models import DetailStatus, Job, JobDetail, Source, Stock, StockStatus
from analysis.prices import exchange_of, is_well_formed, normalise
from analysis.services.claim import CHUNK
from analysis.services.transient import transactional

RUN_SLICE = "analysis.services.run.run_slice"
FIRST_DAY = date(2000, 1, 3)  # before it the calendars are not sure
TRIES = 3
MOST_MESSAGES = 50
DEADLINE_BASE = timedelta(hours=1)


type Asker = AbstractBaseUser | AnonymousUser | None


class Refused(Exception):
    """The request cannot be carried out; the message is a sentence for whoever made it."""


class OverLimit(Refused):
    """The request could be carried out later: too much is waiting now."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The job that now serves a request, and whether it had been started by the same request before."""

    job: Job
    is_duplicate: bool


def submit(
    tickers: Iterable[str],
    *,
    source: Source,
    requested_by: Asker = None,
    strategy: str = TECHNICAL_RATING.key,
    as_of: date | None = None,
    since: date | None = None,
    description: str = "",
    parent: Job | None = None,
    wake: bool = True,
) -> Submission:
    """Ask for an analysis of some stocks; a well-formed ticker that is not known yet becomes a Stock.

    With `since` it is a backfill: every session from that day up to `as_of`, each as of its own close.
    `wake=False` sends no message to a worker: the caller runs the job in its own process.

    While a job for the same request of the same person is active, that job is the answer: the database's constraint
    decides, so fifty callers at once get one job. Raises Refused.
    """
    wanted = _tickers(tickers)
    if strategy not in STRATEGIES:
        raise Refused(f"There is no strategy “{strategy}”; there are: {', '.join(STRATEGIES)}.")
    if as_of and as_of > timezone.localdate():
        raise Refused(f"{as_of} is in the future; give a day that is past.")
    if as_of and as_of < FIRST_DAY:
        raise Refused(f"{as_of} is too long ago; give a day since {FIRST_DAY}.")
    if since and (as_of is None or not FIRST_DAY <= since <= as_of):
        raise Refused(f"A backfill goes from a day since {FIRST_DAY} to one that is not before it.")
    job = Job(
        source=source,
        requested_by_id=requested_by.pk if requested_by else None,
        strategy=strategy,
        price_source=settings.PRICE_SOURCE,
        as_of=as_of,
        since=since,
        description=description or describe(wanted),
        total=len(wanted),
        deadline=timezone.now() + DEADLINE_BASE + len(wanted) * timedelta(seconds=settings.DEADLINE_SECONDS_PER_STOCK),
        parent=parent,
    )
    job.request_key = _request_key(job, wanted)
    return _submit(job, wanted, wake)


@transactional
def _submit(job: Job, tickers: list[str], wake: bool) -> Submission:
    known_stocks(tickers)
    if running := _insert(job):
        return Submission(running, is_duplicate=True)
    _admit(job)
    JobDetail.objects.bulk_create([JobDetail(job=job, stock_id=ticker) for ticker in tickers], batch_size=1000)
    if job.as_of is None:  # a question about the past leaves the stocks' present state alone
        Stock.objects.lock(tickers)
        Stock.objects.filter(pk__in=tickers).update(last_status=StockStatus.QUEUED, last_job=job, last_wait="")
    if wake:
        wake_workers(job.pk, stocks=job.total)
    return Submission(job, is_duplicate=False)


def wake_workers(job_id: UUID, *, stocks: int) -> None:
    """Leave messages for as many slices as so many stocks of a job need, but no more than one for each process."""
    for _ in range(min(settings.WORKERS, -(-stocks // CHUNK))):
        queue.enqueue(RUN_SLICE, str(job_id))


def _admit(job: Job) -> None:
    """Refuse a job beyond what its owner or the installation may have waiting; the transaction takes it back."""
    mine = Job.objects.active().filter(requested_by=job.requested_by_id).count() if job.requested_by_id else 0
    if mine > settings.MAX_ACTIVE_JOBS_PER_USER:
        limit = f"You have {settings.MAX_ACTIVE_JOBS_PER_USER} jobs running or waiting, which is the limit"
        raise OverLimit(f"{limit}; wait for one to end or cancel it.")
    waiting = JobDetail.objects.filter(status=DetailStatus.QUEUED).count()
    if waiting + job.total > settings.MAX_WAITING_STOCKS:
        raise OverLimit(f"{waiting:,} stocks are waiting to be analysed already; try again when there are fewer.")


def _insert(job: Job) -> Job | None:
    """Write the job, or return the active one that the constraint found in its way."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                job.save(force_insert=True)
            return None
        except IntegrityError as error:
            refused = error
            if running := Job.objects.active().filter(request_key=job.request_key).first():
                return running
            # What was in the way ended between the refusal and the look: there is room now.
    raise refused


def known_stock(ticker: str) -> Stock:
    """The stock of a well-formed ticker; one that is not known yet becomes one."""
    new = _stock(ticker)
    given = {"exchange": new.exchange, "currency": new.currency}
    return Stock.objects.get_or_create(ticker=ticker, defaults=given)[0]


def known_stocks(tickers: Sequence[str]) -> None:
    """Make sure that there is a Stock of each of these well-formed tickers."""
    known = set(Stock.objects.filter(pk__in=tickers).values_list("pk", flat=True))
    Stock.objects.bulk_create([_stock(ticker) for ticker in tickers if ticker not in known], ignore_conflicts=True)


def describe(tickers: list[str]) -> str:
    """A job's description where nobody gave one: the first tickers and how many more."""
    first = ", ".join(tickers[:3])
    return first if len(tickers) <= 3 else f"{first} and {len(tickers) - 3} more"


def _tickers(raw: Iterable[str]) -> list[str]:
    wanted: dict[str, None] = {}
    bad: list[str] = []
    for text in raw:
        ticker = normalise(text)
        if is_well_formed(ticker):
            wanted[ticker] = None
        else:
            bad.append(text)
    if bad:
        shown = ", ".join(f"“{text[:30]}”" for text in bad[:3])
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        raise Refused(f"Not a ticker: {shown}{more}. A ticker looks like TCS.NS or AAPL.")
    if not wanted:
        raise Refused("No stocks given.")
    if len(wanted) > settings.MAX_STOCKS_PER_JOB:
        raise Refused(f"{len(wanted):,} stocks are too many for one job; the limit is {settings.MAX_STOCKS_PER_JOB:,}.")
    return sorted(wanted)


def _stock(ticker: str) -> Stock:
    exchange = exchange_of(ticker)
    return Stock(ticker=ticker, exchange=exchange.code, currency=exchange.currency)


def _request_key(job: Job, tickers: list[str]) -> str:
    asked = [job.requested_by_id, tickers, job.strategy, job.price_source, str(job.as_of), str(job.since)]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()
