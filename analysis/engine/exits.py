"""Exits: the simulated end of a trade on the plan of each session, entered at the next open."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from analysis.engine.bars import Bars, Booleans, Floats, Indices
from analysis.engine.series import SeriesCache
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Side

COST = 0.001
"""The cost of an entry and of an exit, each as a share of its price."""


class ExitReason(IntEnum):
    """The event that ended a trade."""

    STOP = 0
    TARGET = 1
    TIME = 2


@dataclass(frozen=True, slots=True, eq=False)
class Exits:
    """One trade a session, shape (m,) each: those of the sessions that at least the maximum holding period follows.

    Where `is_planned` is False there was no plan, and the rest is meaningless. `session` is the index of the session of
    the exit; `returns` are shares of the entry price after costs.
    """

    is_planned: Booleans
    entry: Floats
    stop: Floats
    target: Floats
    price: Floats
    session: Indices
    reason: NDArray[np.int8]
    returns: Floats


def simulate_exits(series: SeriesCache, strategy: Strategy, side: Side, *, since: int = 0) -> Exits:
    """Return the exit of the trade that each session plans, of one side; row 0 is that of session `since`.

    Enter at the next open, with stop and target as far from it as they were from the close in the session's plan.
    Within a bar the stop counts first, except that a bar which opens beyond the target has reached it before anything
    else. A level that a bar opens beyond is filled at the open. A trade that reaches neither is closed at the close of
    the `strategy.holding`-th session. Distances are not rounded: adjusted prices have no ticks.
    Every open and every level is assumed tradable, in any volume.
    """
    bars, holding = series.bars, strategy.holding
    direction = 1.0 if side is Side.LONG else -1.0
    count = max(len(bars) - holding, 0)
    risk = strategy.stop_atr * series.atr[since:count]
    reward = strategy.target_risk * risk
    entry = bars.open[since + 1 : count + 1]
    stop, target = entry - direction * risk, entry + direction * reward

    # The row of session t holds the sessions t + 1 to t + holding.
    best, worst = _best_and_worst(bars[since:], side)
    stopped = _first_true(_windows_ahead(worst, holding) <= (direction * stop)[:, np.newaxis])
    reached = _first_true(_windows_ahead(best, holding) >= (direction * target)[:, np.newaxis])
    ends = np.minimum(np.minimum(stopped, reached), holding - 1)
    session = np.arange(since, count) + 1 + ends
    opens = direction * bars.open[session]

    is_target = (reached < stopped) | ((reached == stopped) & (reached < holding) & (opens >= direction * target))
    is_stop = ~is_target & (stopped < holding)
    price = np.where(
        is_target,
        direction * np.maximum(opens, direction * target),
        np.where(is_stop, direction * np.minimum(opens, direction * stop), bars.close[session]),
    )
    close = bars.close[since:count]
    return Exits(
        is_planned=(risk > 0) & (np.minimum(close - direction * risk, close + direction * reward) > 0),
        entry=entry,
        stop=stop,
        target=target,
        price=price,
        session=session,
        reason=np.where(is_target, ExitReason.TARGET, np.where(is_stop, ExitReason.STOP, ExitReason.TIME)).astype(
            np.int8
        ),
        returns=direction * (price / entry - 1) - COST * (1 + price / entry),
    )


def first_exit(bars: Bars, side: Side, *, stop: float, target: float) -> tuple[int, ExitReason] | None:
    """Return the index of the first bar that reaches a level of a trade, and which, by the rules of `simulate_exits`.

    Return None if no bar does.
    """
    direction = 1.0 if side is Side.LONG else -1.0
    best, worst = _best_and_worst(bars, side)
    stopped, reached = worst <= direction * stop, best >= direction * target
    ends = stopped | reached
    if not ends.any():
        return None
    first = int(ends.argmax())
    is_target = not stopped[first] or direction * bars.open[first] >= direction * target
    return first, ExitReason.TARGET if is_target else ExitReason.STOP


def _best_and_worst(bars: Bars, side: Side) -> tuple[Floats, Floats]:
    """Return each bar's best and worst price for the trade; negated for a short, so that higher is better."""
    return (bars.high, bars.low) if side is Side.LONG else (-bars.low, -bars.high)


def _windows_ahead(series: Floats, holding: int) -> Floats:
    """Return in row t the series of the `holding` sessions after session t; a view, shape (m, holding)."""
    count = max(len(series) - holding, 0)
    return as_strided(series[1:], (count, holding), series.strides * 2, writeable=False)


def _first_true(rows: Booleans) -> Indices:
    """Return the first true column of each row, or the number of columns."""
    first: Indices = rows.argmax(axis=1)
    first[~rows[np.arange(len(rows)), first]] = rows.shape[1]
    return first
