"""How long jobs take: submit, a warm job end to end, one stock; beside the floor of engine time plus bare upserts.

    python benchmarks/jobs.py [--stocks 2300] [--workers 1 2 4]
    python tests/with_postgresql.py python benchmarks/jobs.py

Bars are generated (500 a stock, seeded) and stored as fresh, so that nothing is fetched. Runs in a database of its own.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(tempfile.mkdtemp(prefix="benchmark-"))
sys.path.insert(0, str(ROOT))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "stockapp.settings",
    "ENV_FILE": "",
    "DEBUG": "true",
    "SECRET_KEY": "only-for-this-benchmark",
    "DATA_DIR": str(FOLDER),
    "PRICE_SOURCE": "csv",
    "CSV_PRICES_DIR": str(FOLDER),
    "LOG_LEVEL": "ERROR",
    "REQUESTS_PER_MINUTE_PER_USER": "100000",
    "REQUESTS_PER_MINUTE_PER_ADDRESS": "100000",
}

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.utils import timezone  # noqa: E402

from analysis.engine.assess import assess  # noqa: E402
from analysis.engine.bars import Bars  # noqa: E402
from analysis.engine.evidence import to_evidence  # noqa: E402
from analysis.engine.periods import WeeklyVerdict  # noqa: E402
from analysis.engine.strategies import STRATEGIES  # noqa: E402
from analysis.histories import row_of, store  # noqa: E402
from analysis.jobs.end import remove  # noqa: E402
from analysis.jobs.submit import CHUNK, submit  # noqa: E402
from analysis.models import Job, PriceHistory, Rating, RawData, Result, Source, Stock, Worker  # noqa: E402
from analysis.prices.instruments import exchange_of, instrument_of  # noqa: E402
from analysis.prices.port import History  # noqa: E402
from analysis.prices.quality import check_bars  # noqa: E402
from analysis.prices.sessions import last_closed_session, sessions_between  # noqa: E402
from analysis.ratings import rating_of  # noqa: E402
from stockapp.accounts.models import User  # noqa: E402

BARS = 500
LONG_AGO = date(2015, 1, 1)


def main() -> None:
    """Print a row per figure: seconds, and the ratio to the floor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--stocks", type=int, default=2300)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    tickers = [f"T{n:04}.NS" for n in range(options.stocks)]
    generate(tickers)
    engine, upserts = floor(tickers)
    print(f"{connection.vendor}, {options.stocks} stocks of {BARS} bars, {os.cpu_count()} cores\n")
    row("floor: engine, one process", engine)
    row("floor: bare upserts, one process", upserts)
    bare = engine + upserts
    row("floor: both", bare, bare)
    seconds = []
    for _ in range(options.repeat):
        started = time.perf_counter()
        job = submit(tickers, source=Source.BULK).job
        seconds.append(time.perf_counter() - started)
        remove([job])
    row("submit", statistics.median(seconds))
    for workers in options.workers:
        with worker(workers):
            seconds = [timed(lambda: finished(submit(tickers, source=Source.BULK).job)) for _ in range(options.repeat)]
            row(f"job, {workers} workers, submit to completed", statistics.median(seconds), bare)
    with worker(1, FOLDER / "a"), worker(1, FOLDER / "b"):
        job = submit(tickers, source=Source.BULK).job
        row("job, two workers in two folders", timed(lambda: finished(job)), bare)
    shares = job.details.values_list("holder").annotate(Count("pk"))
    print(f"{'':45} shared {' / '.join(str(n) for _, n in shares.order_by('holder'))}, tries {tries(job)}")
    with worker(1):
        compare_strategies(tickers, options.repeat)
    with worker(2):
        one = [timed(lambda: finished(submit(tickers[:1], source=Source.WATCHLIST).job)) for _ in range(15)]
        row("one stock, submit to completed", statistics.median(one))
        bulk = submit(tickers, source=Source.BULK).job
        time.sleep(0.5)
        row(
            "one stock, submitted during a bulk job",
            timed(lambda: finished(submit(tickers[:1], source=Source.API).job)),
        )
        finished(bulk)


def compare_strategies(tickers: list[str], repeat: int) -> None:
    """Print the time of a job by one strategy, and by three in use, in turn, as a ratio of the least times."""
    seconds: dict[int, list[float]] = {1: [], 3: []}
    for _ in range(repeat):
        for count, taken in seconds.items():
            for key in ("trend", "swing")[: count - 1]:
                User.objects.create_user(key, strategy=key)
            taken.append(timed(lambda: finished(submit(tickers, source=Source.BULK).job)))
            User.objects.filter(username__in=STRATEGIES).delete()
    one, three = min(seconds[1]), min(seconds[3])
    row("job, 1 worker, one strategy", one)
    print(f"{'job, 1 worker, three strategies in use':45} {three:8.3f} s   {three / one:5.2f} x the time of one")


def row(name: str, seconds: float, bare: float | None = None) -> None:
    print(f"{name:45} {seconds:8.3f} s" + (f"   {seconds / bare:5.2f} x the floor" if bare else ""), flush=True)


def generate(tickers: list[str]) -> None:
    """Store a seeded random walk for every ticker, up to the last closed session."""
    now = timezone.now()
    last = last_closed_session(exchange_of(tickers[0]), now)
    days = sessions_between(exchange_of(tickers[0]), last.replace(year=last.year - 3), last)[-BARS:]
    session = np.array(days, dtype="datetime64[D]")
    Stock.objects.bulk_create([Stock(ticker=ticker, currency="INR") for ticker in tickers], batch_size=500)
    random = np.random.default_rng(7)
    rows = []
    for ticker in tickers:
        close = 500 * np.exp(np.cumsum(random.normal(0, 0.015, BARS)))
        opened = close * np.exp(random.normal(0, 0.005, BARS))
        high = np.maximum(opened, close) * np.exp(np.abs(random.normal(0, 0.006, BARS)))
        low = np.minimum(opened, close) * np.exp(-np.abs(random.normal(0, 0.006, BARS)))
        bars = Bars(session, opened, high, low, close, random.integers(10_000, 1_000_000, BARS).astype(np.float64))
        rows.append(row_of(ticker, "csv", History(bars, adjusted=True), LONG_AGO, now))
    for start in range(0, len(rows), 200):
        store(rows[start : start + 200], {})


def floor(tickers: list[str]) -> tuple[float, float]:
    """Seconds for assessing all stocks from their stored bars, and for writing their results and evidence bare."""
    now, strategy = timezone.now(), STRATEGIES["technical_rating"]
    histories = list(PriceHistory.objects.filter(stock__in=tickers))
    started = time.perf_counter()
    found = []
    for history in histories:
        bars = check_bars(history.unpack(), instrument=instrument_of(history.stock_id), now=now).bars
        found.append((history.stock_id, assess(bars, strategy)))
    evidence = [to_evidence([assessment]) for _, assessment in found]  # type: ignore[list-item]
    engine = time.perf_counter() - started
    job = Job.objects.create(source="bulk", strategy=strategy.key, price_source="csv", total=1, request_key="floor")
    started = time.perf_counter()
    fixed = {"job": job, "status": "completed", "source": "bulk", "price_source": "csv"}
    times = dict.fromkeys(["started_at", "completed_at", "created_at", "updated_at"], now)
    for start in range(0, len(found), CHUNK):
        rows = Result.objects.bulk_create(
            [
                Result(
                    stock_id=ticker, day=a.day, close=a.close, engine_version="1",  # type: ignore[union-attr]
                    **fixed, **times,
                )
                for ticker, a in found[start : start + CHUNK]
            ],
            update_conflicts=True, unique_fields=["stock", "day"], update_fields=["close"],
        )  # fmt: skip
        Rating.objects.bulk_create(
            rating_of(result.pk, strategy.key, assessment, WeeklyVerdict())
            for result, (_, assessment) in zip(rows, found[start : start + CHUNK], strict=True)
        )
        RawData.objects.bulk_create(
            [RawData(result=r, evidence=e) for r, e in zip(rows, evidence[start : start + CHUNK], strict=True)],
            update_conflicts=True, unique_fields=["result"], update_fields=["evidence"],
        )  # fmt: skip
    upserts = time.perf_counter() - started
    job.delete()
    return engine, upserts


@contextmanager
def worker(processes: int, folder: Path = FOLDER) -> Iterator[None]:
    """A `manage.py worker` with so many processes, warmed by one job."""
    command = [sys.executable, str(ROOT / "manage.py"), "worker"]
    database = {"DATABASE_URL": os.environ.get("DATABASE_URL") or f"sqlite:///{FOLDER / 'stockapp.sqlite3'}"}
    env = {**os.environ, **database, "WORKERS": str(processes), "DATA_DIR": str(folder)}
    with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as process:
        try:
            while not Worker.objects.alive().filter(pid=process.pid).exists():
                time.sleep(0.05)
            for _ in range(2 * processes):
                finished(submit(["T0000.NS"], source=Source.COMMAND).job)
            yield
        finally:
            process.terminate()


def tries(job: Job) -> set[int]:
    return set(job.details.values_list("attempts", flat=True))


def finished(job: Job) -> None:
    while Job.objects.active().filter(pk=job.pk).exists():
        time.sleep(0.02)


def timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
