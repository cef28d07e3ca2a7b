"""Real bars: what holds over a folder of them, named by REAL_BARS_DIR."""

import json
import os

import numpy as np
import pytest

from analysis.engine.assess import assess
from analysis.engine.assessment import NotEnoughHistory
from analysis.engine.evidence import to_evidence
from analysis.engine.rating import rate
from analysis.engine.strategy import Strategy
from analysis.engine.verdict import UNRATED
from analysis.tests.engine_bars import real_bars
from analysis.tests.engine_plain import every_strategy

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("REAL_BARS_DIR" not in os.environ, reason="REAL_BARS_DIR names no folder of real bars"),
]


@every_strategy
def test_verdicts_of_real_bars_move_on_at_most_15_percent_of_days(
    strategy: Strategy, capsys: pytest.CaptureFixture[str]
) -> None:
    moves = {"steady": [0, 0], "raw": [0, 0]}
    for _, bars in real_bars():
        rating = rate(bars, strategy)
        for name, codes in (("steady", rating.steady), ("raw", rating.raw)):
            rated = codes[codes != UNRATED]
            moves[name][0] += int(np.count_nonzero(np.diff(rated)))
            moves[name][1] += max(rated.size - 1, 0)
    shares = {name: moved / days for name, (moved, days) in moves.items()}
    with capsys.disabled():
        print(strategy.key, *(f"{name} verdicts move on {share:.1%} of days" for name, share in shares.items()))  # noqa: T201
    assert shares["steady"] <= 0.15


@every_strategy
def test_every_real_history_gets_a_score_or_a_sentence(strategy: Strategy) -> None:
    for name, bars in real_bars():
        result = assess(bars, strategy)
        if isinstance(result, NotEnoughHistory):
            assert result.message, name
        else:
            assert len(json.dumps(to_evidence([result]), separators=(",", ":"), allow_nan=False)) < 1_300, name
