"""What a strategy is: which components vote, with what weight, and how their verdicts are traded. Data, not code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np

from analysis.engine.bars import Floats
from analysis.engine.components import COMPONENTS, Component
from analysis.engine.verdict import EDGES

type JSON = bool | int | float | str | list[JSON] | dict[str, JSON] | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Components whose weighted mean vote is one part of a score.

    `weights` by component key; while those that vote weigh less than `minimum_weight` there is no score.
    """

    weights: Mapping[str, float]
    minimum_weight: float

    @property
    def bars_needed(self) -> int:
        """Bars from which components of `minimum_weight` vote, in a stock that trades."""
        by_first_vote = sorted((COMPONENTS[key].first_vote, weight) for key, weight in self.weights.items())
        voting = accumulate(weight for _, weight in by_first_vote)
        return next(
            first_vote
            for (first_vote, _), weight in zip(by_first_vote, voting, strict=True)
            if weight >= self.minimum_weight
        )


@dataclass(frozen=True)
class Strategy:
    """A score is the plain mean of the panels. A verdict is left by a score `margin` outside its band.

    A plan risks `stop_atr` times the ATR 14, aims for `target_risk` times that risk, and is held for at most
    `holding` sessions.
    """

    key: str
    name: str
    description: str
    panels: tuple[Panel, ...]
    stop_atr: float
    target_risk: float
    holding: int
    margin: float = 0.15

    @cached_property
    def weights(self) -> dict[str, float]:
        """The weight of every component within its panel, in the order of the votes."""
        return {key: weight for panel in self.panels for key, weight in panel.weights.items()}

    @cached_property
    def components(self) -> tuple[Component, ...]:
        return tuple(COMPONENTS[key] for key in self.weights)

    @cached_property
    def weight_matrix(self) -> Floats:
        """The weights, one row a panel and one column a component, 0 where it sits in another panel."""
        return np.array([[panel.weights.get(key, 0.0) for key in self.weights] for panel in self.panels])

    @cached_property
    def minimum_weights(self) -> Floats:
        """What has to vote in each panel, shape (panels, 1)."""
        return np.array([[panel.minimum_weight] for panel in self.panels])

    @cached_property
    def bars_needed(self) -> int:
        """Bars from which there is a score, in a stock that trades."""
        return max(panel.bars_needed for panel in self.panels)

    def parameters(self) -> dict[str, JSON]:
        """Everything that decides a score, a verdict and a plan, fit for JSON."""
        return {
            "strategy": self.key,
            "panels": [{"minimum_weight": panel.minimum_weight, "weights": {**panel.weights}} for panel in self.panels],
            "edges": [*EDGES],
            "margin": self.margin,
            "stop_atr": self.stop_atr,
            "target_risk": self.target_risk,
            "holding": self.holding,
        }
