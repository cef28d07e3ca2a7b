"""What fetching a whole exchange costs: `.venv/bin/python -m benchmarks.prices [STOCKS]`, against a stand-in for Yahoo.

Three runs at an unlimited rate: the first fetch, the same evening again, and the next evening. The stand-in runs in a
process of its own on the same machine; its work is in the seconds, not in the CPU time.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

from analysis.prices.arrow import pack_bars, unpack_bars
from analysis.prices.incremental import refresh_histories
from analysis.prices.instruments import exchange_of
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import History
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_session import YahooSession

FIVE_YEARS = timedelta(days=5 * 365 + 2)
GROUP = 25  # tickers asked for at once


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stocks", type=int, nargs="?", default=2300)
    tickers = [f"OK{number}.NS" for number in range(parser.parse_args().stocks)]
    command = [sys.executable, "-m", "tests.yahoo_standin", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as standin:
        try:
            assert standin.stdout is not None  # noqa: S101
            address = standin.stdout.readline().split()[1].rstrip("/")
            run_all(tickers, address)
        finally:
            standin.terminate()


def run_all(tickers: list[str], address: str) -> None:
    """The three runs, each a line of the table."""
    today = datetime.now(UTC)
    *_, before, last = sessions_between(
        exchange_of(tickers[0]), today.date() - FIVE_YEARS, last_closed_session(exchange_of(tickers[0]), today)
    )
    evening, next_evening = (datetime(day.year, day.month, day.day, 20, tzinfo=UTC) for day in (before, last))
    print(f"{len(tickers):,} stocks, five years each, unlimited rate")
    print(f"{'run':<20} {'seconds':>8} {'ms CPU/stock':>13} {'requests':>9} {'MB received':>12} {'MB stored':>10}")
    with tempfile.TemporaryDirectory() as folder:
        session = YahooSession(address, pacer=ProcessPacer(math.inf))
        source = YahooPrices(Path(folder), session)
        stored: dict[str, bytes] = {}
        for name, now in (("first fetch", evening), ("same evening again", evening), ("next evening", next_evening)):
            requests, received = counted(address)
            started, cpu = time.perf_counter(), cpu_seconds()
            fetch(source, tickers, stored, now)
            seconds, cpu = time.perf_counter() - started, cpu_seconds() - cpu
            requests_after, received_after = counted(address)
            size = sum(map(len, stored.values()))
            print(
                f"{name:<20} {seconds:>8.1f} {1000 * cpu / len(tickers):>13.1f} {requests_after - requests:>9,}"
                f" {(received_after - received) / 1e6:>12.1f} {size / 1e6:>10.1f}"
            )


def fetch(source: YahooPrices, tickers: list[str], stored: dict[str, bytes], now: datetime) -> None:
    """Bring the stored bars of these tickers up to date, as a worker does."""
    for start in range(0, len(tickers), GROUP):
        group = tickers[start : start + GROUP]
        known = {ticker: History(unpack_bars(stored[ticker]), adjusted=True) for ticker in group if ticker in stored}
        stale = [
            ticker
            for ticker in group
            if ticker not in known or known[ticker].bars.last_session < last_closed_session(exchange_of(ticker), now)
        ]
        answers = refresh_histories(source, stale, known, first_day=(now - FIVE_YEARS).date(), now=now)
        for ticker, answer in answers.items():
            if not isinstance(answer, History):
                raise SystemExit(f"{ticker}: {answer}")
            stored[ticker] = pack_bars(answer.bars)


def counted(address: str) -> tuple[int, int]:
    """Requests, those for cookies included, and bytes sent, by the stand-in's own count."""
    with urlopen(f"{address}/standin/requests") as answer:  # noqa: S310
        told = json.load(answer)
    return sum(told["symbols"].values()) + sum(told["others"].values()), int(told["bytes"])


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
