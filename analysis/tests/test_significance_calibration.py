"""Calibration: shares of closes that stood higher by verdict, against rotated verdicts, and what they forecast."""

import json

import numpy as np
import pytest

from analysis.engine.rating import rate
from analysis.engine.significance.calibration import (
    BandCalibration,
    Calibration,
    StockVerdicts,
    VerdictMatrix,
    calibrate,
)
from analysis.engine.significance.matrix import union_calendar
from analysis.engine.significance.outcomes import HIGHER, NOT_HIGHER, UNKNOWN, closes_higher
from analysis.engine.track_record import HORIZONS
from analysis.engine.verdict import UNRATED, Verdict
from analysis.tests.engine_markets import staggered
from analysis.tests.significance_cases import make_calendar


def of_market(stocks: int, sessions: int, seed: int) -> VerdictMatrix:
    """The verdicts of the technical rating in a market without skill."""
    bars = list(staggered(stocks, sessions, seed))
    rows = []
    for stock in bars:
        steady = rate(stock).steady
        higher = {horizon: closes_higher(stock.close, steady, horizon) for horizon in HORIZONS}
        rows.append(StockVerdicts(stock.session, steady, higher))
    return VerdictMatrix.stacked(union_calendar(stock.session for stock in bars), rows)


def random_verdicts(sessions: int, *, skill: float, seed: int = 1) -> VerdictMatrix:
    """Twenty stocks whose verdicts last for ten sessions; after a Strong Buy the close stands higher more often."""
    random = np.random.default_rng(seed)
    steady = np.repeat(random.integers(-2, 3, (20, sessions // 10)), 10, axis=1).astype(np.int8)
    share = 0.5 + np.where(steady == Verdict.STRONG_BUY.code, skill, 0.0)
    higher = np.where(random.random(share.shape) < share, HIGHER, NOT_HIGHER).astype(np.int8)
    return VerdictMatrix(make_calendar(sessions), steady, {5: higher})


def stored(calibration: Calibration) -> Calibration:
    """The calibration, after having been stored as strict JSON."""
    return Calibration.from_dict(json.loads(json.dumps(calibration.as_dict(), allow_nan=False)))


def test_shares_and_base_rate_are_counts() -> None:
    matrix = of_market(6, 800, seed=1)
    calibration = calibrate(matrix, 40)
    assert [horizon.sessions for horizon in calibration.horizons] == list(HORIZONS)
    for horizon in calibration.horizons:
        higher = matrix.higher[horizon.sessions]
        is_known = higher != UNKNOWN
        assert horizon.count == is_known.sum()
        assert horizon.base_rate == (higher == HIGHER).sum() / is_known.sum()
        assert [band.verdict for band in horizon.bands] == list(Verdict)
        for band in horizon.bands:
            rows = is_known & (matrix.steady == band.verdict.code)
            assert band.count == rows.sum()
            assert band.share == (pytest.approx((higher[rows] == HIGHER).mean()) if band.count else None)
    assert stored(calibration) == calibration


def test_verdicts_without_skill_are_within_their_intervals() -> None:
    bands = [band for horizon in calibrate(of_market(20, 1250, seed=3), 40).horizons for band in horizon.bands]
    assert all(band.p is not None and band.p > 0.05 for band in bands)
    assert np.mean([_holds_expected(band) for band in bands]) > 0.8


def _holds_expected(band: BandCalibration) -> bool:
    assert band.interval is not None
    assert band.expected is not None
    return band.interval[0] <= band.expected <= band.interval[1]


def test_a_verdict_that_says_something_is_found_and_forecasts_better() -> None:
    (horizon,) = calibrate(random_verdicts(1200, skill=0.2), 40).horizons
    best = horizon.bands[0]
    assert best.verdict is Verdict.STRONG_BUY
    assert best.share == pytest.approx(0.7, abs=0.02)
    assert not _holds_expected(best)
    assert best.p is not None
    assert best.p < 0.05
    assert [band.share for band in horizon.bands[1:]] == pytest.approx([0.5] * 4, abs=0.02)
    assert horizon.brier is not None
    assert horizon.brier_of_base_rate is not None
    assert horizon.brier < horizon.brier_of_base_rate - 0.005


def test_verdicts_that_foresee_are_found_among_all_bands_of_five_strategies() -> None:
    [horizon] = calibrate(random_verdicts(1250, skill=0.25), 40, looks=75).horizons
    best = horizon.bands[0]
    assert best.verdict is Verdict.STRONG_BUY
    assert best.p is not None
    assert best.p < 0.05
    [without] = calibrate(random_verdicts(1250, skill=0.0), 40, looks=75).horizons
    assert all(band.p is not None and band.p > 0.05 for band in without.bands)


def test_history_that_most_stocks_lack_judges_no_verdict() -> None:
    [horizon] = calibrate(random_verdicts(1250, skill=0.25), 40, sessions=700).horizons
    assert {band.p for band in horizon.bands} == {None}


def test_looks_elsewhere_count() -> None:
    (few,), (many,) = (calibrate(random_verdicts(1200, skill=0.2), 40, looks=looks).horizons for looks in (0, 300))
    assert few.bands[0].p is not None
    assert many.bands[0].p == pytest.approx(min(60 * few.bands[0].p, 1))


def test_the_brier_score_is_that_of_the_last_period_forecast_by_the_first() -> None:
    """Worked by hand: ten sessions, a horizon of 1; the first period is sessions 0 to 4, the last 6 to 9.

    Buy in 0, 1, 2, 6 and 7; Neutral in the others. Higher after 0, 1, 6, 7 and 8, and after 3. In the first period the
    close stood higher after 2 of 3 Buys and 1 of 2 Neutrals: 3 of 5 in all. In the last: after both Buys, and after one
    of the two Neutrals. Errors: Buy 2 · (1/3)²; Neutral (1/2)² + (1/2)²; together 0.7222 / 4. The base rate's:
    3 · 0.4² + 0.6² = 0.84, / 4.
    """
    steady = np.array([[1, 1, 1, 0, 0, 0, 1, 1, 0, 0]], dtype=np.int8)
    higher = np.array([[1, 1, 0, 1, 0, 1, 1, 1, 1, 0]], dtype=np.int8)
    (horizon,) = calibrate(VerdictMatrix(make_calendar(10), steady, {1: higher}), 40).horizons
    assert horizon.brier == pytest.approx((2 / 9 + 1 / 2) / 4)
    assert horizon.brier_of_base_rate == pytest.approx(0.21)


@pytest.mark.parametrize(
    "matrix",
    [
        random_verdicts(500, skill=0.2),
        VerdictMatrix(
            make_calendar(900), np.full((2, 900), UNRATED, np.int8), {5: np.full((2, 900), UNKNOWN, np.int8)}
        ),
        VerdictMatrix(make_calendar(900), np.empty((0, 900), np.int8), {5: np.empty((0, 900), np.int8)}),
        VerdictMatrix(make_calendar(0), np.empty((2, 0), np.int8), {5: np.empty((2, 0), np.int8)}),
    ],
)
def test_too_little_has_shares_at_most(matrix: VerdictMatrix) -> None:
    calibration = calibrate(matrix, 40)
    assert stored(calibration) == calibration
    for band in calibration.horizons[0].bands:
        assert (band.expected, band.error, band.p, band.interval) == (None, None, None, None)
        assert (band.share is None) == (band.count == 0)
