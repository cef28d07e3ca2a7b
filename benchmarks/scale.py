"""What grows with the history: pages and writes at 10,000, 100,000 and 1,000,000 results, with their query plans.

    python -m benchmarks.scale [--sizes 10000 100000 1000000] [--write docs]
    python tests/with_postgresql.py python -m benchmarks.scale

Runs in a database of its own, in a new folder under /tmp. Results are copies of one session's; 50 stocks have generated
bars. A time is the median of many runs on the clock; a ratio is of processor time, this process's and the database
server's, the least of many runs to the least at the first size. Exits with 1 when a statement reads a table of results
from end to end.
"""

import argparse
import json
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks import jobs as bench  # prepares a database of its own, and Django with it

from django.core.management import call_command  # isort: skip
from django.contrib.auth import get_user_model  # isort: skip
from django.db import connection, transaction  # isort: skip
from django.test import Client  # isort: skip
from django.utils import timezone  # isort: skip

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment
from analysis.engine.evidence import to_evidence
from analysis.engine.periods import WeeklyVerdict
from analysis.engine.strategies import STRATEGIES
from analysis.engine.verdict import Verdict
from analysis.engine.version import ENGINE_VERSION

from analysis.models import Job, JobDetail, PriceHistory, RawData, Rating, Result, Source, Stock  # isort: skip
from benchmarks.scale_acts import STOCKS, WATCHED, Taken, timed, what_is_measured  # isort: skip
from analysis.ratings import rating_of  # isort: skip
from benchmarks.scale_report import Figure, Figures, write  # isort: skip
from watchlist.models import Watchlist, WatchlistItem  # isort: skip

SESSIONS_WITH_DETAILS, SESSIONS_WITH_RAW_DATA = 60, 20
"""About what retention leaves of each: a quarter of details, a month of raw data."""
LARGE = 100_000
NEWEST = 100_000_000
"""The keys of the newest results, which are the last to be written where they are not made for a benchmark."""
WEEKLY = WeeklyVerdict(Verdict.SELL, date(2026, 11, 20))
RATED_BY = ("technical_rating", "trend")
GUARDED = ("analysis_result", "analysis_rating", "analysis_rawdata", "analysis_jobdetail")
PARTIAL = ("detail_leased",)
"""Indexes of the few rows that are at work."""
type Statement = tuple[str, Any]


def main() -> int:
    """Print a row per figure; the exit code is 1 when a plan reads results from end to end."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--write", type=Path, help="The folder to write scale-DATABASE.json, the table and chart to.")
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    client = prepare()
    figures: Figures = {}
    scans: dict[int, list[str]] = {}
    for size in options.sizes:
        seconds = bench.timed(lambda wanted=size: fill(wanted))  # type: ignore[misc]
        print(f"\n{connection.vendor}: {Result.objects.count():,} results, filled in {seconds:.0f} s", flush=True)
        acts = list(what_is_measured(client))
        for name, act in acts:
            act()
            runs = [act() for _ in range(options.repeat)]
            found = Figure(statistics.median(run.clock for run in runs), min(run.processor for run in runs))
            figures.setdefault(name, {})[size] = found
            ratio = found.processor / figures[name][options.sizes[0]].processor
            print(f"{name:32} {1000 * found.median:8.1f} ms   {ratio:5.2f} x", flush=True)
        if not full_scans("", count_results):
            sys.exit("The look at the plans is blind: it does not see that counting all results reads them all.")
        scans[size] = [line for name, act in acts for line in full_scans(name, act)]
        print("\n".join(scans[size]) or "No statement reads results, raw data or details from end to end.", flush=True)
        if options.write:
            write(options.write, connection.vendor, figures)
    return int(any(lines for size, lines in scans.items() if size >= LARGE))


def prepare() -> Client:
    """The stocks, bars for those that are watched, a user who watches them; returns a browser of hers, who is staff."""
    bench.generate([f"T{n:04}.NS" for n in range(WATCHED)])
    Stock.objects.bulk_create([Stock(ticker=f"T{n:04}.NS", currency="INR") for n in range(WATCHED, STOCKS)])
    user = get_user_model().objects.create_superuser("ann", "", "a long password")
    watchlist = Watchlist.objects.create(owner=user, name="Mine")
    WatchlistItem.objects.bulk_create(
        WatchlistItem(watchlist=watchlist, stock_id=f"T{n:04}.NS", position=n) for n in range(WATCHED)
    )
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def fill(size: int) -> None:
    """Results of so many stock-days, a job per session, back in time from today; what is there already stays."""
    there = Job.objects.filter(source=Source.SCHEDULE).count()
    now = timezone.now()
    times = [now - timedelta(days=n, hours=1) for n in range(there, size // STOCKS)]
    jobs = [
        Job(source=Source.SCHEDULE, strategy="technical_rating", price_source="csv", status="completed", total=STOCKS,
            completed_count=STOCKS, request_key=str(at), created_at=at, started_at=at, completed_at=at, progress_at=at)
        for at in times
    ]  # fmt: skip
    Job.objects.bulk_create(jobs)
    if not there:
        first_session(jobs[0], times[0])
    newest = Job.objects.filter(source=Source.SCHEDULE).order_by("-created_at")[0]
    made = [job.pk for job in jobs if job.pk != newest.pk]
    for start in range(0, len(made), 50):
        copy_results(newest, made[start : start + 50])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def first_session(job: Job, now: datetime) -> None:
    results = Result.objects.bulk_create(
        Result(pk=NEWEST + n, job=job, stock_id=f"T{n:04}.NS", day=now.date(), status="completed", source=job.source,
               price_source="csv", close=100.0, previous_close=98.0, bar_count=500, input_fingerprint="0" * 64,
               engine_version=ENGINE_VERSION, started_at=now, completed_at=now, created_at=now, updated_at=now)
        for n in range(STOCKS)
    )  # fmt: skip
    Rating.objects.bulk_create(
        rating_of(result.pk, strategy, assessment, WEEKLY)
        for result in results
        for strategy, assessment in assessments().items()
    )
    JobDetail.objects.bulk_create(
        JobDetail(
            job=job,
            stock_id=r.stock_id,
            result=r,
            status="completed",
            attempts=1,
            day=r.day,
            verdict="buy",
            started_at=now,
            completed_at=now,
        )
        for r in results
    )
    evidence = what_is_found()
    RawData.objects.bulk_create((RawData(result=result, evidence=evidence) for result in results), batch_size=200)
    stocks = [
        Stock(ticker=r.stock_id, last_result=r, last_job=job, last_status="completed", last_analyzed_at=now)
        for r in results
    ]
    Stock.objects.bulk_update(stocks, ["last_result", "last_job", "last_status", "last_analyzed_at"], batch_size=100)


@cache
def what_is_found() -> Any:
    """The evidence of one analysis, as it is stored."""
    return {**to_evidence(assessments().values()), "data_quality": []}


@cache
def assessments() -> dict[str, Assessment]:
    """The assessments of one stock by the strategies in use."""
    bars = PriceHistory.objects.all()[0].unpack()
    found = {key: assess(bars, STRATEGIES[key]) for key in RATED_BY}
    return {key: assessment for key, assessment in found.items() if isinstance(assessment, Assessment)}


@transaction.atomic
def copy_results(newest: Job, jobs: list[Any]) -> None:
    """Give these jobs the newest one's results, as of their own time, in one statement a table."""
    times = ("started_at", "completed_at", "created_at", "updated_at")
    of_the_job = {"job_id": "j.id", "day": "date(j.completed_at)", **dict.fromkeys(times, "j.completed_at")}
    columns = [str(f.column) for f in Result._meta.concrete_fields if f.column != "id"]
    values = ", ".join(of_the_job.get(column, f"r.{column}") for column in columns)
    keys = jobs if connection.vendor == "postgresql" else [pk.hex for pk in jobs]
    newest_key = newest.pk if connection.vendor == "postgresql" else newest.pk.hex
    marks = ", ".join(["%s"] * len(keys))
    young = f"r.job_id IN ({marks}) AND r.updated_at >= %s"
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO analysis_result ({', '.join(columns)}) SELECT {values} FROM analysis_job j "  # noqa: S608
            f"JOIN analysis_result r ON r.job_id = %s WHERE j.id IN ({marks})",
            [newest_key, *keys],
        )
        rated = [str(f.column) for f in Rating._meta.concrete_fields if f.column not in ("id", "result_id")]
        cursor.execute(
            f"INSERT INTO analysis_rating (result_id, {', '.join(rated)}) "  # noqa: S608
            f"SELECT r.id, {', '.join(f'g.{column}' for column in rated)} FROM analysis_result r "
            "JOIN analysis_result n ON n.stock_id = r.stock_id AND n.job_id = %s "
            f"JOIN analysis_rating g ON g.result_id = n.id WHERE r.job_id IN ({marks})",
            [newest_key, *keys],
        )
        cursor.execute(
            "INSERT INTO analysis_jobdetail (job_id, stock_id, result_id, status, attempts, unanswered, "  # noqa: S608
            "fence, error_kind, error_message, wait_reason, raw_verdict, verdict, holder, day, started_at, "
            "completed_at) SELECT r.job_id, r.stock_id, r.id, 'completed', 1, 0, 1, '', '', '', 'buy', 'buy', '', "
            "r.day, r.started_at, r.completed_at FROM analysis_result r "
            f"WHERE {young}",
            [*keys, now - timedelta(days=SESSIONS_WITH_DETAILS)],
        )
        cursor.execute(
            f"INSERT INTO analysis_rawdata (result_id, evidence) SELECT r.id, %s FROM analysis_result r WHERE {young}",  # noqa: S608
            [json.dumps(what_is_found()), *keys, now - timedelta(days=SESSIONS_WITH_RAW_DATA)],
        )


def count_results() -> Taken:
    return timed(Result.objects.count)


@contextmanager
def statements() -> Iterator[list[Statement]]:
    """What is asked of the database meanwhile."""
    asked: list[Statement] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not many and sql.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
            asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        yield asked


def full_scans(name: str, act: Callable[[], Taken]) -> list[str]:
    """The lines of the plans of an act's statements that read a guarded table from end to end."""
    with statements() as asked:
        act()
    explain = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
    found: dict[str, None] = {}
    for sql, params in asked:
        if not any(table in sql for table in GUARDED):
            continue
        with connection.cursor() as cursor:
            cursor.execute(explain + sql, params)
            plan = [str(row[-1]) for row in cursor.fetchall()]
        steps = "\n".join(plan).split("->") if connection.vendor == "postgresql" else plan
        is_in_order = " LIMIT " in sql and not re.search("Sort|TEMP B-TREE FOR ORDER BY", " ".join(plan))
        if any(is_full_scan(step, sql, is_in_order=is_in_order) for step in steps):
            found[f"  {name}: {' / '.join(line.strip() for line in plan)}\n    {sql[:600]}"] = None
    return list(found)


def is_full_scan(step: str, sql: str, *, is_in_order: bool) -> bool:
    """Whether a step of a plan reads a guarded table or a whole index of one; of rows in order the first are few."""
    if is_in_order or any(f" {index}" in step for index in PARTIAL):
        return False
    if connection.vendor == "postgresql":
        scan = re.search(r"(Seq|Index|Index Only|Bitmap Heap) Scan.* on (\w+)", step.partition("\n")[0])
        return scan is not None and scan[2] in GUARDED and "Cond: " not in step
    aliases = {alias: table for table, alias in re.findall(r'"(\w+)" ([TUVW]\d+)', sql)}
    name = step.split()[1] if step.startswith("SCAN ") else ""
    return aliases.get(name, name) in GUARDED


if __name__ == "__main__":
    sys.exit(main())
