"""Schedules: after each session of an exchange, one job for its stocks; after that job, a row that says so.

The rows decide. What waits in the queue only wakes a worker: lost, late and repeated calls are harmless.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from analysis import queue
from analysis.models import ExchangeSchedule, Job, ScheduledRun, Source, Stock
from analysis.models.schedules import LEAST_DELAY
from analysis.prices import due_at, exchange_of, newest_due, session_after
from analysis.services.ending import note_end
from analysis.services.submit import OverLimit, Refused, submit
from analysis.services.transient import transactional

WAKE_AGAIN = timedelta(minutes=5)
NAME = "Analysis of {} after its close"


def plan_schedules(path: str) -> list[ExchangeSchedule]:
    """Give every exchange that stocks are of a schedule, and the queue a call of `path` with its code when it is due.

    Safe to run at any time, by several at once, and again and again: that is how new exchanges, changes made in the
    admin and runs that were missed are noticed. An exchange that is new begins with its next session.
    """
    codes = {exchange_of(ticker).code for ticker in Stock.objects.active().values_list("pk", flat=True)}
    known = set(ExchangeSchedule.objects.values_list("pk", flat=True))
    new = [ExchangeSchedule(exchange=code) for code in sorted(codes - known)]
    ExchangeSchedule.objects.bulk_create(new, ignore_conflicts=True)
    return [_plan(code, path) for code in sorted(codes | known)]


@transactional
def _plan(code: str, path: str) -> ExchangeSchedule:
    schedule = ExchangeSchedule.objects.select_for_update().get(pk=code)
    before = (schedule.last_session, schedule.next_run_at, schedule.woken_at, schedule.problem)
    name, now = NAME.format(code), timezone.now()
    newest = newest_due(schedule.market, now, schedule.delay)
    closed = newest_due(schedule.market, now, timedelta(minutes=LEAST_DELAY))
    if schedule.last_session is None or not schedule.is_enabled:
        schedule.last_session = newest
    elif schedule.last_session > closed:  # the clock was wrong when it ran, and a run that is really due must not wait
        schedule.last_session = closed
    if schedule.is_enabled:
        schedule.next_run_at = _next(schedule, now)
        is_late = schedule.next_run_at <= now
        if not is_late or schedule.woken_at is None or schedule.woken_at < now - WAKE_AGAIN or queue.is_waiting(name):
            queue.enqueue_at(name, schedule.next_run_at, path, code)
            schedule.woken_at = schedule.woken_at if not is_late else now
    else:
        schedule.next_run_at, schedule.problem = None, ""
        queue.forget(name)
    if before != (schedule.last_session, schedule.next_run_at, schedule.woken_at, schedule.problem):
        schedule.save(update_fields=["last_session", "next_run_at", "woken_at", "problem"])
    return schedule


def _next(schedule: ExchangeSchedule, now: datetime) -> datetime:
    """When the next run is due; of several that were missed only the newest counts."""
    assert schedule.last_session is not None  # noqa: S101
    newest = newest_due(schedule.market, now, schedule.delay)
    is_missed = newest > schedule.last_session
    session = newest if is_missed else session_after(schedule.market, schedule.last_session)
    return due_at(schedule.market, session, schedule.delay)


def run_due(code: str, watched: Collection[str]) -> ScheduledRun | None:
    """Submit one job for the exchange's newest session that is due, of those `watched` stocks that trade there.

    None when nothing is due, somebody else has begun it, or too much waits already; that is tried again later.
    """
    try:
        return _run_due(code, watched)
    except OverLimit as refusal:
        ExchangeSchedule.objects.filter(pk=code).update(problem=str(refusal)[:500])
        return None


@transactional
def _run_due(code: str, watched: Collection[str]) -> ScheduledRun | None:
    schedule = ExchangeSchedule.objects.select_for_update().filter(pk=code, is_enabled=True).first()
    if schedule is None or schedule.last_session is None:
        return None
    session = newest_due(schedule.market, timezone.now(), schedule.delay)
    if session <= schedule.last_session:
        return None
    schedule.last_session, schedule.problem, schedule.woken_at = session, "", None
    schedule.next_run_at = _next(schedule, timezone.now())
    schedule.save(update_fields=["last_session", "problem", "woken_at", "next_run_at"])
    try:
        with transaction.atomic():
            run = ScheduledRun.objects.create(schedule=schedule, session=session)
    except IntegrityError:
        return None
    _submit(run, sorted(_stocks(schedule, watched)))
    run.save(update_fields=["job", "note"])
    return run


def _stocks(schedule: ExchangeSchedule, watched: Collection[str]) -> set[str]:
    wanted = set(watched)
    if schedule.all_active:
        wanted |= set(Stock.objects.active().values_list("pk", flat=True))
    return {ticker for ticker in wanted if exchange_of(ticker).code == schedule.pk}


def _submit(run: ScheduledRun, tickers: list[str]) -> None:
    schedule = run.schedule
    if not tickers:
        run.note = "Nobody watches a stock of this exchange."
        return
    title = f"{schedule.market.name} after {run.session.day} {run.session:%B %Y}"
    try:
        job = submit(tickers, source=Source.SCHEDULE, strategy=schedule.strategy, description=title).job
    except OverLimit:
        raise
    except Refused as refusal:
        run.note = str(refusal)[:500]
        return
    run.job = job
    run.save(update_fields=["job"])
    if not Job.objects.select_for_update(no_key=True).get(pk=job.pk).is_active:  # the same request of somebody else
        note_end(job)


def next_runs() -> list[ExchangeSchedule]:
    """The schedules that are switched on, the next one first."""
    return list(ExchangeSchedule.objects.filter(is_enabled=True, next_run_at__isnull=False))
