"""The engine: bars in; votes, score, verdict, plan and reasons out. Pure functions over arrays."""

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment, Change, NotEnoughHistory, Vote
from analysis.engine.bars import Bars
from analysis.engine.components import Component, Group
from analysis.engine.evidence import to_evidence
from analysis.engine.exits import COST, Exit, first_exit
from analysis.engine.fingerprint import differences, fingerprint, fingerprints
from analysis.engine.indicators import Indicators
from analysis.engine.overlay import moving_averages
from analysis.engine.plan import Plan, Refusal, make_plan
from analysis.engine.rating import Rating, rate
from analysis.engine.record_summary import (
    CASES_NEEDED,
    Baseline,
    Forward,
    NotEnoughCases,
    Performance,
    RecordSummary,
    summarize,
)
from analysis.engine.sizing import Limits, RiskProfile, Sizing, limits, size
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import Panel, Strategy
from analysis.engine.track_record import HORIZONS, TrackRecord, Trade, track_record, trades
from analysis.engine.verdict import UNRATED, Side, Verdict
from analysis.engine.version import ENGINE_VERSION

__all__ = [
    "CASES_NEEDED",
    "COST",
    "ENGINE_VERSION",
    "HORIZONS",
    "STRATEGIES",
    "TECHNICAL_RATING",
    "UNRATED",
    "Assessment",
    "Bars",
    "Baseline",
    "Change",
    "Component",
    "Exit",
    "Forward",
    "Group",
    "Indicators",
    "Limits",
    "NotEnoughCases",
    "NotEnoughHistory",
    "Panel",
    "Performance",
    "Plan",
    "Rating",
    "RecordSummary",
    "Refusal",
    "RiskProfile",
    "Side",
    "Sizing",
    "Strategy",
    "TrackRecord",
    "Trade",
    "Verdict",
    "Vote",
    "assess",
    "differences",
    "fingerprint",
    "fingerprints",
    "first_exit",
    "limits",
    "make_plan",
    "moving_averages",
    "rate",
    "size",
    "summarize",
    "to_evidence",
    "track_record",
    "trades",
]
