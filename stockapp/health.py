"""Health: what a load balancer or a monitor asks of `/healthz`."""

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from analysis import clock, queue
from analysis.models import Job, Worker, ahead_or_behind
from analysis.services import pause, refused_runs, unserved_jobs
from stockapp.unavailable import NO_ANSWER, RETRY_SECONDS

MAY_WAIT = timedelta(seconds=60)


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 and what was looked at, or 503 and what is wrong, in sentences."""
    status, told = report()
    return JsonResponse(told, status=status, headers={"Retry-After": str(RETRY_SECONDS)} if status == 503 else None)


def report() -> tuple[int, dict[str, object]]:
    """The status, and what to say."""
    try:
        state = _state()
    except (DatabaseError, InterfaceError):
        state = {"database": False, "problems": [NO_ANSWER]}
    return 503 if state["problems"] else 200, {"ok": not state["problems"], **state}


def _worker(worker: Worker) -> dict[str, object]:
    return {
        "pid": worker.pid,
        "host": worker.host.partition("/")[0],
        "started_at": worker.started_at,
        "restarts": worker.restarts,
        "last_recovery_at": worker.last_recovery_at,
        "recovered": worker.recovered_count,
        "clock_wrong_by_seconds": worker.clock_skew,
    }


def _own_clock() -> list[str]:
    """The sentence about this process's own machine, when its clock is wrong."""
    wrong_by = clock.wrong_by()
    return [f"The clock of this web server is {ahead_or_behind(wrong_by)} the database’s clock."] if wrong_by else []


def _state() -> dict[str, object]:
    wrong_clocks = [worker.clock_problem for worker in Worker.objects.alive() if worker.clock_problem]
    newest = Worker.objects.order_by("-seen_at").values_list("seen_at", flat=True).first()
    alive = Worker.objects.alive().count()
    paused = pause()
    problems = [*wrong_clocks, *_own_clock()]
    if not alive:
        problems.append("No worker is running.")
    if unserved_jobs(since=MAY_WAIT):
        problems.append(f"Stocks have waited for more than {MAY_WAIT.total_seconds():.0f} s for a worker.")
    problems += [f"The scheduled run of {run} was refused. {run.problem}" for run in refused_runs()]
    return {
        "database": True,
        "workers": [_worker(worker) for worker in Worker.objects.alive()],
        "worker_seen_seconds_ago": newest and round((clock.now() - newest).total_seconds(), 1),
        "queue_depth": queue.depth(),
        "active_jobs": Job.objects.active().count(),
        "pause": paused and {"reason": paused.reason, "until": paused.until},
        "problems": problems,
    }
