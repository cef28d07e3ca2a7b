"""Job commands: find a job, wait for it, write its results, and set the exit code."""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import date
from itertools import chain
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from analysis.models import Job, JobDetail, JobStatus, Worker
from analysis.wait_sentences import describe_wait
from analysis.worker.slice import run_job

BAD_INPUT = 2
INTERRUPTED = 130
POLL_SECONDS = 0.25
SNAPSHOT = (
    "weekly_verdict", "weekly_since", "side", "entry", "stop", "target", "risk_reward", "no_trade_reason", "close",
    "bar_count", "caution",
)  # fmt: skip


def find_job(text: str) -> Job:
    """Return the job with this id, or the only one whose id begins with it. Raise CommandError (exit code 2)."""
    start = text.strip().lower().replace("-", "")
    if len(start) < 4 or len(start) > 32 or set(start) - set("0123456789abcdef"):
        raise CommandError(f"“{text}” is no job id; `manage.py jobs` lists them.", returncode=BAD_INPUT)
    first, last = uuid.UUID(start.ljust(32, "0")), uuid.UUID(start.ljust(32, "f"))
    jobs = list(Job.objects.filter(pk__range=(first, last))[:2])
    if len(jobs) != 1:
        which = "no job" if not jobs else "more than one job"
        raise CommandError(f"There is {which} “{text}”; `manage.py jobs` lists them.", returncode=BAD_INPUT)
    return jobs[0]


def parse_day(text: str | None) -> date | None:
    """Return the day of a text, None for an empty one. Raise CommandError (exit code 2)."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is no day; write it like 2026-03-31.", returncode=BAD_INPUT) from None


def add_wait_arguments(parser: CommandParser) -> None:
    parser.add_argument("--wait", action="store_true", help="Wait for the job's end and print what it found.")
    parser.add_argument("--json", action="store_true", help="Print JSON instead of a table.")


def follow_jobs(command: BaseCommand, jobs: list[Job], *, wait: bool, as_json: bool, inline: bool = False) -> None:
    """Write the jobs of one submitted request; with `wait` wait for their end and write what they found.

    Raise CommandError (exit code 1) unless every stock was completed. The JSON of a request that needed several jobs
    is a list.
    """
    if not wait and not inline:
        _write_queued(command, jobs, as_json=as_json)
        return
    try:
        for job in jobs if inline else []:
            run_job(str(job.pk), on_wait=_WaitTeller(command, job))
        ended = [_wait_for_end(command, job, needs_worker=not inline) for job in jobs]
    except KeyboardInterrupt:
        message = f"Interrupted. The job is not ended by that; `manage.py cancel_job {jobs[-1].pk}` ends it."
        raise CommandError(message, returncode=INTERRUPTED) from None
    rows_by_job = [list(job_rows(job)) for job in ended]
    rows = list(chain.from_iterable(rows_by_job))
    command.stdout.write(json.dumps(rows, indent=1) if as_json else _format_table(rows))
    problems = [
        problem
        for job, its_rows in zip(ended, rows_by_job, strict=True)
        if (problem := _failure_sentence(job, its_rows))
    ]
    if not as_json:
        for job, its_rows in zip(ended, rows_by_job, strict=True):
            completed = len(its_rows) - _count_failures(its_rows)
            command.stdout.write(f"Job {job.pk} {job.status}: {completed} of {len(its_rows)} stocks completed.")
    if problems:
        raise CommandError(" ".join(problems), returncode=1)


def _write_queued(command: BaseCommand, jobs: list[Job], *, as_json: bool) -> None:
    if as_json:
        queued = [{"job": str(job.pk), "status": job.status, "total": job.total} for job in jobs]
        command.stdout.write(json.dumps(queued if len(queued) > 1 else queued[0]))
        return
    for job in jobs:
        command.stdout.write(f"Job {job.pk}: {job.total} stocks queued.")


def job_rows(job: Job) -> Iterator[dict[str, Any]]:
    """Return one row per stock with what this job found; results of later jobs do not change it."""
    for detail in JobDetail.objects.filter(job=job).select_related("stock").order_by("stock_id"):
        yield {
            "job": str(job.pk),
            "ticker": detail.stock_id,
            "currency": detail.stock.currency,
            "decimals": detail.stock.decimals,
            "day": detail.day.isoformat() if detail.day else None,
            "status": detail.status,
            "score": None if detail.score is None else round(detail.score, 6),
            "raw_verdict": detail.raw_verdict or None,
            "verdict": detail.verdict or None,
            **dict.fromkeys(SNAPSHOT),
            **(detail.found or {}),
            "error_kind": detail.error_kind or None,
            "error_message": detail.error_message or None,
        }


class _WaitTeller:
    """Writes why a job's stocks wait for their source, whenever the reason has changed."""

    def __init__(self, command: BaseCommand, job: Job) -> None:
        self._command = command
        self._job = job
        self._told = ""

    def __call__(self) -> None:
        if (most := self._job.details.most_frequent_wait()) and most[0] != self._told:
            self._told = most[0]
            self._command.stderr.write(describe_wait(*most))


def _wait_for_end(command: BaseCommand, job: Job, *, needs_worker: bool) -> Job:
    tell_wait = _WaitTeller(command, job)
    job.refresh_from_db()
    if needs_worker and job.is_active and not Worker.objects.at_work().exists():
        command.stderr.write("No worker is running: start one with `manage.py worker`, or use --inline. Waiting …")
    with tqdm(total=job.total, unit="stock", disable=not sys.stderr.isatty(), leave=False) as bar:
        while True:
            job = Job.objects.get(pk=job.pk)
            bar.update(job.done_count - bar.n)
            if not job.is_active:
                return job
            tell_wait()
            time.sleep(POLL_SECONDS)


COLUMNS = ("ticker", "day", "status", "verdict", "weekly_verdict", "score", "close", "entry", "stop", "target")
HEADINGS = {"weekly_verdict": "weekly"}


def _format_table(rows: list[dict[str, Any]]) -> str:
    cells = [[*(HEADINGS.get(column, column) for column in COLUMNS), "remark"]]
    cells += [[_format_cell(row, column) for column in COLUMNS] + [_remark_on(row)] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(COLUMNS))]
    padded = ([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]] for line in cells)
    return "\n".join("  ".join(line).rstrip() for line in padded)


def _format_cell(row: dict[str, Any], column: str) -> str:
    value = row[column]
    decimals = 2 if column == "score" else row["decimals"]
    return "–" if value is None else f"{value:,.{decimals}f}" if isinstance(value, float) else str(value)


def _remark_on(row: dict[str, Any]) -> str:
    """Return why a stock failed, or why its result has no plan, and what its verdict may rest on."""
    if row["error_message"]:
        return str(row["error_message"])
    reason = row["no_trade_reason"] or ""
    return " ".join(filter(None, (f"{reason[:1].upper()}{reason[1:]}." if reason else "", row["caution"])))


def _count_failures(rows: list[dict[str, Any]]) -> int:
    return sum(row["status"] != "completed" for row in rows)


def _failure_sentence(job: Job, rows: list[dict[str, Any]]) -> str:
    """Return why the command fails, empty when every stock of the job was completed."""
    if job.status == JobStatus.CANCELLED:
        return f"The job was cancelled. {job.error_message}".strip()
    failures = _count_failures(rows)
    return f"{failures} of {len(rows)} stocks failed." if failures or job.status != JobStatus.COMPLETED else ""
