"""Every function of TA-Lib that the engine uses, as it is in C.

`talib.SMA` and its like are wrapped to look for pandas and polars among their arguments; over 500 bars the look takes
longer than the average.
"""

from collections.abc import Callable
from inspect import unwrap
from typing import cast

import talib


def bare[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """The function inside the wrapper; the function itself where nothing wraps it."""
    return cast("Callable[P, R]", unwrap(function))


ADX = bare(talib.ADX)
AO = bare(talib.AO)
ATR = bare(talib.ATR)
BBANDS = bare(talib.BBANDS)
CCI = bare(talib.CCI)
CMF = bare(talib.CMF)
EMA = bare(talib.EMA)
ERI = bare(talib.ERI)
HMA = bare(talib.HMA)
MACD = bare(talib.MACD)
MAX = bare(talib.MAX)
MIDPRICE = bare(talib.MIDPRICE)
MIN = bare(talib.MIN)
MINUS_DI = bare(talib.MINUS_DI)
MOM = bare(talib.MOM)
OBV = bare(talib.OBV)
PLUS_DI = bare(talib.PLUS_DI)
RSI = bare(talib.RSI)
SAR = bare(talib.SAR)
SMA = bare(talib.SMA)
SUPERTREND = bare(talib.SUPERTREND)
ULTOSC = bare(talib.ULTOSC)
VWMA = bare(talib.VWMA)
