"""Oscillators: eleven indicators of the speed and the exhaustion of a move."""

from collections.abc import Callable

from analysis.engine import talib_raw
from analysis.engine.indicators.indicator import Indicator, IndicatorKind, IndicatorSeries, Wording
from analysis.engine.indicators.signal_rules import (
    above,
    beyond,
    counter_power_fading,
    rising,
    stochastic_turn,
    stochastic_turn_against,
    trend_strengthening,
    turning,
    zero_cross_or_saucer,
)
from analysis.engine.series import SeriesCache, mean_of_three, stochastic


def rsi(series: SeriesCache) -> IndicatorSeries:
    """Return RSI 14, 100 · gain / (gain + loss), Wilder-smoothed; in [0, 100]. From bar 16. Source: Wilder, 1978."""
    return series.rsi, turning(series.rsi, 30, 70)


def stochastic_14_3_3(series: SeriesCache) -> IndicatorSeries:
    """Return K of stochastic 14, 3, 3, in [0, 100]: SMA 3 of the close's position in its 14-session range.

    D is SMA 3 of K. As `talib.STOCH`, but NaN instead of 0 where the range is zero. From bar 18. Source: Lane, 1984.
    """
    k = mean_of_three(series.stochastic)
    return k, stochastic_turn(k, mean_of_three(k))


def cci(series: SeriesCache) -> IndicatorSeries:
    """Return CCI 20, (typical price - its SMA) / (0.015 · its mean deviation); no unit; `talib.CCI`. From bar 21.

    Source: Lambert, 1980.
    """
    bars = series.bars
    value = talib_raw.CCI(bars.high, bars.low, bars.close, 20)
    return value, turning(value, -100, 100)


def adx(series: SeriesCache) -> IndicatorSeries:
    """Return ADX 14, the Wilder-smoothed |DI+ - DI-| / (DI+ + DI-), in [0, 100]: the strength of a trend, up or down.

    `talib.ADX`, `PLUS_DI`, `MINUS_DI`. From bar 29. Source: Wilder, 1978.
    """
    bars = series.bars
    value = talib_raw.ADX(bars.high, bars.low, bars.close, 14)
    plus = talib_raw.PLUS_DI(bars.high, bars.low, bars.close, 14)
    minus = talib_raw.MINUS_DI(bars.high, bars.low, bars.close, 14)
    return value, trend_strengthening(value, plus, minus)


def awesome_oscillator(series: SeriesCache) -> IndicatorSeries:
    """Return the awesome oscillator, SMA 5 - SMA 34 of (high + low) / 2, in the stock's currency; `talib.AO`.

    From bar 36. Source: Bill Williams, 1998.
    """
    value = talib_raw.AO(series.bars.high, series.bars.low, 5, 34)
    return value, zero_cross_or_saucer(value)


def momentum(series: SeriesCache) -> IndicatorSeries:
    """Return momentum 10, close - close 10 sessions ago, in the stock's currency; `talib.MOM`. From bar 12."""
    value = talib_raw.MOM(series.bars.close, 10)
    return value, rising(value)


def macd(series: SeriesCache) -> IndicatorSeries:
    """Return the line of MACD 12, 26, 9, EMA 12 - EMA 26, in the stock's currency; its signal line is EMA 9 of it.

    `talib.MACD`. From bar 34. Source: Appel, 1979.
    """
    line, signal_line, _ = talib_raw.MACD(series.bars.close, 12, 26, 9)
    return line, above(line, signal_line, series.price_tolerance)


def stochastic_rsi(series: SeriesCache) -> IndicatorSeries:
    """Return K of stochastic RSI 3, 3, 14, 14, in [0, 100]: the stochastic 14, 3, 3 of RSI 14 instead of the price.

    A turn counts only against the trend (close and EMA 50). NaN where RSI was constant for 14 sessions. From bar 50.
    `talib.STOCHRSI` leaves K unsmoothed. Source: Chande and Kroll, 1994.
    """
    rsi_14 = series.rsi
    k = mean_of_three(stochastic(rsi_14, rsi_14, rsi_14, 14))
    return k, stochastic_turn_against(series.bars.close - series.ema(50), k, mean_of_three(k))


def williams_r(series: SeriesCache) -> IndicatorSeries:
    """Return Williams %R 14, the unsmoothed stochastic less 100, in [-100, 0]; `talib.WILLR`. From bar 15.

    Source: Larry Williams, 1973.
    """
    value = series.stochastic - 100
    return value, turning(value, -80, -20)


def bull_bear_power(series: SeriesCache) -> IndicatorSeries:
    """Return bull/bear power 13, (high - EMA 13) + (low - EMA 13), in the stock's currency; `talib.ERI`.

    The signal depends on the trend (close and EMA 50). From bar 50. Source: Elder, 1989.
    """
    bars = series.bars
    bull, bear = talib_raw.ERI(bars.high, bars.low, bars.close, 13)
    return bull + bear, counter_power_fading(bars.close - series.ema(50), bull, bear)


def ultimate_oscillator(series: SeriesCache) -> IndicatorSeries:
    """Return ultimate oscillator 7, 14, 28, buying pressure / true range of three windows weighted 4:2:1; in [0, 100].

    `talib.ULTOSC`. From bar 29. Source: Larry Williams, 1985.
    """
    bars = series.bars
    value = talib_raw.ULTOSC(bars.high, bars.low, bars.close, 7, 14, 28)
    return value, beyond(value, 30, 70)


def _oscillator(
    key: str,
    name: str,
    lengths: str,
    compute: Callable[[SeriesCache], IndicatorSeries],
    bars_needed: int,
    window: int,
    wording: Wording,
    zone: tuple[float, float] | None = None,
) -> Indicator:
    return Indicator(
        key, name, f"{name} {lengths}", IndicatorKind.OSCILLATOR, compute, bars_needed, window, wording, zone
    )


def _exhaustion_wording(name: str) -> Wording:
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
    _oscillator("rsi_14", RSI, "14", rsi, 16, 14, _exhaustion_wording(RSI), (30, 70)),
    _oscillator(
        "stochastic", STOCHASTIC, "14, 3, 3", stochastic_14_3_3, 18, 14, _exhaustion_wording(STOCHASTIC), (20, 80)
    ),
    _oscillator("cci_20", CCI, "20", cci, 21, 20, _exhaustion_wording(CCI), (-100, 100)),
    _oscillator("adx_14", "ADX", "14", adx, 29, 14, TREND_STRENGTH),
    _oscillator("awesome", "Awesome oscillator", "5, 34", awesome_oscillator, 36, 34, AWESOME),
    _oscillator("momentum_10", "Momentum", "10", momentum, 12, 10, MOMENTUM),
    _oscillator("macd", "MACD", "12, 26, 9", macd, 34, 26, MACD),
    _oscillator(
        "stochastic_rsi",
        STOCHASTIC_RSI,
        "3, 3, 14, 14",
        stochastic_rsi,
        50,
        14,
        _exhaustion_wording(STOCHASTIC_RSI),
        (20, 80),
    ),
    _oscillator("williams_r_14", WILLIAMS_R, "14", williams_r, 15, 14, _exhaustion_wording(WILLIAMS_R), (-80, -20)),
    _oscillator("bull_bear_13", "Bull/bear power", "13", bull_bear_power, 50, 13, POWER),
    _oscillator("ultimate", "Ultimate oscillator", "7, 14, 28", ultimate_oscillator, 29, 7, ULTIMATE),
)
