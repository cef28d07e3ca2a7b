"""Outcomes and matrices: those of the track record, on one calendar, and one evening's addition."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.engine.bars import Bars
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.engine.significance.by_date import DateSums
from analysis.engine.significance.matrix import OutcomeMatrix, columns_held, union_calendar
from analysis.engine.significance.outcomes import (
    HIGHER,
    NOT_HIGHER,
    UNKNOWN,
    SignalKind,
    all_outcomes,
    closes_higher,
    stock_outcomes,
)
from analysis.engine.significance.rotation import shift_sums
from analysis.engine.strategies import STRATEGIES
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import track_record, trades
from analysis.engine.verdict import UNRATED, Side
from analysis.tests.engine_bars import flat_bars, make_bars, random_bars, walk_bars
from analysis.tests.engine_markets import one_factor, staggered
from analysis.tests.engine_plain import every_strategy
from analysis.tests.significance_cases import Matrices, judged, make_calendar, matrices_of

ALL = tuple(STRATEGIES.values())


@every_strategy
def test_outcomes_are_the_trades_and_the_baseline_of_the_track_record(strategy: Strategy) -> None:
    bars = random_bars(700, seed=3)
    made = trades(bars, strategy)
    record = track_record(bars, strategy)
    for kind, found in all_outcomes(bars, [strategy]):
        of_side = [trade for trade in made if trade.side is kind.side]
        assert kind.strategy == strategy.key
        assert found.session[found.is_entry].astype(object).tolist() == [trade.planned for trade in of_side]
        assert found.outcome[found.is_entry].tolist() == [trade.result for trade in of_side]
        baseline = record.side(kind.side).baseline
        assert np.isfinite(found.outcome).sum() == baseline.count
        assert np.nansum(found.outcome) == pytest.approx(baseline.gains - baseline.losses)
        assert len(found.session) == 700 - strategy.holding


@every_strategy
def test_across_a_break_there_are_no_outcomes_and_signals_are_counted(strategy: Strategy) -> None:
    bars = random_bars(700, seed=4)
    breaks = np.isin(np.arange(700), [300, 411, 412, 680])
    record = track_record(bars, strategy, breaks=breaks)
    found = dict(all_outcomes(bars, [strategy], breaks=breaks))
    assert sum(outcomes.left_out for outcomes in found.values()) == record.left_out_trades > 0
    for kind, outcomes in found.items():
        assert outcomes.is_entry.sum() == record.side(kind.side).trades.count
        assert np.isfinite(outcomes.outcome).sum() == record.side(kind.side).baseline.count
        assert not np.isfinite(outcomes.outcome[300 - strategy.holding : 300]).any()
        assert np.isfinite(outcomes.outcome[300])


@every_strategy
@pytest.mark.parametrize("side", Side)
def test_outcomes_since_a_signal_are_those_of_all(strategy: Strategy, side: Side) -> None:
    bars = random_bars(400, seed=6)
    series, steady, breaks = SeriesCache(bars), rate(bars, strategy).steady, np.isin(np.arange(400), [190, 250])
    whole = stock_outcomes(series, strategy, side, steady, breaks=breaks)
    for since in (0, 1, *np.flatnonzero(whole.is_entry).tolist(), 400 - strategy.holding, 400):
        part = stock_outcomes(series, strategy, side, steady, breaks=breaks, since=since)
        assert part.session.tolist() == whole.session[since:].tolist()
        assert np.array_equal(part.outcome, whole.outcome[since:], equal_nan=True)
        assert part.is_entry.tolist() == whole.is_entry[since:].tolist()
        assert part.is_left_out.tolist() == whole.is_left_out[since:].tolist()


@pytest.mark.parametrize("bars", [flat_bars(0), flat_bars(1), flat_bars(300), random_bars(43)])
def test_any_bars_have_outcomes(bars: Bars) -> None:
    for _, outcomes in all_outcomes(bars, ALL):
        assert not outcomes.is_entry.any()
        assert len(outcomes.session) == len(outcomes.outcome) == len(outcomes.is_entry) <= len(bars)


def test_stocks_of_different_sessions_share_a_calendar() -> None:
    early, late = random_bars(300, seed=1), random_bars(400, seed=2)
    gap = early.select(np.arange(300) % 50 != 7)
    shifted = replace(late, session=late.session + 100)
    calendar = union_calendar([gap.session, shifted.session])
    assert calendar.tolist() == sorted({*gap.session.tolist(), *shifted.session.tolist()})
    for kind, matrix in matrices_of([gap, shifted]).items():
        assert matrix.outcomes.dtype == np.float32
        for row, bars in enumerate((gap, shifted)):
            (own,) = (found for of, found in all_outcomes(bars, [STRATEGIES[kind.strategy]]) if of == kind)
            columns = np.searchsorted(calendar, own.session)
            others = np.setdiff1d(np.arange(len(calendar)), columns)
            assert np.array_equal(matrix.outcomes[row, columns], own.outcome.astype(np.float32), equal_nan=True)
            assert np.isnan(matrix.outcomes[row, others]).all()
            assert np.flatnonzero(matrix.is_entry[row]).tolist() == columns[own.is_entry].tolist()


def test_a_holding_lasts_longer_on_a_calendar_with_other_days() -> None:
    every_day = make_calendar(701)
    weekdays = every_day[np.is_busday(every_day)]
    assert columns_held(weekdays, [weekdays, weekdays], 40) == 40
    assert columns_held(every_day, [weekdays, weekdays, every_day], 40) == 56
    assert columns_held(every_day, [weekdays, every_day, every_day], 40) == 40
    assert columns_held(every_day, [weekdays[:1]], 40) == 40


def test_one_more_session_adds_what_all_bars_would_give() -> None:
    """An evening stores the outcomes of the session that is now a holding ago; nothing earlier changes."""
    bars = [*staggered(12, 500, seed=5)]
    last = max(stock.last_session for stock in bars)
    before = [stock.until(last - np.timedelta64(1, "D").astype(object)) for stock in bars]
    calendar = union_calendar(stock.session for stock in before)
    stored, whole = matrices_of(before, calendar), matrices_of(bars)
    for kind, matrix in stored.items():
        holding = STRATEGIES[kind.strategy].holding
        stored[kind] = _with_session(matrix, kind, bars, holding)
        assert np.array_equal(stored[kind].outcomes, whole[kind].outcomes, equal_nan=True)
        assert np.array_equal(stored[kind].is_entry, whole[kind].is_entry)
        assert np.array_equal(stored[kind].calendar, whole[kind].calendar)
    assert judged(stored).as_dict() == judged(whole).as_dict()
    assert _all_sums(stored) == _all_sums(whole)


def _with_session(matrix: OutcomeMatrix, kind: SignalKind, bars: list[Bars], holding: int) -> OutcomeMatrix:
    """The stored matrix and, of every stock that traded on the new day, the outcome of the session a holding before."""
    day = max(stock.session[-1] for stock in bars)
    matrix = matrix.extended(np.array([day]))
    strategy = STRATEGIES[kind.strategy]
    for row, stock in enumerate(bars):
        if stock.session[-1] == day and len(stock) > holding:
            since = matrix.find_restart(row, stock.session, holding)
            steady = rate(stock, strategy).steady
            matrix.write(row, stock_outcomes(SeriesCache(stock), strategy, kind.side, steady, since=since))
    return matrix


def _all_sums(matrices: Matrices) -> list[bytes]:
    """Every sum, to the last bit."""
    arrays = []
    for matrix in matrices.values():
        sums, shifts = DateSums.of(matrix), shift_sums(matrix)
        arrays += [sums.signals, sums.signal_counts, sums.outcomes, sums.outcome_counts, shifts.sums, shifts.counts]
    return [array.tobytes() for array in arrays]


def test_sums_are_the_same_however_many_stocks_are_read_at_a_time() -> None:
    matrix = matrices_of(one_factor(30, 400, seed=1))[SignalKind("swing", Side.LONG)]
    found = {
        (
            DateSums.of(matrix, stocks_at_once=size).signals.tobytes(),
            DateSums.of(matrix, stocks_at_once=size).outcomes.tobytes(),
            shift_sums(matrix, stocks_at_once=size).sums.tobytes(),
        )
        for size in (1, 7, 64, 1000)
    }
    assert len(found) == 1


def test_float32_and_float64_are_summed_alike() -> None:
    stored = matrices_of([walk_bars(500, seed) for seed in range(6)])[SignalKind("swing", Side.SHORT)]
    wide = replace(stored, outcomes=stored.outcomes.astype(np.float64))
    assert DateSums.of(stored).signals.dtype == np.float64
    assert DateSums.of(stored).signals.tolist() == DateSums.of(wide).signals.tolist()
    assert shift_sums(stored).sums.tolist() == shift_sums(wide).sums.tolist()


def test_outcomes_are_centred_on_their_own_stock() -> None:
    outcomes = np.array([[1.0, 3.0, np.nan], [10.0, np.nan, np.nan], [np.nan] * 3, [5.0, 5.0, 5.0]])
    is_entry = np.array([[False, True, True], [True, True, False], [True] * 3, [False] * 3])
    ((centred, is_known, entries),) = OutcomeMatrix(make_calendar(3), outcomes, is_entry).parts()
    assert centred.tolist() == [[-1, 1, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert is_known.sum(axis=1).tolist() == [2, 1, 0, 3]
    assert entries.sum(axis=1).tolist() == [1, 1, 0, 0]


def test_a_close_stands_higher_only_if_it_does_and_is_known() -> None:
    close = make_bars([10, 11, 11, 10, 12, 13]).close
    steady = np.array([UNRATED, 0, 1, 1, -1, -1], dtype=np.int8)
    assert closes_higher(close, steady, 1).tolist() == [UNKNOWN, NOT_HIGHER, NOT_HIGHER, HIGHER, HIGHER, UNKNOWN]
    assert closes_higher(close, steady, 2).tolist() == [UNKNOWN, NOT_HIGHER, HIGHER, HIGHER, UNKNOWN, UNKNOWN]
    breaks = np.array([False, False, False, False, True, False])
    assert closes_higher(close, steady, 1, breaks=breaks).tolist()[2:4] == [NOT_HIGHER, UNKNOWN]
    assert closes_higher(close, steady, 9).tolist() == [UNKNOWN] * 6
