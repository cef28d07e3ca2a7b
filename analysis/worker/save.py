"""Save: results, ratings, evidence, details, stocks and counters of a group of stocks, in one short transaction."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import DataError, IntegrityError
from django.db.models import F

from analysis import clock
from analysis.db import transactional
from analysis.engine.assessment import Assessment
from analysis.engine.evidence import to_evidence
from analysis.engine.fingerprint import combine, shorten
from analysis.engine.version import ENGINE_VERSION
from analysis.jobs import details
from analysis.jobs.counters import add_to_counters, complete_if_done
from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, Rating, RawData, Result, ResultStatus, Stock
from analysis.ratings import rating_of
from analysis.worker.assess import Failure, Outcome
from analysis.worker.claim import Lease

logger = logging.getLogger(__name__)

REPLACED_FIELDS = [
    field.name for field in Result._meta.concrete_fields if field.name not in {"id", "stock", "day", "created_at"}
]
"""The fields of a result that a later run of the same day replaces."""


def save(lease: Lease, outcomes: Sequence[Outcome]) -> int:
    """Store the outcomes of stocks whose lease the slice still holds, and return how many those were.

    An outcome of a stock that another slice has claimed since (by token and fence) is dropped: the other stores it.
    If the database refuses a value, the group is stored stock by stock, and the refused one as a failure.
    """
    if not outcomes:
        return 0
    evidence = {outcome.detail.pk: _evidence_of(outcome) for outcome in outcomes if outcome.has_result}
    try:
        return _save_group(lease, outcomes, evidence)
    except (DataError, IntegrityError) as error:
        logger.exception("The database refuses the outcomes of %s", [o.detail.stock_id for o in outcomes])
        if len(outcomes) == 1:
            if outcomes[0].failure:
                raise
            outcomes = [replace(outcomes[0], failure=Failure.unexpected(error), ratings={})]
        return sum(save(lease, [outcome]) for outcome in outcomes)


@transactional
def _save_group(lease: Lease, outcomes: Sequence[Outcome], evidence: dict[int, dict[str, object]]) -> int:
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
    finished = [_finished_detail(job, outcome, results) for outcome in outcomes]
    details.finish(job, finished, now, analysed={outcome.detail.stock_id for outcome in outcomes if outcome.has_result})
    failed = [detail for detail in finished if detail.status == DetailStatus.FAILED]
    unknown = [detail.stock_id for detail in failed if detail.error_kind == ErrorKind.UNKNOWN_TICKER]
    Stock.objects.unconfirmed().filter(pk__in=unknown).update(refusals=F("refusals") + 1)
    add_to_counters(job, completed=len(finished) - len(failed), failed=len(failed))
    complete_if_done(job)
    return len(finished)


def _save_results(
    job: Job, outcomes: Sequence[Outcome], evidence: dict[int, dict[str, object]], now: datetime
) -> dict[int, int]:
    """Upsert by (stock, day), but neither a failure over a success nor an older run's success over a newer one's.

    A stored success that began in the future, by a clock that was ahead then, is not newer. A backfill that found no
    session of its days writes nothing, because an earlier day is not its subject.
    A result of a stock that is too young for a score replaces none that has one.
    Return result pk by detail pk; a success that came too late has that of the newer one.
    """
    stored = Result.objects.completed().filter(
        stock_id__in={o.detail.stock_id for o in outcomes}, day__in={o.day for o in outcomes}
    )
    scored = set(Rating.objects.scored().filter(result__in=stored).values_list("result_id", flat=True))
    successes = {(result.stock_id, result.day): result for result in stored.only("stock_id", "day", "started_at")}
    to_save, too_late = [], {}
    for outcome in outcomes:
        if job.since and outcome.day < job.since:
            continue
        success = successes.get((outcome.detail.stock_id, outcome.day))
        is_newer = success is not None and outcome.started_at < success.started_at <= now
        may_replace = outcome.is_rated or (outcome.has_result and success is not None and success.pk not in scored)
        if success is None or (may_replace and not is_newer):
            to_save.append(outcome)
        elif outcome.has_result:
            too_late[outcome.detail.pk] = success.pk
    saved = dict(zip((one.detail.pk for one in to_save), upsert_results(job, to_save, now), strict=True))
    RawData.objects.bulk_create(
        [RawData(result_id=saved[pk], evidence=parts) for pk, parts in evidence.items() if pk in saved],
        update_conflicts=True,
        unique_fields=["result"],
        update_fields=["evidence"],
    )
    return too_late | saved


def upsert_results(job: Job, outcomes: Sequence[Outcome], now: datetime) -> list[int]:
    """Store results by (stock, day) with their ratings, which replace those of an earlier run; return their keys."""
    rows = Result.objects.bulk_create(
        [_result_of(job, outcome, now) for outcome in outcomes],
        update_conflicts=True,
        unique_fields=["stock", "day"],
        update_fields=REPLACED_FIELDS,
    )
    results = [row.pk for row in rows]
    ratings = [
        rating_of(result, strategy, rating.assessment, rating.weekly, rating.caution)
        for result, outcome in zip(results, outcomes, strict=True)
        if outcome.has_result
        for strategy, rating in outcome.ratings.items()
    ]
    Rating.objects.filter(result__in=results).delete()
    Rating.objects.bulk_create(ratings)
    return results


def _result_of(job: Job, outcome: Outcome, now: datetime) -> Result:
    """Return an outcome as a row, not yet saved."""
    result = Result(
        job=job,
        stock_id=outcome.detail.stock_id,
        day=outcome.day,
        status=ResultStatus.FAILED,
        source=job.source,
        price_source=outcome.price_source,
        bar_count=outcome.bar_count,
        input_fingerprint=combine(outcome.fingerprints) if outcome.fingerprints else "",
        change_sessions=outcome.change_sessions,
        finding_count=sum(finding.severity != "info" for finding in outcome.findings),
        engine_version=ENGINE_VERSION,
        started_at=outcome.started_at,
        completed_at=outcome.completed_at,
        created_at=now,
        updated_at=now,
    )
    if outcome.has_result:
        result.status, result.recent_closes = ResultStatus.COMPLETED, list(outcome.recent_closes)
        result.close, result.previous_close = outcome.close, outcome.previous_close
        return result
    answer = outcome.answer_for(job.strategy)
    assert isinstance(answer, Failure)  # noqa: S101  # without a result there is no score by the job's strategy
    result.error_message = answer.message
    return result


def _evidence_of(outcome: Outcome) -> dict[str, object]:
    return {**to_evidence(outcome.assessments), "data_quality": [finding.as_dict() for finding in outcome.findings]}


def _finished_detail(job: Job, outcome: Outcome, results: dict[int, int]) -> JobDetail:
    """Return the detail with the values of this run by the job's strategy, not yet saved."""
    detail, answer = outcome.detail, outcome.answer_for(job.strategy)
    detail.day = outcome.day
    detail.result_id = results.get(detail.pk)
    if isinstance(answer, Failure):
        detail.status, detail.error_kind, detail.error_message = DetailStatus.FAILED, answer.kind, answer.message
        detail.found = {"bar_count": outcome.bar_count} if outcome.bar_count else None
    else:
        detail.status, detail.error_kind, detail.error_message = DetailStatus.COMPLETED, "", ""
        detail.score = answer.score
        detail.raw_verdict, detail.verdict = answer.raw_verdict.value, answer.verdict.value
        rating = outcome.ratings[job.strategy]
        detail.found = _plan_snapshot(answer) | {
            "weekly_verdict": rating.weekly.verdict and rating.weekly.verdict.value,
            "weekly_since": rating.weekly.since and rating.weekly.since.isoformat(),
            "caution": rating.caution or None,
            "fingerprints": shorten(outcome.fingerprints),
        }
    return detail


def _plan_snapshot(assessment: Assessment) -> dict[str, object]:
    plan = assessment.plan
    return {
        "side": plan.side.value if plan else None,
        "entry": plan.entry if plan else None,
        "stop": plan.stop if plan else None,
        "target": plan.target if plan else None,
        "risk_reward": plan.risk_reward if plan else None,
        "no_trade_reason": assessment.no_trade_reason or None,
        "close": assessment.close,
        "bar_count": assessment.bar_count,
    }
