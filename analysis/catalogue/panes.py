"""Panes: the entries that are drawn under the prices, on a scale of their own."""

from analysis.catalogue.entries import PRICE, VOLUME, length, pane, real, whole

FAST_SLOW = (whole("fast", 12), whole("slow", 26))
FAST_SLOW_SIGNAL = (*FAST_SLOW, whole("signal", 9))

TRENDS = (
    pane(
        "adx", "ADX", "Average directional index", length(14), columns=("ADX", "", "DI+", "DI−"), talib=False,
    ),
    pane(
        "amat", "AMAT", "Archer’s moving averages trends", whole("fast", 8), whole("slow", 21),
        columns=("Long", "Short"),
    ),
    pane("aroon", "Aroon", "Aroon", length(14), columns=("Down", "Up")),
    pane("chop", "CHOP", "Choppiness index", length(14)),
    pane("decreasing", "Falling", "Close below that of so many sessions before", length(5), bars=(0,)),
    pane("dpo", "DPO", "Detrended price oscillator, not centred", length(20), scale=PRICE, centered=False),
    pane("increasing", "Rising", "Close above that of so many sessions before", length(5), bars=(0,)),
    pane("qstick", "QStick", "Q stick", length(10), scale=PRICE),
    pane("rwi", "RWI", "Random walk index", length(14), columns=("High", "Low")),
    pane("trendflex", "Trendflex", "Ehlers’ trendflex", length(20)),
    pane("vhf", "VHF", "Vertical horizontal filter", length(28)),
    pane("vortex", "Vortex", "Vortex", length(14), columns=("VI+", "VI−")),
)  # fmt: skip

MOMENTUM = (
    pane("ao", "AO", "Awesome oscillator", whole("fast", 5), whole("slow", 34), bars=(0,), scale=PRICE),
    pane("apo", "APO", "Absolute price oscillator", *FAST_SLOW, scale=PRICE),
    pane("bias", "Bias", "Bias: close against its average", length(26)),
    pane("bop", "BOP", "Balance of power"),
    pane("brar", "BRAR", "Emotion and willingness", length(26), columns=("AR", "BR")),
    pane("cci", "CCI", "Commodity channel index", length(20)),
    pane("cfo", "CFO", "Chande’s forecast oscillator", length(9)),
    pane("cg", "CG", "Ehlers’ centre of gravity", length(10)),
    pane("cmo", "CMO", "Chande’s momentum oscillator", length(14)),
    pane(
        "coppock", "Coppock", "Coppock curve", length(10), whole("fast", 11, "Shorter rate"),
        whole("slow", 14, "Longer rate"),
    ),
    pane(
        "crsi", "Connors RSI", "Connors’ relative strength index", whole("rsi_length", 3, "RSI length"),
        whole("streak_length", 2), whole("rank_length", 100),
    ),
    pane("cti", "CTI", "Correlation trend indicator", length(12)),
    pane("er", "ER", "Efficiency ratio", length(10)),
    pane("eri", "Elder ray", "Elder ray: bull and bear power", length(13), columns=("Bull", "Bear"), scale=PRICE),
    pane("exhc", "Exhaustion", "Counts towards exhaustion", length(4), columns=("Down", "Up")),
    pane("fisher", "Fisher", "Fisher transform", length(9), columns=("Fisher", "Signal")),
    pane("inertia", "Inertia", "Inertia", length(20), whole("rvi_length", 14, "RVI length")),
    pane("kdj", "KDJ", "KDJ", length(9), whole("signal", 3), columns=("K", "D", "J")),
    pane(
        "macd", "MACD", "Moving average convergence divergence", *FAST_SLOW_SIGNAL,
        columns=("MACD", "Histogram", "Signal"), bars=(1,), scale=PRICE,
    ),
    pane("mom", "Momentum", "Momentum", length(10, least=1), scale=PRICE),
    pane("pgo", "PGO", "Pretty good oscillator", length(14)),
    pane(
        "ppo", "PPO", "Percentage price oscillator", *FAST_SLOW_SIGNAL, columns=("PPO", "Histogram", "Signal"),
        bars=(1,),
    ),
    pane("psl", "PSL", "Psychological line", length(12)),
    pane(
        "qqe", "QQE", "Quantitative qualitative estimation", length(14), whole("smooth", 5), real("factor", 4.236),
        columns=("QQE", "Smoothed RSI"),
    ),
    pane("reflex", "Reflex", "Ehlers’ reflex", length(20)),
    pane("roc", "ROC", "Rate of change", length(10, least=1)),
    pane("rsi", "RSI", "Relative strength index", length(14)),
    pane("rsx", "RSX", "Relative strength Xtra", length(14)),
    pane("rvgi", "RVGI", "Relative vigor index", length(14), columns=("RVGI", "Signal")),
    pane("slope", "Slope", "Slope of the close", length(5, least=1), scale=PRICE),
    pane("smc", "SMC", "Smart money concept: imbalance in percent", columns=("", "", "", "Bottom", "", "", "Top")),
    pane(
        "smi", "SMI", "SMI ergodic", whole("fast", 5), whole("slow", 20), whole("signal", 5),
        columns=("SMI", "Signal", "Histogram"), bars=(2,),
    ),
    pane(
        "squeeze", "Squeeze", "Squeeze momentum", whole("bb_length", 20, "Bollinger length"),
        whole("kc_length", 20, "Keltner length"), columns=("Squeeze",), bars=(0,), scale=PRICE,
    ),
    pane(
        "squeeze_pro", "Squeeze Pro", "Squeeze Pro momentum", whole("bb_length", 20, "Bollinger length"),
        whole("kc_length", 20, "Keltner length"), columns=("Squeeze",), bars=(0,), scale=PRICE,
    ),
    pane("stc", "STC", "Schaff trend cycle", whole("tc_length", 10, "Length"), *FAST_SLOW, columns=("STC",)),
    pane(
        "stoch", "Stochastic", "Stochastic oscillator", whole("k", 14, "K"), whole("d", 3, "D"),
        whole("smooth_k", 3, "K smoothing"), columns=("K", "D"),
    ),
    pane(
        "stochf", "Fast stochastic", "Fast stochastic oscillator", whole("k", 14, "K"), whole("d", 3, "D"),
        columns=("K", "D"),
    ),
    pane(
        "stochrsi", "Stochastic RSI", "Stochastic relative strength index", length(14),
        whole("rsi_length", 14, "RSI length"), whole("k", 3, "K"), whole("d", 3, "D"),
        columns=("K", "D"),
    ),
    pane(
        "tmo", "TMO", "True momentum oscillator", whole("tmo_length", 14, "Length"),
        whole("calc_length", 5, "Main smoothing"), whole("smooth_length", 3, "Signal smoothing"),
        columns=("TMO", "Signal"),
    ),
    pane(
        "trix", "TRIX", "Triple exponential rate of change", length(30), whole("signal", 9),
        columns=("TRIX", "Signal"),
    ),
    pane(
        "tsi", "TSI", "True strength index", whole("fast", 13), whole("slow", 25), whole("signal", 13),
        columns=("TSI", "Signal"),
    ),
    pane("uo", "Ultimate", "Ultimate oscillator", whole("fast", 7), whole("medium", 14), whole("slow", 28)),
    pane("willr", "Williams %R", "Williams’ percent range", length(14)),
    pane("ebsw", "EBSW", "Even better sinewave", whole("length", 40, least=40), whole("bars", 10, "Smoothing")),
    pane("log_return", "Log return", "Logarithmic return", length(1, least=1)),
    pane("percent_return", "Return", "Return, as a part of 1", length(1, least=1)),
)  # fmt: skip

VOLATILITY = (
    pane("atr", "ATR", "Average true range", length(14), scale=PRICE),
    pane("massi", "Mass", "Mass index", whole("fast", 9), whole("slow", 25)),
    pane("natr", "NATR", "Average true range, percent of the close", length(14)),
    pane("pdist", "PDIST", "Price distance", scale=PRICE),
    pane("rvi", "RVI", "Relative volatility index", length(14)),
    pane("thermo", "Thermometer", "Elder’s thermometer", length(20), columns=("Reach", "Average"), scale=PRICE),
    pane("true_range", "TR", "True range", scale=PRICE),
    pane("ui", "Ulcer", "Ulcer index", length(14)),
)

VOLUMES = (
    pane("ad", "AD", "Accumulation and distribution", scale=VOLUME),
    pane(
        "adosc", "AD oscillator", "Accumulation and distribution oscillator", whole("fast", 3),
        whole("slow", 10), scale=VOLUME,
    ),
    pane(
        "aobv", "AOBV", "On balance volume with two averages", whole("fast", 4), whole("slow", 12),
        columns=("OBV", "", "", "Fast", "Slow"), scale=VOLUME,
    ),
    pane("cmf", "CMF", "Chaikin money flow", length(20)),
    pane("efi", "EFI", "Elder’s force index", length(13), scale=VOLUME),
    pane(
        "kvo", "KVO", "Klinger volume oscillator", whole("fast", 34), whole("slow", 55), whole("signal", 13),
        columns=("KVO", "Signal"), scale=VOLUME,
    ),
    pane("mfi", "MFI", "Money flow index", length(14)),
    pane("nvi", "NVI", "Negative volume index"),
    pane("obv", "OBV", "On balance volume", scale=VOLUME),
    pane("pvi", "PVI", "Positive volume index", length(255), columns=("PVI", "Average")),
    pane(
        "pvo", "PVO", "Percentage volume oscillator", *FAST_SLOW_SIGNAL, columns=("PVO", "Histogram",
        "Signal"), bars=(1,),
    ),
    pane("pvol", "PVOL", "Price times volume", bars=(0,), scale=VOLUME),
    pane("pvr", "PVR", "Price and volume rank, 1 to 4"),
    pane("pvt", "PVT", "Price and volume trend", scale=VOLUME),
    pane(
        "tsv", "TSV", "Time segmented value", length(18), whole("signal", 10), columns=("TSV", "Signal"),
        scale=VOLUME,
    ),
)  # fmt: skip

STATISTICS = (
    pane(
        "cdl_z",
        "Candle Z",
        "Z scores of open, high, low and close",
        length(30),
        columns=("Open", "High", "Low", "Close"),
    ),
    pane("entropy", "Entropy", "Entropy of the close", length(10)),
    pane("kurtosis", "Kurtosis", "Rolling kurtosis of the close", length(30, least=4)),
    pane("mad", "MAD", "Mean absolute deviation of the close", length(30), scale=PRICE),
    pane("skew", "Skew", "Rolling skewness of the close", length(30, least=3)),
    pane("stdev", "Deviation", "Standard deviation of the close", length(30), scale=PRICE),
    pane("variance", "Variance", "Variance of the close", length(30)),
    pane("zscore", "Z score", "Z score of the close", length(30)),
)

PANES = (*TRENDS, *MOMENTUM, *VOLATILITY, *VOLUMES, *STATISTICS)
