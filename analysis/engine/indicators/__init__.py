"""Indicators that give a signal (+1, 0 or -1) a session, by key."""

from collections.abc import Mapping
from types import MappingProxyType

from analysis.engine.indicators.indicator import Indicator
from analysis.engine.indicators.moving_averages import MOVING_AVERAGES
from analysis.engine.indicators.oscillators import OSCILLATORS
from analysis.engine.indicators.trend import TREND
from analysis.engine.indicators.volatility import VOLATILITY
from analysis.engine.indicators.volume import VOLUME

INDICATORS: Mapping[str, Indicator] = MappingProxyType(
    {indicator.key: indicator for indicator in (*MOVING_AVERAGES, *OSCILLATORS, *TREND, *VOLATILITY, *VOLUME)}
)
