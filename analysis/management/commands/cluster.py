"""`manage.py cluster`: the processes of a worker, started under guard by `manage.py worker` and not by hand."""

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from analysis import queue
from analysis.guard import die_with


class Command(BaseCommand):
    help = "Internal: the processes of a worker, which `manage.py worker` starts and watches."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pulse", type=int, help="File descriptor of a pipe for progress reports.")
        parser.add_argument("lifeline", type=int, help="File descriptor of a pipe at whose end all processes end.")

    def handle(self, *args: object, pulse: int, lifeline: int, **options: object) -> None:
        die_with(lifeline)
        queue.report_progress(pulse)
        call_command("qcluster")
