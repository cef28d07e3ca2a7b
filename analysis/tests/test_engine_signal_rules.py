"""The rules that turn series into signals, worked by hand at their edges: equal, just beyond, unknown."""

import numpy as np
import pytest

from analysis.engine.bars import Bars, Floats
from analysis.engine.indicators import signal_rules
from analysis.engine.series import idle_sessions, mean_of_three, previous, stochastic
from analysis.tests.engine_bars import flat_bars, joined, make_bars

NAN = float("nan")


def series(*values: float) -> Floats:
    return np.array(values, dtype=np.float64)


def last_signal(signals: signal_rules.SignalSeries) -> float:
    up, down, unavailable = (bool(column[-1]) for column in signals)
    assert not (up and down)
    return NAN if unavailable else float(up - down)


@pytest.mark.parametrize(
    ("close", "average", "signal"),
    [
        (100.0, 100.0, 0),
        (100.01, 100.0, 1),
        (99.99, 100.0, -1),
        (100.0, 100.0 - 1e-13, 0),
        (100.0, 100.0 + 1e-13, 0),
        (100.0, NAN, NAN),
    ],
)
def test_a_close_above_its_average_signals_up_and_an_equal_one_not_at_all(
    close: float, average: float, signal: float
) -> None:
    assert last_signal(signal_rules.above(series(close), series(average), series(1e-7))) == pytest.approx(
        signal, nan_ok=True
    )


@pytest.mark.parametrize(
    ("before", "now", "signal"), [(1.0, 1.0, 0), (1.0, 1.01, 1), (1.0, 0.99, -1), (NAN, 1.0, NAN), (1.0, NAN, NAN)]
)
def test_momentum_signals_the_way_it_moves(before: float, now: float, signal: float) -> None:
    assert last_signal(signal_rules.rising(series(before, now))) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(
    ("before", "now", "signal"),
    [
        (28.0, 29.9, 1),
        (28.0, 30.0, 0),  # on the level is not below it
        (29.0, 29.0, 0),  # equal is not rising
        (29.0, 28.0, 0),  # oversold, but falling on
        (72.0, 70.1, -1),
        (72.0, 70.0, 0),
        (71.0, 71.0, 0),
        (71.0, 72.0, 0),
        (50.0, 51.0, 0),
        (NAN, 29.0, NAN),
        (29.0, NAN, NAN),
    ],
)
def test_an_exhausted_oscillator_signals_when_it_turns(before: float, now: float, signal: float) -> None:
    assert last_signal(signal_rules.turning(series(before, now), 30, 70)) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(("value", "signal"), [(70.1, 1), (70.0, 0), (50.0, 0), (30.0, 0), (29.9, -1), (NAN, NAN)])
def test_the_ultimate_oscillator_signals_beyond_its_levels(value: float, signal: float) -> None:
    assert last_signal(signal_rules.beyond(series(value), 30, 70)) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(("value", "signal"), [(0.01, 1), (0.0, 0), (-0.01, -1), (NAN, NAN)])
def test_money_flow_signals_with_its_sign(value: float, signal: float) -> None:
    assert last_signal(signal_rules.positive(series(value))) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(
    ("close", "lower", "upper", "signal"),
    [
        (94.99, 95.0, 105.0, 1),
        (95.0, 95.0, 105.0, 0),  # on the band is not beyond it
        (95.0 - 1e-13, 95.0, 105.0, 0),
        (100.0, 95.0, 105.0, 0),
        (105.0, 95.0, 105.0, 0),
        (105.0 + 1e-13, 95.0, 105.0, 0),
        (105.01, 95.0, 105.0, -1),
        (100.0, 100.0, 100.0, NAN),  # bands of a close that stood still
        (100.0, 100.0, 100.0 + 1e-13, NAN),
        (100.0, NAN, NAN, NAN),
    ],
)
def test_a_close_outside_the_bands_signals_against_its_move(
    close: float, lower: float, upper: float, signal: float
) -> None:
    signals = signal_rules.outside(series(close), series(lower), series(upper), series(1e-7))
    assert last_signal(signals) == pytest.approx(signal, nan_ok=True)


STOCHASTIC = [
    (19.0, 18.0, 1),
    (18.0, 18.0, 0),
    (17.0, 18.0, 0),
    (20.0, 18.0, 0),
    (81.0, 82.0, -1),
    (82.0, 82.0, 0),
    (83.0, 82.0, 0),
    (80.0, 82.0, 0),
    (81.0, 80.0, 0),
    (50.0, 40.0, 0),
    (NAN, 18.0, NAN),
    (19.0, NAN, NAN),
]


@pytest.mark.parametrize(("k", "d", "signal"), STOCHASTIC)
def test_the_stochastic_signals_where_both_lines_are_extreme_and_k_leads(k: float, d: float, signal: float) -> None:
    assert last_signal(signal_rules.stochastic_turn(series(k), series(d))) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(
    ("trend", "k", "d", "signal"),
    [
        *((-1.0, k, d, signal if signal != -1 else 0) for k, d, signal in STOCHASTIC),
        *((1.0, k, d, signal if signal != 1 else 0) for k, d, signal in STOCHASTIC),
        *((0.0, k, d, 0 if k == k and d == d else NAN) for k, d, _ in STOCHASTIC),
        (NAN, 19.0, 18.0, NAN),
        (NAN, 50.0, 50.0, NAN),
    ],
)
def test_the_stochastic_rsi_signals_against_the_trend_only(trend: float, k: float, d: float, signal: float) -> None:
    signals = signal_rules.stochastic_turn_against(series(trend), series(k), series(d))
    assert last_signal(signals) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(
    ("before", "now", "plus", "minus", "signal"),
    [
        (20.0, 20.1, 30.0, 10.0, 1),
        (20.0, 20.1, 10.0, 30.0, -1),
        (20.0, 20.1, 20.0, 20.0, 0),
        (19.0, 20.0, 30.0, 10.0, 0),
        (21.0, 21.0, 30.0, 10.0, 0),
        (22.0, 21.0, 30.0, 10.0, 0),
        (NAN, 21.0, 30.0, 10.0, NAN),
        (20.0, 21.0, NAN, 10.0, NAN),
    ],
)
def test_adx_signals_for_the_stronger_side_while_it_rises_above_20(
    before: float, now: float, plus: float, minus: float, signal: float
) -> None:
    signals = signal_rules.trend_strengthening(series(before, now), series(plus, plus), series(minus, minus))
    assert last_signal(signals) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(
    ("values", "signal"),
    [
        ((-2.0, -1.0, 0.1), 1),  # crosses above zero
        ((-1.0, 0.0, 0.1), 1),  # from zero itself
        ((-2.0, -1.0, 0.0), 0),  # touches zero
        ((3.0, 2.0, 2.1), 1),  # saucer
        ((2.0, 2.0, 2.1), 0),  # no fall before the turn
        ((3.0, 2.0, 2.0), 0),  # no turn
        ((1.0, 2.0, 3.0), 0),  # rises on
        ((2.0, 1.0, -0.1), -1),
        ((1.0, 0.0, -0.1), -1),
        ((2.0, 1.0, 0.0), 0),
        ((-3.0, -2.0, -2.1), -1),
        ((-2.0, -2.0, -2.1), 0),
        ((-3.0, -2.0, -2.0), 0),
        ((NAN, -1.0, 0.1), NAN),
        ((-2.0, -1.0, NAN), NAN),
    ],
)
def test_the_awesome_oscillator_signals_on_a_cross_or_a_saucer(values: tuple[float, ...], signal: float) -> None:
    assert last_signal(signal_rules.zero_cross_or_saucer(series(*values))) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(
    ("trend", "bull", "bear", "signal"),
    [
        (1.0, (2.0, 2.0), (-2.0, -1.0), 1),
        (1.0, (2.0, 2.0), (-1.0, -1.0), 0),
        (1.0, (2.0, 2.0), (-1.0, 0.0), 0),
        (0.0, (2.0, 2.0), (-2.0, -1.0), 0),
        (-1.0, (2.0, 2.0), (-2.0, -1.0), 0),
        (-1.0, (2.0, 1.0), (-1.0, -1.0), -1),
        (-1.0, (1.0, 1.0), (-1.0, -1.0), 0),
        (-1.0, (1.0, 0.0), (-1.0, -1.0), 0),
        (0.0, (2.0, 1.0), (-1.0, -1.0), 0),
        (1.0, (2.0, 1.0), (-1.0, -1.0), 0),
        (NAN, (2.0, 1.0), (-2.0, -1.0), NAN),
        (1.0, (2.0, 1.0), (NAN, -1.0), NAN),
    ],
)
def test_bull_bear_power_signals_when_the_side_against_the_trend_weakens(
    trend: float, bull: tuple[float, float], bear: tuple[float, float], signal: float
) -> None:
    signals = signal_rules.counter_power_fading(series(trend, trend), series(*bull), series(*bear))
    assert last_signal(signals) == pytest.approx(signal, nan_ok=True)


@pytest.mark.parametrize(
    ("close", "conversion", "base", "lead1", "lead2", "signal"),
    [
        (5.0, 4.0, 3.0, 2.0, 1.0, 1),
        (4.0, 4.0, 3.0, 2.0, 1.0, 0),
        (5.0, 3.0, 3.0, 2.0, 1.0, 0),
        (5.0, 4.0, 2.0, 2.0, 1.0, 0),
        (5.0, 4.0, 3.0, 1.0, 1.0, 0),
        (1.0, 2.0, 3.0, 4.0, 5.0, -1),
        (2.0, 2.0, 3.0, 4.0, 5.0, 0),
        (1.0, 3.0, 3.0, 4.0, 5.0, 0),
        (1.0, 2.0, 4.0, 4.0, 5.0, 0),
        (1.0, 2.0, 3.0, 5.0, 5.0, 0),
        (5.0, 4.0, 3.0, 2.0, NAN, NAN),
    ],
)
def test_ichimoku_signals_when_all_lines_stand_in_order(
    close: float, conversion: float, base: float, lead1: float, lead2: float, signal: float
) -> None:
    signals = signal_rules.lined_up(series(close), series(conversion), series(base), series(lead1), series(lead2))
    assert last_signal(signals) == pytest.approx(signal, nan_ok=True)


def test_the_previous_series_is_unknown_where_there_was_no_session() -> None:
    np.testing.assert_equal(previous(series(1, 2, 3), 2), series(NAN, NAN, 1))
    np.testing.assert_equal(previous(series(1, 2), 5), series(NAN, NAN))
    assert previous(series()).size == 0


def test_a_mean_of_three_forgets_an_unknown_value() -> None:
    np.testing.assert_equal(mean_of_three(series(NAN, 1, 2, 3, 4)), series(NAN, NAN, NAN, 2, 3))


def test_a_stochastic_is_unknown_where_nothing_moved() -> None:
    still, moving = series(5, 5, 5), series(5, 6, 5.5)
    assert np.isnan(stochastic(still, still, still, 2)).all()
    np.testing.assert_equal(stochastic(moving, moving, moving, 2), series(NAN, 100, 0))


@pytest.mark.parametrize(
    ("bars", "idle"),
    [
        (make_bars([]), []),
        (make_bars([5, 5, 5]), [0, 0, 0]),  # the close stands still, the range does not
        (flat_bars(3), [1, 2, 3]),
        (make_bars([5, 5, 6, 6], high=[5, 5, 6, 6], low=[5, 5, 6, 6]), [1, 2, 1, 2]),  # one price a day, at its limit
        (make_bars([5, 6, 7, 8], volume=[0, 0, 1, 0]), [1, 2, 0, 1]),
        (joined(make_bars([5]), flat_bars(2), make_bars([5])), [0, 1, 2, 0]),
        (make_bars([6, 6, 6], high=[6, 6, 6], low=[5, 6, 6]), [0, 1, 2]),
    ],
)
def test_sessions_without_movement_or_volume_are_counted(bars: Bars, idle: list[int]) -> None:
    np.testing.assert_array_equal(idle_sessions(bars), idle)
