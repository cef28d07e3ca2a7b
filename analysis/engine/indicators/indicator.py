"""An indicator: its value, the rule that turns it into a signal, and the words for a changed signal."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from analysis.engine.bars import Floats
from analysis.engine.indicators.signal_rules import SignalSeries
from analysis.engine.series import SeriesCache

IndicatorSeries = tuple[Floats, SignalSeries]
"""The value shown, shape (n,), and the signals."""


class IndicatorKind(StrEnum):
    """The property of a price history that an indicator measures."""

    MOVING_AVERAGE = "moving_average"
    OSCILLATOR = "oscillator"
    TREND = "trend"
    VOLATILITY = "volatility"
    VOLUME = "volume"

    @property
    def label(self) -> str:
        """Return the kind in words, singular: Moving average."""
        return self.value.replace("_", " ").capitalize()

    @property
    def group_label(self) -> str:
        """Return the heading of several indicators of the kind: Moving averages, but Volatility."""
        return f"{self.label}s" if self in (self.MOVING_AVERAGE, self.OSCILLATOR) else self.label


@dataclass(frozen=True, slots=True)
class Wording:
    """Sentences for a changed signal: to +1, to -1, from +1 to 0, from -1 to 0."""

    up: str
    down: str
    up_ended: str
    down_ended: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """A rated indicator: `name` in a sentence, `label` in a table.

    `compute` is causal. `bars_needed` is the number of bars from which there is a signal; `window` the number of
    sessions without any trade after which the signal is unavailable. Below and above the two values of `zone` the
    indicator is oversold and overbought. One that `needs_volume` is unavailable where the volume is not known.
    """

    key: str
    name: str
    label: str
    kind: IndicatorKind
    compute: Callable[[SeriesCache], IndicatorSeries]
    bars_needed: int
    window: int
    wording: Wording
    zone: tuple[float, float] | None = None
    needs_volume: bool = False

    def describe(self, before: int | None, after: int | None, value: float | None) -> str:
        """Return the sentence for a signal that was `before` in the previous session and is `after` now, at `value`."""
        if after is None or value is None:
            return f"{self.name} abstains"
        if after:
            return self.wording.up if after > 0 else self.wording.down
        if before is None:
            return f"{self.name} began to vote"
        if before > 0:
            return f"{self.name} left oversold" if self.zone and value >= self.zone[0] else self.wording.up_ended
        return f"{self.name} left overbought" if self.zone and value <= self.zone[1] else self.wording.down_ended
