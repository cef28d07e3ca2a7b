"""Remove: a finished job goes with its results and evidence, and its stocks keep telling what is still true."""

from collections.abc import Sequence

from analysis.models import Job, JobDetail, Result, Stock, StockStatus
from analysis.services.cancel import cancel
from analysis.services.transient import transactional


@transactional
def remove(jobs: Sequence[Job]) -> int:
    """Delete jobs; active ones are cancelled first. Returns how many there were."""
    for job in jobs:
        cancel(job)
    keys = [job.pk for job in jobs]
    touched = list(JobDetail.objects.filter(job__in=keys).order_by().values_list("stock_id", flat=True).distinct())
    Stock.objects.lock(touched)
    deleted: int = Job.objects.filter(pk__in=keys).delete()[1].get("analysis.Job", 0)
    for start in range(0, len(touched), 500):
        restate(touched[start : start + 500])
    return deleted


def restate(tickers: Sequence[str]) -> None:
    """Set the last state of stocks from the details and results that there are."""
    found = Result.objects.completed().filter(stock__in=tickers).order_by("day").values_list("stock", "pk")
    results: dict[str, int] = dict(found)
    details = JobDetail.objects.filter(stock__in=tickers).order_by("job__created_at", "pk")
    attempts = {detail.stock_id: detail for detail in details}
    stocks = list(Stock.objects.filter(pk__in=tickers))
    for stock in stocks:
        detail = attempts.get(stock.pk)
        stock.last_result_id = results.get(stock.pk)
        stock.last_job_id = detail.job_id if detail else None
        stock.last_status = _status(detail, has_result=stock.pk in results)
        stock.last_error = detail.error_message if detail else ""
        stock.last_analyzed_at = detail.completed_at if detail else None
    Stock.objects.bulk_update(
        stocks, ["last_result", "last_job", "last_status", "last_error", "last_analyzed_at"], batch_size=200
    )


def _status(detail: JobDetail | None, *, has_result: bool) -> StockStatus:
    if detail and detail.status in StockStatus.values:
        return StockStatus(detail.status)
    return StockStatus.COMPLETED if has_result else StockStatus.NEVER
