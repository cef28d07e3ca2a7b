"""The processor time of the track records with their tests, by part: for `benchmarks.evidence`."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.engine.series import SeriesCache
from analysis.engine.stock_record import StockRecord
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy_record import StockRecords, judge_strategies
from analysis.tests.engine_markets import MARKETS

STRATEGY_LIST = tuple(STRATEGIES.values())


def measure_time(market: str, stocks: int, sessions: int) -> dict[str, float]:
    """Return the seconds of processor time of each part, over bars that are there already.

    The records of the stocks are computed from nothing, continued by the latest session, and found unchanged. Reading
    and storing is not counted.
    """
    seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        start = time.process_time()
        yield
        seconds[part] += time.process_time() - start

    records = []
    for bars in MARKETS[market](stocks, sessions, 1):
        with timed("stock records, from nothing"):
            StockRecord.of(SeriesCache(bars), STRATEGY_LIST)
        earlier = StockRecord.of(SeriesCache(bars[:-1]), STRATEGY_LIST)
        with timed("stock records, continued by a session"):
            record = StockRecord.of(SeriesCache(bars), STRATEGY_LIST, known=earlier)
        with timed("stock records, unchanged"):
            records.append(StockRecord.of(SeriesCache(bars), STRATEGY_LIST, known=record))
    with timed("common calendar"):
        together = StockRecords(records)
    with timed("tests and calibration, five strategies"):
        measured = {key: together.measure(key) for key in STRATEGIES}
    with timed("judgement and overfitting"):
        judge_strategies(measured, listed=stocks)
    new, continued, unchanged, *tests = seconds.values()
    return {
        **seconds,
        "all, from nothing": new + sum(tests),
        "all, continued by a session": continued + sum(tests),
        "all, unchanged": unchanged + sum(tests),
    }
