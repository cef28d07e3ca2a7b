"""Schedules: after each session of an exchange, one run over its stocks; after the run's last job, an Ending.

The rows decide. A message in the queue only wakes a worker: lost, late and repeated calls are harmless.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings

from analysis import clock, queue
from analysis.db import transactional
from analysis.jobs.end import record_end
from analysis.jobs.runs import title_of
from analysis.jobs.submit import submit
from analysis.models import ExchangeSchedule, Job, JobDetail, ScheduledRun, Source, Stock
from analysis.models.schedules import LEAST_DELAY
from analysis.prices.exchanges import DEMO_INDIA, DEMO_US
from analysis.prices.sessions import due_at, latest_due_session, session_after
from analysis.rejections import RequestRejected

WAKE_AGAIN = timedelta(minutes=5)
NAME = "Analysis of {} after its close"
NOBODY = "Nobody watches a stock of this exchange."
DEMO_EXCHANGES = frozenset({DEMO_INDIA.code, DEMO_US.code})
CUT_SHORT = "The queue was full until the next session; the rest of its stocks was not analysed."


def plan_schedules(path: str) -> list[ExchangeSchedule]:
    """Create a schedule for every exchange of the stocks, and plan a call of `path` with its code when it is due.

    Safe to run at any time, concurrently and repeatedly: this is how new exchanges, changes made in the admin and
    missed runs are noticed. A new exchange begins with its next session.
    """
    codes = {exchange.code for exchange in Stock.objects.active().without_demo().exchanges().values()}
    known = set(ExchangeSchedule.objects.values_list("pk", flat=True))
    new = [ExchangeSchedule(exchange=code) for code in sorted(codes - known)]
    ExchangeSchedule.objects.bulk_create(new, ignore_conflicts=True)
    return [_plan_exchange(code, path) for code in sorted(codes | known)]


@transactional
def _plan_exchange(code: str, path: str) -> ExchangeSchedule:
    schedule = ExchangeSchedule.objects.select_for_update().get(pk=code)
    before = (schedule.last_session, schedule.next_run_at, schedule.woken_at, schedule.problem)
    name, now = NAME.format(code), clock.now()
    newest = latest_due_session(schedule.market, now, schedule.delay)
    closed = latest_due_session(schedule.market, now, timedelta(minutes=LEAST_DELAY))
    is_on = schedule.is_enabled and not _is_left_out(schedule)
    if schedule.last_session is None or not is_on:
        schedule.last_session = newest
    elif schedule.last_session > closed:  # the clock was wrong then; a run that is due by the right clock must not wait
        schedule.last_session = closed
    if is_on:
        schedule.next_run_at = _next_moment(schedule, now)
        is_late = schedule.next_run_at <= now
        if not is_late or not _was_just_woken(schedule, now) or queue.is_planned(name):
            queue.enqueue_at(name, schedule.next_run_at, path, code)
            schedule.woken_at = schedule.woken_at if not is_late else now
    else:
        schedule.next_run_at, schedule.problem = None, ""
        queue.cancel_planned(name)
    if before != (schedule.last_session, schedule.next_run_at, schedule.woken_at, schedule.problem):
        schedule.save(update_fields=["last_session", "next_run_at", "woken_at", "problem"])
    return schedule


def _was_just_woken(schedule: ExchangeSchedule, now: datetime) -> bool:
    """Return whether the run was asked for lately; a moment in the future is of a clock that was ahead."""
    return schedule.woken_at is not None and now - WAKE_AGAIN <= schedule.woken_at <= now + WAKE_AGAIN


def _is_left_out(schedule: ExchangeSchedule) -> bool:
    """Return whether the exchange is one of the demo market, which has no runs once there is a real stock."""
    return schedule.pk in DEMO_EXCHANGES and Stock.objects.real().exists()


def _next_moment(schedule: ExchangeSchedule, now: datetime) -> datetime:
    """Return when the next run is due; of several missed runs only the newest is made up for."""
    assert schedule.last_session is not None  # noqa: S101
    newest = latest_due_session(schedule.market, now, schedule.delay)
    is_missed = newest > schedule.last_session
    session = newest if is_missed else session_after(schedule.market, schedule.last_session)
    return due_at(schedule.market, session, schedule.delay)


def run_due(code: str, watched: Collection[str]) -> ScheduledRun | None:
    """Submit a run for the exchange's latest session that is due, over the `watched` stocks that trade there.

    Return None if nothing is due or it is refused for now. The schedule then has the reason, its session stays due, and
    the next call submits the rest.
    """
    run = None
    try:
        while part := submit_part(code, watched):
            run = part
    except RequestRejected as rejection:
        ExchangeSchedule.objects.filter(pk=code).update(problem=str(rejection)[:500])
    return run


@transactional
def submit_part(code: str, watched: Collection[str]) -> ScheduledRun | None:
    """Submit the next job of the run that is due. Return None if there is nothing to submit.

    Each job of a run is a transaction, and the last one advances the exchange's session: after a worker's death or a
    refusal in between, the next call submits the rest.
    """
    schedule = ExchangeSchedule.objects.select_for_update().filter(pk=code, is_enabled=True).first()
    if schedule is None or schedule.last_session is None or _is_left_out(schedule):
        return None
    session = latest_due_session(schedule.market, clock.now(), schedule.delay)
    if session <= schedule.last_session:
        return None
    run, is_new = ScheduledRun.objects.get_or_create(
        schedule=schedule, session=session, defaults={"is_whole": False, "note": NOBODY}
    )
    if is_new:
        _end_earlier(run)
    was_whole = run.is_whole
    if not was_whole:
        _submit_next_job(run, sorted(_stocks_of_run(schedule, watched)), is_new=is_new)
    if run.is_whole:
        schedule.last_session, schedule.woken_at = session, None
        schedule.next_run_at = _next_moment(schedule, clock.now())
    schedule.problem = ""
    schedule.save(update_fields=["last_session", "problem", "woken_at", "next_run_at"])
    return None if was_whole else run


def _end_earlier(run: ScheduledRun) -> None:
    """End earlier runs of the exchange that were not submitted completely before this session was due."""
    for earlier in ScheduledRun.objects.filter(schedule=run.schedule, is_whole=False).exclude(pk=run.pk):
        earlier.is_whole, earlier.note = True, CUT_SHORT
        earlier.save(update_fields=["is_whole", "note"])
        if earlier.job:
            record_end(earlier.job)


def _stocks_of_run(schedule: ExchangeSchedule, watched: Collection[str]) -> set[str]:
    exchanges = Stock.objects.filter(pk__in=watched).exchanges()
    if schedule.all_active:
        exchanges |= Stock.objects.active().without_demo().exchanges()
    return {ticker for ticker, exchange in exchanges.items() if exchange.code == schedule.pk}


def _submit_next_job(run: ScheduledRun, tickers: list[str], *, is_new: bool) -> None:
    """Submit one job with the next stocks that are in no job of the run yet."""
    done = set(JobDetail.objects.of_run(run.job_id).values_list("stock_id", flat=True))
    left = [ticker for ticker in tickers if ticker not in done]
    part, is_last = left[: settings.MAX_STOCKS_PER_JOB], len(left) <= settings.MAX_STOCKS_PER_JOB
    if part:
        number = Job.objects.of_run(run.job_id).count() + 1
        count = number - 1 + -(-len(left) // settings.MAX_STOCKS_PER_JOB)
        schedule, day = run.schedule, run.session
        title = title_of(f"{schedule.market.name} after {day.day} {day:%B %Y}", number, count)
        first = run.job
        job = submit(part, source=Source.SCHEDULE, strategy=schedule.strategy, description=title, part_of=first).job
        run.job, run.note = first or job, ""
    run.is_whole = is_last
    run.save(update_fields=["job", "note", "is_whole"])
    if run.is_whole and run.job and not _has_active_job(run, is_new=is_new):
        record_end(run.job)


def _has_active_job(run: ScheduledRun, *, is_new: bool) -> bool:
    """Return whether a job of the run is active; the end of the last one then records the end of the run.

    A new run may have got the job of an earlier identical request. Its jobs are locked, because a transaction that ends
    one at this moment does not see the uncommitted run.
    """
    jobs = Job.objects.of_run(run.job_id)
    if is_new:
        list(jobs.order_by("pk").select_for_update(no_key=True).values_list("pk"))
    return jobs.active().exists()


def next_runs() -> list[ExchangeSchedule]:
    """Return the schedules that are switched on, the next one first."""
    return list(ExchangeSchedule.objects.filter(is_enabled=True, next_run_at__isnull=False))


def refused_runs() -> list[ExchangeSchedule]:
    """Return the schedules whose run is due and was refused for now."""
    return list(ExchangeSchedule.objects.filter(is_enabled=True).exclude(problem=""))
