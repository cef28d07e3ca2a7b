"""Runs: an analysis of any number of stocks, as one job or as several that are parts of the first."""

from collections.abc import Iterable
from datetime import date
from itertools import batched

from django.conf import settings

from analysis.engine.strategies import TECHNICAL_RATING
from analysis.jobs.submit import Submission, check_day, check_tickers, submit
from analysis.models import Index, Source, Stock
from analysis.models.stocks import StockQuerySet
from analysis.rejections import QuotaExceeded, RequestRejected
from stockapp.accounts.models import Person

ALL = "All active stocks"


def submit_run(
    tickers: Iterable[str],
    *,
    source: Source,
    description: str,
    requested_by: Person | None = None,
    strategy: str = TECHNICAL_RATING.key,
    as_of: date | None = None,
    since: date | None = None,
    wake: bool = True,
) -> list[Submission]:
    """Submit an analysis of all these stocks, MAX_STOCKS_PER_JOB in each job, each job in its own transaction.

    Return the submissions in order; while the first job is active, the same request returns it. Raise RequestRejected
    if there are no stocks or a limit is reached. Jobs submitted before stay, and the sentence says how many stocks they
    have.
    """
    wanted = check_tickers(tickers)
    if as_of:
        check_day(as_of, wanted)
    parts = list(batched(wanted, settings.MAX_STOCKS_PER_JOB))
    done: list[Submission] = []
    for number, part in enumerate(parts, start=1):
        try:
            submission = submit(
                part,
                source=source,
                requested_by=requested_by,
                strategy=strategy,
                as_of=as_of,
                since=since,
                description=title_of(description, number, len(parts)),
                part_of=done[0].job if done else None,
                wake=wake,
            )
        except QuotaExceeded as rejection:
            if not done:
                raise
            queued = f"{sum(map(len, parts[: len(done)])):,} of {sum(map(len, parts)):,} stocks are queued"
            raise QuotaExceeded(f"{queued}; the others are not. {rejection}") from None
        done.append(submission)
    return done


def title_of(description: str, number: int, count: int) -> str:
    """Return the description of a run's job; the first has that of the run."""
    return f"{description}, part {number} of {count}" if number > 1 else description


def bulk_stocks(index: Index | None) -> StockQuerySet:
    """Return the active stocks of an index, or all active stocks without one; demo stocks as in `without_demo`."""
    return _active_stocks(index).without_demo()


def leaves_out_demo(index: Index | None) -> bool:
    """Return whether `bulk_stocks` leaves demo stocks out."""
    return _active_stocks(index).has_demo_left_out()


def _active_stocks(index: Index | None) -> StockQuerySet:
    return Stock.objects.active().filter(memberships__index=index) if index else Stock.objects.active()


def no_stocks_reason(index: Index | None) -> str:
    """Return the sentence about `bulk_stocks` that are none."""
    if index is None:
        return "There are no active stocks."
    if leaves_out_demo(index):
        return f"“{index}” has only demo stocks, which bulk jobs leave out once there are real ones."
    return f"“{index}” has no active stocks."


def submit_bulk(
    index: Index | None, *, requested_by: Person | None = None, strategy: str = TECHNICAL_RATING.key
) -> list[Submission]:
    """Submit an analysis of all `bulk_stocks`, in one job or several. Raise RequestRejected as `submit_run` does."""
    tickers = list(bulk_stocks(index).values_list("pk", flat=True))
    if not tickers:
        raise RequestRejected(no_stocks_reason(index))
    return submit_run(
        tickers,
        source=Source.BULK,
        requested_by=requested_by,
        strategy=strategy,
        description=index.name if index else ALL,
    )
