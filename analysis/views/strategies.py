"""The page of strategies: what each asks, weighs and plans."""

from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.engine import STRATEGIES, Group, Strategy
from stockapp.accounts.requests import Request


@dataclass(frozen=True)
class Weight:
    """A component's part of the score, in percent, when all of them vote; `width` is that of its bar."""

    label: str
    percent: float
    width: float


@dataclass(frozen=True)
class Description:
    """A strategy as the page shows it: its components by group, the heaviest first."""

    strategy: Strategy

    @property
    def groups(self) -> list[tuple[str, list[Weight]]]:
        shares = self._shares()
        heaviest = max(shares.values())
        grouped: dict[Group, list[Weight]] = {}
        for component in sorted(self.strategy.components, key=lambda component: -shares[component.key]):
            share = shares[component.key]
            weight = Weight(component.label, 100 * share, 60 * share / heaviest)
            grouped.setdefault(component.group, []).append(weight)
        return [(group.label, weights) for group, weights in grouped.items()]

    def _shares(self) -> dict[str, float]:
        panels = self.strategy.panels
        return {
            key: weight / sum(panel.weights.values()) / len(panels)
            for panel in panels
            for key, weight in panel.weights.items()
        }


@require_safe
def strategies(request: Request) -> HttpResponse:
    described = [Description(strategy) for strategy in STRATEGIES.values()]
    return render(request, "analysis/strategies.html", {"described": described})
