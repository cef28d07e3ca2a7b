"""How long one stock takes from the click to its stored row: on an idle worker, and right after a bulk job.

    python -m benchmarks.room [--stocks 2300] [--clicks 20]
    python tests/with_postgresql.py python -m benchmarks.room

A bulk job leaves records to compute over every stored history; they give way to a stock that waits. Two workers; the
bars are generated and stored as fresh, as in `benchmarks.jobs`. Runs in a database of its own.
"""

import argparse
import statistics
import time

from benchmarks.jobs import finished, generate, worker  # sets up Django first

# isort: split
from django.core.management import call_command
from django.db import connection

from analysis.jobs.submit import submit
from analysis.models import Result, Source, StrategyRecord

PAUSE = 0.5  # between two clicks


def main() -> None:
    """Print the seconds of both cases and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--stocks", type=int, default=2300)
    parser.add_argument("--clicks", type=int, default=20)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    tickers = [f"T{n:04}.NS" for n in range(options.stocks)]
    generate(tickers)
    print(f"{connection.vendor}, {options.stocks} stocks, 2 workers, {options.clicks} clicks")
    with worker(2):
        idle = [click(tickers[n]) for n in range(options.clicks)]
        finished(submit(tickers, source=Source.BULK).job)
        busy: list[float] = []
        while are_computed() < len(StrategyRecord.objects.all()) and len(busy) < options.clicks:
            busy.append(click(tickers[len(busy)]))
        computed = are_computed()
    row("idle", idle)
    row("right after a bulk job", busy)
    print(f"{'ratio of the medians':30} {statistics.median(busy) / statistics.median(idle):8.2f}")
    print(f"{computed} of {StrategyRecord.objects.count()} records were done when the clicks ended")


def click(ticker: str) -> float:
    """Seconds from asking for one stock to its stored row."""
    time.sleep(PAUSE)
    before = Result.objects.filter(stock=ticker).values_list("updated_at", flat=True).first()
    started = time.perf_counter()
    submit([ticker], source=Source.WATCHLIST)
    while Result.objects.filter(stock=ticker).values_list("updated_at", flat=True).first() == before:
        time.sleep(0.01)
    return time.perf_counter() - started


def are_computed() -> int:
    return StrategyRecord.objects.filter(computed_at__isnull=False, requested_at__isnull=True).count()


def row(name: str, seconds: list[float]) -> None:
    print(f"{name:30} {statistics.median(seconds):8.3f} s median {max(seconds):8.3f} s longest of {len(seconds)}")


if __name__ == "__main__":
    main()
