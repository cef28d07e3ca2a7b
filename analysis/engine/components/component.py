"""A component: one indicator, the rule by which it votes, and the words for its vote."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from analysis.engine.bars import Floats
from analysis.engine.components.rules import Ballot
from analysis.engine.indicators import Indicators

Reading = tuple[Floats, Ballot]
"""The value shown, shape (n,), and the vote."""


class Group(StrEnum):
    MOVING_AVERAGE = "moving_average"
    OSCILLATOR = "oscillator"
    TREND = "trend"
    VOLATILITY = "volatility"
    VOLUME = "volume"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Wording:
    """What happened when a vote changed: to +1, to -1, from +1 to 0, from -1 to 0."""

    up: str
    down: str
    up_ended: str
    down_ended: str


@dataclass(frozen=True, slots=True)
class Component:
    """One voice in a score: `name` in a sentence, `label` in a table.

    `read` is causal. `first_vote` is the number of bars from which it votes; `window` the number of sessions without
    any trade after which it abstains. `zone` holds the values below and above which it is oversold and overbought.
    """

    key: str
    name: str
    label: str
    group: Group
    read: Callable[[Indicators], Reading]
    first_vote: int
    window: int
    wording: Wording
    zone: tuple[float, float] | None = None

    def describe(self, before: int | None, after: int | None, value: float | None) -> str:
        """The sentence for a vote that was `before` a session ago and is `after` now, at `value`."""
        if after is None or value is None:
            return f"{self.name} abstains"
        if after:
            return self.wording.up if after > 0 else self.wording.down
        if before is None:
            return f"{self.name} began to vote"
        if before > 0:
            return f"{self.name} left oversold" if self.zone and value >= self.zone[0] else self.wording.up_ended
        return f"{self.name} left overbought" if self.zone and value <= self.zone[1] else self.wording.down_ended
