"""What fetching a whole exchange costs: `.venv/bin/python -m benchmarks.prices [STOCKS]`, against a stand-in for Yahoo.

Three tables:
- the first fetch, the same evening again, and the next evening, at an unlimited rate. The stand-in runs in a process of
  its own on the same machine; its work is in the seconds, not in the CPU time;
- the same stocks in bad weather, a month each, at one request a second: waits are counted by a simulated clock;
- limits of a simulated server, without any request.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import seed
from urllib.request import urlopen

from analysis.prices.arrow import pack_bars, unpack_bars
from analysis.prices.incremental import refresh_histories
from analysis.prices.instruments import exchange_of
from analysis.prices.pacer import ProcessPacer
from analysis.prices.port import AWAY, History, PriceError, PriceErrorKind
from analysis.prices.sessions import last_closed_session, sessions_between
from analysis.prices.yahoo import YahooPrices
from analysis.prices.yahoo_session import YahooSession
from tests.simulated_clock import SCENES, SimulatedClock, SimulatedServer, fetch_stocks, sleep_until_next_turn

FIVE_YEARS = timedelta(days=5 * 365 + 2)
MONTH = timedelta(days=30)
MAX_UNANSWERED, FIRST_RETRY, LONGER = 5, timedelta(seconds=15), 3  # as those of a job; reading them would need Django
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
            with tempfile.TemporaryDirectory() as folder:  # one, because yfinance opens its cookies once
                run_all(tickers, address, Path(folder))
                run_weather(len(tickers), address, Path(folder))
        finally:
            standin.terminate()
    run_simulations()


def run_all(tickers: list[str], address: str, folder: Path) -> None:
    """The three runs, each a line of the table."""
    today = datetime.now(UTC)
    *_, before, last = sessions_between(
        exchange_of(tickers[0]), today.date() - FIVE_YEARS, last_closed_session(exchange_of(tickers[0]), today)
    )
    evening, next_evening = (datetime(day.year, day.month, day.day, 20, tzinfo=UTC) for day in (before, last))
    print(f"{len(tickers):,} stocks, five years each, unlimited rate")
    print(f"{'run':<20} {'seconds':>8} {'ms CPU/stock':>13} {'requests':>9} {'MB received':>12} {'MB stored':>10}")
    session = YahooSession(address, pacer=ProcessPacer(math.inf))
    source = YahooPrices(folder, session)
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


def run_weather(stocks: int, address: str, folder: Path) -> None:
    """Fetch so many stocks in each weather, each a line of the table."""
    good = [f"OK{number}.NS" for number in range(stocks)]
    delisted = [f"UNKNOWN{n}.NS" if n % 20 == 7 else ticker for n, ticker in enumerate(good)]
    weathers: list[tuple[str, list[str], list[tuple[float, str]]]] = [
        ("fair", good, []),
        ("429 at each hundredth", good, [(0, "limited-each?n=100")]),
        ("5 % delisted", delisted, []),
        ("down for 10 minutes", good, [(600, "down?seconds=86400"), (1200, "up")]),
        ("changed for 10 minutes", good, [(600, "changed?as=OTHERSHAPE"), (1200, "changed?as=SOUND")]),
    ]
    print(f"\n{stocks:,} stocks, a month each, at 1 request a second, by a simulated clock")
    print(f"{'weather':<24} {'fetched':>8} {'failed':>7} {'requests':>9} {'wasted':>7} {'seconds':>8} {'took':>6}")
    for name, tickers, events in weathers:
        clock = SimulatedClock()
        seed(0)  # of the pace's jitter
        session = YahooSession(address, pacer=ProcessPacer(now=clock.now, sleep=clock.sleep))
        source = YahooPrices(folder, session)
        switch_on_time(clock, address, events)
        started, (requests, _) = time.perf_counter(), counted(address)
        fetched, failed = fetch_all(source, session, clock, tickers)
        requests = counted(address)[0] - requests
        switch(address, "limited-each?n=0")
        took = time.perf_counter() - started
        print(
            f"{name:<24} {fetched:>8,} {failed:>7,} {requests:>9,} {requests - session.data_count:>7,}"
            f" {clock.seconds:>8,.0f} {took:>5.0f}s"
        )


def switch_on_time(clock: SimulatedClock, address: str, events: list[tuple[float, str]]) -> None:
    """Switch the stand-in whenever the clock has reached the seconds of an event."""
    waiting = deque(events)

    def look(seconds: float) -> None:
        while waiting and waiting[0][0] <= seconds:
            switch(address, waiting.popleft()[1])

    clock.on_move = look
    look(0)


def fetch_all(source: YahooPrices, session: YahooSession, clock: SimulatedClock, tickers: list[str]) -> tuple[int, int]:
    """Fetch these as the workers of a job do, and return how many came and how many failed.

    A stock waits while requests are paused; one without an answer comes after the others, five times at most.
    """
    since = datetime.now(UTC).date() - MONTH
    waiting = deque((ticker, 0, clock.now()) for ticker in tickers)
    fetched = failed = 0
    while waiting:
        ticker, unanswered, not_before = waiting.popleft()
        clock.sleep((not_before - clock.now()).total_seconds())
        answer = source.fetch_daily([ticker], since)[ticker]
        if isinstance(answer, History):
            fetched += 1
        elif answer.kind is PriceErrorKind.RATE_LIMITED or is_paused_for_all(session, answer, clock.now()):
            waiting.appendleft((ticker, unanswered, clock.now()))
            sleep_until_next_turn(session.pacer, clock)
        elif answer.kind in AWAY and unanswered + 1 < MAX_UNANSWERED:
            waiting.append((ticker, unanswered + 1, clock.now() + FIRST_RETRY * LONGER**unanswered))
        else:
            failed += 1
    return fetched, failed


def is_paused_for_all(session: YahooSession, error: PriceError, now: datetime) -> bool:
    """Return whether an error of one stock paused all: Yahoo cannot be reached, or its answers are not understood."""
    assert isinstance(session.pacer, ProcessPacer)  # noqa: S101
    return error.kind in AWAY and session.pacer.pace.is_paused(now)


def run_simulations() -> None:
    """Print what limits cost a job, which has an hour and 20 s for each stock."""
    print(
        f"\nSimulated server\n{'scene':<40} {'stocks':>7} {'requests':>9} {'wasted':>7} {'seconds':>8} {'deadline':>9}"
    )
    for name, scene in SCENES.items():
        for stocks in (60, 1000):
            server = SimulatedServer(SimulatedClock(), **scene)
            seconds, deadline = fetch_stocks(server, stocks), 3600 + 20 * stocks
            wasted = server.requests - stocks
            print(f"{name:<40} {stocks:>7,} {server.requests:>9,} {wasted:>7,} {seconds:>8,.0f} {deadline:>9,}")


def switch(address: str, name: str) -> None:
    """Switch the stand-in's behaviour."""
    with urlopen(f"{address}/standin/{name}"):  # noqa: S310
        pass


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
