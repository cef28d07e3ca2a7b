"""The track record: the entries that are traded, the counts, sums of records, and too few trades for rates."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from analysis.engine.bars import Bars
from analysis.engine.exits import ExitReason, Exits, simulate_exits
from analysis.engine.rating import rate
from analysis.engine.record_summary import (
    TRADES_NEEDED,
    NotEnoughTrades,
    Performance,
    RecordSummary,
    summarize,
)
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import Strategy
from analysis.engine.track_record import (
    HORIZONS,
    SideRecord,
    TrackRecord,
    find_entries,
    select_traded,
    track_record,
    trades,
)
from analysis.engine.trade_stats import TradeStats, wilson_interval, worst_drawdown
from analysis.engine.verdict import UNRATED, Side, Verdict
from analysis.tests.engine_bars import flat_bars, random_bars, sample_bars, walk_bars
from analysis.tests.engine_plain import every_strategy

PRICES = ("open", "high", "low", "close")


def ends_at(*sessions: int, unplanned: tuple[int, ...] = ()) -> Exits:
    """Trades of which that of session t ends in sessions[t]."""
    nothing = np.zeros(len(sessions))
    return Exits(
        is_planned=~np.isin(np.arange(len(sessions)), unplanned),
        entry=nothing,
        stop=nothing,
        target=nothing,
        price=nothing,
        session=np.array(sessions),
        reason=nothing.astype(np.int8),
        returns=nothing,
    )


def exits_of(*results: tuple[ExitReason, float]) -> Exits:
    """Trades that ended for these reasons with these returns."""
    ends = ends_at(*range(len(results)))
    reasons = np.array([reason for reason, _ in results], dtype=np.int8)
    return replace(ends, reason=reasons, returns=np.array([result for _, result in results]))


@pytest.mark.parametrize(
    ("steady", "longs", "shorts"),
    [
        ([], [], []),
        ([0], [], []),
        ([0, 1, 1, 0, 2], [1, 4], []),
        ([1, 2, 1], [], []),  # a buy from the first session on came from no other verdict
        ([0, 1, 2, 1], [1], []),  # stronger is no new entry
        ([-1, 1, -2, 2], [1, 3], [2]),
        ([UNRATED, 1, 0, 1], [3], []),
        ([UNRATED, -1, 0, -1], [], [3]),
    ],
)
def test_an_entry_is_a_verdict_that_came_to_its_side(steady: list[int], longs: list[int], shorts: list[int]) -> None:
    codes = np.array(steady, dtype=np.int8)
    assert find_entries(codes, Side.LONG).tolist() == longs
    assert find_entries(codes, Side.SHORT).tolist() == shorts


@pytest.mark.parametrize(
    ("entries", "traded"),
    [
        ([0, 1, 2, 3], [0, 3]),  # the trade of session 0 ends in session 3, whose close may bring the next
        ([1, 2, 3], [1]),
        ([2, 4], [4]),  # session 2 has no plan
        ([4, 5, 9], [4]),  # sessions 5 and 9 are not over
        ([], []),
    ],
)
def test_an_entry_is_traded_once_the_trade_before_it_is_over(entries: list[int], traded: list[int]) -> None:
    ends = ends_at(3, 4, 5, 7, 6, unplanned=(2,))
    assert select_traded(ends, np.array(entries, dtype=np.int64)).tolist() == traded


def test_statistics_count_and_sum() -> None:
    ends = exits_of(
        (ExitReason.TARGET, 0.1),
        (ExitReason.STOP, -0.05),
        (ExitReason.TIME, 0.02),
        (ExitReason.TIME, -0.01),
        (ExitReason.TIME, 0.0),
    )
    stats = TradeStats.of(ends, np.arange(5))
    assert (stats.count, stats.targets, stats.stops, stats.wins) == (5, 1, 1, 2)
    assert stats.gains == pytest.approx(0.12)
    assert stats.losses == pytest.approx(0.06)
    assert (stats.hit_rate, stats.win_rate) == (0.2, 0.4)
    assert stats.mean_return == pytest.approx(0.012)
    assert stats.profit_factor == pytest.approx(2)
    assert TradeStats.of(ends, np.array([0])) + TradeStats.of(ends, np.array([1, 2, 3, 4])) == TradeStats(
        **asdict(stats)
    )


def test_statistics_of_no_trade_have_no_rates() -> None:
    stats = TradeStats()
    assert (stats.hit_rate, stats.win_rate, stats.mean_return, stats.profit_factor) == (None, None, None, None)


@pytest.mark.parametrize(
    ("hits", "count", "interval"),
    [(10, 20, (0.2993, 0.7007)), (0, 20, (0.0, 0.1611)), (20, 20, (0.8389, 1.0)), (440, 1000, (0.4095, 0.4709))],
)
def test_the_interval_is_wilsons(hits: int, count: int, interval: tuple[float, float]) -> None:
    assert wilson_interval(hits, count) == pytest.approx(interval, abs=1e-4)


@pytest.mark.parametrize(
    ("returns", "drawdown"),
    [
        ([], 0.0),
        ([0.1, 0.2], 0.0),
        ([-0.2], 0.2),
        ([0.1, -0.5, 0.2], 0.5),
        ([-0.1, -0.1, 0.5, -0.15], 0.19),
        ([0.5, -1.5, 0.1], 1.0),  # a short can lose more than all
    ],
)
def test_a_drawdown_is_the_deepest_fall_from_a_peak(returns: list[float], drawdown: float) -> None:
    assert worst_drawdown(np.array(returns)) == pytest.approx(drawdown)


@every_strategy
def test_the_trades_of_real_bars_are_those_of_the_record(strategy: Strategy) -> None:
    bars = sample_bars("IBM")
    made, record = trades(bars, strategy), track_record(bars, strategy)
    steady, days = rate(bars, strategy).steady, bars.session.astype(object).tolist()
    for side in Side:
        of_side = [trade for trade in made if trade.side is side]
        assert record.side(side).trades.count == len(of_side)
        assert record.side(side).returns.tolist() == pytest.approx([trade.result for trade in of_side], abs=1e-6)
        assert record.side(side).trades.targets == sum(trade.reason is ExitReason.TARGET for trade in of_side)
        for trade, following in zip(of_side, [*of_side[1:], None], strict=True):
            planned = days.index(trade.planned)
            assert Verdict.of(int(steady[planned])).side is side
            assert Verdict.of(int(steady[planned - 1])).side is not side
            assert days.index(trade.entered) == planned + 1
            assert trade.entry == bars.open[planned + 1]
            assert planned < days.index(trade.exited) <= planned + strategy.holding
            risk = strategy.stop_atr * SeriesCache(bars).atr[planned]
            assert abs(trade.entry - trade.stop) == pytest.approx(risk)
            assert abs(trade.target - trade.entry) == pytest.approx(strategy.target_risk * risk)
            assert following is None or following.planned >= trade.exited


def test_the_baseline_enters_every_rated_session_that_is_over() -> None:
    strategy, bars = STRATEGIES["swing"], walk_bars(300, 1)
    baseline = track_record(bars, strategy).long.baseline
    assert baseline.count == 300 - strategy.holding - (strategy.bars_needed - 1)
    ends = simulate_exits(SeriesCache(bars), strategy, Side.LONG)
    assert baseline.gains - baseline.losses == pytest.approx(ends.returns[strategy.bars_needed - 1 :].sum())


@every_strategy
def test_the_returns_after_each_verdict_are_those_of_the_closes(strategy: Strategy) -> None:
    bars = sample_bars("MSFT")[:700]
    steady, forward = rate(bars, strategy).steady, summarize(track_record(bars, strategy)).forward
    assert [(line.sessions, line.verdict) for line in forward] == [(h, v) for h in HORIZONS for v in (None, *Verdict)]
    for line in forward:
        after = bars.close[line.sessions :] / bars.close[: -line.sessions] - 1
        said = steady[: -line.sessions]
        rows = said != UNRATED if line.verdict is None else said == line.verdict.code
        assert line.count == rows.sum()
        assert line.mean_return == (pytest.approx(after[rows].mean()) if line.count else None)


@pytest.mark.parametrize("bars", [flat_bars(0), flat_bars(1), flat_bars(300), random_bars(43), random_bars(60)])
def test_any_bars_have_a_record(bars: Bars) -> None:
    for strategy in STRATEGIES.values():
        summary = summarize(track_record(bars, strategy))
        assert isinstance(summary.long, NotEnoughTrades)
        json.dumps(summary.as_dict(), allow_nan=False)


def test_the_record_of_several_stocks_is_the_sum_of_theirs() -> None:
    records = [track_record(walk_bars(600, seed)) for seed in range(3)]
    merged = TrackRecord.merged(records)
    assert merged.stocks == 3
    for side in Side:
        parts = [record.side(side) for record in records]
        assert merged.side(side).trades.count == sum(part.trades.count for part in parts)
        assert merged.side(side).baseline.count == sum(part.baseline.count for part in parts)
        assert merged.side(side).returns.tolist() == [value for part in parts for value in part.returns.tolist()]
        assert merged.side(side).drawdown == max(part.drawdown for part in parts)
    assert merged.forward_counts.sum() == sum(record.forward_counts.sum() for record in records)
    in_two_steps = TrackRecord.merged([TrackRecord.merged(records[:2]), records[2]])
    assert json.dumps(in_two_steps.as_dict()) == json.dumps(merged.as_dict())


def test_a_record_survives_being_stored() -> None:
    record = track_record(walk_bars(600, 5))
    stored = json.loads(json.dumps(record.as_dict(), allow_nan=False))
    assert TrackRecord.from_dict(stored).as_dict() == record.as_dict()
    assert summarize(TrackRecord.from_dict(stored)) == summarize(record)


def test_enough_trades_are_summed_up_beside_their_baseline() -> None:
    results = [(ExitReason.TARGET, 0.08)] * 8 + [(ExitReason.STOP, -0.04)] * 10 + [(ExitReason.TIME, 0.01)] * 2
    ends = exits_of(*results, (ExitReason.TARGET, 0.08), (ExitReason.STOP, -0.04))
    chosen = np.arange(TRADES_NEEDED)
    side = SideRecord(TradeStats.of(ends, chosen), ends.returns[chosen], 0.3, TradeStats.of(ends, np.arange(22)))
    record = replace(track_record(flat_bars(0)), long=side)
    long = summarize(record).long
    assert isinstance(long, Performance)
    assert (long.count, long.hit_rate, long.win_rate, long.worst_drawdown) == (20, 0.4, 0.5, 0.3)
    assert long.mean_return == pytest.approx((8 * 0.08 - 10 * 0.04 + 0.02) / 20)
    assert long.median_return == pytest.approx(-0.015)
    assert long.profit_factor == pytest.approx(0.66 / 0.4)
    assert long.baseline.count == 22
    assert long.baseline.hit_rate == pytest.approx(9 / 22)


def test_fewer_than_twenty_trades_are_not_enough() -> None:
    ends = exits_of(*[(ExitReason.TARGET, 0.08)] * 19)
    stats = TradeStats.of(ends, np.arange(19))
    record = replace(track_record(flat_bars(0)), short=SideRecord(stats, ends.returns, 0.0, stats))
    short = summarize(record).short
    assert isinstance(short, NotEnoughTrades)
    assert (short.count, short.needed) == (19, 20)
    assert short.message == "not enough trades: 19 short, 20 needed"
    assert short.baseline.hit_rate == 1.0


def test_a_summary_survives_being_stored() -> None:
    for bars in (random_bars(900), flat_bars(60)):
        summary = summarize(track_record(bars))
        assert RecordSummary.from_dict(json.loads(json.dumps(summary.as_dict()))) == summary


def test_a_summary_of_an_earlier_version_is_read_without_its_interval() -> None:
    summary = summarize(track_record(random_bars(900)))
    stored = json.loads(json.dumps(summary.as_dict()))
    stored["long"]["hit_interval"] = [0.1, 0.3]
    del stored["left_out_trades"], stored["left_out_days"]
    assert RecordSummary.from_dict(stored) == summary


def test_what_spans_a_break_is_left_out_and_counted() -> None:
    bars = random_bars(900)
    at = 500
    whole = track_record(bars)
    split = replace(bars, **{name: np.where(np.arange(900) < at, 2.0, 1.0) * getattr(bars, name) for name in PRICES})
    breaks = np.arange(900) == at
    record = track_record(split, breaks=breaks)
    assert track_record(bars, breaks=np.zeros(900, dtype=bool)).as_dict() == whole.as_dict()
    first, second = track_record(split[:at]), track_record(split)
    horizon_days = [int(counts.sum()) for counts in record.forward_counts]
    assert horizon_days == [
        int(counts.sum()) - days for counts, days in zip(second.forward_counts, HORIZONS, strict=True)
    ]
    assert record.left_out_days == HORIZONS[0]
    assert (
        first.long.baseline.count <= record.long.baseline.count == second.long.baseline.count - TECHNICAL_RATING.holding
    )
    assert min(record.long.returns.min(), record.short.returns.min()) > -0.4
    assert TrackRecord.from_dict(record.as_dict()).as_dict() == record.as_dict()
    assert summarize(record).left_out_days == record.left_out_days


def test_bars_of_any_length_have_a_record() -> None:
    for length in range(61):
        bars = random_bars(60)[:length]
        for strategy in (TECHNICAL_RATING, STRATEGIES["trend"]):
            breaks = np.arange(length) == length // 2
            assert track_record(bars, strategy, breaks=breaks).stocks == 1
