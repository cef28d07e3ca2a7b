"""The engine: from bars to signals, score, verdict, plan and reasons. Pure functions over arrays.

An `Indicator` turns bars into a value and a signal a session: +1, 0 or -1, or unavailable. A `Strategy` weighs
indicators in groups; the score is the mean of the groups' weighted mean signals, and a `Verdict` is the name of its
band. Prices that differ by less than a tolerance count as equal.
"""

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment, IndicatorReading, NotEnoughHistory, SignalChange
from analysis.engine.bars import Bars
from analysis.engine.evidence import to_evidence
from analysis.engine.exits import COST, ExitReason, first_exit
from analysis.engine.fingerprint import differences, fingerprint, fingerprints
from analysis.engine.indicators import Indicator, IndicatorKind
from analysis.engine.overlay import moving_averages
from analysis.engine.plan import NoPlan, Plan, make_plan
from analysis.engine.rating import Rating, rate
from analysis.engine.record_summary import (
    TRADES_NEEDED,
    Baseline,
    ForwardReturn,
    NotEnoughTrades,
    Performance,
    RecordSummary,
    summarize,
)
from analysis.engine.series import SeriesCache
from analysis.engine.sizing import RiskProfile, SizeLimits, Sizing, size_limits, size_position
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import IndicatorGroup, Strategy
from analysis.engine.track_record import HORIZONS, TrackRecord, Trade, track_record, trades
from analysis.engine.verdict import UNRATED, Side, Verdict
from analysis.engine.version import ENGINE_VERSION

__all__ = [
    "COST",
    "ENGINE_VERSION",
    "HORIZONS",
    "STRATEGIES",
    "TECHNICAL_RATING",
    "TRADES_NEEDED",
    "UNRATED",
    "Assessment",
    "Bars",
    "Baseline",
    "ExitReason",
    "ForwardReturn",
    "Indicator",
    "IndicatorGroup",
    "IndicatorKind",
    "IndicatorReading",
    "NoPlan",
    "NotEnoughHistory",
    "NotEnoughTrades",
    "Performance",
    "Plan",
    "Rating",
    "RecordSummary",
    "RiskProfile",
    "SeriesCache",
    "Side",
    "SignalChange",
    "SizeLimits",
    "Sizing",
    "Strategy",
    "TrackRecord",
    "Trade",
    "Verdict",
    "assess",
    "differences",
    "fingerprint",
    "fingerprints",
    "first_exit",
    "make_plan",
    "moving_averages",
    "rate",
    "size_limits",
    "size_position",
    "summarize",
    "to_evidence",
    "track_record",
    "trades",
]
