"""Ending: that a scheduled job has ended is written in the transaction that ends it, for whoever tells people of it."""

from django.utils import timezone

from analysis.models import Ending, Job, ScheduledRun
from analysis.services.transient import transactional


def note_end(job: Job) -> None:
    """Write that a job has ended, if it is a scheduled one; part of the transaction that ends it."""
    if ScheduledRun.objects.filter(job=job).exists():
        Ending.objects.get_or_create(job=job)


@transactional
def told(ending: Ending) -> bool:
    """Note that everybody is told of this end; False when somebody else has noted it, and told them."""
    untold = Ending.objects.filter(pk=ending.pk, told_at__isnull=True)
    return bool(untold.update(told_at=timezone.now(), error_message=""))
