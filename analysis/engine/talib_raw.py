"""TA-Lib without its Python wrappers: every function that the engine uses, as it is in C.

The wrappers search the arguments for pandas and polars; over 500 bars the search takes longer than a moving average.
"""

from collections.abc import Callable
from inspect import unwrap
from typing import cast

import talib


def remove_wrapper[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Return the function inside the wrapper, or the function itself where it has none."""
    return cast("Callable[P, R]", unwrap(function))


ADX = remove_wrapper(talib.ADX)
AO = remove_wrapper(talib.AO)
ATR = remove_wrapper(talib.ATR)
BBANDS = remove_wrapper(talib.BBANDS)
CCI = remove_wrapper(talib.CCI)
CMF = remove_wrapper(talib.CMF)
EMA = remove_wrapper(talib.EMA)
ERI = remove_wrapper(talib.ERI)
HMA = remove_wrapper(talib.HMA)
MACD = remove_wrapper(talib.MACD)
MAX = remove_wrapper(talib.MAX)
MIDPRICE = remove_wrapper(talib.MIDPRICE)
MIN = remove_wrapper(talib.MIN)
MINUS_DI = remove_wrapper(talib.MINUS_DI)
MOM = remove_wrapper(talib.MOM)
OBV = remove_wrapper(talib.OBV)
PLUS_DI = remove_wrapper(talib.PLUS_DI)
RSI = remove_wrapper(talib.RSI)
SAR = remove_wrapper(talib.SAR)
SMA = remove_wrapper(talib.SMA)
SUPERTREND = remove_wrapper(talib.SUPERTREND)
ULTOSC = remove_wrapper(talib.ULTOSC)
VWMA = remove_wrapper(talib.VWMA)
