"""Oscillators: eleven components that ask about the speed and the exhaustion of a move."""

from collections.abc import Callable

from analysis.engine import library as talib
from analysis.engine.components.component import Component, Group, Reading, Wording
from analysis.engine.components.rules import (
    above,
    awesome,
    beyond,
    rising,
    stochastic_turn,
    stochastic_turn_against,
    strengthening,
    turning,
    waning,
)
from analysis.engine.indicators import Indicators, mean_of_three, stochastic


def rsi(indicators: Indicators) -> Reading:
    """RSI 14: 100 · gain / (gain + loss), both Wilder-smoothed; in [0, 100]. From bar 16. Source: Wilder, 1978."""
    return indicators.rsi, turning(indicators.rsi, 30, 70)


def stochastic_14_3_3(indicators: Indicators) -> Reading:
    """Stochastic 14, 3, 3: K = SMA 3 of where the close lies in its 14-session range, D = SMA 3 of K; in [0, 100].

    Shows K. As `talib.STOCH`, but NaN instead of 0 where the range is zero. From bar 18. Source: Lane, 1984.
    """
    k = mean_of_three(indicators.stochastic)
    return k, stochastic_turn(k, mean_of_three(k))


def cci(indicators: Indicators) -> Reading:
    """CCI 20: (typical price - its SMA) / (0.015 · its mean deviation); no unit; `talib.CCI`. From bar 21.

    Source: Lambert, 1980.
    """
    bars = indicators.bars
    value = talib.CCI(bars.high, bars.low, bars.close, 20)
    return value, turning(value, -100, 100)


def adx(indicators: Indicators) -> Reading:
    """ADX 14: the Wilder-smoothed |DI+ - DI-| / (DI+ + DI-), in [0, 100]: how directed the movement is, either way.

    `talib.ADX`, `PLUS_DI`, `MINUS_DI`. From bar 29. Source: Wilder, 1978.
    """
    bars = indicators.bars
    value = talib.ADX(bars.high, bars.low, bars.close, 14)
    plus = talib.PLUS_DI(bars.high, bars.low, bars.close, 14)
    minus = talib.MINUS_DI(bars.high, bars.low, bars.close, 14)
    return value, strengthening(value, plus, minus)


def awesome_oscillator(indicators: Indicators) -> Reading:
    """Awesome oscillator: SMA 5 - SMA 34 of (high + low) / 2, in the stock's currency; `talib.AO`. From bar 36.

    Source: Bill Williams, 1998.
    """
    value = talib.AO(indicators.bars.high, indicators.bars.low, 5, 34)
    return value, awesome(value)


def momentum(indicators: Indicators) -> Reading:
    """Momentum 10: close - close 10 sessions ago, in the stock's currency; `talib.MOM`. From bar 12."""
    value = talib.MOM(indicators.bars.close, 10)
    return value, rising(value)


def macd(indicators: Indicators) -> Reading:
    """MACD 12, 26, 9: line = EMA 12 - EMA 26, signal = EMA 9 of the line, in the stock's currency; shows the line.

    `talib.MACD`. From bar 34. Source: Appel, 1979.
    """
    line, signal, _ = talib.MACD(indicators.bars.close, 12, 26, 9)
    return line, above(line, signal, indicators.dust)


def stochastic_rsi(indicators: Indicators) -> Reading:
    """Stochastic RSI 3, 3, 14, 14: the stochastic 14, 3, 3 of RSI 14 instead of the price; in [0, 100]; shows K.

    A turn counts against the trend only (close against EMA 50). NaN where RSI stood still for 14 sessions. From bar 50.
    `talib.STOCHRSI` leaves K unsmoothed. Source: Chande and Kroll, 1994.
    """
    series = indicators.rsi
    k = mean_of_three(stochastic(series, series, series, 14))
    return k, stochastic_turn_against(indicators.bars.close - indicators.ema(50), k, mean_of_three(k))


def williams_r(indicators: Indicators) -> Reading:
    """Williams %R 14: the unsmoothed stochastic counted down from the top, in [-100, 0]; `talib.WILLR`. From bar 15.

    Computed as stochastic - 100. Source: Larry Williams, 1973.
    """
    value = indicators.stochastic - 100
    return value, turning(value, -80, -20)


def bull_bear_power(indicators: Indicators) -> Reading:
    """Bull/bear power 13: high - EMA 13 and low - EMA 13, in the stock's currency; shows their sum; `talib.ERI`.

    Read with the trend (close against EMA 50). From bar 50. Source: Elder, 1989.
    """
    bars = indicators.bars
    bull, bear = talib.ERI(bars.high, bars.low, bars.close, 13)
    return bull + bear, waning(bars.close - indicators.ema(50), bull, bear)


def ultimate_oscillator(indicators: Indicators) -> Reading:
    """Ultimate oscillator 7, 14, 28: buying pressure / true range of three windows, weighed 4:2:1; in [0, 100].

    `talib.ULTOSC`. From bar 29. Source: Larry Williams, 1985.
    """
    bars = indicators.bars
    value = talib.ULTOSC(bars.high, bars.low, bars.close, 7, 14, 28)
    return value, beyond(value, 30, 70)


def _oscillator(
    key: str,
    name: str,
    lengths: str,
    read: Callable[[Indicators], Reading],
    first_vote: int,
    window: int,
    wording: Wording,
    zone: tuple[float, float] | None = None,
) -> Component:
    return Component(key, name, f"{name} {lengths}", Group.OSCILLATOR, read, first_vote, window, wording, zone)


def _exhaustion(name: str) -> Wording:
    return Wording(
        up=f"{name} turned up from oversold",
        down=f"{name} turned down from overbought",
        up_ended=f"{name} no longer turns up from oversold",
        down_ended=f"{name} no longer turns down from overbought",
    )


RSI, STOCHASTIC, CCI, STOCHASTIC_RSI, WILLIAMS_R = "RSI", "Stochastic", "CCI", "Stochastic RSI", "Williams %R"

TREND_STRENGTH = Wording(
    up="ADX shows a strengthening uptrend",
    down="ADX shows a strengthening downtrend",
    up_ended="ADX no longer shows a strengthening uptrend",
    down_ended="ADX no longer shows a strengthening downtrend",
)
AWESOME = Wording(
    up="Awesome oscillator gave a bullish signal",
    down="Awesome oscillator gave a bearish signal",
    up_ended="Awesome oscillator's bullish signal has passed",
    down_ended="Awesome oscillator's bearish signal has passed",
)
MOMENTUM = Wording("Momentum turned up", "Momentum turned down", "Momentum stands still", "Momentum stands still")
MACD = Wording("MACD turned up", "MACD turned down", "MACD met its signal", "MACD met its signal")
POWER = Wording(
    up="Bears are losing power in an uptrend",
    down="Bulls are losing power in a downtrend",
    up_ended="Bears are no longer losing power in an uptrend",
    down_ended="Bulls are no longer losing power in a downtrend",
)
ULTIMATE = Wording(
    up="Ultimate oscillator rose above 70",
    down="Ultimate oscillator fell below 30",
    up_ended="Ultimate oscillator came back from above 70",
    down_ended="Ultimate oscillator came back from below 30",
)

OSCILLATORS = (
    _oscillator("rsi_14", RSI, "14", rsi, 16, 14, _exhaustion(RSI), (30, 70)),
    _oscillator("stochastic", STOCHASTIC, "14, 3, 3", stochastic_14_3_3, 18, 14, _exhaustion(STOCHASTIC), (20, 80)),
    _oscillator("cci_20", CCI, "20", cci, 21, 20, _exhaustion(CCI), (-100, 100)),
    _oscillator("adx_14", "ADX", "14", adx, 29, 14, TREND_STRENGTH),
    _oscillator("awesome", "Awesome oscillator", "5, 34", awesome_oscillator, 36, 34, AWESOME),
    _oscillator("momentum_10", "Momentum", "10", momentum, 12, 10, MOMENTUM),
    _oscillator("macd", "MACD", "12, 26, 9", macd, 34, 26, MACD),
    _oscillator(
        "stochastic_rsi", STOCHASTIC_RSI, "3, 3, 14, 14", stochastic_rsi, 50, 14, _exhaustion(STOCHASTIC_RSI), (20, 80)
    ),
    _oscillator("williams_r_14", WILLIAMS_R, "14", williams_r, 15, 14, _exhaustion(WILLIAMS_R), (-80, -20)),
    _oscillator("bull_bear_13", "Bull/bear power", "13", bull_bear_power, 50, 13, POWER),
    _oscillator("ultimate", "Ultimate oscillator", "7, 14, 28", ultimate_oscillator, 29, 7, ULTIMATE),
)
