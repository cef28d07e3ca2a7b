"""`manage.py cancel_job ID`: end an active job early."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.jobs.end import cancel
from analysis.management.jobs import find_job


class Command(BaseCommand):
    help = "Cancel a job: what waits is cancelled now, what runs stops shortly."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="The job's id, or its first characters.")

    def handle(self, *args: object, id: str, **options: object) -> None:
        job = find_job(id)
        if not cancel(job):
            raise CommandError(f"Job {job.pk} has ended already ({job.status}).", returncode=1)
        self.stdout.write(f"Job {job.pk} cancelled.")
