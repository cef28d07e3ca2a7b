"""Components: every indicator that can vote, by key."""

from collections.abc import Mapping
from types import MappingProxyType

from analysis.engine.components.component import Component, Group, Wording
from analysis.engine.components.moving_averages import MOVING_AVERAGES
from analysis.engine.components.oscillators import OSCILLATORS
from analysis.engine.components.trend import TREND
from analysis.engine.components.volatility import VOLATILITY
from analysis.engine.components.volume import VOLUME

COMPONENTS: Mapping[str, Component] = MappingProxyType(
    {component.key: component for component in (*MOVING_AVERAGES, *OSCILLATORS, *TREND, *VOLATILITY, *VOLUME)}
)

__all__ = ["COMPONENTS", "Component", "Group", "Wording"]
