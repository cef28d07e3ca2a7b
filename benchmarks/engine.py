"""How long the engine takes for one stock, on one core, beside the libraries that it could not do without.

Run it from the root of the repository:

    python -m benchmarks.engine

Bars are generated from a seed. Every number is the best of many short runs, taken in turns, so that what else the
machine does hits all columns alike; the ratios say more than the milliseconds.
"""

import timeit
from collections.abc import Callable, Sequence
from functools import partial
from inspect import unwrap
from types import ModuleType, SimpleNamespace

import numpy as np
import pandas as pd
import pandas_ta as ta
import talib

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment
from analysis.engine.bars import Bars
from analysis.engine.evidence import to_evidence
from analysis.engine.rating import rate
from analysis.engine.record_summary import summarize
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import STRATEGIES
from analysis.engine.track_record import TrackRecord, track_record

LENGTHS = (10, 20, 30, 50, 100, 200)
IN_C = SimpleNamespace(**{name: unwrap(function) for name, function in vars(talib).items() if name.isupper()})
STOCKS = 2_300


def generated_bars(count: int, seed: int = 0) -> Bars:
    """A random walk of 2 % a session with ranges around it."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    open_ = close * random.uniform(0.99, 1.01, count)
    return Bars(
        session=np.datetime64("2015-01-01", "D") + np.arange(count),
        open=open_,
        high=np.maximum(open_, close) * random.uniform(1, 1.01, count),
        low=np.minimum(open_, close) * random.uniform(0.99, 1, count),
        close=close,
        volume=random.integers(1_000, 1_000_000, count).astype(np.float64),
    )


def bare_calls(bars: Bars, library: ModuleType | SimpleNamespace) -> None:
    """The default strategy's indicators and the ATR, one call each, and nothing made of them."""
    high, low, close = bars.high, bars.low, bars.close
    for length in LENGTHS:
        library.SMA(close, length)
        library.EMA(close, length)
    for length in (9, 26, 52):
        library.MIDPRICE(high, low, length)
    library.HMA(close, 9)
    library.VWMA(close, bars.volume, 20)
    library.RSI(close, 14)
    library.STOCH(high, low, close, 14, 3, 0, 3, 0)
    library.CCI(high, low, close, 20)
    library.ADX(high, low, close, 14)
    library.PLUS_DI(high, low, close, 14)
    library.MINUS_DI(high, low, close, 14)
    library.AO(high, low, 5, 34)
    library.MOM(close, 10)
    library.MACD(close, 12, 26, 9)
    library.STOCHRSI(close, 14, 14, 3, 0)
    library.WILLR(high, low, close, 14)
    library.ERI(high, low, close, 13)
    library.ULTOSC(high, low, close, 7, 14, 28)
    library.ATR(high, low, close, 14)


def pandas_ta_calls(table: pd.DataFrame) -> None:
    """The same indicators from pandas-ta, which calls TA-Lib where it can."""
    high, low, close = table["high"], table["low"], table["close"]
    for length in LENGTHS:
        ta.sma(close=close, length=length, talib=True)
        ta.ema(close=close, length=length, talib=True)
    ta.ichimoku(high=high, low=low, close=close, tenkan=9, kijun=26, senkou=52)
    ta.hma(close=close, length=9)
    ta.vwma(close=close, volume=table["volume"], length=20)
    ta.rsi(close=close, length=14, talib=True)
    ta.stoch(high=high, low=low, close=close, k=14, d=3, smooth_k=3, talib=True)
    ta.cci(high=high, low=low, close=close, length=20, talib=True)
    ta.adx(high=high, low=low, close=close, length=14, talib=True)
    ta.ao(high=high, low=low, fast=5, slow=34)
    ta.mom(close=close, length=10, talib=True)
    ta.macd(close=close, fast=12, slow=26, signal=9, talib=True)
    ta.stochrsi(close=close, length=14, rsi_length=14, k=3, d=3, talib=True)
    ta.willr(high=high, low=low, close=close, length=14, talib=True)
    ta.eri(high=high, low=low, close=close, length=13)
    ta.uo(high=high, low=low, close=close, fast=7, medium=14, slow=28, talib=True)
    ta.atr(high=high, low=low, close=close, length=14, talib=True)


def everything(bars: Bars) -> None:
    """What a job does for a stock once it has its bars."""
    assessment = assess(bars)
    if isinstance(assessment, Assessment):
        to_evidence([assessment])


def best_milliseconds(tasks: Sequence[Callable[[], object]], rounds: int) -> list[float]:
    """The fastest of `rounds` turns of each task."""
    best = [float("inf")] * len(tasks)
    for _ in range(rounds):
        best = [min(known, timeit.timeit(task, number=5) / 5 * 1000) for known, task in zip(best, tasks, strict=True)]
    return best


def one_stock() -> None:
    print("One stock, the default strategy: rated series, verdict, plan and evidence (ms)\n")
    print("  bars   engine   TA-Lib   in C   pandas-ta   engine/TA-Lib   engine/in C   pandas-ta/engine")
    for count in (250, 500, 2_500):
        bars = generated_bars(count)
        table = pd.DataFrame(
            {name: getattr(bars, name) for name in ("high", "low", "close", "volume")},
            index=pd.DatetimeIndex(bars.session),
        )
        engine, wrapped, in_c = best_milliseconds(
            [partial(everything, bars), partial(bare_calls, bars, talib), partial(bare_calls, bars, IN_C)], rounds=200
        )
        (other,) = best_milliseconds([partial(pandas_ta_calls, table)], rounds=5)
        print(
            f"{count:6,} {engine:8.3f} {wrapped:8.3f} {in_c:6.3f} {other:11.2f}"
            f" {engine / wrapped:15.1f} {engine / in_c:13.1f} {other / engine:18.0f}"
        )


def all_strategies() -> None:
    bars = generated_bars(500)

    def alone() -> None:
        for strategy in STRATEGIES.values():
            rate(bars, strategy)

    def shared() -> None:
        series = SeriesCache(bars)
        for strategy in STRATEGIES.values():
            rate(series, strategy)

    by_itself, together = best_milliseconds([alone, shared], rounds=50)
    print(f"\nAll {len(STRATEGIES)} strategies rated over 500 bars (ms)\n")
    print(f"  each by itself {by_itself:.2f}, over shared indicators {together:.2f}")


def track_records() -> None:
    bars = [generated_bars(1_250, seed) for seed in range(10)]
    print(f"\nTrack record with its baseline, 1,250 bars: ms a stock, and s for {STOCKS:,} stocks on one core\n")
    for key, strategy in STRATEGIES.items():
        (each,) = best_milliseconds([lambda: [track_record(stock, strategy) for stock in bars]], rounds=5)  # noqa: B023
        print(f"  {key:18} {each / len(bars):5.2f} {each / len(bars) * STOCKS / 1000:6.1f}")
    records = [track_record(stock) for stock in bars] * (STOCKS // len(bars))
    (merge,) = best_milliseconds([lambda: summarize(TrackRecord.merged(records))], rounds=3)
    print(f"  merging and summing up {STOCKS:,} records: {merge:.0f} ms")


if __name__ == "__main__":
    one_stock()
    all_strategies()
    track_records()
