"""No edge on noise: where nothing can be known, the track record finds nothing."""

import numpy as np
import pytest

from analysis.engine.exits import simulate_exits
from analysis.engine.rating import rate
from analysis.engine.series import SeriesCache
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import TrackRecord, find_entries, select_traded, track_record
from analysis.engine.trade_stats import TradeStats, wilson_interval
from analysis.engine.verdict import Side
from analysis.tests.engine_bars import walk_bars
from analysis.tests.engine_plain import every_strategy

WALKS = 400


@every_strategy
def test_signals_on_random_walks_fare_like_any_other_session(
    strategy: Strategy, capsys: pytest.CaptureFixture[str]
) -> None:
    record = TrackRecord.merged(track_record(walk_bars(500, seed), strategy) for seed in range(WALKS))
    found = record.long.trades + record.short.trades
    any_session = record.long.baseline + record.short.baseline
    low, high = wilson_interval(found.targets, found.count)
    returns = np.concatenate((record.long.returns, record.short.returns))
    error = returns.std() / np.sqrt(returns.size)
    with capsys.disabled():
        print(  # noqa: T201
            f"noise, {strategy.key}: {found.count} signals, hit rate {found.hit_rate:.3f} [{low:.3f}, {high:.3f}], "
            f"baseline {any_session.hit_rate:.3f}; mean return {returns.mean():+.4f} ± {1.96 * error:.4f}, "
            f"baseline {any_session.mean_return:+.4f}"
        )
    assert found.count > 5_000
    assert any_session.hit_rate is not None
    assert low <= any_session.hit_rate <= high
    assert returns.mean() == pytest.approx(any_session.mean_return, abs=1.96 * error)


@every_strategy
def test_a_look_ahead_of_one_session_would_be_found(strategy: Strategy) -> None:
    found, any_session = TradeStats(), TradeStats()
    for seed in range(100):
        series = SeriesCache(walk_bars(500, seed))
        steady = rate(series, strategy).steady
        for side in Side:
            ends = simulate_exits(series, strategy, side)
            found += TradeStats.of(ends, select_traded(ends, find_entries(steady, side) - 1))
            any_session += TradeStats.of(ends, np.flatnonzero(ends.is_planned))
    low, high = wilson_interval(found.targets, found.count)
    assert any_session.hit_rate is not None
    assert not low <= any_session.hit_rate <= high
