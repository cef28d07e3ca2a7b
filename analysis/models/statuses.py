"""Statuses: the states of a job, one of its stocks, a stock and a result."""

from django.db import models


class JobStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    PROCESSING = "processing", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class DetailStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    PROCESSING = "processing", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"
    SKIPPED = "skipped", "Skipped"


class StockStatus(models.TextChoices):
    NEVER = "never", "Not analysed yet"
    QUEUED = "queued", "Queued"
    PROCESSING = "processing", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class ResultStatus(models.TextChoices):
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


class Source(models.TextChoices):
    """The origin of a job, and of the results that it saved.

    WATCHLIST is a user on any page, DEMO the load of the demo market, COMMAND `manage.py`, API a token. SCHEDULE is a
    run after a session, and BULK whatever staff start for the installation: the bulk page, the admin, `analyze --all`.
    """

    WATCHLIST = "watchlist", "Watchlist"
    BULK = "bulk", "Bulk"
    DEMO = "demo", "Demo"
    SCHEDULE = "schedule", "Schedule"
    COMMAND = "command", "Command"
    API = "api", "API"


class ErrorKind(models.TextChoices):
    """The reason why the analysis of a stock failed; the first six are kinds of a price source's errors."""

    UNKNOWN_TICKER = "unknown_ticker", "Unknown ticker"
    NO_DATA = "no_data", "No data"
    RATE_LIMITED = "rate_limited", "Rate limited"
    TIMEOUT = "timeout", "Timed out"
    UNAVAILABLE = "unavailable", "Source unavailable"
    BAD_DATA = "bad_data", "Bad data"
    NOT_ENOUGH_HISTORY = "not_enough_history", "Not enough history"
    WORKER_LOST = "worker_lost", "Worker lost"
    INTERNAL = "internal", "Internal error"


RUN_SOURCES = (Source.BULK, Source.SCHEDULE)
"""Sources of jobs for the whole installation: no user's limits count them, and staff's reruns of them are BULK."""
ACTIVE = (JobStatus.QUEUED, JobStatus.PROCESSING)
FINISHED = (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED)
