"""Evidence: an assessment's reasons as JSON, a few kilobytes to store beside a result.

The stored keys are older than the names in code: `components` are readings, `vote` is a signal, `group` is the kind
of an indicator. They stay, because rows of earlier versions have them.
"""

from analysis.engine.assessment import Assessment
from analysis.engine.strategy import JSON


def to_evidence(assessment: Assessment) -> dict[str, JSON]:
    """Return readings, changes, findings and parameters for strict JSON, with floats of six significant digits."""
    return {
        "components": [
            {
                "key": reading.key,
                "label": reading.label,
                "group": reading.kind.value,
                "value": _short(reading.value),
                "vote": reading.signal,
                "weight": _short(reading.weight),
            }
            for reading in assessment.readings
        ],
        "changes": [
            {
                "key": change.key,
                "label": change.label,
                "before": change.before,
                "after": change.after,
                "value": _short(change.value),
                "sentence": change.sentence,
            }
            for change in assessment.changes
        ],
        "previous_score": _short(assessment.previous_score),
        "verdict_since": assessment.verdict_since.isoformat(),
        "findings": [*assessment.findings],
        "parameters": assessment.strategy.parameters(),
    }


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
