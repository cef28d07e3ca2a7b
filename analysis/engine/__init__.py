"""The engine: bars in; votes, score, verdict, plan and reasons out. Pure functions over arrays."""

from analysis.engine.assess import assess
from analysis.engine.assessment import Assessment, Change, NotEnoughHistory, Vote
from analysis.engine.bars import Bars
from analysis.engine.components import Component, Group
from analysis.engine.evidence import to_evidence
from analysis.engine.fingerprint import differences, fingerprint, fingerprints
from analysis.engine.indicators import Indicators
from analysis.engine.overlay import moving_averages
from analysis.engine.plan import Plan, Refusal, make_plan
from analysis.engine.rating import Rating, rate
from analysis.engine.sizing import RiskProfile, Sizing, size
from analysis.engine.strategies import STRATEGIES, TECHNICAL_RATING
from analysis.engine.strategy import Panel, Strategy
from analysis.engine.verdict import UNRATED, Side, Verdict
from analysis.engine.version import ENGINE_VERSION

__all__ = [
    "ENGINE_VERSION",
    "STRATEGIES",
    "TECHNICAL_RATING",
    "UNRATED",
    "Assessment",
    "Bars",
    "Change",
    "Component",
    "Group",
    "Indicators",
    "NotEnoughHistory",
    "Panel",
    "Plan",
    "Rating",
    "Refusal",
    "RiskProfile",
    "Side",
    "Sizing",
    "Strategy",
    "Verdict",
    "Vote",
    "assess",
    "differences",
    "fingerprint",
    "fingerprints",
    "make_plan",
    "moving_averages",
    "rate",
    "size",
    "to_evidence",
]
