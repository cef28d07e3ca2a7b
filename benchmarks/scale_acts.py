"""What `benchmarks.scale` measures: pages, calls and writes; each act returns the time that it took."""

import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import benchmarks.jobs  # noqa: F401  prepares a database of its own, and Django with it

from django.db import connection  # isort: skip
from django.test import Client  # isort: skip
from django.urls import reverse  # isort: skip
from django.utils import timezone  # isort: skip

from analysis.worker.assess import assess_stock
from analysis.worker.bars import BarLoader
from analysis.worker.save import save

from analysis.models import Job, Source, Stock  # isort: skip
from analysis.jobs.end import cancel
from analysis.jobs.submit import submit
from analysis.worker.claim import claim
from analysis.worker.recover import recover

from watchlist.models import Watchlist  # isort: skip

STOCKS, WATCHED = 300, 50


class Taken(NamedTuple):
    """Seconds on the clock, and of the processor: those hardly depend on what else the machine does."""

    clock: float
    processor: float


def what_is_measured(client: Client) -> Iterator[tuple[str, Callable[[], Taken]]]:
    """Each act returns the time that it took."""
    watchlist, job = Watchlist.objects.get(), Job.objects.filter(source=Source.SCHEDULE).latest("created_at")
    pages = {
        f"watchlist of {WATCHED}": reverse("watchlist:watchlist", args=[watchlist.pk]),
        "stock page": reverse("analysis:stock", args=["T0007.NS"]),
        "screener": reverse("screener:screener"),
        "screener: filtered and sorted": reverse("screener:screener") + "?verdict=buy&score_min=0.2&sort=-change",
        "jobs list": reverse("analysis:jobs"),
        "jobs list: of one stock": reverse("analysis:jobs") + "?q=T0007.NS",
        "job page": job.get_absolute_url(),
        "track record": reverse("analysis:track_record"),
        "admin: job": reverse("admin:analysis_job_change", args=[job.pk]),
        "admin: results": reverse("admin:analysis_result_changelist"),
        "admin: ratings of a verdict": reverse("admin:analysis_rating_changelist") + "?verdict__exact=buy",
        "admin: a verdict of none": reverse("admin:analysis_rating_changelist") + "?verdict__exact=strong_sell",
        "admin: results of a stock": reverse("admin:analysis_result_changelist") + "?q=T0007",
        "admin: details": reverse("admin:analysis_jobdetail_changelist"),
        "API: history of a stock": "/api/stocks/T0007.NS/results",
        "API: results of a day": f"/api/results?day={timezone.localdate():%Y-%m-%d}",
        "API: all results": "/api/results",
        "API: a verdict of none": "/api/results?verdict=strong_sell",
        "API: screener": "/api/screener?score_min=0.2",
        "metrics": reverse("metrics"),
    }
    for name, url in pages.items():
        yield name, lambda url=url: fetched(client, url)  # type: ignore[misc]
    yield "recovery, nothing lost", lambda: timed(recover)
    yield f"submit {STOCKS:,} stocks", submitted
    yield f"finish a chunk of {WATCHED}", finished_chunk


def timed(act: Callable[[], object]) -> Taken:
    busy, started = processor_seconds(), time.perf_counter()
    act()
    return Taken(time.perf_counter() - started, processor_seconds() - busy)


def processor_seconds() -> float:
    """What this process and, of PostgreSQL, its own server process on this machine have used so far."""
    if connection.vendor != "postgresql":
        return time.process_time()
    connection.ensure_connection()
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return time.process_time() + int(server.read_text().split()[0]) / 1e9


def fetched(client: Client, url: str) -> Taken:
    answers = []
    taken = timed(lambda: answers.append(client.get(url).status_code))
    if answers != [200]:
        sys.exit(f"{url} answers {answers[0]}.")
    return taken


def submitted() -> Taken:
    tickers = list(Stock.objects.values_list("pk", flat=True))
    jobs = []
    taken = timed(lambda: jobs.append(submit(tickers, source=Source.BULK, wake=False).job))
    cancel(jobs[0])
    Job.objects.filter(pk=jobs[0].pk).delete()
    return taken


def finished_chunk() -> Taken:
    """The transaction that writes what a slice found, alone."""
    job = submit([f"T{n:04}.NS" for n in range(WATCHED)], source=Source.COMMAND, wake=False).job
    lease = claim(job.pk, uuid.uuid4())
    if lease is None:
        sys.exit("There was nothing to claim.")
    loader = BarLoader(lease.job, lease.details)
    outcomes = [assess_stock(loader, detail) for detail in lease.details]
    return timed(lambda: save(lease, outcomes))
