"""Outcomes of a run: its stocks as the readers of one strategy see them, analysed or failed."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import F, FilteredRelation, Q, QuerySet

from analysis.models import DetailStatus, ErrorKind, JobDetail, ResultStatus
from analysis.models.stocks import StockQuerySet


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A stock of a run, as the readers of one strategy see it.

    `day` is the session of its result, None if the run has none of it. `kind` and `sentence` say why it has no verdict
    by the strategy; they are empty if it has one, and if the strategy has not rated it.
    """

    detail: JobDetail
    day: date | None = None
    kind: str = ""
    sentence: str = ""


def read_outcomes(first: UUID | None, stocks: StockQuerySet, strategy: str) -> list[RunOutcome]:
    """Return the outcomes of the run with this first job for these stocks, in the order of tickers; one query.

    Without a first job there are none.
    """
    of_strategy = FilteredRelation("result__ratings", condition=Q(result__ratings__strategy=strategy))
    details = JobDetail.objects.of_run(first).filter(stock__in=stocks).select_related("stock", "job")
    rows: QuerySet[Any] = details.annotate(  # Any: details with two further values
        rating=of_strategy, no_score_reason=F("rating__no_score_reason"), result_status=F("result__status")
    )
    return [
        _outcome_of(row, has_ratings=row.result_status == ResultStatus.COMPLETED, no_score_reason=row.no_score_reason)
        for row in rows.order_by("stock_id")
    ]


def _outcome_of(detail: JobDetail, *, has_ratings: bool, no_score_reason: str | None) -> RunOutcome:
    """Return a detail as those see it by whose strategy its result has no score for this reason, or has one.

    A detail that failed because there were too few bars for the job's own strategy, but whose result `has_ratings`, is
    a failure only if this reason is given. One that a deadline cancelled is a failure, one that a person did is none.
    """
    lacks_own_score = has_ratings and detail.error_kind == ErrorKind.NOT_ENOUGH_HISTORY
    if detail.status == DetailStatus.COMPLETED or lacks_own_score:
        kind = ErrorKind.NOT_ENOUGH_HISTORY if no_score_reason else ""
        return RunOutcome(detail, detail.day, kind=kind, sentence=no_score_reason or "")
    if detail.status == DetailStatus.FAILED:
        return RunOutcome(detail, kind=detail.error_kind, sentence=detail.error_message)
    if detail.status == DetailStatus.CANCELLED and detail.job.error_message:
        sentence = f"The job was ended before it got there. {detail.job.error_message}"
        return RunOutcome(detail, kind=ErrorKind.TIMEOUT, sentence=sentence)
    return RunOutcome(detail)
