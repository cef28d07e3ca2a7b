"""Logs: one line, or one JSON object, for each event, with its job."""

import logging
import threading
import time
from copy import copy
from typing import Any, Literal

import structlog
from structlog.typing import EventDict, Processor

from analysis.database_faults import find_fault
from stockapp.masking import mask_event

Form = Literal["line", "json"]

OF_THE_EVENT = {"timestamp", "level", "logger", "event", "exception"}


def logging_settings(level: str, form: Form) -> dict[str, Any]:
    """Return Django's LOGGING: all events go to standard error, each with the bound context (`job`)."""
    render: list[Processor] = [structlog.processors.JSONRenderer()] if form == "json" else [_line]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            form: {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [
                    structlog.contextvars.merge_contextvars,
                    structlog.stdlib.add_logger_name,
                    structlog.stdlib.add_log_level,
                    structlog.processors.TimeStamper(fmt="iso", utc=True),
                    structlog.processors.format_exc_info,
                ],
                "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, mask_event, *render],
            }
        },
        "filters": {"faults": {"()": SeldomFaults}, "refusals": {"()": BriefRefusals}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": form, "filters": ["faults", "refusals"]}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level},
            "django-q": {"level": "DEBUG" if level == "DEBUG" else "WARNING"},  # it logs every message
            "yfinance": {"level": "CRITICAL"},  # its errors are raised too, and logged by `analysis.prices`
        },
    }


class SeldomFaults(logging.Filter):
    """A filter that passes each fault of the database once a minute per logger: the log may be on the full disk.

    The fault is found by the exception of the record, or given as `extra={"fault": …}` without a traceback.
    """

    EVERY_SECONDS = 60.0

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[tuple[str, str], tuple[float, int]] = {}
        self.lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        fault = find_fault(record.exc_info[1]) if record.exc_info else getattr(record, "fault", None)
        if fault is None:
            return True
        key, now = (record.name, fault.sentence), time.monotonic()
        with self.lock:
            at, left_out = self.last.get(key, (-self.EVERY_SECONDS, 0))
            is_due = now - at >= self.EVERY_SECONDS
            self.last[key] = (now, 0) if is_due else (at, left_out + 1)
        if is_due and left_out:
            record.msg, record.args = f"{record.getMessage()} ({left_out} more like this since)", ()
        return is_due


class BriefRefusals(logging.Filter):
    """A filter that removes the traceback of a refused request (4xx): nothing failed, and anybody may repeat it."""

    def filter(self, record: logging.LogRecord) -> bool | logging.LogRecord:
        if not (record.exc_info and 400 <= getattr(record, "status_code", 500) < 500):
            return True
        brief = copy(record)  # other handlers have filters of their own
        brief.exc_info = brief.exc_text = None
        return brief


def _line(_: Any, __: str, event: EventDict) -> str:
    """Return `2026-11-20T16:05:12Z INFO analysis.jobs.counters: Ended. [job=…]` with the traceback below."""
    context = " ".join(f"{name}={value}" for name, value in event.items() if name not in OF_THE_EVENT)
    line = f"{event['timestamp']} {event['level'].upper()} {event['logger']}: {event['event']}"
    return line + (f" [{context}]" if context else "") + ("\n" + event["exception"] if "exception" in event else "")
