"""Exits: how a trade entered after each session would have ended, on the plan of that session."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analysis.engine.bars import Bars, Booleans, Floats, Indices
from analysis.engine.indicators import Indicators
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Side

COST = 0.001
"""What each side of a trade costs, as a part of its price."""


class Exit(IntEnum):
    """What ended a trade."""

    STOP = 0
    TARGET = 1
    TIME = 2


@dataclass(frozen=True, slots=True, eq=False)
class Exits:
    """One trade a session, shape (m,) each: those sessions of n that the longest holding still follows.

    `is_planned` is False where there was no plan to trade, and the rest says nothing. `session` is the index of the
    session of the exit; `returns` are parts of the entry price after costs.
    """

    is_planned: Booleans
    entry: Floats
    stop: Floats
    target: Floats
    price: Floats
    session: Indices
    reason: NDArray[np.int8]
    returns: Floats


def exits(indicators: Indicators, strategy: Strategy, side: Side) -> Exits:
    """Enter at the next open, with stop and target as far from it as they were from the close in the session's plan.

    Within a bar the stop counts first, except that a bar which opens beyond the target has reached it before anything
    else. A level that a bar opens beyond is filled at the open. What reaches neither is closed at the close of the
    `strategy.holding`-th session. Distances are not rounded: adjusted prices know no ticks.
    Every open and every level is taken for tradable, in whatever volume.
    """
    bars, holding = indicators.bars, strategy.holding
    direction = 1.0 if side is Side.LONG else -1.0
    count = max(len(bars) - holding, 0)
    risk = strategy.stop_atr * indicators.atr[:count]
    reward = strategy.target_risk * risk
    entry = bars.open[1 : count + 1]
    stop, target = entry - direction * risk, entry + direction * reward

    # Row t holds the sessions t + 1 to t + holding.
    best, worst = _from_the_trade(bars, side)
    stopped = _first(_ahead(worst, holding) <= (direction * stop)[:, np.newaxis])
    reached = _first(_ahead(best, holding) >= (direction * target)[:, np.newaxis])
    ends = np.minimum(np.minimum(stopped, reached), holding - 1)
    session = np.arange(count) + 1 + ends
    opens = direction * bars.open[session]

    is_target = (reached < stopped) | ((reached == stopped) & (reached < holding) & (opens >= direction * target))
    is_stop = ~is_target & (stopped < holding)
    price = np.where(
        is_target,
        direction * np.maximum(opens, direction * target),
        np.where(is_stop, direction * np.minimum(opens, direction * stop), bars.close[session]),
    )
    close = bars.close[:count]
    return Exits(
        is_planned=(risk > 0) & (np.minimum(close - direction * risk, close + direction * reward) > 0),
        entry=entry,
        stop=stop,
        target=target,
        price=price,
        session=session,
        reason=np.where(is_target, Exit.TARGET, np.where(is_stop, Exit.STOP, Exit.TIME)).astype(np.int8),
        returns=direction * (price / entry - 1) - COST * (1 + price / entry),
    )


def first_exit(bars: Bars, side: Side, *, stop: float, target: float) -> tuple[int, Exit] | None:
    """The index of the first of these bars that reaches a level of a trade, and which; by the rule of `exits`."""
    direction = 1.0 if side is Side.LONG else -1.0
    best, worst = _from_the_trade(bars, side)
    stopped, reached = worst <= direction * stop, best >= direction * target
    ends = stopped | reached
    if not ends.any():
        return None
    first = int(ends.argmax())
    is_target = not stopped[first] or direction * bars.open[first] >= direction * target
    return first, Exit.TARGET if is_target else Exit.STOP


def _from_the_trade(bars: Bars, side: Side) -> tuple[Floats, Floats]:
    """Each bar's best and worst price, where up is with the trade and down against it."""
    return (bars.high, bars.low) if side is Side.LONG else (-bars.low, -bars.high)


def _ahead(series: Floats, holding: int) -> Floats:
    """Row t: the series of the `holding` sessions after session t; a view, shape (m, holding)."""
    return sliding_window_view(series[1:], holding) if len(series) > holding else np.empty((0, holding))


def _first(happens: Booleans) -> Indices:
    """The first column where it happens, or the number of columns."""
    return np.where(happens.any(axis=1), happens.argmax(axis=1), happens.shape[1])
