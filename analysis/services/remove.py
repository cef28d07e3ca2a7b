"""Remove: a job goes with its results and evidence, and its stocks keep telling what is still true."""

from collections.abc import Sequence

from django.db.models import Case, CharField, Exists, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from analysis.models import DetailStatus, Job, JobDetail, Result, Stock, StockStatus
from analysis.services.cancel import cancel
from analysis.services.transient import transactional

BATCH = 500


def remove(jobs: Sequence[Job]) -> int:
    """Delete jobs, each in a transaction of its own; active ones are cancelled first. Returns how many there were."""
    return sum(_remove(job) for job in jobs)


@transactional
def _remove(job: Job) -> int:
    cancel(job)
    if not Job.objects.select_for_update(no_key=True).filter(pk=job.pk).first():
        return 0
    touched = _touched(job)
    Stock.objects.lock(touched)
    deleted = Job.objects.filter(pk=job.pk).delete()[1].get("analysis.Job", 0)
    for start in range(0, len(touched), BATCH):
        restate(touched[start : start + BATCH])
    return deleted


def _touched(job: Job) -> list[str]:
    """The stocks of a job; when its details were pruned, those that have its results or name it."""
    by_detail = JobDetail.objects.filter(job=job).values_list("stock_id", flat=True)
    by_result = Result.objects.filter(job=job).values_list("stock_id", flat=True)
    by_name = Stock.objects.filter(last_job=job).values_list("pk", flat=True)
    return sorted({*by_detail, *by_result, *by_name})


def restate(tickers: Sequence[str]) -> None:
    """Set the last state of stocks from the details and results that there are.

    A stock whose newest attempt was pruned from its job, which is still there, goes on telling how that ended.
    """
    attempts = JobDetail.objects.filter(stock=OuterRef("pk"), job__as_of=None).order_by("-pk")
    ended = attempts.filter(status__in=(DetailStatus.COMPLETED, DetailStatus.FAILED))
    successes = Result.objects.completed().filter(stock=OuterRef("pk")).order_by("-day").values("pk")
    told = attempts.exclude(status=DetailStatus.SKIPPED).values("status")
    never = When(last_result=None, then=Value(StockStatus.NEVER))
    without_any = Case(never, default=Value(StockStatus.COMPLETED), output_field=CharField())
    Stock.objects.filter(pk__in=tickers).update(last_result=Subquery(successes[:1]))
    known = Exists(JobDetail.objects.filter(job=OuterRef("last_job"), stock=OuterRef("pk")))
    Stock.objects.filter(Q(last_job=None) | known, pk__in=tickers).update(
        last_job=Subquery(attempts.values("job")[:1]),
        last_status=Coalesce(Subquery(told[:1]), without_any),
        last_error=Coalesce(Subquery(attempts.values("error_message")[:1]), Value("")),
        last_analyzed_at=Coalesce(
            Subquery(ended.values("completed_at")[:1]), Subquery(successes.values("completed_at")[:1])
        ),
    )
