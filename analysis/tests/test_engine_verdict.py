"""Verdicts: the bands, and the margin that steadies them."""

import numpy as np
import pytest

from analysis.engine.verdict import UNRATED, Side, Verdict, raw_verdicts, steady_verdicts

NAN = float("nan")
STRONG_SELL, SELL, NEUTRAL, BUY, STRONG_BUY = -2, -1, 0, 1, 2


@pytest.mark.parametrize(
    ("score", "code"),
    [
        (-1.0, STRONG_SELL),
        (-0.501, STRONG_SELL),
        (-0.5, SELL),
        (-0.101, SELL),
        (-0.1, NEUTRAL),
        (0.0, NEUTRAL),
        (0.1, NEUTRAL),
        (0.101, BUY),
        (0.5, BUY),
        (0.501, STRONG_BUY),
        (1.0, STRONG_BUY),
        (NAN, UNRATED),
    ],
)
def test_a_score_falls_into_one_band(score: float, code: int) -> None:
    assert raw_verdicts(np.array([score])).tolist() == [code]


@pytest.mark.parametrize(
    ("scores", "verdicts"),
    [
        ([], []),
        ([NAN, NAN], [UNRATED, UNRATED]),
        ([0.2], [BUY]),
        ([NAN, 0.2], [UNRATED, BUY]),
        # Neutral holds up to 0.25 and is left just beyond
        ([0.0, 0.25], [NEUTRAL, NEUTRAL]),
        ([0.0, 0.2501], [NEUTRAL, BUY]),
        ([0.0, -0.25], [NEUTRAL, NEUTRAL]),
        ([0.0, -0.2501], [NEUTRAL, SELL]),
        # Buy holds from -0.05 to 0.65
        ([0.2, -0.05], [BUY, BUY]),
        ([0.2, -0.0501], [BUY, NEUTRAL]),
        ([0.2, 0.65], [BUY, BUY]),
        ([0.2, 0.6501], [BUY, STRONG_BUY]),
        # Strong Buy holds down to 0.35
        ([0.6, 0.35, 1.0], [STRONG_BUY, STRONG_BUY, STRONG_BUY]),
        ([0.6, 0.3499], [STRONG_BUY, BUY]),
        # and mirrored
        ([-0.2, 0.05], [SELL, SELL]),
        ([-0.2, 0.0501], [SELL, NEUTRAL]),
        ([-0.2, -0.65], [SELL, SELL]),
        ([-0.6, -0.35, -1.0], [STRONG_SELL, STRONG_SELL, STRONG_SELL]),
        ([-0.6, -0.3499], [STRONG_SELL, SELL]),
        # it moves straight to the raw verdict of the day
        ([-0.6, 0.6], [STRONG_SELL, STRONG_BUY]),
        # and holds while there is no score
        ([0.2, NAN, NAN, 0.0], [BUY, BUY, BUY, BUY]),
    ],
)
def test_a_verdict_is_left_by_more_than_the_margin(scores: list[float], verdicts: list[int]) -> None:
    score = np.array(scores, dtype=np.float64)
    assert steady_verdicts(score, raw_verdicts(score), margin=0.15).tolist() == verdicts


def test_without_a_margin_the_verdict_is_the_raw_one() -> None:
    score = np.array([-0.95, -0.55, -0.45, -0.15, -0.05, 0.0, 0.05, 0.15, 0.45, 0.55, 0.95, -0.95])
    raw = raw_verdicts(score)
    assert steady_verdicts(score, raw, margin=0).tolist() == raw.tolist()


@pytest.mark.parametrize(
    ("verdict", "code", "label", "side"),
    [
        (Verdict.STRONG_BUY, 2, "Strong Buy", Side.LONG),
        (Verdict.BUY, 1, "Buy", Side.LONG),
        (Verdict.NEUTRAL, 0, "Neutral", None),
        (Verdict.SELL, -1, "Sell", Side.SHORT),
        (Verdict.STRONG_SELL, -2, "Strong Sell", Side.SHORT),
    ],
)
def test_a_verdict_has_a_code_a_label_and_a_side(verdict: Verdict, code: int, label: str, side: Side | None) -> None:
    assert (verdict.code, verdict.label, verdict.side) == (code, label, side)
    assert Verdict.of(code) is verdict


def test_an_unrated_session_has_no_verdict() -> None:
    with pytest.raises(KeyError):
        Verdict.of(UNRATED)
