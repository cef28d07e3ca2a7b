"""No edge on noise: where nothing can be known, the track record finds nothing."""

import numpy as np
import pytest

from analysis.engine import Indicators, Side, Strategy, TrackRecord, rate, track_record
from analysis.engine.exits import exits
from analysis.engine.tally import Tally, wilson
from analysis.engine.track_record import signals, taken
from analysis.tests.engine_bars import walk_bars
from analysis.tests.engine_plain import every_strategy

WALKS = 400


@every_strategy
def test_signals_on_random_walks_fare_like_any_other_session(
    strategy: Strategy, capsys: pytest.CaptureFixture[str]
) -> None:
    record = TrackRecord.merged(track_record(walk_bars(500, seed), strategy) for seed in range(WALKS))
    found = record.long.signals + record.short.signals
    any_session = record.long.baseline + record.short.baseline
    low, high = wilson(found.targets, found.count)
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
    found, any_session = Tally(), Tally()
    for seed in range(100):
        indicators = Indicators(walk_bars(500, seed))
        steady = rate(indicators, strategy).steady
        for side in Side:
            ends = exits(indicators, strategy, side)
            found += Tally.of(ends, taken(ends, signals(steady, side) - 1))
            any_session += Tally.of(ends, np.flatnonzero(ends.is_planned))
    low, high = wilson(found.targets, found.count)
    assert any_session.hit_rate is not None
    assert not low <= any_session.hit_rate <= high
