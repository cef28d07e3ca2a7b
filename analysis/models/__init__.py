"""The tables of an analysis: stocks, their bars and indexes, jobs and their details, results and their evidence."""

from analysis.models.indexes import Index, IndexMember
from analysis.models.jobs import Job, JobDetail
from analysis.models.pace import RequestPace
from analysis.models.results import RawData, Result
from analysis.models.statuses import (
    ACTIVE,
    FINISHED,
    DetailStatus,
    ErrorKind,
    JobStatus,
    ResultStatus,
    Source,
    StockStatus,
)
from analysis.models.stocks import PriceHistory, PriceSourceName, Stock
from analysis.models.workers import Worker

__all__ = [
    "ACTIVE",
    "FINISHED",
    "DetailStatus",
    "ErrorKind",
    "Index",
    "IndexMember",
    "Job",
    "JobDetail",
    "JobStatus",
    "PriceHistory",
    "PriceSourceName",
    "RawData",
    "RequestPace",
    "Result",
    "ResultStatus",
    "Source",
    "Stock",
    "StockStatus",
    "Worker",
]
