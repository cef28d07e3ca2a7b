"""Submit: create a job, its details and the messages that wake workers, in one transaction."""

import hashlib
import json
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from analysis import clock, queue
from analysis.db import transactional
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.jobs import details
from analysis.jobs.deadlines import deadline_of
from analysis.jobs.limits import lock_limits, refuse_over_limit, refuse_size, refuse_unconfirmed
from analysis.models import DemoRemoval, FormerTicker, Job, Source, Stock
from analysis.prices.instruments import exchange_of
from analysis.prices.sessions import latest_today, today
from analysis.prices.tickers import is_demo, is_well_formed, normalise
from analysis.rejections import RequestRejected
from stockapp.accounts.models import Person

RUN_SLICE = "analysis.worker.slice.run_slice"
FIRST_DAY = date(2000, 1, 3)  # before it the calendars are not reliable
TRIES = 3
CHUNK = 50
"""The most stocks of one lease."""


@dataclass(frozen=True, slots=True)
class Submission:
    """The job that serves a request, and whether an earlier request of the same kind had started it."""

    job: Job
    is_duplicate: bool


class RenamedStocks(Exception):
    """Stocks that have other tickers by now; `present` has those by the former ones. The transaction is repeated."""

    def __init__(self, present: dict[str, str]) -> None:
        super().__init__(", ".join(f"{old} is {new} now" for old, new in present.items()))
        self.present = present

    def follow(self, tickers: Iterable[str]) -> list[str]:
        """Return the present tickers, each once, in order."""
        return sorted({self.present.get(ticker, ticker) for ticker in tickers})


def submit(
    tickers: Iterable[str],
    *,
    source: Source,
    requested_by: Person | None = None,
    strategy: str = TECHNICAL_RATING.key,
    as_of: date | None = None,
    since: date | None = None,
    description: str = "",
    parent: Job | None = None,
    part_of: Job | None = None,
    wake: bool = True,
) -> Submission:
    """Submit an analysis of some stocks, and create a Stock for each well-formed ticker that is not known yet.

    New stocks count against the limit of the user who requests them, but not those of a command. A former ticker is
    that of the stock that had it, also one that is renamed meanwhile.

    With `since` it is a backfill: every session from that day up to `as_of`, each as of its own close.
    With `part_of` it is a further part of the run that began with that job.
    `wake=False` sends no message to a worker: the caller runs the job in its own process.

    While a job for the same request of the same person is active, return that job: the database's constraint decides,
    so fifty callers at once get one job. Raise RequestRejected for a request that is invalid or beyond the limits.
    """
    wanted = check_tickers(tickers)
    if strategy not in STRATEGIES:
        raise RequestRejected(f"There is no strategy “{strategy}”; there are: {', '.join(STRATEGIES)}.")
    if as_of:
        check_day(as_of, wanted)
    if since and (as_of is None or not FIRST_DAY <= since <= as_of):
        raise RequestRejected(f"A backfill goes from a day since {FIRST_DAY} to one that is not before it.")
    fields: dict[str, Any] = {
        "source": source,
        "requested_by_id": requested_by.pk if requested_by else None,
        "strategy": strategy,
        "as_of": as_of,
        "since": since,
        "description": description,
        "parent": parent,
        "part_of": part_of,
    }
    may_use_reserve = requested_by is None or bool(requested_by.is_staff)
    named_by = None if source == Source.COMMAND else requested_by
    submit_job = partial(_submit_job, named_by=named_by, may_use_reserve=may_use_reserve, wake=wake)
    while True:
        job = _build_job(wanted, **fields)
        refuse_size(job, may_use_reserve=may_use_reserve)
        try:
            return submit_job(job, wanted)
        except RenamedStocks as renamed:
            wanted = renamed.follow(wanted)


def _build_job(tickers: list[str], **fields: Any) -> Job:
    now = clock.now()
    job = Job(
        **fields,
        price_source=settings.PRICE_SOURCE,
        total=len(tickers),
        created_at=now,
        progress_at=now,
        deadline=deadline_of(len(tickers), now),
    )
    job.description = job.description or default_description(tickers)
    job.request_key = _request_key(job, tickers)
    return job


@transactional
def _submit_job(
    job: Job, tickers: list[str], *, named_by: Person | None, may_use_reserve: bool, wake: bool
) -> Submission:
    if running := _insert_job(job):
        return Submission(running, is_duplicate=True)
    refuse_over_limit(job, may_use_reserve=may_use_reserve)  # the usual case, before other rows are written
    new = lock_or_create_stocks(tickers, named_by=named_by)
    details.enqueue(job, tickers)
    if wake:
        wake_workers(job.pk, stocks=job.total)
    lock_limits(job)
    refuse_over_limit(job, may_use_reserve=may_use_reserve)  # again, with concurrent submissions
    if new:
        refuse_unconfirmed(named_by)  # likewise
    return Submission(job, is_duplicate=False)


def wake_workers(job_id: UUID, *, stocks: int) -> None:
    """Queue a message for each slice that so many stocks of a job need, but no more than one for each process."""
    for _ in range(min(settings.WORKERS, -(-stocks // CHUNK))):
        queue.enqueue(RUN_SLICE, str(job_id))


def _insert_job(job: Job) -> Job | None:
    """Insert the job, and return None; return instead the active job of the same request, if there is one."""
    for _ in range(TRIES):
        try:
            with transaction.atomic():
                job.save(force_insert=True)
            return None
        except IntegrityError as error:
            refused = error
            if running := Job.objects.active().filter(request_key=job.request_key).first():
                return running
            # The active job ended between the refusal and the query: the job can be inserted now.
    raise refused


def lock_or_create_stocks(tickers: Iterable[str], *, named_by: Person | None, reused: Container[str] = ()) -> set[str]:
    """Create missing stocks of these well-formed tickers, and lock all of them until the transaction ends.

    Return the missing ones, which count against the limit of the user who named them. Raise RequestRejected if they
    exceed it, or if one is of a demo market that was removed; concurrent transactions are not counted, so the caller
    repeats `refuse_unconfirmed` with the user's row locked.

    Raise RenamedStocks for missing ones that a stock had before it was renamed, but for `reused` ones, which are known
    to be of new companies. The caller repeats its transaction with the present tickers: locked after the others in this
    one, they could deadlock.

    The lock keeps pruning from deleting a stock that is about to be used; if it has just deleted one, the loop creates
    it again. New stocks are inserted before any is locked, both in order of ticker, so that transactions cannot
    deadlock.
    """
    wanted = set(tickers)
    _refuse_removed_demo(wanted)
    missing = wanted - set(Stock.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if missing:
        _refuse_former(missing, reused)
        refuse_unconfirmed(named_by, more=len(missing))
    new = set(missing)
    while True:
        made = [_new_stock(ticker, named_by) for ticker in sorted(missing)]
        Stock.objects.bulk_create(made, ignore_conflicts=True)
        missing = wanted - set(Stock.objects.lock(wanted))
        if not missing:
            return new
        _refuse_former(missing, reused)
        new |= missing


def _refuse_former(missing: Iterable[str], reused: Container[str]) -> None:
    """Raise RenamedStocks if a missing ticker is that of a stock that was renamed."""
    if present := FormerTicker.objects.present_tickers([ticker for ticker in missing if ticker not in reused]):
        raise RenamedStocks(present)


def _refuse_removed_demo(tickers: Iterable[str]) -> None:
    demo = sorted(filter(is_demo, tickers))
    if demo and DemoRemoval.objects.exists():
        raise RequestRejected(f"{demo[0]} is of the demo market, which was removed from this installation.")


def default_description(tickers: list[str]) -> str:
    """Return the default description of a job: the first tickers and how many more."""
    first = ", ".join(tickers[:3])
    return first if len(tickers) <= 3 else f"{first} and {len(tickers) - 3} more"


def check_tickers(raw: Iterable[str]) -> list[str]:
    """Return each of these tickers once, in order. Raise RequestRejected for what is no ticker, and for none at all."""
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
        raise RequestRejected(f"Not a ticker: {shown}{more}. A ticker looks like TCS.NS or AAPL.")
    if not wanted:
        raise RequestRejected("No stocks given.")
    return sorted(wanted)


def check_day(as_of: date, tickers: list[str]) -> None:
    """Raise RequestRejected for a day that is too long ago, or has not begun on the exchange of one of the stocks.

    A day begins at another time on each exchange: in Mumbai it is already the next day while New York trades.
    """
    if as_of < FIRST_DAY:
        raise RequestRejected(f"{as_of} is too long ago; give a day since {FIRST_DAY}.")
    now = clock.now()
    if as_of > latest_today(now):
        raise RequestRejected(f"{as_of} is in the future; give a day that is past.")
    stored = Stock.objects.filter(pk__in=tickers).exchanges()
    days = {ticker: today(stored.get(ticker) or exchange_of(ticker), now) for ticker in tickers}
    ahead = [ticker for ticker in tickers if as_of > days[ticker]]
    if ahead:
        more = f" and {len(ahead) - 1:,} more" if len(ahead) > 1 else ""
        there = f"it is still {days[ahead[0]]} on its exchange"
        raise RequestRejected(
            f"{as_of} is in the future for {ahead[0]}{more}: {there}. Give a day that has begun there."
        )


def _new_stock(ticker: str, named_by: Person | None) -> Stock:
    """Return a new, unconfirmed stock; its first price confirms it."""
    stock = Stock.of_ticker(ticker)
    stock.is_confirmed = False
    stock.named_by_id = named_by.pk if named_by else None
    return stock


def _request_key(job: Job, tickers: list[str]) -> str:
    parts = [job.requested_by_id, tickers, job.strategy, job.price_source, str(job.as_of), str(job.since)]
    if job.part_of_id:
        parts.append(str(job.part_of_id))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
