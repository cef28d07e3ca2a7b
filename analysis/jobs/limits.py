"""Limits: the waiting stocks allowed for one user and for the whole installation, and the locks for counting them.

These rows are locked last in a transaction, the user's before the installation's, and held until it commits. They come
after all other locks (job, details, stocks), so that transactions cannot deadlock, and each limit is counted by one
transaction at a time.
"""

from datetime import timedelta

from django.conf import settings
from django.db.models import Sum

from analysis import clock
from analysis.models import RUN_SOURCES, Admission, Job, Source, Stock
from analysis.rejections import QuotaExceeded, RequestRejected
from stockapp.accounts.models import Person, lock_user

DAY = timedelta(hours=24)


def refuse_size(job: Job, *, may_use_reserve: bool) -> None:
    """Raise RequestRejected for a job that is larger than the limits even when nothing waits."""
    if job.total > settings.MAX_STOCKS_PER_JOB:
        raise RequestRejected(
            f"{job.total:,} stocks are too many for one job; the limit is {settings.MAX_STOCKS_PER_JOB:,}."
        )
    if job.source in RUN_SOURCES:
        return
    most = _max_waiting(may_use_reserve=may_use_reserve)
    if job.requested_by_id:
        most = min(most, settings.MAX_WAITING_STOCKS_PER_USER)
    if job.total > most:
        raise RequestRejected(f"{job.total:,} stocks are too many at once; the limit is {most:,} waiting stocks.")


def refuse_over_limit(job: Job, *, may_use_reserve: bool) -> None:
    """Raise QuotaExceeded if a saved job exceeds the limit of its owner or of the installation."""
    if job.source in RUN_SOURCES:
        _refuse_run_behind_full_queue(job)
        return
    if job.requested_by_id:
        _refuse_over_own_limit(job)
        if not may_use_reserve:
            _refuse_over_daily_limit(job)
    waiting, most = Job.objects.active().stocks_left(), _max_waiting(may_use_reserve=may_use_reserve)
    if waiting > most:
        raise _full_queue(waiting - job.total, most)


def refuse_unconfirmed(person: Person | None, *, more: int = 0) -> None:
    """Raise RequestRejected if a user's unconfirmed stocks, with so many more, exceed the limit; staff have none.

    The count is exact only while the user's row is locked.
    """
    if person is None or person.is_staff:
        return
    total = Stock.objects.unconfirmed().filter(named_by=person.pk).count() + more
    most = settings.MAX_UNCONFIRMED_STOCKS_PER_USER
    if total > most:
        raise RequestRejected(
            f"{total:,} of your tickers would be without a known price; the limit is {most:,}. Analyse them, or take "
            "wrong ones off your lists: tickers that no source knows, and those of cancelled jobs, are removed every "
            "night."
        )


def lock_limits(job: Job) -> None:
    """Lock the rows for the limits of this job until the transaction ends."""
    if job.requested_by_id and job.source not in RUN_SOURCES:
        lock_user(job.requested_by_id)
    lock_installation()


def lock_installation() -> None:
    """Lock the count of all users together until the transaction ends; call it after any lock of a user's row."""
    Admission.objects.select_for_update(no_key=True).get_or_create(pk=Admission.ONLY)


def _refuse_over_own_limit(job: Job) -> None:
    own_jobs = Job.objects.active().filter(requested_by=job.requested_by_id).exclude(source__in=RUN_SOURCES)
    if own_jobs.count() > settings.MAX_ACTIVE_JOBS_PER_USER:
        limit = f"You have {settings.MAX_ACTIVE_JOBS_PER_USER} jobs running or waiting, which is the limit"
        raise QuotaExceeded(f"{limit}; wait for one to end or cancel it.")
    waiting, most = own_jobs.stocks_left(), settings.MAX_WAITING_STOCKS_PER_USER
    if waiting > most:
        before = waiting - job.total
        stocks = "1 stock" if before == 1 else f"{before:,} stocks"
        limit = f"You have {stocks} waiting; the limit is {most:,}"
        raise QuotaExceeded(f"{limit}. Wait for some to be analysed, or cancel a job.")


def _refuse_over_daily_limit(job: Job) -> None:
    """Raise QuotaExceeded if its owner requested too many stocks lately; ended jobs count, their details are stored."""
    if job.source == Source.COMMAND:
        return
    own_jobs = Job.objects.filter(requested_by=job.requested_by_id, created_at__gt=clock.now() - DAY)
    total = own_jobs.exclude(source__in=(*RUN_SOURCES, Source.COMMAND)).aggregate(Sum("total"))["total__sum"] or 0
    most = settings.MAX_STOCKS_PER_DAY_PER_USER
    if total > most:
        before = total - job.total
        stocks = "1 stock" if before == 1 else f"{before:,} stocks"
        raise QuotaExceeded(
            f"You have requested {stocks} within 24 hours; the limit is {most:,}. Try again later, or with fewer."
        )


def _refuse_run_behind_full_queue(job: Job) -> None:
    """Raise QuotaExceeded if the stocks that wait before a run reach the limit; its own size does not count."""
    before = Job.objects.active().exclude(pk__in=Job.objects.of_run(job.part_of_id or job.pk).values("pk"))
    waiting, most = before.stocks_left(), settings.MAX_WAITING_STOCKS
    if waiting >= most:
        raise _full_queue(waiting, most)


def _full_queue(waiting: int, most: int) -> QuotaExceeded:
    stocks = "1 stock is" if waiting == 1 else f"{waiting:,} stocks are"
    return QuotaExceeded(
        f"{stocks} waiting to be analysed already; the limit is {most:,}. Try again when there are fewer."
    )


def _max_waiting(*, may_use_reserve: bool) -> int:
    """Return how many stocks may wait in all; the reserve is for schedules and staff."""
    return settings.MAX_WAITING_STOCKS - (0 if may_use_reserve else settings.RESERVED_WAITING_STOCKS)
