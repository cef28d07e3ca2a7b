"""`manage.py jobs`: the newest jobs."""

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from analysis.models import Job, JobStatus

SHOWN = 30


class Command(BaseCommand):
    help = f"List the {SHOWN} newest jobs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--status", choices=JobStatus.values, help="Only jobs of this status.")

    def handle(self, *args: object, status: str | None, **options: object) -> None:
        jobs = Job.objects.filter(status=status) if status else Job.objects.all()
        shown = list(jobs.order_by("-created_at")[:SHOWN])
        for job in shown:
            created = timezone.localtime(job.created_at)
            counts = f"{job.completed_count} completed, {job.failed_count} failed of {job.total}"
            line = f"{job.pk}  {created:%Y-%m-%d %H:%M}  {job.status:<10}  {job.source:<9}  {counts}  {job.description}"
            self.stdout.write(line.rstrip())
        if not shown:
            self.stdout.write("No jobs." if not status else f"No jobs are {status}.")
