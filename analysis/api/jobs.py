"""Jobs: list, one with its results, cancel, rerun. Jobs of other users are answered with 404."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import FETCH_RAISE
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Field, Query, Router, Schema, Status

from analysis.api.pages import Page, PageQuery, page_of
from analysis.api.problems import READ_PROBLEMS, WRITE_PROBLEMS, Problem
from analysis.api.values import (
    OWN_CAPITAL,
    Capital,
    Payload,
    RiskQuery,
    SizedPlan,
    Weekly,
    WeeklySince,
    profile,
    size_plan,
)
from analysis.capital import SizingProfile
from analysis.engine.plan import Plan
from analysis.engine.verdict import Side, Verdict
from analysis.jobs.end import cancel
from analysis.jobs.rerun import rerun
from analysis.jobs.submit import Submission
from analysis.models import DetailStatus, ErrorKind, Job, JobDetail, JobStatus, Source
from stockapp.accounts.requests import Request

router = Router(tags=["Jobs"])


class JobOut(Schema):
    """A job; `url` is where the API tells of it, `page` where people read of it."""

    id: UUID
    url: str
    page: str
    status: JobStatus
    source: Source
    description: str
    strategy: str
    price_source: str
    as_of: date | None
    since: date | None
    total: int
    completed_count: int
    failed_count: int
    skipped_count: int
    progress_percent: int
    requested_by: str
    parent: UUID | None
    error_message: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    pruned_at: datetime | None = Field(
        description="When what became of each stock was removed, as the job is old; its counts stay."
    )

    @staticmethod
    def resolve_url(job: Job, context: Any) -> str:
        return str(context["request"].build_absolute_uri(reverse("api:get_job", args=[job.pk])))

    @staticmethod
    def resolve_page(job: Job, context: Any) -> str:
        return str(context["request"].build_absolute_uri(job.get_absolute_url()))

    @staticmethod
    def resolve_requested_by(job: Job) -> str:
        return job.requested_by.get_username() if job.requested_by else ""

    @staticmethod
    def resolve_parent(job: Job) -> UUID | None:
        return job.parent_id


class DetailOut(SizedPlan):
    """One stock of a job: its status and the result of this run, with the plan sized for the caller.

    Score, verdicts and plan are those of the job's strategy, whichever your account has.
    """

    ticker: str
    status: DetailStatus
    attempts: int
    error_kind: ErrorKind | None
    error_message: str
    wait_reason: str = Field(description="Why it waits for its source, while queued.")
    not_before: datetime | None = Field(description="When its source is tried again.")
    started_at: datetime | None
    completed_at: datetime | None
    day: date | None
    score: float | None
    verdict: Verdict | None
    raw_verdict: Verdict | None
    weekly_verdict: Weekly
    weekly_since: WeeklySince
    close: float | None


class JobWithDetails(JobOut):
    details: Page[DetailOut]


class SubmissionOut(Schema):
    """The job that serves the request. `is_duplicate`: the same request of yours was running already; this is its job.

    `url` tells of the job and, as they come, of its results, with plans for the capital that was given.
    """

    job_id: UUID
    url: str
    is_duplicate: bool
    job: JobOut


class JobQuery(Schema):
    status: JobStatus | None = None


class DetailQuery(Schema):
    status: DetailStatus | None = Field(None, description="Only stocks of this status.")
    capital: Capital | None = Field(None, description=OWN_CAPITAL)


class RerunIn(Payload):
    failed_only: bool = Field(False, description="Only the stocks that failed or were cancelled, instead of all.")


@router.get("/jobs", response={200: Page[JobOut], READ_PROBLEMS: Problem})
def list_jobs(request: Request, query: Query[JobQuery], paging: Query[PageQuery]) -> Any:
    """Your jobs, newest first; for staff everybody's."""
    jobs = Job.objects.visible_to(request.user).for_list().fetch_mode(FETCH_RAISE)
    return page_of(jobs.filter(status=query.status) if query.status else jobs, paging, "-created_at", "-pk")


@router.get(
    "/jobs/{uuid:job_id}",
    response={200: JobWithDetails, READ_PROBLEMS: Problem},
)
def get_job(request: Request, job_id: UUID, query: Query[DetailQuery], paging: Query[PageQuery]) -> Any:
    """Return one job with a page of its stocks by ticker, each with its status and result."""
    job = get_object_or_404(Job.objects.visible_to(request.user).select_related("requested_by"), pk=job_id)
    rows = job.details.select_related("stock")
    rows = rows.filter(status=query.status) if query.status else rows
    page = page_of(rows.fetch_mode(FETCH_RAISE), paging, "stock_id")
    risk = profile(request, RiskQuery(capital=query.capital))
    page["items"] = [detail_out(detail, risk) for detail in page["items"]]
    shown = JobOut.model_validate(job, context={"request": request})
    return JobWithDetails.model_construct(**dict(shown), details=Page[DetailOut](**page))


@router.post("/jobs/{uuid:job_id}/cancel", response={200: JobOut, WRITE_PROBLEMS: Problem})
def cancel_job(request: Request, job_id: UUID) -> Any:
    """End a job early; what had been finished stays. One that had ended already stays as it is: see its status."""
    job = _get_writable_job(request, job_id)
    cancel(job)
    return _get_writable_job(request, job_id)


@router.post(
    "/jobs/{uuid:job_id}/rerun",
    response={201: SubmissionOut, 200: SubmissionOut, WRITE_PROBLEMS: Problem},
)
def rerun_job(request: Request, job_id: UUID, payload: RerunIn) -> Any:
    """Run the stocks of an ended job again, in a job of their own: all, or those that did not complete."""
    job = _get_writable_job(request, job_id)
    submission = rerun(job, source=Source.API, failed_only=payload.failed_only, requested_by=request.user)
    return submission_out(request, submission)


def submission_out(request: Request, submission: Submission, query: str = "") -> Status[SubmissionOut]:
    """Return 201 with a new job, 200 with the one that was running already."""
    job = JobOut.model_validate(submission.job, context={"request": request})
    is_duplicate = submission.is_duplicate
    answer = SubmissionOut.model_construct(job_id=job.id, url=job.url + query, is_duplicate=is_duplicate, job=job)
    return Status(200 if is_duplicate else 201, answer)


def detail_out(detail: JobDetail, risk: SizingProfile) -> DetailOut:
    stored = detail.found or {}
    plan = None
    if stored.get("side"):
        plan = Plan(Side(stored["side"]), stored["entry"], stored["stop"], stored["target"], stored["risk_reward"])
    return DetailOut(
        **size_plan(plan, stored.get("no_trade_reason") or "", risk, detail.stock.instrument).dict(),
        ticker=detail.stock_id,
        status=DetailStatus(detail.status),
        attempts=detail.attempts,
        error_kind=ErrorKind(detail.error_kind) if detail.error_kind else None,
        error_message=detail.error_message,
        wait_reason=detail.wait_reason,
        not_before=detail.not_before,
        started_at=detail.started_at,
        completed_at=detail.completed_at,
        day=detail.day,
        score=detail.score,
        verdict=Verdict(detail.verdict) if detail.verdict else None,
        raw_verdict=Verdict(detail.raw_verdict) if detail.raw_verdict else None,
        weekly_verdict=stored.get("weekly_verdict"),
        weekly_since=stored.get("weekly_since"),
        close=stored.get("close"),
    )


def _get_writable_job(request: Request, job_id: UUID) -> Job:
    return get_object_or_404(Job.objects.writable_by(request.user).select_related("requested_by"), pk=job_id)
