"""Failures of a job by their kind: the first of each for the page, all of them as plain text."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from analysis.models import DetailStatus, ErrorKind, Job, JobDetail

LINES = 50


@dataclass(frozen=True)
class FailureGroup:
    """One kind of failure: the number of its stocks, and a line with ticker and message for the first of them."""

    kind: str
    count: int
    lines: tuple[str, ...]

    @property
    def label(self) -> str:
        return ErrorKind(self.kind).label if self.kind else "Failed"

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def more_count(self) -> int:
        return self.count - len(self.lines)


def failure_groups(job: Job) -> list[FailureGroup]:
    """Return the kinds of failure, the most frequent first; two queries however many stocks failed."""
    if not job.failed_count:
        return []
    counted = _failed_details(job).values_list("error_kind").annotate(rows=Count("pk")).order_by("-rows", "error_kind")
    place = Window(RowNumber(), partition_by=F("error_kind"), order_by=F("stock_id").asc())
    first = _failed_details(job).annotate(place=place).filter(place__lte=LINES).order_by("error_kind", "stock_id")
    lines = _lines_by_kind(first.values_list("error_kind", "stock_id", "error_message"))
    return [FailureGroup(kind, count, tuple(lines.get(kind, ()))) for kind, count in counted]


def failures_text(job: Job) -> str:
    """Return every failure of a job as text, under a line for its kind."""
    failed_rows = (
        _failed_details(job).order_by("error_kind", "stock_id").values_list("error_kind", "stock_id", "error_message")
    )
    groups = [FailureGroup(kind, len(lines), tuple(lines)) for kind, lines in _lines_by_kind(failed_rows).items()]
    groups.sort(key=lambda group: -group.count)
    parts = [f"{group.count} × {group.label}\n{group.text}\n" for group in groups]
    return "\n".join([f"{job}: {job.failed_count} of {job.total} failed\n", *parts])


def _failed_details(job: Job) -> QuerySet[JobDetail]:
    return job.details.filter(status=DetailStatus.FAILED).order_by()


def _lines_by_kind(rows: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    return {
        kind: [f"{stock}: {message}" for _, stock, message in group]
        for kind, group in groupby(rows, lambda row: row[0])
    }
