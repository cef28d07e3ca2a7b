"""Trade statistics: counts of trades by exit and sums of their returns, which add up over stocks."""

from dataclasses import asdict, astuple, dataclass
from math import sqrt
from typing import Self

import numpy as np
from numpy.typing import NDArray

from analysis.engine.bars import Floats, Indices
from analysis.engine.exits import ExitReason, Exits
from analysis.engine.strategy import JSON

Z_95 = 1.959963984540054
"""The standard normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True, slots=True)
class TradeStats:
    """Counts of trades by exit; `wins` are those with a positive return after costs.

    `gains` and `losses` are the sums of positive and of negative returns, both as positive numbers.
    """

    count: int = 0
    targets: int = 0
    stops: int = 0
    wins: int = 0
    gains: float = 0.0
    losses: float = 0.0

    @classmethod
    def of(cls, exits: Exits, sessions: Indices) -> Self:
        """Return the statistics of the trades that these sessions plan."""
        return cls.counted(exits.reason[sessions], exits.returns[sessions])

    @classmethod
    def counted(cls, reason: NDArray[np.int8], returns: Floats) -> Self:
        """Return the statistics of trades by their exit reasons and returns, shape (n,) each."""
        wins = returns > 0
        return cls(
            count=len(returns),
            targets=int(np.count_nonzero(reason == ExitReason.TARGET)),
            stops=int(np.count_nonzero(reason == ExitReason.STOP)),
            wins=int(np.count_nonzero(wins)),
            gains=float(returns[wins].sum()),
            losses=float(-returns[~wins].sum()) + 0.0,
        )

    def __add__(self, other: Self) -> Self:
        return type(self)(*(ours + theirs for ours, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def hit_rate(self) -> float | None:
        """Return the share that reached the target before the stop and in time; None without a trade."""
        return self.targets / self.count if self.count else None

    @property
    def win_rate(self) -> float | None:
        """Return the share with a positive return; None without a trade."""
        return self.wins / self.count if self.count else None

    @property
    def mean_return(self) -> float | None:
        """Return the mean return, as a share of the entry; None without a trade."""
        return (self.gains - self.losses) / self.count if self.count else None

    @property
    def profit_factor(self) -> float | None:
        """Return gains over losses; None without losses."""
        return self.gains / self.losses if self.losses else None

    def as_dict(self) -> dict[str, JSON]:
        """Return the fields by name, for strict JSON; stored with a record in progress."""
        return asdict(self)


def wilson_interval(hits: int, count: int) -> tuple[float, float]:
    """Return the Wilson score interval, 95 %, of a rate of `hits` in `count` (at least 1). Source: Wilson, 1927.

    It assumes independent trades. Those of many stocks in the same weeks are not: their true interval is wider.
    """
    rate, square = hits / count, Z_95**2
    middle = rate + square / (2 * count)
    spread = Z_95 * sqrt(rate * (1 - rate) / count + square / (4 * count**2))
    scale = 1 + square / count
    return max((middle - spread) / scale, 0.0), min((middle + spread) / scale, 1.0)


def worst_drawdown(returns: Floats) -> float:
    """Return the deepest fall from a peak, as a share of it, of capital that is invested whole in each trade."""
    money = np.cumprod(np.concatenate(([1.0], np.maximum(1 + returns, 0))))
    return float((1 - money / np.maximum.accumulate(money)).max())
