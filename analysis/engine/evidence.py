"""Evidence: the signals behind the ratings of one session, as JSON of about a kilobyte to store beside a result.

Strategies only weigh signals, so each is stored once, whatever the number of strategies. Labels, kinds and weights are
not stored: the engine has them. `read_evidence` joins both for one strategy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.engine.assessment import Assessment, IndicatorReading, SignalChange, describe_findings
from analysis.engine.strategy import JSON, Strategy


@dataclass(frozen=True, slots=True)
class StrategyEvidence:
    """The stored evidence as one strategy weighs it; `changes` are the signals that moved since the session before."""

    readings: tuple[IndicatorReading, ...] = ()
    changes: tuple[SignalChange, ...] = ()
    findings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, JSON]:
        """Return it for strict JSON, in the names of the API: `components` are readings, a `vote` is a signal."""
        return {
            "components": [
                {
                    "key": reading.key,
                    "label": reading.label,
                    "group": reading.kind.value,
                    "value": reading.value,
                    "vote": reading.signal,
                    "weight": _short(reading.weight),
                }
                for reading in self.readings
            ],
            "changes": [
                {
                    "key": change.key,
                    "label": change.label,
                    "before": change.before,
                    "after": change.after,
                    "value": change.value,
                    "sentence": change.sentence,
                }
                for change in self.changes
            ],
            "findings": [*self.findings],
        }


def to_evidence(assessments: Iterable[Assessment]) -> dict[str, JSON]:
    """Return the signals of some strategies' assessments of one session, for strict JSON.

    `signals` has [value, signal] by indicator key, with floats of six significant digits; `before` the signals of the
    session before that were others; `unavailable` the keys without a signal, by reason.
    """
    signals: dict[str, JSON] = {}
    before: dict[str, JSON] = {}
    unavailable: dict[str, list[JSON]] = {}
    for assessment in assessments:
        for reading in assessment.readings:
            if reading.signal is None and reading.key not in signals:
                unavailable.setdefault(reading.unavailable_because, []).append(reading.key)
            signals[reading.key] = [_short(reading.value), reading.signal]
        before |= {change.key: change.before for change in assessment.changes}
    return {"signals": signals, "before": before, "unavailable": {**unavailable}}


def merge_evidence(stored: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored evidence with the signals of further indicators; what is stored stays as it is."""
    known = stored.get("signals", {})
    new = [key for key in further["signals"] if key not in known]
    unavailable = {reason: [*keys] for reason, keys in stored.get("unavailable", {}).items()}
    for reason, keys in further["unavailable"].items():
        if added := [key for key in keys if key in new]:
            unavailable.setdefault(reason, []).extend(added)
    return {
        **stored,
        "signals": known | {key: further["signals"][key] for key in new},
        "before": stored.get("before", {}) | {key: further["before"][key] for key in new if key in further["before"]},
        "unavailable": unavailable,
    }


def read_evidence(stored: Mapping[str, Any], strategy: Strategy, bar_count: int) -> StrategyEvidence:
    """Return stored evidence of a session with `bar_count` bars as a strategy weighs it; empty unless it has all of it.

    It has not if no run of that session, at its own time or since, was by this strategy.
    """
    signals: dict[str, tuple[float | None, int | None]] = stored.get("signals", {})
    if not signals.keys() >= strategy.weights.keys():
        return StrategyEvidence()
    before = stored.get("before", {})
    shares = strategy.shares({key: signal for key, (_, signal) in signals.items()})
    reasons = {key: reason for reason, keys in stored.get("unavailable", {}).items() for key in keys}
    readings = tuple(
        IndicatorReading(
            each.key, each.label, each.kind, *signals[each.key], shares[each.key], reasons.get(each.key, "")
        )
        for each in strategy.indicators
    )
    changes = tuple(
        SignalChange(each.key, each.label, earlier, signal, value, each.describe(earlier, signal, value))
        for each in strategy.indicators
        if each.key in before
        for earlier, (value, signal) in [(before[each.key], signals[each.key])]
    )
    return StrategyEvidence(readings, changes, describe_findings(bar_count, readings))


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
