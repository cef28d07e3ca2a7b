"""The assessment: values that describe a stock at the last session of its bars, with their reasons."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from analysis.engine.indicators.indicator import IndicatorKind
from analysis.engine.plan import Plan
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import Verdict

SETTLED = 500
"""Bars from which an EMA 200 is within 0.14 % of its value over an endless history."""
LEADERS = 3
"""Indicators that a one-line reason names on each side."""


class IndicatorReading(NamedTuple):
    """One indicator in the last session: `signal` and `value` are None where they are unavailable.

    `weight` is its share of the score: the score is the sum of weight times signal. Without a signal it is 0, and
    `unavailable_because` is the reason.
    """

    key: str
    label: str
    kind: IndicatorKind
    value: float | None
    signal: int | None
    weight: float
    unavailable_because: str = ""


@dataclass(frozen=True, slots=True)
class SignalChange:
    """A signal that differs from the previous session's, with a sentence."""

    key: str
    label: str
    before: int | None
    after: int | None
    value: float | None
    sentence: str


@dataclass(frozen=True, slots=True)
class NotEnoughHistory:
    """The reason that there is no score."""

    bar_count: int
    needed: int
    message: str

    @property
    def is_too_young(self) -> bool:
        """Return whether more sessions alone will give a score."""
        return self.bar_count < self.needed

    @property
    def sentence(self) -> str:
        return f"{self.message[:1].upper()}{self.message[1:]}."


@dataclass(frozen=True, slots=True)
class Assessment:
    """One stock at the close of `day`: prices in its currency, scores in [-1, +1], never a NaN.

    `raw_verdict` follows from the day's score alone; `verdict` is the steady one, unchanged since `verdict_since`.
    `no_trade_reason` is empty where there is a plan.
    """

    strategy: Strategy
    day: date
    bar_count: int
    close: float
    previous_close: float
    score: float
    previous_score: float | None
    raw_verdict: Verdict
    verdict: Verdict
    verdict_since: date
    plan: Plan | None
    no_trade_reason: str
    readings: tuple[IndicatorReading, ...]
    changes: tuple[SignalChange, ...]
    findings: tuple[str, ...]

    @property
    def why(self) -> str:
        """Return one line: the number of signals +1 and of signals -1, and the heaviest indicators of each."""
        up, down = self._readings_with(1), self._readings_with(-1)
        return f"{len(up)} of {len(self.readings)} votes up{_led_by(up)}; {len(down)} down{_led_by(down)}."

    @property
    def readings_for(self) -> tuple[IndicatorReading, ...]:
        """Return the readings whose signal agrees with the verdict, heaviest first; for Neutral, those with +1."""
        return self._readings_with(self._direction)

    @property
    def readings_against(self) -> tuple[IndicatorReading, ...]:
        """Return the readings with the opposite signal, heaviest first."""
        return self._readings_with(-self._direction)

    @property
    def _direction(self) -> int:
        return -1 if self.verdict.code < 0 else 1

    def _readings_with(self, signal: int) -> tuple[IndicatorReading, ...]:
        readings = [reading for reading in self.readings if reading.signal == signal]
        return tuple(sorted(readings, key=lambda reading: reading.weight, reverse=True))


def _led_by(readings: tuple[IndicatorReading, ...]) -> str:
    return f", led by {' · '.join(reading.label for reading in readings[:LEADERS])}" if readings else ""


def describe_findings(bar_count: int, readings: Iterable[IndicatorReading]) -> tuple[str, ...]:
    """Return a sentence for each reservation about a score: too few bars, and indicators without a signal."""
    findings = []
    if bar_count < SETTLED:
        findings.append(f"The long averages are approximate: {bar_count} bars, {SETTLED} settle them.")
    reasons = Counter(reading.unavailable_because for reading in readings if reading.signal is None)
    findings += [f"{abstentions_in_words(count)} {reason}." for reason, count in sorted(reasons.items())]
    return tuple(findings)


def abstentions_in_words(count: int) -> str:
    """Return how many components have no signal, as the beginning of a sentence."""
    return "1 component abstains" if count == 1 else f"{count} components abstain"
