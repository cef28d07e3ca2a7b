"""Finish: results, evidence, details, stocks and counters of a group of stocks, in one short transaction."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.db import DataError, IntegrityError, transaction
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Value, When

from analysis import clock
from analysis.engine import ENGINE_VERSION, Assessment, to_evidence
from analysis.models import (
    DetailStatus,
    ErrorKind,
    Job,
    JobDetail,
    JobStatus,
    RawData,
    Result,
    ResultStatus,
    Stock,
    StockStatus,
)
from analysis.services import record
from analysis.services.claim import Lease
from analysis.services.ending import note_end
from analysis.services.transient import transactional
from analysis.services.work import Failure, Outcome

logger = logging.getLogger(__name__)

# What a later run of the same day puts in the place of an earlier one's.
REPLACED = [
    field.name for field in Result._meta.concrete_fields if field.name not in {"id", "stock", "day", "created_at"}
]
UNKNOWN_TICKER = ErrorKind.UNKNOWN_TICKER
MOVED = [
    "status", "completed_at", "day", "score", "raw_verdict", "verdict", "found", "error_kind", "error_message",
    "result", "lease_token", "lease_until",
]  # fmt: skip


def finish(lease: Lease, outcomes: Sequence[Outcome]) -> int:
    """Write what a slice found, for the stocks whose lease it still holds; returns how many those were.

    What another slice has taken over since (token and fence tell) is dropped without a trace: the other one writes it.
    """
    if not outcomes:
        return 0
    evidence = {o.detail.pk: _evidence(o) for o in outcomes if isinstance(o.found, Assessment)}
    try:
        return _finish(lease, outcomes, evidence)
    except (DataError, IntegrityError) as error:
        logger.exception("The database refuses what was found of %s", [o.detail.stock_id for o in outcomes])
        if len(outcomes) == 1 and isinstance(outcomes[0].found, Assessment):
            failure = Failure(ErrorKind.INTERNAL, f"Internal error ({type(error).__name__}): {error}")
            outcomes = [replace(outcomes[0], found=failure)]
        elif len(outcomes) == 1:
            raise
        return sum(finish(lease, [outcome]) for outcome in outcomes)


@transactional
def _finish(lease: Lease, outcomes: Sequence[Outcome], evidence: dict[int, dict[str, object]]) -> int:
    job = Job.objects.select_for_update(no_key=True).filter(pk=lease.job.pk).first()
    if job is None:
        return 0
    fences = {outcome.detail.pk: outcome.detail.fence for outcome in outcomes}
    rows = JobDetail.objects.select_for_update().held_by(lease.token).filter(pk__in=fences).order_by("pk")
    held = {pk for pk, fence in rows.values_list("pk", "fence") if fence == fences[pk]}
    outcomes = [outcome for outcome in outcomes if outcome.detail.pk in held]
    if not outcomes:
        return 0
    Stock.objects.lock(outcome.detail.stock_id for outcome in outcomes)
    now = clock.now()
    results = _save_results(job, outcomes, evidence, now)
    _move_details(outcomes, results, now)
    failed = [o for o in outcomes if isinstance(o.found, Failure)]
    unknown = [o.detail.stock_id for o in failed if isinstance(o.found, Failure) and o.found.kind == UNKNOWN_TICKER]
    Stock.objects.unconfirmed().filter(pk__in=unknown).update(refusals=F("refusals") + 1)
    tell_stocks(
        job,
        completed=[o.detail.stock_id for o in outcomes if isinstance(o.found, Assessment)],
        failed={o.detail.stock_id: o.found.message for o in failed if isinstance(o.found, Failure)},
        now=now,
    )
    count(job, completed=len(outcomes) - len(failed), failed=len(failed))
    return len(outcomes)


def _save_results(
    job: Job, outcomes: Sequence[Outcome], evidence: dict[int, dict[str, object]], now: datetime
) -> dict[int, int]:
    """Upsert by (stock, day), but neither a failure over a success nor an older run's success over a newer one's.

    A backfill that found no session of its days writes nothing: the newest day before them is none of its business.
    Returns detail pk -> result pk; a success that came too late points at the newer one.
    """
    there = Result.objects.completed().filter(
        stock_id__in={o.detail.stock_id for o in outcomes}, day__in={o.day for o in outcomes}
    )
    successes = {(result.stock_id, result.day): result for result in there.only("stock_id", "day", "started_at")}
    to_save, too_late = [], {}
    for outcome in outcomes:
        if job.since and outcome.day < job.since:
            continue
        success = successes.get((outcome.detail.stock_id, outcome.day))
        if success is None or (isinstance(outcome.found, Assessment) and success.started_at <= outcome.started_at):
            to_save.append(outcome)
        elif isinstance(outcome.found, Assessment):
            too_late[outcome.detail.pk] = success.pk
    rows = Result.objects.bulk_create(
        [result_of(job, outcome, now) for outcome in to_save],
        update_conflicts=True,
        unique_fields=["stock", "day"],
        update_fields=REPLACED,
    )
    saved = {outcome.detail.pk: row.pk for outcome, row in zip(to_save, rows, strict=True)}
    RawData.objects.bulk_create(
        [RawData(result_id=saved[pk], evidence=found) for pk, found in evidence.items() if pk in saved],
        update_conflicts=True,
        unique_fields=["result"],
        update_fields=["evidence"],
    )
    return too_late | saved


def result_of(job: Job, outcome: Outcome, now: datetime) -> Result:
    """The row of what was found, not yet saved."""
    result = Result(
        job=job,
        stock_id=outcome.detail.stock_id,
        day=outcome.day,
        status=ResultStatus.FAILED,
        source=job.source,
        price_source=outcome.price_source,
        strategy=job.strategy,
        bar_count=outcome.bar_count,
        input_fingerprint=outcome.fingerprints.get("combined", ""),
        finding_count=sum(finding.severity != "info" for finding in outcome.findings),
        engine_version=ENGINE_VERSION,
        started_at=outcome.started_at,
        completed_at=outcome.completed_at,
        created_at=now,
        updated_at=now,
    )
    found = outcome.found
    if isinstance(found, Failure):
        result.error_message = found.message
        return result
    result.status = ResultStatus.COMPLETED
    result.score, result.close, result.previous_close = found.score, found.close, found.previous_close
    result.raw_verdict, result.verdict = found.raw_verdict.value, found.verdict.value
    result.verdict_since = found.verdict_since
    result.no_trade_reason = found.no_trade_reason
    result.why, result.recent_closes = found.why[:300], list(outcome.recent_closes)
    result.what_changed = "; ".join(change.sentence for change in found.changes)[:300]
    if found.plan:
        result.side = found.plan.side.value
        result.entry, result.stop, result.target = found.plan.entry, found.plan.stop, found.plan.target
        result.risk_reward = found.plan.risk_reward
    return result


def _evidence(outcome: Outcome) -> dict[str, object]:
    assert isinstance(outcome.found, Assessment)  # noqa: S101
    return {
        **to_evidence(outcome.found),
        "data_quality": [finding.as_dict() for finding in outcome.findings],
        "fingerprints": outcome.fingerprints,
    }


def _move_details(outcomes: Sequence[Outcome], results: dict[int, int], now: datetime) -> None:
    moved = []
    for outcome in outcomes:
        detail, found = outcome.detail, outcome.found
        detail.completed_at, detail.day = now, outcome.day
        detail.lease_token = detail.lease_until = None
        if isinstance(found, Failure):
            detail.status, detail.error_kind, detail.error_message = DetailStatus.FAILED, found.kind, found.message
            detail.found = {"bar_count": outcome.bar_count} if outcome.bar_count else None
        else:
            detail.status, detail.error_kind, detail.error_message = DetailStatus.COMPLETED, "", ""
            detail.score = found.score
            detail.raw_verdict, detail.verdict = found.raw_verdict.value, found.verdict.value
            detail.found = _snapshot(found) | {"fingerprints": outcome.fingerprints}
        detail.result_id = results.get(detail.pk)
        moved.append(detail)
    # One upsert of rows that are there and locked: an UPDATE of many rows takes ten times as long to compile.
    JobDetail.objects.bulk_create(moved, update_conflicts=True, unique_fields=["id"], update_fields=MOVED)


def _snapshot(found: Assessment) -> dict[str, object]:
    plan = found.plan
    return {
        "side": plan.side.value if plan else None,
        "entry": plan.entry if plan else None,
        "stop": plan.stop if plan else None,
        "target": plan.target if plan else None,
        "risk_reward": plan.risk_reward if plan else None,
        "no_trade_reason": found.no_trade_reason or None,
        "close": found.close,
        "bar_count": found.bar_count,
    }


def tell_stocks(job: Job, *, completed: Sequence[str], failed: dict[str, str], now: datetime) -> None:
    """Bring stocks up to date: the newest success always, status and error where this job is the newest attempt."""
    newest = Result.objects.completed().filter(stock_id=OuterRef("pk")).order_by("-day").values("pk")[:1]
    Stock.objects.filter(pk__in=completed).update(
        last_result=Subquery(newest), is_confirmed=True, refusals=0, named_by=None
    )
    own = Stock.objects.filter(last_job=job)
    own.filter(pk__in=completed).update(last_status=StockStatus.COMPLETED, last_error="", last_analyzed_at=now)
    if failed:
        sentence = Case(*(When(pk=ticker, then=Value(message)) for ticker, message in failed.items()))
        own.filter(pk__in=failed).update(last_status=StockStatus.FAILED, last_error=sentence, last_analyzed_at=now)


def count(job: Job, *, completed: int = 0, failed: int = 0, skipped: int = 0) -> bool:
    """Add rows that moved to the job's counters; True when that completed the job.

    The counters' row lock decides which slice is the last one, on SQLite and on PostgreSQL.
    """
    now = clock.now()
    Job.objects.filter(pk=job.pk).update(
        completed_count=F("completed_count") + completed,
        failed_count=F("failed_count") + failed,
        skipped_count=F("skipped_count") + skipped,
        progress_at=now,
    )
    everything = Q(total__lte=F("completed_count") + F("failed_count") + F("skipped_count"))
    nothing_worked = When(completed_count=0, then=Value(JobStatus.FAILED))
    ended = (
        Job.objects.active()
        .filter(everything, pk=job.pk)
        .update(status=Case(nothing_worked, default=Value(JobStatus.COMPLETED)), completed_at=now)
    )
    if ended:
        note_end(job)
        if job.source in record.BULK and not job.as_of:
            record.want_records()
        Job.objects.filter(pk=job.pk, status=JobStatus.FAILED).update(error_message=_why_all_failed(job))
        _log_end(Job.objects.get(pk=job.pk))
    return bool(ended)


def _log_end(job: Job) -> None:
    """Log what became of the job, once that is committed."""
    seconds = job.duration.total_seconds() if job.duration else 0.0
    counts = f"{job.completed_count} of {job.total} stocks completed, {job.failed_count} failed"
    sentence = f"The job has ended: {job.get_status_display().lower()}; {counts}; {seconds:.1f} s"
    transaction.on_commit(partial(logger.info, sentence))


def _why_all_failed(job: Job) -> str:
    failed = JobDetail.objects.filter(job=job, status=DetailStatus.FAILED)
    kinds = failed.order_by().values_list("error_kind").annotate(rows=Count("pk")).order_by("-rows")
    causes = [f"{rows} × {ErrorKind(kind).label.lower()}" for kind, rows in kinds]
    return "No stock could be analysed: " + (", ".join(causes) or "they were deleted")
