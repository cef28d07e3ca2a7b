"""Evidence: an assessment's reasons as JSON, a few kilobytes to keep beside a result."""

from analysis.engine.assessment import Assessment
from analysis.engine.strategy import JSON


def to_evidence(assessment: Assessment) -> dict[str, JSON]:
    """Components, changes, findings and parameters, with floats of six significant digits; safe for strict JSON."""
    return {
        "components": [
            {
                "key": vote.key,
                "label": vote.label,
                "group": vote.group.value,
                "value": _short(vote.value),
                "vote": vote.vote,
                "weight": _short(vote.weight),
            }
            for vote in assessment.votes
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
