"""The built-in strategies."""

from collections.abc import Mapping
from types import MappingProxyType

from analysis.engine.indicators.indicator import Indicator
from analysis.engine.indicators.moving_averages import MOVING_AVERAGES
from analysis.engine.indicators.oscillators import OSCILLATORS
from analysis.engine.strategy import IndicatorGroup, Strategy

MINIMUM_SHARE = 0.75
"""The share of a one-group strategy's weight that needs a signal for a score.

At three quarters a score needs neither EMA 200, which a stock listed this year does not have, nor any single indicator;
but all indicators of one aspect, such as MACD and ADX in "trend", cannot be missing together.
"""


def _equal_weights(indicators: tuple[Indicator, ...]) -> dict[str, float]:
    return dict.fromkeys((indicator.key for indicator in indicators), 1.0)


def _single_group(**weights: float) -> tuple[IndicatorGroup]:
    return (IndicatorGroup(weights, minimum_weight=MINIMUM_SHARE * sum(weights.values())),)


TECHNICAL_RATING = Strategy(
    key="technical_rating",
    name="Technical rating",
    description=(
        "Fifteen moving averages and eleven oscillators vote, each +1, 0 or -1; the score is the mean of the two "
        "groups' mean votes. The rules are those of TradingView's published Technical Ratings (Help article "
        "43000614331, Pine library TechnicalRating). It is a summary of trend and momentum as they stand at the last "
        "close, not a prediction."
    ),
    groups=(
        IndicatorGroup(_equal_weights(MOVING_AVERAGES), minimum_weight=10),
        IndicatorGroup(_equal_weights(OSCILLATORS), minimum_weight=9),
    ),
    stop_atr=2.0,
    target_risk=2.0,
    holding=20,
)

TREND = Strategy(
    key="trend",
    name="Trend",
    description=(
        "Asks which way the stock is going: MACD, ADX, EMA 50 against 200, Parabolic SAR and Supertrend hold most of "
        "the weight, volume and oscillators the rest. It lags by design, says most in long moves and changes sides "
        "too late in short ones. It is a summary of the trend as it stands at the last close, not a prediction."
    ),
    groups=_single_group(
        macd=2.5,
        adx_14=2.5,
        ema_50_200=2.0,
        parabolic_sar=1.5,
        supertrend=1.5,
        rsi_14=0.5,
        stochastic=0.5,
        cci_20=0.5,
        williams_r_14=0.5,
        bollinger_20=0.5,
        obv_20=1.0,
        cmf_20=1.0,
    ),
    stop_atr=2.5,
    target_risk=3.0,
    holding=40,
)

MEAN_REVERSION = Strategy(
    key="mean_reversion",
    name="Mean reversion",
    description=(
        "Asks whether the price has gone too far: RSI, Bollinger bands, stochastic, CCI and Williams %R hold most of "
        "the weight and vote against the last move. They are silent most of the time, so it is Neutral on most days, "
        "and it speaks against a strong trend for as long as that lasts. It is a summary of exhaustion as it stands at "
        "the last close, not a prediction."
    ),
    groups=_single_group(
        macd=0.5,
        adx_14=0.5,
        ema_50_200=0.5,
        parabolic_sar=0.5,
        supertrend=0.3,
        rsi_14=2.5,
        stochastic=2.0,
        cci_20=1.5,
        williams_r_14=1.5,
        bollinger_20=2.5,
        obv_20=1.0,
        cmf_20=1.0,
    ),
    stop_atr=1.5,
    target_risk=1.5,
    holding=10,
)

MOMENTUM = Strategy(
    key="momentum",
    name="Momentum",
    description=(
        "Asks whether money stands behind the move: on-balance volume and Chaikin money flow weigh most, then RSI, "
        "stochastic, MACD and ADX. It hangs on the volume that an exchange reports, and says little of stocks that "
        "trade thinly. It is a summary of price and volume as they stand at the last close, not a prediction."
    ),
    groups=_single_group(
        macd=1.5,
        adx_14=1.5,
        ema_50_200=1.0,
        parabolic_sar=1.0,
        supertrend=0.8,
        rsi_14=2.0,
        stochastic=2.0,
        cci_20=1.5,
        williams_r_14=1.0,
        bollinger_20=1.5,
        obv_20=2.5,
        cmf_20=2.5,
    ),
    stop_atr=3.0,
    target_risk=2.5,
    holding=20,
)

SWING = Strategy(
    key="swing",
    name="Swing",
    description=(
        "Asks for turns within a move of days to two weeks: RSI, stochastic, CCI and Williams %R look for exhaustion, "
        "MACD, Parabolic SAR and volume for a direction, with nearly equal weight. The two disagree at most turns, so "
        "that its scores are small. It is a summary of the last sessions as they stand at the close, not a prediction."
    ),
    groups=_single_group(
        macd=1.5,
        adx_14=0.5,
        ema_50_200=0.6,
        parabolic_sar=1.2,
        supertrend=0.6,
        rsi_14=2.0,
        stochastic=2.0,
        cci_20=1.8,
        williams_r_14=1.6,
        bollinger_20=1.3,
        obv_20=1.2,
        cmf_20=1.2,
    ),
    stop_atr=2.0,
    target_risk=2.0,
    holding=10,
)

STRATEGIES: Mapping[str, Strategy] = MappingProxyType(
    {strategy.key: strategy for strategy in (TECHNICAL_RATING, TREND, MEAN_REVERSION, MOMENTUM, SWING)}
)
