"""Two sources: whether the last session of a stock is the same at both."""

import math
from dataclasses import dataclass
from datetime import date
from typing import Self

from analysis.engine.bars import Bars
from analysis.prices.port import Finding

CLOSE_DIFFERENCE = 0.001  # of the close
VOLUME_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class LastSession:
    """The last session of some bars; `source` is the name of their source in a sentence."""

    source: str
    day: date
    close: float
    volume: float

    @classmethod
    def of(cls, source: str, bars: Bars) -> Self:
        """Return the last session of bars that are not empty."""
        return cls(source, bars.last_session, float(bars.close[-1]), float(bars.volume[-1]))

    def compare(self, other: Self) -> Finding | None:
        """Return the finding about the same session at another source; None if it agrees or cannot be compared."""
        if self.day != other.day or not (self.close > 0 and other.close > 0):
            return None
        differences = []
        if abs(self.close / other.close - 1.0) > CLOSE_DIFFERENCE:
            differences.append(f"a close of {self.close:.6g} at {self.source} and {other.close:.6g} at {other.source}")
        if _is_far_apart(self.volume, other.volume):
            volumes = f"{self.volume:,.0f} at {self.source} and {other.volume:,.0f} at {other.source}"
            differences.append(f"a volume of {volumes}")
        if not differences:
            return None
        message = f"The sources differ about {self.day}: {', and '.join(differences)}. {self.source} is used."
        return Finding("sources_differ", message, "warning", self.day)


def _is_far_apart(one: float, other: float) -> bool:
    if math.isnan(one) or math.isnan(other) or one == other:
        return False
    return max(one, other) > VOLUME_RATIO * min(one, other)
