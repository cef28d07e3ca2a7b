"""Strategies page: the indicators of each strategy, and their parts of its score."""

from dataclasses import dataclass

from analysis.engine.indicators.indicator import IndicatorKind
from analysis.engine.strategy import Strategy


@dataclass(frozen=True)
class WeightBar:
    """An indicator's share of the score, in percent, when all have a signal; `width` is that of its bar."""

    label: str
    percent: float
    width: float


@dataclass(frozen=True)
class StrategyDescription:
    """A strategy as the page shows it: its indicators by kind, the heaviest first."""

    strategy: Strategy

    @property
    def weights_by_kind(self) -> list[tuple[str, list[WeightBar]]]:
        shares = self._shares()
        heaviest = max(shares.values())
        grouped: dict[IndicatorKind, list[WeightBar]] = {}
        for indicator in sorted(self.strategy.indicators, key=lambda indicator: -shares[indicator.key]):
            share = shares[indicator.key]
            weight = WeightBar(indicator.label, 100 * share, 60 * share / heaviest)
            grouped.setdefault(indicator.kind, []).append(weight)
        return [(kind.label, weights) for kind, weights in grouped.items()]

    def _shares(self) -> dict[str, float]:
        groups = self.strategy.groups
        return {
            key: weight / sum(group.weights.values()) / len(groups)
            for group in groups
            for key, weight in group.weights.items()
        }
