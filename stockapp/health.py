"""Health: the answers of `/healthz` and `/api/health` to load balancers and monitors, within a bounded time."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analysis import clock, queue
from analysis.calendars.notice import calendar_notice, fault_notice
from analysis.database_faults import BUSY, DAMAGED, DISK_FULL, NO_ANSWER, Fault, damage_time, find_fault, record_damage
from analysis.jobs.schedules import refused_runs
from analysis.models import Job, Worker, ahead_or_behind
from analysis.pages.source_notice import may_have_notice
from analysis.prices.pace import PaceMode, PauseReason
from analysis.request_pace import YAHOO_PACER, current_pause
from analysis.worker.recover import unserved_jobs
from stockapp.monitoring import may_monitor
from stockapp.probe import run_in_time, try_to_write
from stockapp.unavailable import RETRY_SECONDS

logger = logging.getLogger(__name__)

MAY_WAIT = timedelta(seconds=60)
LEAST_FREE = 100 * 2**20
FULL = 2**20
INSPECT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The problems as sentences, the figures, and whether the client may read both."""

    may_read: bool
    problems: list[str]
    figures: dict[str, object] = field(default_factory=lambda: {"database": False})


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 if there is no problem, else 503; reasons are for monitors and staff."""
    status, body = report(request)
    return JsonResponse(body, status=status, headers={"Retry-After": str(RETRY_SECONDS)} if status == 503 else None)


def report(request: HttpRequest) -> tuple[int, dict[str, object]]:
    """Return the status code and the content that the client may read."""
    try:
        health = run_in_time(lambda: _inspect_database(request), INSPECT_SECONDS)
    except (DatabaseError, InterfaceError) as error:
        health = HealthReport(may_monitor(request), [_log_error(error)])
    health = health or HealthReport(may_monitor(request), [str(NO_ANSWER)])
    body: dict[str, object] = {"ok": not health.problems}
    if health.may_read:
        body |= {**health.figures, "problems": health.problems}
    return 503 if health.problems else 200, body


def no_worker() -> list[str]:
    return [] if Worker.objects.alive().exists() else ["No worker is running."]


def wrong_clocks() -> list[str]:
    return [worker.clock_problem for worker in Worker.objects.alive() if worker.clock_problem]


def own_clock() -> list[str]:
    """Return a sentence if the clock of this web server's machine is wrong."""
    wrong_by = clock.certain_skew()
    return [f"The clock of this web server is {ahead_or_behind(wrong_by)} the database’s clock."] if wrong_by else []


def stocks_left_waiting() -> list[str]:
    is_left = unserved_jobs(since=MAY_WAIT).exists()
    return [f"Stocks have waited for more than {MAY_WAIT.total_seconds():.0f} s for a worker."] if is_left else []


def scheduled_runs_refused() -> list[str]:
    return [f"The scheduled run of {run} was refused. {run.problem}" for run in refused_runs()]


def answers_not_understood() -> list[str]:
    """Return a sentence from such an answer until one that is understood, also while no request probes."""
    if not may_have_notice():  # the pause of a source that is not used any more
        return []
    pace = YAHOO_PACER.state()
    is_odd = pace.reason is PauseReason.NOT_UNDERSTOOD and pace.mode is not PaceMode.OPEN
    return [f"{pace.reason.sentence}. Update the application."] if is_odd else []


def free_space() -> int | None:
    """Return the free bytes on the disk of a SQLite file; None for PostgreSQL, which does not report them."""
    if connection.vendor != "sqlite":
        return None
    return shutil.disk_usage(Path(str(connection.settings_dict["NAME"])).parent).free


def little_space() -> list[str]:
    free = free_space()
    if free is None or free >= LEAST_FREE:
        return []
    return [f"Only {free // 2**20:,} MB are free on the disk of the database."]


def recorded_damage() -> list[str]:
    since = damage_time()
    if since is None:
        return []
    return [f"{DAMAGED} A part of it could not be read on {timezone.localtime(since):%Y-%m-%d at %H:%M}."]


PROBLEMS: list[Callable[[], list[str]]] = [
    wrong_clocks,
    own_clock,
    no_worker,
    stocks_left_waiting,
    scheduled_runs_refused,
    answers_not_understood,
    little_space,
    recorded_damage,
]
"""Functions that each return a list of sentences, empty if there is no problem."""


def _inspect_database(request: HttpRequest) -> HealthReport:
    """Inspect the database. If it cannot be written, report that alone: rows of workers are outdated then."""
    may_read = may_monitor(request)
    try:
        may_read = may_read or _is_staff(request)
        try_to_write()
    except (DatabaseError, InterfaceError) as error:
        if find_fault(error) is not BUSY:  # another transaction is writing
            return HealthReport(may_read, [_log_error(error)])
    free = free_space()
    if free is not None and free < FULL:  # the WAL may have space for a row but not for a job
        return HealthReport(may_read, [_log_fault(DISK_FULL, f"{free:,} bytes are free.")])
    problems = [sentence for find in PROBLEMS for sentence in find()]
    return HealthReport(may_read, problems, {"database": True, **(_read_figures() if may_read else {})})


def _is_staff(request: HttpRequest) -> bool:
    return request.user.is_active and request.user.is_staff


def _log_error(error: DatabaseError | InterfaceError) -> str:
    record_damage(error)
    return _log_fault(find_fault(error) or NO_ANSWER, str(error).strip())


def _log_fault(fault: Fault, detail: str) -> str:
    logger.error("%s %s", fault.sentence, detail, extra={"fault": fault})
    return str(fault)


def _read_figures() -> dict[str, object]:
    newest = Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    paused = current_pause() if may_have_notice() else None
    return {
        "workers": [_describe_worker(worker) for worker in Worker.objects.alive()],
        "worker_seen_seconds_ago": newest and round((clock.now() - newest).total_seconds(), 1),
        "queue_depth": queue.waiting_count(),
        "active_jobs": Job.objects.active().count(),
        "pause": paused
        and {
            "kind": YAHOO_PACER.state().reason.value,
            "reason": paused.reason,
            "until": paused.until,
        },
        "calendars": calendar_notice(timezone.localdate()) or None,
        "faulty_sessions": fault_notice(timezone.localdate()) or None,
    }


def _describe_worker(worker: Worker) -> dict[str, object]:
    return {
        "pid": worker.pid,
        "host": worker.host.partition("/")[0],
        "started_at": worker.started_at,
        "restarts": worker.restarts,
        "last_recovery_at": worker.last_recovery_at,
        "recovered": worker.recovered_count,
        "clock_wrong_by_seconds": worker.clock_skew,
    }
