"""Cancel: a job ends before its stocks do, because somebody says so or its deadline has passed."""

from analysis import clock
from analysis.models import DetailStatus, Job, JobDetail, JobStatus, Stock, StockStatus
from analysis.services.ending import note_end
from analysis.services.transient import transactional


@transactional
def cancel(job: Job, *, reason: str = "") -> bool:
    """End an active job; what waits becomes cancelled now, what runs stops within one group of stocks.

    False when the job had ended already, which changes nothing.
    """
    now = clock.now()
    if (
        not Job.objects.active()
        .filter(pk=job.pk)
        .update(status=JobStatus.CANCELLED, completed_at=now, error_message=reason)
    ):
        return False
    note_end(job)
    waiting = JobDetail.objects.filter(job=job, status=DetailStatus.QUEUED)
    tickers = list(waiting.values_list("stock_id", flat=True))
    waiting.update(status=DetailStatus.CANCELLED, completed_at=now, not_before=None, wait_reason="")
    Stock.objects.lock(tickers)
    Stock.objects.filter(last_job=job, last_status=StockStatus.QUEUED).update(
        last_status=StockStatus.CANCELLED, last_wait=""
    )
    return True
