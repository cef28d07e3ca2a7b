"""Exits, worked by hand: what ends a trade, at which price, in which session, and what it returns."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.engine.bars import Bars
from analysis.engine.exits import COST, ExitReason, Exits, first_exit, simulate_exits
from analysis.engine.series import SeriesCache
from analysis.engine.strategies import TECHNICAL_RATING
from analysis.engine.verdict import Side
from analysis.tests.engine_bars import flat_bars, random_bars

PLANNED = 14
"""The session that plans the trade: 15 calm bars around 100, 2 wide, make an ATR of exactly 2."""

STRATEGY = replace(TECHNICAL_RATING, stop_atr=2.0, target_risk=2.0, holding=3)
"""Stop 4 and target 8 away; at most three sessions."""

Row = tuple[float, float, float, float]
CALM: Row = (100, 101, 99, 100)


def after_the_plan(*rows: Row) -> Bars:
    """15 calm bars and then these, as open, high, low, close."""
    table = np.array([CALM] * (PLANNED + 1) + [*rows], dtype=np.float64)
    session = np.datetime64("2020-01-01", "D") + np.arange(len(table))
    opened, high, low, close = table.T.copy()
    return Bars(session, opened, high, low, close, volume=np.full(len(table), 1000.0))


def mirrored(row: Row) -> Row:
    """The same bar upside down around 100."""
    opened, high, low, close = row
    return 200 - opened, 200 - low, 200 - high, 200 - close


def ended(side: Side, *rows: Row) -> Exits:
    """How the planned trade ends, with every array cut down to it."""
    ends = simulate_exits(SeriesCache(after_the_plan(*rows)), STRATEGY, side)
    return Exits(*(getattr(ends, name)[PLANNED:][:1] for name in Exits.__slots__))


TABLE: list[tuple[list[Row], ExitReason, float, int]] = [
    ([(100, 101, 95, 97), CALM, CALM], ExitReason.STOP, 96, 1),
    ([(100, 101, 96, 97), CALM, CALM], ExitReason.STOP, 96, 1),  # touched is reached
    ([(100, 101, 96.01, 97), CALM, (100, 103, 99, 102)], ExitReason.TIME, 102, 3),
    ([(100, 109, 99, 105), CALM, CALM], ExitReason.TARGET, 108, 1),
    ([(100, 108, 99, 105), CALM, CALM], ExitReason.TARGET, 108, 1),
    ([(100, 107.99, 99, 105), CALM, CALM], ExitReason.TIME, 100, 3),
    # both in one bar: the stop counts first
    ([(100, 109, 95, 100), CALM, CALM], ExitReason.STOP, 96, 1),
    ([CALM, (100, 109, 95, 100), CALM], ExitReason.STOP, 96, 2),
    # whichever comes first
    ([(100, 101, 95, 97), (97, 110, 97, 109), CALM], ExitReason.STOP, 96, 1),
    ([(100, 109, 99, 105), (105, 105, 90, 91), CALM], ExitReason.TARGET, 108, 1),
    # a gap through a level fills at the open
    ([CALM, (94, 95, 93, 94), CALM], ExitReason.STOP, 94, 2),
    ([CALM, (110, 112, 109, 111), CALM], ExitReason.TARGET, 110, 2),
    ([CALM, (94, 120, 93, 94), CALM], ExitReason.STOP, 94, 2),  # opened below the stop, whatever came then
    ([CALM, (110, 111, 95, 96), CALM], ExitReason.TARGET, 110, 2),  # opened above the target, before it fell
    ([CALM, (96, 97, 95, 96), CALM], ExitReason.STOP, 96, 2),
    ([CALM, (108, 109, 107, 108), CALM], ExitReason.TARGET, 108, 2),
    # the last session of the holding counts, the next one does not
    ([CALM, CALM, (100, 101, 95, 97)], ExitReason.STOP, 96, 3),
    ([CALM, CALM, (100, 109, 99, 105)], ExitReason.TARGET, 108, 3),
    ([CALM, CALM, (100, 101, 99, 101), (100, 109, 95, 97)], ExitReason.TIME, 101, 3),
    # levels move with the entry: 102 for 98 and 110
    ([(102, 103, 98, 100), CALM, CALM], ExitReason.STOP, 98, 1),
    ([(102, 109, 101, 108), (108, 110, 107, 108), CALM], ExitReason.TARGET, 110, 2),
]


@pytest.mark.parametrize(("rows", "reason", "price", "sessions"), TABLE)
def test_a_long_ends_at_its_stop_its_target_or_its_time(
    rows: list[Row], reason: ExitReason, price: float, sessions: int
) -> None:
    trade = ended(Side.LONG, *rows)
    assert trade.is_planned.tolist() == [True]
    assert (ExitReason(trade.reason[0]), trade.price[0], trade.session[0]) == (reason, price, PLANNED + sessions)
    assert trade.entry[0] == rows[0][0]
    assert (trade.stop[0], trade.target[0]) == (trade.entry[0] - 4, trade.entry[0] + 8)


@pytest.mark.parametrize(("rows", "reason", "price", "sessions"), TABLE)
def test_a_short_ends_as_the_long_of_the_mirrored_bars_does(
    rows: list[Row], reason: ExitReason, price: float, sessions: int
) -> None:
    trade = ended(Side.SHORT, *map(mirrored, rows))
    assert (ExitReason(trade.reason[0]), trade.session[0]) == (reason, PLANNED + sessions)
    assert trade.price[0] == pytest.approx(200 - price)
    assert (trade.stop[0], trade.target[0]) == (trade.entry[0] + 4, trade.entry[0] - 8)


@pytest.mark.parametrize(
    ("side", "rows", "result"),
    [
        (Side.LONG, [(100, 109, 99, 105), CALM, CALM], 0.08 - 0.001 - 0.00108),
        (Side.LONG, [(100, 101, 95, 97), CALM, CALM], -0.04 - 0.001 - 0.00096),
        (Side.LONG, [CALM, CALM, CALM], -0.002),
        (Side.SHORT, [(100, 101, 91, 97), CALM, CALM], 0.08 - 0.001 - 0.00092),
        (Side.SHORT, [(100, 105, 99, 97), CALM, CALM], -0.04 - 0.001 - 0.00104),
    ],
)
def test_a_return_is_that_of_the_entry_less_a_tenth_of_a_percent_of_each_price(
    side: Side, rows: list[Row], result: float
) -> None:
    assert COST == 0.001
    assert ended(side, *rows).returns[0] == pytest.approx(result)


def test_a_trade_is_known_once_its_longest_holding_is_over() -> None:
    series = SeriesCache(after_the_plan((100, 101, 95, 97), CALM))
    assert len(simulate_exits(series, STRATEGY, Side.LONG).session) == PLANNED


@pytest.mark.parametrize("side", Side)
def test_without_a_risk_or_with_a_price_below_zero_there_is_no_plan(side: Side) -> None:
    young = simulate_exits(SeriesCache(random_bars(40)), STRATEGY, side)
    assert young.is_planned.tolist() == [False] * 14 + [True] * 23
    assert not simulate_exits(SeriesCache(flat_bars(40)), STRATEGY, side).is_planned.any()
    bars = after_the_plan(CALM, CALM, CALM)
    far = replace(STRATEGY, stop_atr=50.0) if side is Side.LONG else replace(STRATEGY, target_risk=25.0)
    assert not simulate_exits(SeriesCache(bars), far, side).is_planned[PLANNED]


@pytest.mark.parametrize("side", Side)
def test_the_first_exit_from_bars_is_that_of_the_trade(side: Side) -> None:
    bars, strategy = random_bars(600, seed=7), replace(STRATEGY, stop_atr=0.3, target_risk=1.0)
    ends = simulate_exits(SeriesCache(bars), strategy, side)
    lower, upper = np.minimum(ends.stop, ends.target), np.maximum(ends.stop, ends.target)
    in_both = ends.is_planned & (bars.low[ends.session] <= lower) & (bars.high[ends.session] >= upper)
    assert in_both.sum() > 100
    assert set(ends.reason[in_both]) == {ExitReason.STOP, ExitReason.TARGET}
    assert ExitReason.TIME in ends.reason[ends.is_planned]
    for planned in np.flatnonzero(ends.is_planned):
        held = bars[planned + 1 : planned + 1 + strategy.holding]
        found = first_exit(held, side, stop=ends.stop[planned], target=ends.target[planned])
        reason = ExitReason(ends.reason[planned])
        assert found == (None if reason is ExitReason.TIME else (ends.session[planned] - planned - 1, reason))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_bars_make_no_trade(count: int) -> None:
    assert simulate_exits(SeriesCache(random_bars(count)), STRATEGY, Side.LONG).session.size == 0
