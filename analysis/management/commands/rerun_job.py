"""`manage.py rerun_job ID`: run a finished job again."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.jobs.rerun import rerun
from analysis.management.jobs import BAD_INPUT, add_wait_arguments, find_job, follow_jobs
from analysis.models import Source
from analysis.rejections import RequestRejected


class Command(BaseCommand):
    help = "Analyse the stocks of a finished job again, as a new job."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", help="The job's id, or its first characters.")
        parser.add_argument("--failed", action="store_true", help="Only the stocks that failed or were cancelled.")
        add_wait_arguments(parser)

    def handle(self, *args: object, id: str, failed: bool, wait: bool, json: bool, **options: object) -> None:
        job = find_job(id)
        try:
            submission = rerun(job, source=Source.COMMAND, failed_only=failed, requested_by=job.requested_by)
        except RequestRejected as rejection:
            raise CommandError(str(rejection), returncode=BAD_INPUT) from None
        follow_jobs(self, [submission.job], wait=wait, as_json=json)
