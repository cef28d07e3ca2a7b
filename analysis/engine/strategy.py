"""Strategies: which components vote, with what weight, and how their verdicts are traded. Data, not code."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from analysis.engine.components import COMPONENTS, Component
from analysis.engine.components.moving_averages import MOVING_AVERAGES
from analysis.engine.components.oscillators import OSCILLATORS

type JSON = bool | int | float | str | list[JSON] | dict[str, JSON] | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Components whose weighted mean vote is one part of a score.

    `weights` by component key; with fewer than `minimum_votes` of them voting there is no score.
    """

    weights: Mapping[str, float]
    minimum_votes: int

    @property
    def bars_needed(self) -> int:
        """Bars from which `minimum_votes` components vote, in a stock that trades."""
        return sorted(COMPONENTS[key].first_vote for key in self.weights)[self.minimum_votes - 1]


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
    def bars_needed(self) -> int:
        """Bars from which there is a score, in a stock that trades."""
        return max(panel.bars_needed for panel in self.panels)

    def parameters(self) -> dict[str, JSON]:
        """Everything that decides a score, a verdict and a plan, fit for JSON."""
        return {
            "strategy": self.key,
            "panels": [{"minimum_votes": panel.minimum_votes, "weights": {**panel.weights}} for panel in self.panels],
            "margin": self.margin,
            "stop_atr": self.stop_atr,
            "target_risk": self.target_risk,
            "holding": self.holding,
        }


def _equal(components: tuple[Component, ...]) -> dict[str, float]:
    return dict.fromkeys((component.key for component in components), 1.0)


TECHNICAL_RATING = Strategy(
    key="technical_rating",
    name="Technical rating",
    description=(
        "Fifteen moving averages and eleven oscillators vote, each +1, 0 or -1; the score is the mean of the two "
        "groups' mean votes. The rules are those of TradingView's published Technical Ratings (Help article "
        "43000614331, Pine library TechnicalRating). It is a summary of trend and momentum as they stand at the last "
        "close, not a prediction: how such verdicts have fared is shown beside them."
    ),
    panels=(Panel(_equal(MOVING_AVERAGES), minimum_votes=10), Panel(_equal(OSCILLATORS), minimum_votes=9)),
    stop_atr=2.0,
    target_risk=2.0,
    holding=20,
)

STRATEGIES: Mapping[str, Strategy] = MappingProxyType({strategy.key: strategy for strategy in (TECHNICAL_RATING,)})
