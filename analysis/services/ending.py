"""Ending: a row for the end of a scheduled run, written in the transaction that ends its last job.

The digest reads it. A run has one row, named after its first job, however many jobs it has.
"""

from analysis import clock
from analysis.models import Ending, Job, ScheduledRun
from analysis.services.transient import transactional


def note_end(job: Job) -> None:
    """Write the end of a scheduled run if this job was its last; part of the transaction that ends the job.

    The run is locked, because two of its jobs may end at once without seeing each other's end.
    """
    first = job.part_of_id or job.pk
    runs = list(ScheduledRun.objects.filter(job=first).order_by("pk").select_for_update())
    if runs and all(run.is_whole for run in runs) and not Job.objects.active().of_run(first).exists():
        Ending.objects.get_or_create(job_id=first)


@transactional
def told(ending: Ending) -> bool:
    """Note that everybody is told of this end; False when somebody else has noted it, and told them."""
    untold = Ending.objects.filter(pk=ending.pk, told_at__isnull=True)
    return bool(untold.update(told_at=clock.now(), error_message=""))
