"""Bars for the engine's tests: hand-made, random, and real ones from bokeh's sample data."""

import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.engine.bars import Bars

SAMPLES = ("AAPL", "FB", "GOOG", "IBM", "MSFT")


def make_bars(
    close: ArrayLike, *, high: ArrayLike | None = None, low: ArrayLike | None = None, volume: ArrayLike = 1000.0
) -> Bars:
    """Daily bars from 2020-01-01 on around these closes, by default 1 wide on either side."""
    closes = np.array(close, dtype=np.float64)
    return Bars(
        session=np.datetime64("2020-01-01", "D") + np.arange(closes.size),
        open=closes.copy(),
        high=closes + 1 if high is None else np.array(high, dtype=np.float64),
        low=closes - 1 if low is None else np.array(low, dtype=np.float64),
        close=closes,
        volume=np.broadcast_to(np.asarray(volume, dtype=np.float64), closes.shape).copy(),
    )


def flat_bars(count: int, price: float = 100.1, volume: float = 1000.0) -> Bars:
    """A stock whose price never moves."""
    prices = np.full(count, price)
    return make_bars(prices, high=prices, low=prices, volume=volume)


def random_bars(count: int, seed: int = 0) -> Bars:
    """A random walk of 2 % a session, with ranges around it."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    spread = close * random.uniform(0, 0.02, (2, count))
    volume = random.integers(1_000, 100_000, count)
    return make_bars(close, high=close + spread[0], low=close - spread[1], volume=volume)


def walk_bars(count: int, seed: int) -> Bars:
    """A market without drift or memory: eight steps of equal size a session and one over night, 0.50 a day in all.

    The steps are in currency. With steps in percent an ATR lags the price, which puts the targets of longs nearer than
    those of shorts.
    """
    random = np.random.default_rng(seed)
    path = 100 + np.cumsum(random.normal(0, 0.5 / 3, count * 9)).reshape(count, 9)
    return Bars(
        session=np.datetime64("2020-01-01", "D") + np.arange(count),
        open=path[:, 0].copy(),
        high=path.max(axis=1),
        low=path.min(axis=1),
        close=path[:, -1].copy(),
        volume=random.integers(1_000, 100_000, count).astype(np.float64),
    )


def joined(*parts: Bars) -> Bars:
    """One history out of several, on consecutive days."""
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("close", "high", "low", "volume")]
    return make_bars(columns[0], high=columns[1], low=columns[2], volume=columns[3])


@cache
def sample_bars(ticker: str) -> Bars:
    """Real daily bars, 2000 (FB: 2012) to 2013, unadjusted highs and lows scaled to the adjusted close."""
    from bokeh_sampledata import stocks

    return _adjusted(pd.DataFrame(getattr(stocks, ticker)))


def real_bars() -> Iterator[tuple[str, Bars]]:
    """Name and bars of every CSV file in REAL_BARS_DIR."""
    for path in sorted(Path(os.environ["REAL_BARS_DIR"]).rglob("*.csv")):
        yield path.stem, _adjusted(pd.read_csv(path))


def frame(bars: Bars) -> pd.DataFrame:
    """The bars as pandas-ta wants them."""
    columns: Sequence[str] = ("open", "high", "low", "close", "volume")
    return pd.DataFrame({name: getattr(bars, name) for name in columns}, index=pd.DatetimeIndex(bars.session))


def _adjusted(table: pd.DataFrame) -> Bars:
    table = table.dropna()
    factor = (table["adj_close"] / table["close"]).to_numpy()
    prices = {name: table[name].to_numpy(np.float64) * factor for name in ("open", "high", "low", "close")}
    session = pd.to_datetime(table["date"]).to_numpy().astype("datetime64[D]")
    return Bars(session=session, volume=table["volume"].to_numpy(np.float64), **prices)
