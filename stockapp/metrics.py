"""Metrics: the figures that Prometheus reads from `/metrics`.

Every figure is read from the database at the request, so that any web process answers for all workers on all machines,
and a restart loses nothing. A count of the "last day" is a window of 24 hours, not a counter: old rows are pruned.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import quantiles

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from analysis import clock, queue
from analysis.models import (
    DetailStatus,
    ErrorKind,
    ExchangeSchedule,
    Job,
    JobDetail,
    JobStatus,
    RequestPace,
    Stock,
    Worker,
)
from analysis.prices.pace import PaceMode, PauseReason
from stockapp.monitoring import may_monitor

DAY = timedelta(days=1)
QUANTILES = {"0.5": 50, "0.95": 95}


@never_cache
@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the figures as text for clients with METRICS_TOKEN; if it is not set, for processes of this machine."""
    if not may_monitor(request):
        sentence = "Give METRICS_TOKEN as a bearer token, or ask from the machine itself where none is set.\n"
        headers = {"WWW-Authenticate": "Bearer"}
        return HttpResponse(sentence, status=401, content_type="text/plain", headers=headers)
    registry = CollectorRegistry()
    registry.register(FigureCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class FigureCollector(Collector):
    """The installation in figures, in a fixed number of queries."""

    def describe(self) -> list[Metric]:
        return []  # so that registering makes no query

    def collect(self) -> Iterator[Metric]:
        parts: list[Callable[[], Iterator[Metric]]] = [
            _jobs, _durations, _failures, _queue, _schedules, _workers, _pace,
        ]  # fmt: skip
        for part in parts:
            yield from part()


def _jobs() -> Iterator[GaugeMetricFamily]:
    there = dict(Job.objects.order_by().values_list("status").annotate(rows=Count("pk")))
    by_status = GaugeMetricFamily("stockapp_jobs", "Stored jobs by status.", labels=["status"])
    for status in JobStatus.values:
        by_status.add_metric([status], there.get(status, 0))
    yield by_status


def _durations() -> Iterator[GaugeMetricFamily]:
    ended = Job.objects.filter(completed_at__gte=timezone.now() - DAY).order_by()
    times = ended.values_list("started_at", "completed_at")
    seconds = [(end - start).total_seconds() for start, end in times if start and end]
    yield GaugeMetricFamily("stockapp_jobs_ended_last_day", "Jobs that ended in the last 24 hours.", len(seconds))
    durations = GaugeMetricFamily(
        "stockapp_job_duration_seconds_last_day",
        "From the first claim to the end, of the jobs that ended in the last 24 hours.",
        labels=["quantile"],
    )
    if seconds:
        cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
        for name, percent in QUANTILES.items():
            durations.add_metric([name], cuts[percent - 1])
    yield durations


def _failures() -> Iterator[GaugeMetricFamily]:
    ended = JobDetail.objects.filter(status=DetailStatus.FAILED, completed_at__gte=timezone.now() - DAY).order_by()
    there = dict(ended.values_list("error_kind").annotate(rows=Count("pk")))
    failures = GaugeMetricFamily(
        "stockapp_stock_failures_last_day", "Stocks of jobs that failed in the last 24 hours, by kind.", labels=["kind"]
    )
    for kind in ErrorKind.values:
        failures.add_metric([kind], there.get(kind, 0))
    yield failures


def _queue() -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily("stockapp_queue_depth", "Messages that nobody has taken yet.", queue.waiting_count())
    waited = queue.oldest_wait().total_seconds()
    yield GaugeMetricFamily("stockapp_queue_oldest_seconds", "How long the oldest message has waited.", waited)
    waiting = JobDetail.objects.unfinished().count()
    yield GaugeMetricFamily("stockapp_stocks_unfinished", "Stocks of jobs that are queued or at work.", waiting)


def _schedules() -> Iterator[GaugeMetricFamily]:
    refused = GaugeMetricFamily(
        "stockapp_schedule_refused", "1 if a scheduled run that is due was refused for now.", labels=["exchange"]
    )
    for schedule in ExchangeSchedule.objects.filter(is_enabled=True).order_by("exchange"):
        refused.add_metric([schedule.exchange], int(bool(schedule.problem)))
    yield refused
    unconfirmed = Stock.objects.unconfirmed().count()
    yield GaugeMetricFamily("stockapp_stocks_unconfirmed", "Tickers for which no price was ever found.", unconfirmed)


def _workers() -> Iterator[GaugeMetricFamily]:
    alive = list(Worker.objects.alive())
    yield GaugeMetricFamily("stockapp_workers", "Workers that reported lately.", len(alive))
    restarts = GaugeMetricFamily(
        "stockapp_worker_restarts", "How often a worker started its cluster again.", labels=["worker"]
    )
    recovered = GaugeMetricFamily(
        "stockapp_worker_recovered", "Stocks that a worker brought back on their way.", labels=["worker"]
    )
    for worker in alive:
        restarts.add_metric([str(worker)], worker.restarts)
        recovered.add_metric([str(worker)], worker.recovered_count)
    yield restarts
    yield recovered


def _pace() -> Iterator[Metric]:
    pauses = GaugeMetricFamily(
        "stockapp_source_pause_seconds",
        "How much longer a price source is not requested, by the reason of the pause.",
        labels=["source", "reason"],
    )
    paused = GaugeMetricFamily(
        "stockapp_source_paused",
        "1 from an answer that pauses a price source until one that ends the pause, by the reason of the pause.",
        labels=["source", "reason"],
    )
    requests = CounterMetricFamily("stockapp_source_requests", "Requests to a price source.", labels=["source"])
    limits = CounterMetricFamily(
        "stockapp_source_limits", "Answers of a price source that requests are limited.", labels=["source"]
    )
    oddities = CounterMetricFamily(
        "stockapp_source_oddities", "How often a price source's answers were not understood.", labels=["source"]
    )
    now = clock.now()
    for row in RequestPace.objects.order_by("source"):
        is_used = settings.PRICE_ORDER.uses(row.source)
        left = (row.until - now).total_seconds() if is_used and row.until and row.pace.is_paused(now) else 0.0
        for reason in PauseReason:
            pauses.add_metric([row.source, reason.value], left if reason == row.reason else 0.0)
            is_paused = is_used and row.mode != PaceMode.OPEN and reason == row.reason
            paused.add_metric([row.source, reason.value], int(is_paused))
        requests.add_metric([row.source], row.request_count)
        limits.add_metric([row.source], row.limit_count)
        oddities.add_metric([row.source], row.oddity_count)
    yield from (pauses, paused, requests, limits, oddities)
