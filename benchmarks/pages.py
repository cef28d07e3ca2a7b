"""What a page costs: server time, queries and weight, beside a page that does next to nothing.

    python -m benchmarks.pages [--stocks 2300] [--sessions 40] [--requests 50]
    python tests/with_postgresql.py python -m benchmarks.pages

Bars are generated and analysed by a real job; older sessions are copies of its results. Requests go through the whole
stack, compressed, in this process, in turns, so that what else the machine does hits all pages alike. Times are medians
after a warm-up, of the clock and of this process alone; queries are those of one request. The floor is the login page:
the same stack and no rows. A poll is of a page whose stocks wait for a worker; one with nothing new is answered 204.
"""

import argparse
import gzip
import re
import statistics
import time
from datetime import timedelta
from html import unescape
from typing import NamedTuple

from benchmarks.jobs import generate  # sets Django up, with a database of its own

from django.conf import settings  # isort: skip
from django.core.management import call_command  # isort: skip
from django.db import connection  # isort: skip
from django.http import HttpResponse  # isort: skip
from django.test import Client  # isort: skip
from django.test.utils import CaptureQueriesContext  # isort: skip
from django.utils import timezone  # isort: skip

from analysis.prices.instruments import exchange_of

from analysis.models import Index, Result, Source, Stock, Worker  # isort: skip
from analysis.jobs.submit import submit
from analysis.prices.sessions import sessions_between
from analysis.track_records.refresh import compute_records
from analysis.worker.slice import run_job

from stockapp.accounts.models import User  # isort: skip
from watchlist.models import Watchlist, WatchlistItem  # isort: skip

GZIP = b"\x1f\x8b"
FLOOR = "login (the floor)"
INDUSTRIES = ("Banks", "Cement", "Chemicals", "Hotels", "Metals", "Power", "Software", "Telecom")


def main() -> None:
    """Print a row per page: milliseconds by the clock and of CPU, CPU to the floor's, queries, weight, what is sent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--stocks", type=int, default=2300)
    parser.add_argument("--sessions", type=int, default=40, help="how many results each stock has")
    parser.add_argument("--requests", type=int, default=50)
    options = parser.parse_args()
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    ann = User.objects.create_user("ann")
    tickers = [f"T{n:04}.NS" for n in range(options.stocks)]
    watchlist = fill(tickers, options.sessions, ann)
    settings.DEBUG = False
    member, nobody = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    member.force_login(ann)
    pages = {
        FLOOR: (nobody, "/login/"),
        "watchlist of 50": (member, watchlist.get_absolute_url()),
        "watchlist of 50, one poll": (member, f"{watchlist.get_absolute_url()}rows/"),
        "stock": (member, "/stocks/T0007.NS/"),
        "jobs, a page of 25": (member, "/jobs/"),
        f"screener of {options.stocks:,}": (member, "/screener/"),
        "screener, five filters": (
            member,
            "/screener/?verdict=buy&verdict=strong_buy&score_min=10&change_min=-5&risk_reward=1&index=All&sort=-change",
        ),
        "screener, nothing matches": (member, "/screener/?verdict=sell&score_min=90&industry=Banks"),
        "screener, all as XLSX": (member, "/screener/export.xlsx"),
        "track record": (member, "/track-record/"),
    }
    pages |= {name: (member, address) for name, address in polls(member, running(tickers[50:250], ann)).items()}
    measured = measure(pages, options.requests)
    stored = Result.objects.count()
    print(
        f"{connection.vendor}, {options.stocks:,} stocks, {stored:,} results, median of {options.requests} requests\n"
    )
    print(f"{'page':28} {'ms':>8} {'CPU ms':>8} {'x floor':>8} {'queries':>8} {'KB':>8} {'KB sent':>8}")
    floor = measured[FLOOR].processor
    for name, one in measured.items():
        times = f"{1000 * one.clock:8.1f} {1000 * one.processor:8.1f} {one.processor / floor:8.1f}"
        print(f"{name:28} {times} {one.queries:8} {one.weight / 1000:8.1f} {one.sent / 1000:8.1f}")


def fill(tickers: list[str], sessions: int, owner: User) -> Watchlist:
    """Analysed stocks with a history of results, a watchlist of fifty of them, thirty small jobs, and records."""
    generate(tickers)
    index = Index.objects.create(name="All", loaded_at=timezone.now())
    index.stocks.set(Stock.objects.all())
    for n, industry in enumerate(INDUSTRIES):
        some = tickers[n :: len(INDUSTRIES)]
        Stock.objects.filter(pk__in=some).update(name=f"{industry} Company", industry=industry, exchange="NSE")
    job = submit(tickers, source=Source.BULK, wake=False).job
    run_job(str(job.pk))
    copy_back(list(Result.objects.all()), sessions)
    for ticker in tickers[:30]:
        run_job(str(submit([ticker], source=Source.WATCHLIST, requested_by=owner, wake=False).job.pk))
    compute_records()
    watchlist = Watchlist.objects.create(owner=owner, name="Fifty")
    WatchlistItem.objects.bulk_create(WatchlistItem(watchlist=watchlist, stock_id=ticker) for ticker in tickers[:50])
    connection.cursor().execute("ANALYZE")
    return watchlist


def running(tickers: list[str], owner: User) -> dict[str, str]:
    """Return pages of stocks in analysis, by name: a stock's, a list's and the job's."""
    Worker.objects.create(host="benchmark", pid=1, seen_at=timezone.now() + timedelta(days=1))
    watchlist = Watchlist.objects.create(owner=owner, name="Running")
    WatchlistItem.objects.bulk_create(WatchlistItem(watchlist=watchlist, stock_id=ticker) for ticker in tickers)
    job = submit(tickers, source=Source.WATCHLIST, requested_by=owner, wake=False).job
    size = len(tickers)
    addresses = (f"/stocks/{tickers[0]}/", watchlist.get_absolute_url(), job.get_absolute_url())
    return dict(zip(("stock", f"watchlist of {size}", f"job of {size}"), addresses, strict=True))


def polls(client: Client, pages: dict[str, str]) -> dict[str, str]:
    """Return the addresses of polls, with and without changes."""
    found = {}
    for name, page in pages.items():
        asked = re.search(r'id="live".*?hx-get="([^"]+)"', client.get(page).content.decode(), re.DOTALL)
        assert asked  # noqa: S101
        address = unescape(asked[1])
        found[f"{name}, a poll"] = re.sub(r"seen=\w+", "", address)
        found[f"{name}, nothing new"] = address
    return found


def copy_back(results: list[Result], sessions: int) -> None:
    """The results again for each of the sessions before theirs."""
    last = max(result.day for result in results)
    days = sessions_between(exchange_of(results[0].stock_id), last - timedelta(days=3 * sessions), last)[-sessions:-1]
    for day in days:
        for result in results:
            result.pk, result.day = None, day
        Result.objects.bulk_create(results, batch_size=500)


class Measured(NamedTuple):
    """What a page costs: median seconds by the clock and of this process, queries, bytes, and bytes sent."""

    clock: float
    processor: float
    queries: int
    weight: int
    sent: int


def measure(pages: dict[str, tuple[Client, str]], requests: int) -> dict[str, Measured]:
    """Name -> what the page costs; the pages take turns."""
    for client, address in 3 * list(pages.values()):
        answered(client, address)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in pages}
    for _ in range(requests):
        for name, (client, address) in pages.items():
            clock, processor = time.perf_counter(), time.process_time()
            answered(client, address)
            times[name].append((time.perf_counter() - clock, time.process_time() - processor))
    found = {}
    for name, (client, address) in pages.items():
        with CaptureQueriesContext(connection) as queries:
            sent = answered(client, address).content
        weight = len(gzip.decompress(sent) if sent.startswith(GZIP) else sent)
        clock, processor = (statistics.median(column) for column in zip(*times[name], strict=True))
        found[name] = Measured(clock, processor, len(queries), weight, len(sent))
    return found


def answered(client: Client, address: str) -> HttpResponse:
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    if answer.status_code not in {200, 204, 286}:
        raise SystemExit(f"{address} answers {answer.status_code}.")
    return answer  # type: ignore[return-value]


if __name__ == "__main__":
    main()
