"""Models: the tables of stocks with their bars and indexes, of jobs with their details, of results with their evidence,
and of the strategies' track records."""

from analysis.models.demo import DemoRemoval
from analysis.models.details import MAX_ATTEMPTS, JobDetail, retry_text
from analysis.models.faulty_sessions import FaultySession
from analysis.models.former_tickers import FormerTicker
from analysis.models.indexes import Index, IndexMember
from analysis.models.jobs import Job
from analysis.models.limits import Admission
from analysis.models.pace import RequestPace
from analysis.models.price_histories import PriceHistory, PriceSourceName
from analysis.models.quiet_stocks import QuietStock
from analysis.models.ratings import Rating
from analysis.models.records import StrategyRecord
from analysis.models.results import RawData, Result
from analysis.models.schedules import Ending, ExchangeSchedule, ScheduledRun
from analysis.models.special_days import SpecialDay
from analysis.models.statuses import (
    ACTIVE,
    FINISHED,
    RUN_SOURCES,
    DetailStatus,
    ErrorKind,
    JobStatus,
    ResultStatus,
    Source,
    StockStatus,
)
from analysis.models.stocks import MOST_REFUSALS, Stock
from analysis.models.workers import Worker, WorkerPresence, ahead_or_behind

LARGE_TABLES = (Stock, Job, JobDetail, Result, Rating, RawData)
"""The tables that grow with stocks and sessions."""

__all__ = [
    "ACTIVE",
    "FINISHED",
    "LARGE_TABLES",
    "MAX_ATTEMPTS",
    "MOST_REFUSALS",
    "RUN_SOURCES",
    "Admission",
    "DemoRemoval",
    "DetailStatus",
    "Ending",
    "ErrorKind",
    "ExchangeSchedule",
    "FaultySession",
    "FormerTicker",
    "Index",
    "IndexMember",
    "Job",
    "JobDetail",
    "JobStatus",
    "PriceHistory",
    "PriceSourceName",
    "QuietStock",
    "Rating",
    "RawData",
    "RequestPace",
    "Result",
    "ResultStatus",
    "ScheduledRun",
    "Source",
    "SpecialDay",
    "Stock",
    "StockStatus",
    "StrategyRecord",
    "Worker",
    "WorkerPresence",
    "ahead_or_behind",
    "retry_text",
]
