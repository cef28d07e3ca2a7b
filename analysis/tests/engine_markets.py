"""Markets in which no signal has skill, and real bars, for the tests of significance and for `benchmarks.evidence`.

Every simulated market is a martingale: a session is one step over night and eight of a day, none with a drift that the
steps before could tell, but in `regimes`, where the drift of all stocks changes its sign now and then. The mirrored
market is made of real bars: on each date one coin for all stocks decides whether the moves of that date are turned
upside down.
"""

import os
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.random import Generator

from analysis.engine.bars import Bars, Floats
from analysis.engine.significance.matrix import union_calendar
from analysis.tests.engine_bars import SAMPLES, real_bars, sample_bars

STEPS = 9
"""Steps of a session: one over night, eight of the day."""

FACTOR, OWN = 0.011, 0.017
"""Daily standard deviations of the market's factor and of what is a stock's own."""

FIRST_SESSION = np.datetime64("2020-01-01", "D")


def independent(stocks: int, sessions: int, seed: int) -> Iterator[Bars]:
    """Yield stocks that have nothing in common, 2 % a session."""
    random = np.random.default_rng(seed)
    for _ in range(stocks):
        yield _stock(random, np.zeros((sessions, STEPS)), drift=np.zeros(sessions), own=np.full(sessions, 0.02))


def one_factor(stocks: int, sessions: int, seed: int) -> Iterator[Bars]:
    """Yield stocks that move with one factor, each by its own beta."""
    random = np.random.default_rng(seed)
    factor = random.normal(size=(sessions, STEPS)) * FACTOR / np.sqrt(STEPS)
    yield from _with_factor(random, stocks, factor, factor_deviation=np.full(sessions, FACTOR))


def garch_factor(stocks: int, sessions: int, seed: int) -> Iterator[Bars]:
    """Yield stocks whose factor, and in part their own moves, have calm and wild times: GARCH(1, 1)."""
    random = np.random.default_rng(seed)
    shocks, variance = random.normal(size=sessions), np.empty(sessions)
    current = 1.0
    for session in range(sessions):
        variance[session] = current
        current = 0.02 + (0.1 * shocks[session] ** 2 + 0.88) * current
    wildness = np.sqrt(variance)
    factor = FACTOR * wildness[:, np.newaxis] * _steps_ending_in(random, shocks)
    yield from _with_factor(random, stocks, factor, factor_deviation=FACTOR * wildness, own=OWN * np.sqrt(wildness))


def regimes(stocks: int, sessions: int, seed: int) -> Iterator[Bars]:
    """Yield stocks whose factor rises for about a year, then falls, then rises: 0.05 % a session."""
    random = np.random.default_rng(seed)
    turns = np.cumsum(random.random(sessions) < 1 / 250)
    drift = 0.0005 * np.where((turns + random.integers(2)) % 2, 1.0, -1.0)
    factor = random.normal(size=(sessions, STEPS)) * FACTOR / np.sqrt(STEPS) + drift[:, np.newaxis] / STEPS
    yield from _with_factor(random, stocks, factor, factor_deviation=np.full(sessions, FACTOR))


def staggered(stocks: int, sessions: int, seed: int) -> Iterator[Bars]:
    """Yield stocks of one factor, half of them listed later and a tenth delisted."""
    random = np.random.default_rng(seed + 1_000_000)
    for bars in one_factor(stocks, sessions, seed):
        start = int(random.uniform(0, 0.8) * sessions) if random.random() < 0.5 else 0
        end = int(random.uniform(0.5, 1) * sessions) if random.random() < 0.1 else sessions
        yield bars[start : max(end, start + 1)]


def mirrored(stocks: int, sessions: int, seed: int) -> Iterator[Bars]:
    """Yield real stocks, with all moves of a date turned upside down by one coin for all."""
    chosen = recent_real_bars(stocks, sessions)
    calendar = union_calendar(bars.session for bars in chosen)
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], len(calendar))
    for bars in chosen:
        yield _mirror(bars, signs[np.searchsorted(calendar, bars.session)])


MARKETS: Mapping[str, Callable[[int, int, int], Iterator[Bars]]] = {
    "independent": independent,
    "one_factor": one_factor,
    "garch_factor": garch_factor,
    "regimes": regimes,
    "staggered": staggered,
    "mirrored": mirrored,
}


def recent_real_bars(stocks: int, sessions: int) -> list[Bars]:
    """Return the last sessions of real stocks, adjusted, at most so many.

    They are those of REAL_BARS_DIR or else of bokeh's sample data.
    """
    if "REAL_BARS_DIR" in os.environ:
        chosen = [bars for _, bars in real_bars()][:stocks]
    else:
        chosen = [sample_bars(ticker) for ticker in SAMPLES[:stocks]]
    start = union_calendar(bars.session for bars in chosen)[-sessions:][0]
    return [recent for recent in (bars.select(bars.session >= start) for bars in chosen) if len(recent)]


def _mirror(bars: Bars, signs: Floats) -> Bars:
    """Return bars whose moves from the close before are turned around where the sign is -1."""
    before = np.concatenate((bars.open[:1], bars.close[:-1]))
    moves = {name: signs * np.log(getattr(bars, name) / before) for name in ("open", "high", "low", "close")}
    start = np.log(bars.open[0]) + np.concatenate(([0.0], np.cumsum(moves["close"])[:-1]))
    prices = {name: np.exp(start + move) for name, move in moves.items()}
    high = np.where(signs > 0, prices["high"], prices["low"])
    low = np.where(signs > 0, prices["low"], prices["high"])
    return Bars(bars.session, prices["open"], high, low, prices["close"], bars.volume)


def _with_factor(
    random: Generator, stocks: int, factor: Floats, *, factor_deviation: Floats, own: Floats | float = OWN
) -> Iterator[Bars]:
    """Yield stocks of these steps of a factor, each by its own beta, without a drift."""
    own = np.broadcast_to(own, factor_deviation.shape)
    for beta in random.uniform(0.5, 1.5, stocks):
        yield _stock(random, beta * factor, drift=-np.square(beta * factor_deviation) / 2, own=own)


def _steps_ending_in(random: Generator, shocks: Floats) -> Floats:
    """Return steps of sessions whose sum is the session's shock: normal, as far as that allows."""
    steps: Floats = random.normal(size=(len(shocks), STEPS)) / np.sqrt(STEPS)
    steps += ((shocks - steps.sum(axis=1)) / STEPS)[:, np.newaxis]
    return steps


def _stock(random: Generator, steps: Floats, *, drift: Floats, own: Floats) -> Bars:
    """Return a stock of these steps, a drift a session, and moves of its own of these deviations a session."""
    own_steps = random.normal(size=steps.shape) * (own / np.sqrt(STEPS))[:, np.newaxis]
    steps = steps + own_steps + ((drift - np.square(own) / 2) / STEPS)[:, np.newaxis]
    path = random.uniform(50, 500) * np.exp(np.cumsum(steps)).reshape(steps.shape)
    return Bars(
        session=FIRST_SESSION + np.arange(len(path)),
        open=path[:, 0].copy(),
        high=path.max(axis=1),
        low=path.min(axis=1),
        close=path[:, -1].copy(),
        volume=random.lognormal(11, 0.5, len(path)).round(),
    )
