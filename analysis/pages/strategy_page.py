"""The strategies page: the indicators of each strategy, and their parts of its score."""

from dataclasses import dataclass

from analysis.engine import Group, Strategy


@dataclass(frozen=True)
class WeightBar:
    """A component's part of the score, in percent, when all of them vote; `width` is that of its bar."""

    label: str
    percent: float
    width: float


@dataclass(frozen=True)
class StrategyDescription:
    """A strategy as the page shows it: its components by group, the heaviest first."""

    strategy: Strategy

    @property
    def groups(self) -> list[tuple[str, list[WeightBar]]]:
        shares = self._shares()
        heaviest = max(shares.values())
        grouped: dict[Group, list[WeightBar]] = {}
        for component in sorted(self.strategy.components, key=lambda component: -shares[component.key]):
            share = shares[component.key]
            weight = WeightBar(component.label, 100 * share, 60 * share / heaviest)
            grouped.setdefault(component.group, []).append(weight)
        return [(group.label, weights) for group, weights in grouped.items()]

    def _shares(self) -> dict[str, float]:
        panels = self.strategy.panels
        return {
            key: weight / sum(panel.weights.values()) / len(panels)
            for panel in panels
            for key, weight in panel.weights.items()
        }
