"""The strategy: the indicators it weighs, their weights, and how its verdicts are traded. Data, not code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from analysis.engine.bars import Floats
from analysis.engine.indicators import INDICATORS
from analysis.engine.indicators.indicator import Indicator
from analysis.engine.verdict import EDGES

ROUNDING = 1e-9  # of sums of weights

type JSON = bool | int | float | str | list[JSON] | dict[str, JSON] | None


@dataclass(frozen=True, slots=True)
class IndicatorGroup:
    """Indicators whose weighted mean signal is one part of a score.

    `weights` by indicator key; while those with a signal weigh less than `minimum_weight` there is no score.
    """

    weights: Mapping[str, float]
    minimum_weight: float

    @property
    def bars_needed(self) -> int:
        """Return the number of bars from which indicators of `minimum_weight` have a signal, in a stock that trades."""
        earliest_first = sorted((INDICATORS[key].bars_needed, weight) for key, weight in self.weights.items())
        available_weights = accumulate(weight for _, weight in earliest_first)
        return next(
            bars_needed
            for (bars_needed, _), available in zip(earliest_first, available_weights, strict=True)
            if available >= self.minimum_weight - ROUNDING
        )


@dataclass(frozen=True, eq=False)
class Strategy:
    """A method of rating: a score is the mean of its groups, a verdict ends with a score `margin` outside its band.

    A plan risks `stop_atr` times the ATR 14, aims for `target_risk` times that risk, and is held for at most
    `holding` sessions. Each is equal to itself alone, and so can be the key of a cache.
    """

    key: str
    name: str
    description: str
    groups: tuple[IndicatorGroup, ...]
    stop_atr: float
    target_risk: float
    holding: int
    margin: float = 0.15

    @cached_property
    def weights(self) -> dict[str, float]:
        """Return the weight of every indicator within its group, in the order of the signals."""
        return {key: weight for group in self.groups for key, weight in group.weights.items()}

    @cached_property
    def indicators(self) -> tuple[Indicator, ...]:
        """Return the weighed indicators, in the order of the signals."""
        return tuple(INDICATORS[key] for key in self.weights)

    @cached_property
    def weight_matrix(self) -> Floats:
        """Return the weights, one row a group and one column an indicator, 0 where it belongs to another group."""
        return np.array([[group.weights.get(key, 0.0) for key in self.weights] for group in self.groups])

    @cached_property
    def minimum_weights(self) -> Floats:
        """Return the weight that needs a signal in each group, shape (groups, 1)."""
        return np.array([[group.minimum_weight] for group in self.groups])

    @cached_property
    def minimum_weights_without_volume(self) -> Floats:
        """Return `minimum_weights` less the share of the indicators that need a volume, shape (groups, 1)."""
        needs_volume = np.array([indicator.needs_volume for indicator in self.indicators])
        rest = self.weight_matrix[:, ~needs_volume].sum(axis=1) / self.weight_matrix.sum(axis=1)
        scaled: Floats = self.minimum_weights * rest[:, np.newaxis]
        return scaled

    def enough_weight(self, *, is_volume_known: bool) -> Floats:
        """Return the weight that needs a signal in each group for a score, shape (groups, 1).

        It is less by ROUNDING: weights that add up to it are enough in whatever order they are added.
        """
        minimum = self.minimum_weights if is_volume_known else self.minimum_weights_without_volume
        return minimum - ROUNDING

    @cached_property
    def bars_needed(self) -> int:
        """Return the number of bars from which there is a score, in a stock that trades."""
        return max(group.bars_needed for group in self.groups)

    @cached_property
    def longest_window(self) -> int:
        """Return the number of latest sessions on which a score rests: the longest window of an indicator."""
        return max(indicator.bars_needed for indicator in self.indicators)

    def shares(self, signals: Mapping[str, int | None]) -> dict[str, float]:
        """Return each signal's share of the score, by indicator key; 0 without a signal.

        It is its weight over those of its group's signals, over the number of groups.
        """
        shares = dict.fromkeys(self.weights, 0.0)
        for group in self.groups:
            weights = {key: weight for key, weight in group.weights.items() if signals.get(key) is not None}
            total = sum(weights.values()) * len(self.groups)
            shares |= {key: weight / total for key, weight in weights.items()}
        return shares

    def parameters(self) -> dict[str, JSON]:
        """Return everything that decides a score, a verdict and a plan, for strict JSON.

        Fingerprints contain it: `panels` are the groups.
        """
        return {
            "strategy": self.key,
            "panels": [{"minimum_weight": group.minimum_weight, "weights": {**group.weights}} for group in self.groups],
            "edges": [*EDGES],
            "margin": self.margin,
            "stop_atr": self.stop_atr,
            "target_risk": self.target_risk,
            "holding": self.holding,
        }
