"""The time of everything behind a record with its tests, from nothing, by part: for `benchmarks.evidence`."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from analysis.engine.bars import Bars
from analysis.engine.rating import rate_all
from analysis.engine.series import SeriesCache
from analysis.engine.significance.by_date import DateSums
from analysis.engine.significance.calibration import StockVerdicts, VerdictMatrix, calibrate
from analysis.engine.significance.family import judge, measure_kind
from analysis.engine.significance.matrix import OutcomeMatrix, union_calendar
from analysis.engine.significance.outcomes import SignalKind, StockOutcomes, closes_higher, stock_outcomes
from analysis.engine.significance.overfitting import overfitting_probability
from analysis.engine.strategies import STRATEGIES
from analysis.engine.track_record import HORIZONS
from analysis.engine.verdict import Codes, Side
from analysis.tests.engine_markets import MARKETS
from analysis.tests.significance_cases import LONGEST

STRATEGY_LIST = tuple(STRATEGIES.values())


def measure_time(market: str, stocks: int, sessions: int) -> dict[str, float]:
    """Return the seconds of processor time of each part, over bars that are there already."""
    bars = list(MARKETS[market](stocks, sessions, 1))
    seconds: dict[str, float] = defaultdict(float)
    outcomes: dict[SignalKind, list[StockOutcomes]] = defaultdict(list)
    verdicts: dict[str, list[StockVerdicts]] = defaultdict(list)
    steadies: list[list[Codes]] = []

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        start = time.process_time()
        yield
        seconds[part] += time.process_time() - start

    for stock in bars:
        series = SeriesCache(stock)
        with timed("rating"):
            ratings = rate_all(series, STRATEGY_LIST)
        steadies.append([rating.steady for rating in ratings])
        for strategy, rating in zip(STRATEGY_LIST, ratings, strict=True):
            with timed("exits and entries"):
                for side in Side:
                    found = stock_outcomes(series, strategy, side, rating.steady)
                    outcomes[SignalKind(strategy.key, side)].append(found)
            with timed("closes after verdicts"):
                higher = {horizon: closes_higher(stock.close, rating.steady, horizon) for horizon in HORIZONS}
                verdicts[strategy.key].append(StockVerdicts(stock.session, rating.steady, higher))
    with timed("matrices"):
        calendar = union_calendar(stock.session for stock in bars)
        matrices = {kind: OutcomeMatrix.stacked(calendar, found) for kind, found in outcomes.items()}
        states = {key: VerdictMatrix.stacked(calendar, found) for key, found in verdicts.items()}
    with timed("tests of ten kinds"):
        sums = {kind: DateSums.of(matrix) for kind, matrix in matrices.items()}
        judge([measure_kind(kind, matrices[kind], sums[kind], LONGEST) for kind in matrices], stocks=stocks)
    with timed("one evening's outcomes"):
        _add_evening(bars, steadies, matrices)
    with timed("overfitting"):
        overfitting_probability(list(sums.values()))
    with timed("calibration"):
        for matrix in states.values():
            calibrate(matrix, LONGEST)
    evening = seconds.pop("one evening's outcomes")
    return {**seconds, "all": sum(seconds.values()), "one evening's outcomes, of given verdicts": evening}


def _add_evening(
    bars: Sequence[Bars], steadies: Sequence[Sequence[Codes]], matrices: Mapping[SignalKind, OutcomeMatrix]
) -> None:
    """Compute the outcome that the latest session of each stock made known, of every kind."""
    for row, (stock, verdicts) in enumerate(zip(bars, steadies, strict=True)):
        series = SeriesCache(stock)
        for strategy, steady in zip(STRATEGY_LIST, verdicts, strict=True):
            for side in Side:
                matrix = matrices[SignalKind(strategy.key, side)]
                since = matrix.find_restart(row, stock.session, strategy.holding)
                matrix.write(row, stock_outcomes(series, strategy, side, steady, since=since))
