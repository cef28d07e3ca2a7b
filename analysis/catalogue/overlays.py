"""Overlays: the entries that are drawn over the prices."""

from analysis.catalogue.entries import length, overlay, real, whole

AVERAGES = (
    overlay("alma", "ALMA", "Arnaud Legoux moving average", length(9)),
    overlay("dema", "DEMA", "Double exponential moving average", length(10)),
    overlay("ema", "EMA", "Exponential moving average", length(20)),
    overlay("fwma", "FWMA", "Fibonacci’s weighted moving average", whole("length", 10, most=60)),
    overlay("hma", "HMA", "Hull moving average", length(9, least=4)),
    overlay("hwma", "HWMA", "Holt-Winter moving average"),
    overlay("jma", "JMA", "Jurik moving average", length(7)),
    overlay("kama", "KAMA", "Kaufman’s adaptive moving average", length(10)),
    overlay("linreg", "LinReg", "Linear regression", length(14)),
    overlay("mama", "MAMA", "MESA adaptive moving average", columns=("MAMA", "FAMA")),
    overlay("mcgd", "McGinley", "McGinley dynamic", length(10)),
    overlay("pwma", "PWMA", "Pascal’s weighted moving average", whole("length", 10, most=60)),
    overlay("rma", "RMA", "Wilder’s moving average", length(14)),
    overlay("sinwma", "SinWMA", "Sine weighted moving average", length(14)),
    overlay("sma", "SMA", "Simple moving average", length(20)),
    overlay("smma", "SMMA", "Smoothed moving average", length(7)),
    overlay("ssf", "SSF", "Ehlers’ super smoother filter", length(20)),
    overlay("ssf3", "SSF3", "Ehlers’ three-pole super smoother filter", length(20)),
    overlay("swma", "SWMA", "Symmetric weighted moving average", length(10)),
    overlay("t3", "T3", "Tillson’s T3 moving average", whole("length", 10, most=100)),
    overlay("tema", "TEMA", "Triple exponential moving average", length(10)),
    overlay("trima", "TRIMA", "Triangular moving average", length(10)),
    overlay("vwma", "VWMA", "Volume weighted moving average", length(20)),
    overlay("wma", "WMA", "Weighted moving average", length(20)),
    overlay("zlma", "ZLMA", "Zero lag moving average", length(10)),
)

PRICES = (
    overlay("ha", "Heikin Ashi", "Heikin Ashi open and close", columns=("Open", "", "", "Close")),
    overlay("hl2", "HL2", "Middle of high and low"),
    overlay("hlc3", "HLC3", "Typical price: mean of high, low and close"),
    overlay("median", "Median", "Rolling median of the close", length(30)),
    overlay("midpoint", "Midpoint", "Middle of the highest and lowest close", length(14)),
    overlay("midprice", "Midprice", "Middle of the highest high and lowest low", length(14)),
    overlay("ohlc4", "OHLC4", "Mean of open, high, low and close"),
    overlay(
        "pivots", "Pivots", "Pivot points of the month before",
        columns=("Pivot", "S1", "S2", "", "", "R1", "R2"), anchor="ME",
    ),
    overlay(
        "quantile", "Quantile", "Rolling quantile of the close", length(30), real("q", 0.5, "Quantile",
        0.01, 0.99),
    ),
    overlay("vwap", "VWAP", "Volume weighted average price of the month so far", anchor="M"),
    overlay("wcp", "WCP", "Weighted closing price"),
)  # fmt: skip

BANDS = (
    overlay(
        "aberration", "Aberration", "Aberration", length(5), whole("atr_length", 15, "ATR length"),
        columns=("Middle", "Upper", "Lower"),
    ),
    overlay("accbands", "AccBands", "Acceleration bands", length(20), columns=("Lower", "Middle", "Upper")),
    overlay(
        "bbands", "Bollinger", "Bollinger bands", length(20), real("lower_std", 2, "Deviations below"),
        real("upper_std", 2, "Deviations above"), columns=("Lower", "Middle", "Upper"),
    ),
    overlay(
        "donchian", "Donchian", "Donchian channel", whole("lower_length", 20), whole("upper_length", 20),
        columns=("Lower", "Middle", "Upper"),
    ),
    overlay("hwc", "HWC", "Holt-Winter channel", real("scalar", 1, "Width"), columns=("Middle", "Lower", "Upper")),
    overlay(
        "kc", "Keltner", "Keltner channel", length(20), real("scalar", 2, "Width"),
        columns=("Lower", "Middle", "Upper"),
    ),
)  # fmt: skip

TRENDS = (
    overlay(
        "alligator", "Alligator", "Williams’ alligator, not displaced", whole("jaw", 13), whole("teeth", 8),
        whole("lips", 5), columns=("Jaw", "Teeth", "Lips"),
    ),
    overlay(
        "alphatrend", "AlphaTrend", "AlphaTrend", length(14), real("multiplier", 1),
        columns=("AlphaTrend", "Two before"),
    ),
    overlay(
        "atrts", "ATR stop", "ATR trailing stop", length(14), whole("ma_length", 20, "Average’s length"),
        real("k", 3, "Width"),
    ),
    overlay(
        "chandelier_exit", "Chandelier", "Chandelier exit", whole("high_length", 22), whole("low_length", 22),
        whole("atr_length", 14, "ATR length"), real("multiplier", 2), columns=("Long", "Short"),
    ),
    overlay(
        "cksp", "CKSP", "Chande Kroll stop", whole("p", 10, "ATR length"), real("x", 3, "Width"),
        whole("q", 20, "Smoothing"), columns=("Long", "Short"),
    ),
    overlay("decay", "Decay", "Linear decay", length(5)),
    overlay("hilo", "HiLo", "Gann’s high-low activator", whole("high_length", 13), whole("low_length", 21)),
    overlay("ht_trendline", "HT trend", "Hilbert transform trend line"),
    overlay(
        "ichimoku", "Ichimoku", "Ichimoku cloud, without the lagging span", whole("tenkan", 9, "Conversion"),
        whole("kijun", 26, "Base"), whole("senkou", 52, "Lead"),
        columns=("Lead 1", "Lead 2", "Conversion", "Base"), include_chikou=False,
    ),
    overlay(
        "supertrend", "Supertrend", "Supertrend", length(10), real("multiplier", 3), columns=("Supertrend",),
    ),
)  # fmt: skip

OVERLAYS = (*AVERAGES, *PRICES, *BANDS, *TRENDS)
